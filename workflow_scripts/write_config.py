"""Write down the effective config of a run."""

from mscol.logs import log_to_file
from mscol.names import write_config

log_to_file(snakemake.log[0])
write_config(snakemake.params.config, snakemake.output[0])
