"""Cache the log-mel spectrograms of the mixtures of one shard, for the encoders of either paper."""

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
    normalise=snakemake.params.normalise,
    whole_only=snakemake.params.whole_only,
    paper=snakemake.params.paper,
)
