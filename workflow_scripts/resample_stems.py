"""Resample the separated stems of one shard to 16 kHz mono."""

from mscol.jobs.logs import log_to_file
from mscol.separation.resampling import resample_stems

log_to_file(snakemake.log[0])
resample_stems(
    stems_folder=snakemake.input.stems,
    resampled_folder=snakemake.output.stems,
    workers=snakemake.threads,
    clips=f"{snakemake.input.shards}/{snakemake.wildcards.shard}.csv",
    rejected_before=snakemake.input.rejected,
    names=snakemake.params.stems,
)
