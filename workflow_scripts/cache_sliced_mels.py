"""Cache the log-mels of one shard's mixtures in slices, each with a norm of its own, for encoders of CVSM."""

from mscol.jobs.logs import log_to_file
from mscol.mels.mixtures import cache_mixtures

log_to_file(snakemake.log[0])
cache_mixtures(
    clips=f"{snakemake.input.shards}/{snakemake.wildcards.shard}.csv",
    root=snakemake.params.root,
    frames=snakemake.output.frames,
    index=snakemake.output.index,
    rejected=snakemake.output.rejected,
    dtype=snakemake.params.dtype,
    workers=snakemake.threads,
    whole_only=snakemake.params.whole_only,
    paper="cvsm",
)
