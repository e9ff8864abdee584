"""Save an encoder with random weights: the model `untrained`."""

from mscol.jobs.backend import choose_backend
from mscol.jobs.devices import take_gpus
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])
take_gpus(snakemake.resources.get("gpu", 0))
choose_backend(snakemake.params.backend, compiled="compiled")

from mscol.jobs.versions import git_commit  # noqa: E402
from mscol.pretraining import CacheFiles, initialise  # noqa: E402 (after log_to_file, for the framework's messages)

initialise(
    files=CacheFiles(frames=snakemake.input.frames, index=snakemake.input.index),
    clips=snakemake.input.clips,
    settings=snakemake.params.settings,
    seed=int(snakemake.wildcards.seed),
    framework_threads=snakemake.params.framework_threads,
    outputs=dict(snakemake.output.items()),
    about={"model": "untrained", "commit": git_commit()},
)
