"""Make the embedded datasets and the songs with stems."""

from mscol.jobs.logs import log_to_file
from mscol.synthesis import make_demo_datasets

log_to_file(snakemake.log[0])
make_demo_datasets(
    mtat=snakemake.output.mtat,
    nsynth=snakemake.output.nsynth,
    fma=snakemake.output.fma,
    stems=snakemake.output.stems,
    seed=snakemake.params.seed,
    sizes=snakemake.params.sizes,
    workers=snakemake.threads,
)
