"""Say what the configured run will cost, on the terminal."""

import os

from mscol.config.effective import read_yaml
from mscol.estimate import Run, estimate_table, measure_dataset
from mscol.jobs.logs import log_to_file

terminal = os.dup(1)  # before it becomes the log
log_to_file(snakemake.log[0])
params = snakemake.params
run = Run(
    settings=params.settings,
    sizes={name: measure_dataset(**dataset) for name, dataset in params.datasets.items()},
    shards=params.shards,
    embedded=frozenset(params.embedded),
    rates=read_yaml(snakemake.input.rates),
    shards_in_flight=params.shards_in_flight,
)
with os.fdopen(terminal, "w", encoding="utf-8") as file:
    file.write(estimate_table(run, params.cores))
