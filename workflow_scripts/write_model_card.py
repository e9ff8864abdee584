"""Write the card of an encoder: what made it, its figures, its licence, how to load it."""

from mscol.jobs.logs import log_to_file
from mscol.pages.cards import write_model_card

log_to_file(snakemake.log[0])
write_model_card(
    run=snakemake.input.run,
    dataset=snakemake.params.dataset,
    separator=snakemake.params.separator,
    tables=dict(zip(snakemake.params.evaluated, snakemake.input.tables, strict=True)),
    card=snakemake.output.card,
)
