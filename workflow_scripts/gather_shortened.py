"""Gather the clips that are used although they are shorter than their file headers say."""

from mscol.datasets.shortened import gather_shortened
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])
gather_shortened(snakemake.input.clips, snakemake.input.index, snakemake.output[0])
