"""Train encoder and head together on one dataset, and score its test clips."""

from mscol.jobs.backend import choose_backend
from mscol.jobs.devices import take_gpus
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])
take_gpus(snakemake.resources.get("gpu", 0))
choose_backend(snakemake.params.backend, compiled="compiled")

from mscol.mels.cache import MelCache  # noqa: E402 (after log_to_file, for TensorFlow's messages)
from mscol.model import configure, load_encoder  # noqa: E402
from mscol.probes import finetune  # noqa: E402

configure(snakemake.params.framework_threads, int(snakemake.wildcards.seed))
finetune(
    encoder=load_encoder(snakemake.input.encoder),
    cache=MelCache.open(snakemake.input.frames, snakemake.input.index),
    clips=snakemake.input.clips,
    about=snakemake.input.about,
    settings=snakemake.params.settings,
    seed=int(snakemake.wildcards.seed),
    outputs=dict(snakemake.output.items()),
    label_fraction=snakemake.params.label_fraction,
)
