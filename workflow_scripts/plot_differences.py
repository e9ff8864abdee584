"""Plot the differences between one model and the reference model, by tag or class."""

from mscol.figures.differences import plot_differences
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])
plot_differences(
    comparisons=snakemake.input.comparisons,
    dataset=snakemake.wildcards.dataset + snakemake.wildcards.task,
    model=snakemake.wildcards.model,
    paths=list(snakemake.output),
    synthesised=snakemake.params.synthesised,
)
