"""Write the model card of an encoder: how it was made, its results, its licence, how to load it."""

from mscol.jobs.logs import log_to_file
from mscol.pages.cards import write_model_card
from mscol.separation.origin import validation_losses

log_to_file(snakemake.log[0])
separator = snakemake.params.separator_of_synthesised
write_model_card(
    run=snakemake.input.run,
    dataset=snakemake.params.dataset,
    separator=snakemake.params.separator,
    tables=dict(zip(snakemake.params.evaluated, snakemake.input.tables, strict=True)),
    card=snakemake.output.card,
    synthesised=snakemake.params.synthesised,
    losses=validation_losses(separator) if separator else None,
    timings=snakemake.params.timings,
)
