"""The results of one model on one dataset: a row a head and a row ``mean``, a table of tags or classes, and the resamples."""

import hashlib
import logging
from typing import NamedTuple

import numpy as np
import pandas as pd

from mscol.io.atomic import atomic_path
from mscol.io.files import read_json, write_csv
from mscol.metrics.chance import chance_precision
from mscol.tables.measured import LABEL_METRICS, measure
from mscol.tables.scores import check_same_clips, list_tests, read_scores

AGGREGATION = {"tagging": "mean", "classification": "sum"}  # of windows (METHOD, "Downstream")
# What rows of one table may differ in
GROUP = ["protocol", "test_list", "label_fraction", "standardised"]
DECIMALS = 6  # so that pages, which show three, hardly ever round twice


class Evaluation(NamedTuple):
    """How heads were trained, and what they say of the test clips.

    Attributes
    ----------
    protocol : str
    label_fraction : float
        Share of the training clips whose labels were used.
    standardised : str
        Whether heads standardise what they read: ``yes``, ``no``, or ``as trained`` where that was decided elsewhere.
    scores : list of (str or os.PathLike)
        What `mscol.probes` wrote, a file a seed.
    """

    protocol: str
    label_fraction: float
    standardised: str
    scores: list


def write_results_table(evaluations, seeds, about, n_resamples, table, per_class, bootstrap):
    """Measure one model on one dataset, and write its results.

    Parameters
    ----------
    evaluations : list of Evaluation
        Each with a file of scores a seed, in the order of ``seeds``.
    seeds : list of int
        Of the encoders.
    about : str or os.PathLike
        about.json of the dataset: task, labels, what its groups are (grouped_by), training clips of each label (n_train).
    n_resamples : int
        Behind intervals and p-values.
    table : str or os.PathLike
        Written: columns protocol, test_list, label_fraction, standardised, seed, head, n_test, n_groups, grouped_by, then each
        metric with ``_low`` and ``_high`` (empty where no interval holds); a row a head, and one with the seed ``mean``.
    per_class : str or os.PathLike
        Written: columns protocol, test_list, label_fraction, standardised, label, n_positive, n_groups (that have the label, or
        have not, where those are fewer), n_train, and each metric of the tag or class with ``_low`` and ``_high``, mean over
        runs; of tags also what random scores would give (``pr_auc_chance``), of classes how many clips were called which
        (``as_flute``), mean over heads.
    bootstrap : str or os.PathLike
        Written: `save_resamples`.

    Raises
    ------
    CacheError
        If a file of scores is damaged, or the seeds were not scored on the same clips.
    """
    about = read_json(about)
    task, labels = about["task"], about["labels"]
    rows, classes, groups = [], [], []
    first = None
    for evaluation in evaluations:
        tested = [read_scores(path, AGGREGATION[task]) for path in evaluation.scores]
        first = first or (evaluation.scores[0], tested[0])
        check_same_clips(first, evaluation.scores, tested)
        scores = np.concatenate([one.scores for one in tested])
        runs = [
            (seed, head)
            for seed, one in zip(seeds, tested, strict=True)
            for head in range(1, len(one.scores) + 1)
        ]
        for test_list, chosen in list_tests(tested[0], task).items():
            clips = tested[0].labels[chosen], tested[0].groups[chosen]
            measured = measure(task, scores[:, chosen], *clips, runs, n_resamples)
            how = (evaluation.protocol, test_list, evaluation.label_fraction, evaluation.standardised)
            group = dict(zip(GROUP, how, strict=True))
            size = {"n_test": int(chosen.sum()), "n_groups": measured.n_groups}
            size["grouped_by"] = about.get("grouped_by", "clip")
            rows += [group | run | size | row for run, row in _rows(measured)]
            classes.append(_per_class(measured, about, size["n_test"]).assign(**group))
            digest = _digest(tested[0].ids[chosen], tested[0].groups[chosen])
            groups.append(group | size | {"clips": digest, "measured": measured})
            _say_left_out(classes[-1], test_list)
    write_csv(rounded(pd.DataFrame(rows)), table)
    per_class_table = pd.concat(classes)
    columns = GROUP + [column for column in per_class_table if column not in GROUP]
    write_csv(rounded(per_class_table[columns]), per_class)
    save_resamples(bootstrap, groups, labels)


def rounded(table):
    """Round a table's metrics; a share of labels is part of a row's name and stays exact."""
    return table.round(dict.fromkeys(set(table) - {"label_fraction"}, DECIMALS))


def save_resamples(path, groups, labels):
    """Write the metrics of each resample, mean over runs, as ``.npz`` without pickles.

    Any two models of a dataset can be compared from these files: resamples of equal number hold the same
    clips.

    Parameters
    ----------
    path : str or os.PathLike
    groups : list of dict
        What each row is of: `GROUP`, n_test, n_groups, clips (a digest of their ids and groups), measured.
    labels : list of str

    Notes
    -----
    Arrays, with G rows, B resamples and L labels: those of the rows' keys, shape (G,); ``n_runs``, (G,); ``labels``, (L,);
    ``n_positive`` and ``n_label_groups``, (G, L); each overall metric, (G, 1 + B), the first column the value itself; each
    metric of labels, ``{metric}_per_label``, (G, 1 + B, L).
    """
    measured = [group["measured"] for group in groups]
    keys = (*GROUP, "n_test", "n_groups", "clips")
    arrays = {key: np.array([group[key] for group in groups]) for key in keys}
    arrays["n_runs"] = np.array([len(one.pooled(np.arange(len(one.runs)))) for one in measured])
    for name in ("n_positive", "n_label_groups"):
        arrays[name] = np.stack([getattr(one, name) for one in measured])
    for metric in measured[0].overall:
        arrays[metric] = np.stack([one.over_runs(one.overall[metric]) for one in measured])
    for metric in measured[0].per_label:
        values = np.stack([one.over_runs(one.per_label[metric]) for one in measured])
        arrays[f"{metric}_per_label"] = values.astype(np.float32)
    with atomic_path(path) as partial:
        np.savez_compressed(partial, labels=np.array(labels, np.str_), **arrays)


def _rows(measured):
    """Yield whose row it is and its metrics, of each head, and of the mean over runs."""
    heads = [({"seed": seed, "head": head}, [n]) for n, (seed, head) in enumerate(measured.runs)]
    for run, chosen in [*heads, ({"seed": "mean", "head": "mean"}, None)]:
        row = {}
        for metric, values in measured.overall.items():
            value = measured.pooled(values[:, 0], chosen).mean()
            row |= _with_interval(metric, value, measured.interval(metric, chosen))
        yield run, row


def _per_class(measured, about, n_test):
    labels = about["labels"]
    table = {
        "label": labels,
        "n_positive": measured.n_positive,
        "n_groups": measured.n_label_groups,
        "n_train": [about.get("n_train", {}).get(label) for label in labels],
    }
    for metric, values in measured.per_label.items():
        over_runs = measured.pooled(values[:, 0]).mean(axis=0)
        table |= _with_interval(metric, over_runs, measured.label_intervals(metric).T)
    if measured.confusion is None:
        table["pr_auc_chance"] = chance_precision(measured.n_positive, n_test)
    else:
        called = measured.confusion.mean(axis=0)
        table |= {f"as_{label}": called[:, number] for number, label in enumerate(labels)}
    return pd.DataFrame(table)


def _with_interval(metric, value, bounds):
    low, high = bounds
    return {metric: value, f"{metric}_low": low, f"{metric}_high": high}


def _digest(ids, groups):
    return hashlib.sha256("\0".join([*ids, *groups]).encode()).hexdigest()[:16]


def _say_left_out(per_class, test_list):
    values = [name for names in LABEL_METRICS.values() for name in names if name in per_class]
    unscored = per_class.loc[per_class[values].isna().any(axis=1), "label"]
    if len(unscored):
        logging.warning(
            "%s: %d of %d labels cannot be scored on these clips and are left out of the macro means: %s.",
            test_list, len(unscored), len(per_class), ", ".join(unscored),
        )  # fmt: skip
    untaught = per_class.loc[(per_class["n_train"] == 0) & (per_class["n_positive"] > 0), "label"]
    if len(untaught):
        logging.warning(
            "%s: no training clip has the label %s; heads cannot know it.", test_list, ", ".join(untaught)
        )
