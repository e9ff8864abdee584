"""Compare each model with the reference model, on the same resamples of the same test clips."""

from mscol.jobs.logs import log_to_file
from mscol.tables import compare_models

log_to_file(snakemake.log[0])
tables = [tuple(table.split("/")) for table in snakemake.params.tables]
compare_models(
    bootstraps=dict(zip(tables, snakemake.input.bootstraps, strict=True)),
    reference=snakemake.params.reference,
    overall=snakemake.output.overall,
    per_label=snakemake.output.per_label,
)
