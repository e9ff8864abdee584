"""Combine the results of all models and datasets in one table."""

from mscol.jobs.logs import log_to_file
from mscol.pages.notes import notes_of_run
from mscol.pages.summary import summarise_results

log_to_file(snakemake.log[0])
given = snakemake.params
summarise_results(
    tables=snakemake.input.tables,
    per_class=snakemake.input.per_class,
    comparisons=snakemake.input.comparisons,
    layouts=given.layouts,
    summary=snakemake.output.table,
    pages=[snakemake.output.markdown, snakemake.output.latex, snakemake.output.html],
    synthesised=given.synthesised,
    notes=notes_of_run(given.pretrained_on, given.separator, given.function, given.pretraining),
    search=given.search,
)
