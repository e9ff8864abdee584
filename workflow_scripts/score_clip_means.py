"""Evaluate the mean embeddings of clips: nearest neighbours, logistic regression, few-shot draws, retrieval."""

from mscol.clip_means import score_clip_means
from mscol.datasets import SPLITS
from mscol.jobs.logs import log_to_file
from mscol.jobs.parallel import library_threads

log_to_file(snakemake.log[0])
with library_threads(snakemake.params.framework_threads):
    score_clip_means(
        embeddings={split: snakemake.input[split] for split in SPLITS},
        indices={split: snakemake.input[f"{split}_index"] for split in SPLITS},
        clips=snakemake.input.clips,
        about=snakemake.input.about,
        seed=int(snakemake.wildcards.seed),
        ways=snakemake.params.ways,
        outputs=snakemake.output,
    )
