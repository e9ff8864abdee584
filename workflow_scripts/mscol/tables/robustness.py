"""Compare a model's results on perturbed test clips with those on the original clips."""

import dataclasses
import functools
import logging

import numpy as np
import pandas as pd

from mscol.io.files import read_json, read_results, write_csv
from mscol.scores.files import check_same_clips, list_tests, read_scores
from mscol.tables.comparison import describe_difference
from mscol.tables.measured import METRICS, measure
from mscol.tables.results import DECIMALS


def write_robustness_table(named, clean, perturbed, seeds, about, n_resamples, table):
    """Compare a model's results on perturbed test clips with those on the original clips, with the same heads.

    The first head of each encoder, which is the one that is saved, is compared. A clip for which any perturbation failed is left
    out of all rows, so that all rows have the same clips.

    Parameters
    ----------
    named : dict
        Dataset and model of the rows.
    clean : list of (str or os.PathLike)
        Scores of the original clips (`mscol.scores.files.save_scores`), one file per seed.
    perturbed : dict of str to list of (str or os.PathLike)
        The same for each perturbation.
    seeds : list of int
        Seeds of the encoders.
    about : str or os.PathLike
        about.json of the dataset.
    n_resamples : int
        Number of resamples for each interval.
    table : str or os.PathLike
        Output path: columns dataset, model, perturbation, test_list, metric, clean and perturbed (the values, mean over seeds),
        difference (perturbed minus clean) with its paired interval (low, high), seeds, n_test, n_left_out, n_groups, grouped_by.

    Raises
    ------
    CacheError
        If a file of scores is damaged, or the seeds were not scored on the same clips.
    """
    about = read_json(about)
    task = about["task"]
    tested = {name: _first_heads(paths, task) for name, paths in {"": clean, **perturbed}.items()}
    common = functools.reduce(np.intersect1d, (one.ids for one in tested.values()))
    n_left_out = len(tested[""].ids) - len(common)
    if n_left_out:
        logging.warning("Left out %d test clips for which a perturbation failed.", n_left_out)
    tested = {name: _only(one, common) for name, one in tested.items()}
    rows = []
    for test_list, chosen in list_tests(tested[""].cleaned, task).items():
        # One at a time: the resamples of a large test list take 100 MB and more.
        reference = _measure(tested[""], chosen, task, seeds, n_resamples)
        size = {"seeds": len(seeds), "n_test": int(chosen.sum()), "n_left_out": n_left_out}
        size |= {"n_groups": reference.n_groups, "grouped_by": about.get("grouped_by", "clip")}
        for name in perturbed:
            measured = _measure(tested[name], chosen, task, seeds, n_resamples)
            for metric in METRICS[task]:
                of_clean, of_perturbed = (one.over_runs(one.overall[metric]) for one in (reference, measured))
                row = {"perturbation": name, "test_list": test_list, "metric": metric}
                row |= {"clean": of_clean[0], "perturbed": of_perturbed[0]}
                described = describe_difference(of_perturbed - of_clean, reference.n_groups, len(seeds))
                row |= {key: described[key] for key in ("difference", "low", "high")}
                rows.append(named | row | size)
    write_csv(pd.DataFrame(rows).round(DECIMALS), table)


def gather_robustness(tables, path):
    """Concatenate the tables of models and datasets."""
    write_csv(pd.concat(map(read_results, tables)), path)


def _first_heads(paths, task):
    """Return the scores of the first head of each seed, stacked like the heads of one encoder."""
    tested = [read_scores(path, task) for path in paths]
    check_same_clips((paths[0], tested[0].ids), paths, tested)
    return dataclasses.replace(tested[0], scores=np.stack([one.scores[0] for one in tested]))


def _only(tested, ids):
    """Return the scores of some of the clips."""
    kept = np.isin(tested.ids, ids)
    others = {name: getattr(tested, name)[kept] for name in ("ids", "groups", "labels", "cleaned")}
    return dataclasses.replace(tested, scores=tested.scores[:, kept], **others)


def _measure(tested, chosen, task, seeds, n_resamples):
    runs = [(seed, 1) for seed in seeds]
    clips = tested.labels[chosen], tested.groups[chosen]
    return measure(task, tested.scores[:, chosen], *clips, runs, n_resamples)
