"""Draw how pretraining went, for all models and seeds of the config."""

from mscol.figures.convergence import plot_convergence
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])
runs = {}
for model, history, run in zip(
    snakemake.params.models, snakemake.input.histories, snakemake.input.runs, strict=True
):
    runs.setdefault(model, []).append((history, run))
plot_convergence(runs, list(snakemake.output), snakemake.params.synthesised)
