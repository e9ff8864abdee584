"""Separate the clips of one shard into stems."""

import importlib

from mscol.jobs.devices import take_gpus
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])
take_gpus(snakemake.resources.get("gpu", 0))

module = importlib.import_module(snakemake.params.module)  # after take_gpus: PyTorch counts visible GPUs
module.separate_shard(
    clips=f"{snakemake.input.shards}/{snakemake.wildcards.shard}.csv",
    audio_folder=snakemake.input.audio,
    stems_folder=snakemake.output.stems,
    rejected=snakemake.output.rejected,
    **snakemake.params.separator,
    # Not a parameter, because it changes stems only by rounding.
    batch_seconds=snakemake.config["separation"]["batch_seconds"],
    rejected_before=[snakemake.input.rejected],
)
