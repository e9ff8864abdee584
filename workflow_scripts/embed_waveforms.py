"""Embed a dataset with a Python function of a waveform."""

from mscol.jobs.devices import take_gpus
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])
take_gpus(snakemake.resources.get("gpu", 0))

from mscol.datasets import SPLITS  # noqa: E402
from mscol.datasets.listed import read_listed  # noqa: E402
from mscol.embeddings.functions import embed_waveforms  # noqa: E402
from mscol.jobs.callables import load_callable  # noqa: E402
from mscol.mels.cache import cached_clips  # noqa: E402 (after log_to_file, for messages of the function's packages)

embed_waveforms(
    function=load_callable(snakemake.params.callable),
    cached=cached_clips(snakemake.input.index),
    clips=read_listed(snakemake.input.clips),
    root=snakemake.params.root,
    arrays={split: snakemake.output[split] for split in SPLITS},
    indices={split: snakemake.output[f"{split}_index"] for split in SPLITS},
    seed=int(snakemake.wildcards.seed),
    crops_per_segment=snakemake.params.crops_per_segment,
    workers=snakemake.threads,
)
