"""Write the results of one model on one dataset: a row a seed and their mean, and a table of classes."""

from mscol.logs import log_to_file
from mscol.tables import write_results_table

log_to_file(snakemake.log[0])
write_results_table(
    scores=snakemake.input.scores,
    seeds=snakemake.params.seeds,
    about=snakemake.input.about,
    n_resamples=snakemake.params.bootstrap,
    table=snakemake.output.table,
    per_class=snakemake.output.per_class,
)
