"""Cache the log-mel spectrograms of the stems of one shard, blended with their mixtures."""

from mscol.jobs.logs import log_to_file
from mscol.mels.degraded import cache_degraded_stems
from mscol.separation import STEMS

log_to_file(snakemake.log[0])
degradation = snakemake.wildcards.degradation  # "degraded5", "degradedeach5"
cache_degraded_stems(
    clips=f"{snakemake.input.shards}/{snakemake.wildcards.shard}.csv",
    root=snakemake.params.root,
    folder=snakemake.input.stems,
    arrays={stem: snakemake.output[stem] for stem in STEMS if snakemake.output.get(stem)},
    index=snakemake.output.index,
    rejected=snakemake.output.rejected,
    rejected_before=snakemake.input.rejected,
    decibels=int(degradation.removeprefix("degraded").removeprefix("each")),
    each="each" in degradation,
    dtype=snakemake.params.dtype,
    workers=snakemake.threads,
    normalise=snakemake.params.normalise,
)
