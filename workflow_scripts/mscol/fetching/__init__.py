"""Fetching: the official archives of a dataset are downloaded, checked, unpacked and counted.

`dataset` does all of it; `transfer` downloads one file and goes on where it was cut, `checks` compares digests
and counts clips, `archives` unpacks zip (in parts, too) and tar, `intake` refuses members that do not belong below
a folder, `disk` says how much room there is. Nothing but Python's own library is needed, besides the readers of
`mscol.datasets`, which say what clips a dataset lists.
"""

from mscol.fetching.dataset import fetch_dataset

__all__ = ["fetch_dataset"]
