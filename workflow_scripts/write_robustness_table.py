"""Write how much the results of one model on one dataset drop on perturbed test clips."""

from mscol.jobs.logs import log_to_file
from mscol.tables.robustness import write_robustness_table

log_to_file(snakemake.log[0])
seeds, names, scores = snakemake.params.seeds, snakemake.params.perturbations, snakemake.input.perturbed
write_robustness_table(
    named={
        "dataset": snakemake.wildcards.dataset + snakemake.wildcards.task,
        "model": snakemake.wildcards.model,
    },
    clean=snakemake.input.clean,
    perturbed={
        name: scores[number * len(seeds) : (number + 1) * len(seeds)] for number, name in enumerate(names)
    },
    seeds=seeds,
    about=snakemake.input.about,
    n_resamples=snakemake.params.n_resamples,
    table=snakemake.output.table,
)
