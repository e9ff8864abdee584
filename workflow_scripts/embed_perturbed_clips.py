"""Embed the perturbed test clips of a dataset with the frozen encoder."""

from mscol.jobs.backend import choose_backend
from mscol.jobs.devices import take_gpus
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])
take_gpus(snakemake.resources.get("gpu", 0))
choose_backend(snakemake.params.backend, compiled="compiled")

from mscol.datasets.listed import read_listed  # noqa: E402  (after log_to_file, for TensorFlow's messages)
from mscol.embeddings.clips import embed_test_clips  # noqa: E402
from mscol.mels.cache import MelCache  # noqa: E402
from mscol.model import configure, load_encoder  # noqa: E402

configure(snakemake.params.framework_threads, int(snakemake.wildcards.seed))
embed_test_clips(
    encoder=load_encoder(snakemake.input.encoder),
    cache=MelCache.open(snakemake.input.frames, snakemake.input.index),
    clips=read_listed(snakemake.input.clips),
    array=snakemake.output.test,
    index=snakemake.output.test_index,
    batch_size=snakemake.params.batch_size,
)
