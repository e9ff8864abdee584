"""Import an encoder: a published TensorFlow checkpoint or an encoder.keras."""

from mscol.jobs.backend import choose_backend
from mscol.jobs.devices import take_gpus
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])
take_gpus(snakemake.resources.get("gpu", 0))
choose_backend(snakemake.params.backend, compiled="compiled")

from mscol.jobs.versions import git_commit  # noqa: E402
from mscol.model import configure  # noqa: E402 (after log_to_file, for the framework's messages)
from mscol.pretraining import import_encoder  # noqa: E402

configure(snakemake.params.framework_threads, int(snakemake.wildcards.seed))
import_encoder(
    snakemake.params.checkpoint,
    outputs=dict(snakemake.output.items()),
    about={"model": snakemake.wildcards.model, "commit": git_commit()},
    paper=snakemake.params.paper,
)
