"""What a run will cost before it starts: hours of CPU and GPU, and bytes on disk, stage by stage.

`sizes` says how large the datasets are, from a manifest where there is one, else from metadata; `run` gathers what decides a
cost, `costs` multiplies what is to be done by measured rates (`benchmarks/rates.yaml`); `table` prints it. Nothing here needs a training framework, or opens
audio but for some headers.
"""

from mscol.estimate.costs import Cost, estimate, in_flight_bytes
from mscol.estimate.run import Run
from mscol.estimate.sizes import DatasetSize, measure_dataset
from mscol.estimate.table import estimate_table

__all__ = ["Cost", "DatasetSize", "Run", "estimate", "estimate_table", "in_flight_bytes", "measure_dataset"]
