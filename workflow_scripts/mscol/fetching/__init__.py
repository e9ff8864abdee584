"""Fetch a dataset: download its official archives, check them, unpack them and count the clips.

`dataset` runs all steps. `transfer` downloads one file and resumes interrupted downloads, `checks` compares digests and
counts clips, `archives` unpacks zip (also in parts) and tar, `intake` rejects unsafe archive members, and `disk` reports
free space. The package needs only the standard library and the readers of `mscol.datasets`, which list the clips of a
dataset.
"""

from mscol.fetching.dataset import fetch_dataset

__all__ = ["fetch_dataset"]
