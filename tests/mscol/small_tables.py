"""Write tables of small tasks."""

import numpy as np

from mscol.tables import Evaluation, write_results_table


def write(scores, about, folder, name, evaluations=None, n_resamples=100):
    """Write a table, frozen and with all labels unless told otherwise; return what was written."""
    evaluations = evaluations or [Evaluation("frozen", 1.0, "yes", scores)]
    seeds = list(range(len(evaluations[0].scores)))
    paths = folder / f"{name}.csv", folder / "per_class" / f"{name}.csv", folder / "bootstrap" / f"{name}.npz"
    write_results_table(evaluations, seeds, about, n_resamples, *paths)
    return paths


def save(path, labels, window_scores, n_windows, cleaned, groups=None):
    """Write scores as `mscol.probes` does, of one head or several."""
    ids = np.array([f"clip {number:03}" for number in range(len(labels))])
    heads = window_scores if np.ndim(window_scores) == 3 else np.array(window_scores)[None]
    groups = ids if groups is None else np.asarray(groups, np.str_)
    np.savez(
        path, ids=ids, groups=groups, labels=labels, window_scores=heads, n_windows=n_windows, cleaned=cleaned,
        validation=np.full(len(heads), np.nan), chosen=np.array([""] * len(heads)),
    )  # fmt: skip
