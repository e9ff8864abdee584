"""Train heads on the embeddings of one dataset, and score its test clips."""

from mscol.jobs.backend import choose_backend
from mscol.jobs.devices import take_gpus
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])
take_gpus(snakemake.resources.get("gpu", 0))
choose_backend(snakemake.params.backend, compiled="compiled")

from mscol.datasets import SPLITS  # noqa: E402 (after log_to_file, for TensorFlow's messages)
from mscol.model import configure  # noqa: E402
from mscol.probes import train_probe  # noqa: E402

configure(snakemake.params.framework_threads, int(snakemake.wildcards.seed))
train_probe(
    embeddings={split: snakemake.input[split] for split in SPLITS},
    indices={split: snakemake.input[f"{split}_index"] for split in SPLITS},
    clips=snakemake.input.clips,
    about=snakemake.input.about,
    settings=snakemake.params.settings,
    seed=int(snakemake.wildcards.seed),
    outputs=dict(snakemake.output.items()),
    label_fraction=snakemake.params.label_fraction,
    standardise=snakemake.params.standardise,
    n_heads=snakemake.params.n_heads,
)
