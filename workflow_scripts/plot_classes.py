"""Plot the results of one model on each tag or class of one dataset."""

from mscol.figures.classes import plot_classes
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])
plot_classes(
    per_class=snakemake.input.per_class,
    results=snakemake.input.table,
    dataset=snakemake.wildcards.dataset + snakemake.wildcards.task,
    model=snakemake.wildcards.model,
    paths=list(snakemake.output),
    synthesised=snakemake.params.synthesised,
)
