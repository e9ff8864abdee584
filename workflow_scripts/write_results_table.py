"""Write the results of one model on one dataset: one row per head, their mean, and a table of classes."""

from mscol.jobs.logs import log_to_file
from mscol.tables import Evaluation, write_results_table

log_to_file(snakemake.log[0])
seeds, scores = snakemake.params.seeds, snakemake.input.scores
write_results_table(
    evaluations=[
        Evaluation(*way, scores[number * len(seeds) : (number + 1) * len(seeds)])
        for number, way in enumerate(snakemake.params.evaluations)
    ],
    seeds=seeds,
    about=snakemake.input.about,
    n_resamples=snakemake.params.n_resamples,
    table=snakemake.output.table,
    per_class=snakemake.output.per_class,
    bootstrap=snakemake.output.bootstrap,
)
