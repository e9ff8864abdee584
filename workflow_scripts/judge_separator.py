"""Evaluate the separator on embedded songs that it was not trained on."""

import importlib

from mscol.jobs.devices import take_gpus
from mscol.jobs.logs import log_to_file
from mscol.separation import STEMS
from mscol.separation.judging import judge_separator

log_to_file(snakemake.log[0])
take_gpus(snakemake.resources.get("gpu", 0))

module = importlib.import_module(snakemake.params.module)  # after take_gpus: PyTorch counts visible GPUs
judge_separator(
    separate=module.open_separator(**snakemake.params.separator),
    songs=f"{snakemake.input.stems}/test",
    table_path=snakemake.output.table,
    stems=snakemake.params.separator.get("stems", STEMS),
)
