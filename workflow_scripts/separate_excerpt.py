"""Make the stems of a few seconds of a mixture again, for the HTML page."""

import importlib

from mscol.jobs.devices import take_gpus
from mscol.jobs.logs import log_to_file
from mscol.overview.stems import brought, code_excerpt, separated

log_to_file(snakemake.log[0])
take_gpus(snakemake.resources.get("gpu", 0))
given = snakemake.params
if given.brought:
    stems_of = brought(given.brought)
else:
    module = importlib.import_module(given.module)  # after take_gpus: PyTorch counts visible GPUs
    stems_of = separated(module.open_separator(**given.separator))
code_excerpt(
    excerpt=snakemake.input.excerpt,
    clips=snakemake.input.clips,
    root=given.root,
    stems_of=stems_of,
    out=snakemake.output[0],
)
