"""Plot the convergence of pretraining, for all models and seeds of the config."""

from mscol.figures.convergence import plot_convergence
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])
histories = {}
for model, history in zip(snakemake.params.models, snakemake.input.histories, strict=True):
    histories.setdefault(model, []).append(history)
plot_convergence(histories, list(snakemake.output), snakemake.params.synthesised)
