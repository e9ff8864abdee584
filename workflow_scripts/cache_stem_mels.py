"""Cache the log-mel spectrograms and the activity of the stems of one shard."""

from mscol.jobs.logs import log_to_file
from mscol.mels.stems import cache_stems
from mscol.separation import STEMS

log_to_file(snakemake.log[0])
cache_stems(
    clips=f"{snakemake.input.shards}/{snakemake.wildcards.shard}.csv",
    folder=snakemake.input.stems,
    arrays={stem: snakemake.output[stem] for stem in STEMS if snakemake.output.get(stem)},
    index=snakemake.output.index,
    activity=snakemake.output.activity,
    rejected=snakemake.output.rejected,
    rejected_before=snakemake.input.rejected,
    dtype=snakemake.params.dtype,
    workers=snakemake.threads,
    normalise=snakemake.params.normalise,
)
