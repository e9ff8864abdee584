"""Concatenate the tables of all models on perturbed test clips."""

from mscol.jobs.logs import log_to_file
from mscol.tables.robustness import gather_robustness

log_to_file(snakemake.log[0])
gather_robustness(snakemake.input.tables, snakemake.output.table)
