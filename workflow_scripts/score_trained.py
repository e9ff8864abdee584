"""Score the test clips of one dataset with a head or a classifier that was trained earlier."""

from mscol.jobs.backend import choose_backend
from mscol.jobs.devices import take_gpus
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])
take_gpus(snakemake.resources.get("gpu", 0))
choose_backend(snakemake.params.backend, compiled="compiled")

from mscol.mels.cache import MelCache  # noqa: E402 (after log_to_file, for TensorFlow's messages)
from mscol.model import configure  # noqa: E402
from mscol.probes import score_classifier, score_head  # noqa: E402

configure(snakemake.params.framework_threads, int(snakemake.wildcards.seed))
model, scores = snakemake.params.trained, snakemake.output.scores
dataset = {"clips": snakemake.input.clips, "about": snakemake.input.about}
if snakemake.input.test:
    score_head(model, snakemake.input.test, snakemake.input.test_index, **dataset, scores=scores)
else:
    cache = MelCache.open(snakemake.input.frames, snakemake.input.index)
    score_classifier(model, cache, **dataset, scores=scores, paper=snakemake.params.paper)
