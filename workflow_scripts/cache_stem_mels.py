"""Cache the log-mel spectrograms and the activity of one shard's stems."""

from mscol.cache import STEMS, cache_stems
from mscol.logs import log_to_file

log_to_file(snakemake.log[0])
cache_stems(
    clips=f"{snakemake.input.shards}/{snakemake.wildcards.shard}.csv",
    folder=snakemake.input.stems,
    arrays={stem: snakemake.output[stem] for stem in STEMS},
    index=snakemake.output.index,
    activity=snakemake.output.activity,
    rejected=snakemake.output.rejected,
    rejected_before=snakemake.input.rejected,
    dtype=snakemake.params.dtype,
    workers=snakemake.threads,
)
