"""Fetch a dataset from its official archives."""

import logging

from mscol.fetching import fetch_dataset
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])
fetch_dataset(
    layout=snakemake.wildcards.layout,
    record_path=snakemake.output.record,
    **snakemake.params.settings,
)
logging.info("Write into your config: %s", snakemake.params.lines)
