"""What a run will cost before it starts: hours of CPU and GPU, and bytes on disk, stage by stage.

`sizes` says how large the datasets are, from a manifest where there is one, else from metadata; `run` gathers what decides a
cost, `costs` multiplies what is to be done by measured rates (`benchmarks/rates.yaml`), `left` those of some jobs; `table` prints it. Nothing here needs a training framework, or opens
audio but for some headers.
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
