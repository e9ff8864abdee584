"""Write the effective config of a run."""

from mscol.config.effective import write_config
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])
write_config(snakemake.config, snakemake.output[0])
