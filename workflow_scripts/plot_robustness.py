"""Plot results on the perturbed test clips of one dataset."""

from mscol.figures.robustness import plot_robustness
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])
plot_robustness(
    snakemake.input.table,
    snakemake.wildcards.dataset + snakemake.wildcards.task,
    list(snakemake.output),
    synthesised=snakemake.params.synthesised,
)
