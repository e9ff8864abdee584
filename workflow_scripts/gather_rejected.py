"""Gather the clips that a stage rejected into one table."""

from mscol.datasets.rejected import gather_rejected
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])
gather_rejected(
    manifest_rejected_paths=snakemake.input.manifests,
    stage_rejected_paths=snakemake.input.shards,
    out=snakemake.output[0],
)
