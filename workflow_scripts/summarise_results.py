"""Put the results of all models and datasets into one table."""

from mscol.jobs.logs import log_to_file
from mscol.pages.summary import summarise_results

log_to_file(snakemake.log[0])
summarise_results(
    tables=snakemake.input.tables,
    per_class=snakemake.input.per_class,
    comparisons=snakemake.input.comparisons,
    layouts=snakemake.params.layouts,
    summary=snakemake.output.table,
    pages=[snakemake.output.markdown, snakemake.output.latex, snakemake.output.html],
)
