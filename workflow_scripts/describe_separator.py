"""Write the settings that the four targets of the small Open-Unmix share."""

from mscol.jobs.logs import log_to_file
from mscol.separation.description import describe_separator

log_to_file(snakemake.log[0])
describe_separator(snakemake.output.separator, snakemake.params.settings)
