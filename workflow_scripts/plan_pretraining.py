"""Write everything that determines how a model is pretrained."""

from mscol.io.files import write_json
from mscol.jobs.logs import log_to_file

log_to_file(snakemake.log[0])
write_json(snakemake.params.plan | {"clips": snakemake.params.clips}, snakemake.output.plan)
