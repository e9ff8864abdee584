"""Convert the training and validation clips of one shard to 44.1 kHz wav."""

from mscol.jobs.logs import log_to_file
from mscol.separation.conversion import convert_shard

log_to_file(snakemake.log[0])
convert_shard(
    clips=f"{snakemake.input.shards}/{snakemake.wildcards.shard}.csv",
    root=snakemake.params.root,
    audio_folder=snakemake.output.audio,
    rejected=snakemake.output.rejected,
    workers=snakemake.threads,
)
