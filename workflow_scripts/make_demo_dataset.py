"""Synthesise one of the embedded datasets, or the songs with stems."""

from mscol.jobs.logs import log_to_file
from mscol.synthesis import make_demo_datasets

log_to_file(snakemake.log[0])
make_demo_datasets(
    **{snakemake.wildcards.demo: snakemake.output.folder},
    seed=snakemake.params.seed,
    sizes=snakemake.params.sizes,
    workers=snakemake.threads,
)
