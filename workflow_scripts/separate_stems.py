"""Separate the clips of one shard into bass, drums, other and vocals."""

from mscol.jobs.devices import take_gpus
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])
take_gpus(snakemake.resources.get("gpu", 0))

from mscol.separation.shard import separate_shard  # noqa: E402 (PyTorch counts the GPUs that it sees)

separate_shard(
    clips=f"{snakemake.input.shards}/{snakemake.wildcards.shard}.csv",
    audio_folder=snakemake.input.audio,
    stems_folder=snakemake.output.stems,
    rejected=snakemake.output.rejected,
    model=snakemake.params.model,
    n_iterations=snakemake.params.niter,
    device=snakemake.params.device,
    threads=snakemake.params.framework_threads,
    # No parameter: it moves stems by rounding only.
    batch_seconds=snakemake.config["separation"]["batch_seconds"],
    rejected_before=[snakemake.input.rejected],
)
