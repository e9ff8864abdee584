"""Put the results of all models and datasets into one table."""

from mscol.jobs.logs import log_to_file
from mscol.pages.summary import summarise_results
from mscol.separation.origin import tell_origin, validation_losses

log_to_file(snakemake.log[0])
separator = snakemake.params.separator  # one of synthesised songs, for other music
summarise_results(
    tables=snakemake.input.tables,
    per_class=snakemake.input.per_class,
    comparisons=snakemake.input.comparisons,
    layouts=snakemake.params.layouts,
    summary=snakemake.output.table,
    pages=[snakemake.output.markdown, snakemake.output.latex, snakemake.output.html],
    synthesised=snakemake.params.synthesised,
    notes=[tell_origin(snakemake.params.pretrained_on, validation_losses(separator))] if separator else [],
    search=snakemake.params.search,
)
