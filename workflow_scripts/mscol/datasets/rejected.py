"""Gather the rejected clips of all stages in one table."""

from pathlib import Path

import pandas as pd

from mscol.datasets.listed import REJECTED_COLUMNS
from mscol.errors import DatasetError
from mscol.io.files import read_csv, write_csv


def gather_rejected(manifest_rejected_paths, stage_rejected_paths, out):
    """Write one table of all rejected clips.

    Parameters
    ----------
    manifest_rejected_paths : sequence of str or os.PathLike
        ``.../{dataset}/rejected.csv``: clips rejected by their metadata or headers.
    stage_rejected_paths : sequence of str or os.PathLike
        ``.../{dataset}/{shard}/{stage}_rejected.csv``: clips rejected by a shard job.
    out : str or os.PathLike
        Columns dataset, stage ("header", or from the file's name), id, path, reason; sorted.

    Raises
    ------
    DatasetError
        If a table lacks a column.
    """
    tables = [_read(path, Path(path).parts[-2], "header") for path in manifest_rejected_paths]
    tables += [
        _read(path, Path(path).parts[-3], Path(path).name.removesuffix("_rejected.csv"))
        for path in stage_rejected_paths
    ]
    columns = ["dataset", "stage", *REJECTED_COLUMNS]
    gathered = pd.concat([pd.DataFrame(columns=columns, dtype=str), *tables])[columns]
    write_csv(gathered.sort_values(["dataset", "id", "stage", "path", "reason"]), out)


def _read(path, dataset, stage):
    table = read_csv(path)
    missing = [column for column in REJECTED_COLUMNS if column not in table]
    if missing:
        raise DatasetError(f"{path}: the column {missing[0]} is missing; delete it and run again")
    return table.assign(dataset=dataset, stage=stage)
