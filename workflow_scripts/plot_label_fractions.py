"""Plot results against the share of training labels."""

from mscol.figures.label_fractions import plot_label_fractions
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])
plot_label_fractions(snakemake.input.summary, list(snakemake.output))
