"""Plot the results of all models side by side."""

from mscol.figures.comparison import plot_comparison
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])
plot_comparison(snakemake.input.summary, list(snakemake.output))
