"""Fetch datasets: download the official archives, check and unpack them, and count the files.

`dataset` runs all steps; `transfer` downloads one file and resumes an interrupted download, `checks` compares digests
and counts files, `archives` unpacks zip (also in parts) and tar, `intake` refuses unsafe members, `disk` checks the free
space. Only Python's standard library is needed, and the readers of `mscol.datasets` for the clips in the metadata.
"""

from mscol.fetching.dataset import fetch_dataset

__all__ = ["fetch_dataset"]
