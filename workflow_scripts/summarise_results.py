"""Combine the results of all models and datasets in one table."""

from mscol.jobs.logs import log_to_file
from mscol.pages.summary import summarise_results
from mscol.separation.origin import tell_function, tell_origin, validation_losses

log_to_file(snakemake.log[0])
separator = snakemake.params.separator  # set if it was trained on synthesised songs but separates other music
function, pretrained_on = snakemake.params.function, snakemake.params.pretrained_on
notes = [tell_origin(pretrained_on, validation_losses(separator))] if separator else []
notes += [tell_function(pretrained_on, function)] if function else []
summarise_results(
    tables=snakemake.input.tables,
    per_class=snakemake.input.per_class,
    comparisons=snakemake.input.comparisons,
    layouts=snakemake.params.layouts,
    summary=snakemake.output.table,
    pages=[snakemake.output.markdown, snakemake.output.latex, snakemake.output.html],
    synthesised=snakemake.params.synthesised,
    notes=notes,
    search=snakemake.params.search,
)
