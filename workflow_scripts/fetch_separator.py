"""Fetch a published separator."""

from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])

from mscol.separation.fetching import fetch_separator  # noqa: E402 (PyTorch takes seconds)

fetch_separator(snakemake.wildcards.published, snakemake.output.about)
