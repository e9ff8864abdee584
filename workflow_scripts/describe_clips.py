"""Write the place of each test clip on a map and the labels that heads predict for it."""

from mscol.jobs.logs import log_to_file
from mscol.jobs.parallel import library_threads
from mscol.overview.clips import describe_clips

log_to_file(snakemake.log[0])
given, files = snakemake.params, snakemake.input
n_scores = len(files.scores) // len(given.models)
with library_threads(1):
    describe_clips(
        clips=files.clips,
        about=files.about,
        listed=files.manifest,
        models={
            model: {
                "test": files.test[number],
                "test_index": files.test_index[number],
                "scores": files.scores[number * n_scores : (number + 1) * n_scores],
            }
            for number, model in enumerate(given.models)
        },
        seeds=given.seeds,
        out=snakemake.output[0],
    )
