"""Embed a dataset with the frozen encoder."""

from mscol.jobs.backend import choose_backend
from mscol.jobs.devices import take_gpus
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])
take_gpus(snakemake.resources.get("gpu", 0))
choose_backend(snakemake.params.backend, compiled="compiled")

from mscol.datasets import SPLITS  # noqa: E402
from mscol.datasets.listed import read_listed  # noqa: E402
from mscol.embeddings import embed_clips  # noqa: E402
from mscol.mels.cache import MelCache  # noqa: E402 (after log_to_file, for TensorFlow's messages)
from mscol.model import configure, load_encoder  # noqa: E402

configure(snakemake.params.framework_threads, int(snakemake.wildcards.seed))
embed_clips(
    encoder=load_encoder(snakemake.input.encoder),
    cache=MelCache.open(snakemake.input.frames, snakemake.input.index),
    clips=read_listed(snakemake.input.clips),
    arrays={split: snakemake.output[split] for split in SPLITS},
    indices={split: snakemake.output[f"{split}_index"] for split in SPLITS},
    seed=int(snakemake.wildcards.seed),
    crops_per_segment=snakemake.params.crops_per_segment,
    batch_size=snakemake.params.batch_size,
)
