"""Write the results of one model on one dataset: a table of heads with a row ``mean``, a table of labels, and the resamples."""

import hashlib
import logging
from typing import NamedTuple

import numpy as np
import pandas as pd

from mscol.config.evaluations import shots_of
from mscol.io.atomic import atomic_path
from mscol.io.files import read_json, write_csv
from mscol.metrics.chance import chance_of_numbers, chance_precision
from mscol.scores.files import check_same_clips, list_tests, read_scores
from mscol.tables.measured import LABEL_METRICS, TestList, measure
from mscol.tables.queries import QUERY_METRICS, measure_queries

# Columns in which the rows of one table may differ
GROUP = ["protocol", "test_list", "label_fraction", "standardised"]
DECIMALS = 6  # pages show three decimals; six avoid rounding errors from rounding twice


class Evaluation(NamedTuple):
    """How heads were trained, and their scores of the test clips.

    Attributes
    ----------
    protocol : str
    label_fraction : float
        Share of the training clips whose labels were used.
    standardised : str
        Whether heads standardise their inputs: ``yes``, ``no``, or ``as trained`` for heads trained elsewhere.
    scores : list of (str or os.PathLike)
        Files of scores, one per seed.
    """

    protocol: str
    label_fraction: float
    standardised: str
    scores: list


def write_results_table(evaluations, seeds, about, n_resamples, table, per_class, bootstrap):
    """Compute the metrics of one model on one dataset, and write its results.

    Parameters
    ----------
    evaluations : list of Evaluation
        Each with one file of scores per seed, in the order of ``seeds``.
    seeds : list of int
        Seeds of the encoders.
    about : str or os.PathLike
        about.json of the dataset: task, labels, the meaning of its groups (grouped_by), training clips of each label (n_train).
    n_resamples : int
        Number of resamples for intervals and p-values.
    table : str or os.PathLike
        Output path: columns protocol, test_list, label_fraction, standardised, seed, head, n_test, n_groups, grouped_by,
        n_left_out (for retrieval: clips that share no label with another clip), validation (the task's first metric on the
        validation clips), chosen (the settings chosen by it, if any), then each metric with ``_low`` and ``_high`` (empty if
        no interval can be given), and for queries with ``_chance``. One row per head, and one with the seed ``mean``.
    per_class : str or os.PathLike
        Output path: columns protocol, test_list, label_fraction, standardised, label, n_positive, n_groups (groups with the
        label, or those without it if they are fewer), n_train, and each metric of the tag or class with ``_low`` and
        ``_high``, mean over runs. For tags also the value of random scores (``pr_auc_chance``); for classes the number of
        clips predicted as each class (``as_flute``), mean over heads.
    bootstrap : str or os.PathLike
        Output path (`save_resamples`).

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
        of_heads = {}
        if evaluation.protocol in QUERY_METRICS:
            lists = measure_queries(evaluation.protocol, evaluation.scores, seeds, n_resamples, len(labels))
            if not lists:
                logging.info("%s: these test clips allow no query. No row is written.", evaluation.protocol)
        else:
            tested = [read_scores(path, task) for path in evaluation.scores]
            first = first or (evaluation.scores[0], tested[0].ids)
            check_same_clips(first, evaluation.scores, tested)
            lists = _measure_heads(tested, seeds, task, n_resamples)
            of_heads = {
                name: np.concatenate([getattr(one, name) for one in tested])
                for name in ("validation", "chosen")
            }
        for test_list in lists:
            how = (evaluation.protocol, test_list.name, evaluation.label_fraction, evaluation.standardised)
            group = dict(zip(GROUP, how, strict=True))
            size = {"n_test": test_list.n_test, "n_groups": test_list.measured.n_groups}
            size["grouped_by"] = (
                "artist" if evaluation.protocol == "artists" else about.get("grouped_by", "clip")
            )
            if test_list.n_left_out is not None:
                size["n_left_out"] = test_list.n_left_out
            chance = {f"{metric}_chance": value for metric, value in test_list.chance.items()}
            rows += [group | run | size | row | chance for run, row in _rows(test_list.measured, of_heads)]
            groups.append(group | size | {"clips": _digest(test_list.asked), "measured": test_list.measured})
            if evaluation.protocol not in QUERY_METRICS:
                classes.append(_per_class(test_list.measured, about, test_list.n_test).assign(**group))
                _say_left_out(classes[-1], test_list.name)
    write_csv(rounded(pd.DataFrame(rows)), table)
    per_class_table = pd.concat(classes)
    columns = GROUP + [column for column in per_class_table if column not in GROUP]
    write_csv(rounded(per_class_table[columns]), per_class)
    save_resamples(bootstrap, groups, labels)


def _measure_heads(tested, seeds, task, n_resamples):
    """Compute the metrics of the heads of some encoders on each of their test lists."""
    scores = np.concatenate([one.scores for one in tested])
    runs = [
        (seed, head)
        for seed, one in zip(seeds, tested, strict=True)
        for head in range(1, len(one.scores) + 1)
    ]
    about = tested[0]
    for name, chosen in list_tests(about.cleaned, task).items():
        measured = measure(
            task, scores[:, chosen], about.labels[chosen], about.groups[chosen], runs, n_resamples
        )
        asked = [*about.ids[chosen], *about.groups[chosen]]
        chance = chance_of_numbers(about.labels[chosen]) if task == "regression" else {}
        yield TestList(name, int(chosen.sum()), asked, measured, chance)


def rounded(table):
    """Round a table's metrics. ``label_fraction`` identifies a row and stays exact."""
    return table.round(dict.fromkeys(set(table) - {"label_fraction"}, DECIMALS))


def save_resamples(path, groups, labels):
    """Write the metrics of each resample, mean over runs, as ``.npz`` without pickles.

    These files allow comparing any two models of a dataset, because their nth resamples hold the same clips.

    Parameters
    ----------
    path : str or os.PathLike
    groups : list of dict
        For each row: `GROUP`, n_test, n_groups, clips (a digest of their ids and groups), measured.
    labels : list of str

    Notes
    -----
    Arrays, with G rows, B resamples and L labels: one per key of the rows, shape (G,); ``n_runs``, (G,); ``labels``, (L,);
    ``n_positive`` and ``n_label_groups``, (G, L); each overall metric, (G, 1 + B), where the first column is the value itself;
    each metric of labels, ``{metric}_per_label``, (G, 1 + B, L). Metrics that a row lacks are NaN.
    """
    measured = [group["measured"] for group in groups]
    keys = (*GROUP, "n_test", "n_groups", "clips")
    arrays = {key: np.array([group[key] for group in groups]) for key in keys}
    arrays["n_runs"] = np.array([_n_runs(group) for group in groups])
    for name in ("n_positive", "n_label_groups"):
        arrays[name] = np.stack([getattr(one, name) for one in measured])
    for metric in dict.fromkeys(metric for one in measured for metric in one.overall):
        arrays[metric] = _stacked(
            [one.over_runs(one.overall[metric]) if metric in one.overall else None for one in measured]
        )
    for metric in dict.fromkeys(metric for one in measured for metric in one.per_label):
        values = [
            one.over_runs(one.per_label[metric]) if metric in one.per_label else None for one in measured
        ]
        arrays[f"{metric}_per_label"] = _stacked(values).astype(np.float32)
    with atomic_path(path) as partial:
        np.savez_compressed(partial, labels=np.array(labels, np.str_), **arrays)


def _n_runs(group):
    """Count the training runs that show the variation between trainings: encoders, or heads of one, but not draws of few clips."""
    runs = group["measured"].runs
    n_encoders = len({encoder for encoder, _ in runs})
    return len(runs) if n_encoders == 1 and not shots_of(group["protocol"]) else n_encoders


def _stacked(rows):
    """Stack arrays of one shape, with NaN for those that are missing."""
    like = next(row for row in rows if row is not None)
    return np.stack([np.full_like(like, np.nan) if row is None else row for row in rows])


def _rows(measured, of_heads):
    """Yield the run and the metrics of each head, and of the mean over runs.

    ``of_heads`` has validation, the metric on the validation clips, and chosen, the settings chosen by it.
    """
    heads = [({"seed": seed, "head": head}, [n]) for n, (seed, head) in enumerate(measured.runs)]
    for run, chosen in [*heads, ({"seed": "mean", "head": "mean"}, None)]:
        row = {}
        if of_heads:
            row["validation"] = measured.pooled(of_heads["validation"], chosen).mean()
            of_these = of_heads["chosen"] if chosen is None else of_heads["chosen"][chosen]
            row["chosen"] = "; ".join(dict.fromkeys(of_these.tolist()))
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
    if "pr_auc" in measured.overall:
        table["pr_auc_chance"] = chance_precision(measured.n_positive, n_test)
    elif measured.confusion is not None:
        called = measured.confusion.mean(axis=0)
        table |= {f"as_{label}": called[:, number] for number, label in enumerate(labels)}
    return pd.DataFrame(table)


def _with_interval(metric, value, bounds):
    low, high = bounds
    return {metric: value, f"{metric}_low": low, f"{metric}_high": high}


def _digest(names):
    return hashlib.sha256("\0".join(names).encode()).hexdigest()[:16]


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
            "%s: no training clip has the label %s. Heads cannot learn it.", test_list, ", ".join(untaught)
        )
