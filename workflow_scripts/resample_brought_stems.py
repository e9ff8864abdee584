"""Resample the stems of a dataset that has its own to 16 kHz mono, for the clips of one shard."""

from mscol.jobs.logs import log_to_file
from mscol.separation.resampling import resample_brought_stems

log_to_file(snakemake.log[0])
resample_brought_stems(
    clips=f"{snakemake.input.shards}/{snakemake.wildcards.shard}.csv",
    stems_root=snakemake.params.stems_root,
    resampled_folder=snakemake.output.stems,
    rejected=snakemake.output.rejected,
    workers=snakemake.threads,
)
