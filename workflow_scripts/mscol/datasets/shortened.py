"""Gather clips that are used although they are shorter than their files say."""

import logging
from pathlib import Path

import pandas as pd

from mscol.io.audio import ANALYSIS_RATE
from mscol.io.files import read_csv, write_csv
from mscol.io.lengths import TOLERANCE_SECONDS

COLUMNS = ["dataset", "id", "path", "listed", "decoded", "reason"]
_HOP_SAMPLES, _WINDOW_SAMPLES = 160, 400  # of the log-mel frames (mscol.mels)


def gather_shortened(clips_paths, index_paths, out):
    """Write one table of all used clips that decode to over 0.1 s less than the manifest lists, or are truncated.

    Parameters
    ----------
    clips_paths : sequence of str or os.PathLike
        ``.../{dataset}/clips.csv``.
    index_paths : sequence of str or os.PathLike
        ``.../{dataset}/{shard}/mixture.csv``: clip, first_frame, n_frames of cached clips.
    out : str or os.PathLike
        Columns dataset, id, path, listed and decoded (s), reason; sorted. The decoded length is counted in frames of 10 ms.
    """
    cached = {}
    for path in index_paths:
        cached.setdefault(Path(path).parts[-3], []).append(read_csv(path))
    clips = {Path(path).parts[-2]: read_csv(path) for path in clips_paths}
    tables = [
        _shortened(table, pd.concat(cached[name])).assign(dataset=name)
        for name, table in clips.items()
        if name in cached
    ]
    gathered = pd.concat([pd.DataFrame(columns=COLUMNS, dtype=str), *tables])[COLUMNS]
    logging.info("%d used clips are shorter than their files say.", len(gathered))
    write_csv(gathered.sort_values(["dataset", "id"]), out)


def _shortened(clips, cached):
    found = clips.merge(cached.rename(columns={"clip": "id"}), on="id")
    # The longest duration with this number of frames
    decoded = (found["n_frames"].astype(int) * _HOP_SAMPLES + _WINDOW_SAMPLES) / ANALYSIS_RATE
    is_short = decoded < found["duration"].astype(float) - TOLERANCE_SECONDS
    reason = found["cut"].where(found["cut"] != "", "it decodes to less than its header says")
    columns = {"listed": found["duration"], "decoded": decoded.round(2), "reason": reason}
    return found.assign(**columns)[is_short | (found["cut"] != "")]
