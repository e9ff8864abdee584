"""Draw all models' results beside each other."""

from mscol.figures.comparison import plot_comparison
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])
plot_comparison(snakemake.input.summary, list(snakemake.output))
