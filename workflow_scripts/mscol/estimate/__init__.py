"""Estimate the cost of a run before it starts: CPU hours, GPU hours and disk space of each stage.

`sizes` measures the datasets, from the manifest if it exists and otherwise from the metadata. `run` collects everything that
determines the cost, `costs` multiplies the work of each stage by measured rates (`benchmarks/rates.yaml`), `left` does the same for
some of the jobs, and `table` prints the result. The package needs no training framework and reads no audio except some headers.
"""

from mscol.estimate.costs import Cost, estimate, in_flight_bytes
from mscol.estimate.left import estimate_jobs, price_jobs
from mscol.estimate.run import Run, gather_run
from mscol.estimate.sizes import DatasetSize, measure_dataset
from mscol.estimate.table import estimate_table, left_table

__all__ = [
    "Cost", "DatasetSize", "Run", "estimate", "estimate_jobs", "estimate_table", "gather_run", "in_flight_bytes", "left_table",
    "measure_dataset", "price_jobs",
]  # fmt: skip
