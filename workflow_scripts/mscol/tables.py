"""Tables: results a person reads at a glance, and a summary over all of them.

`write_results_table` turns the scores of one model's heads on one dataset into a row a seed and a row
``mean``; `summarise_results` puts many such tables beside each other, as csv and as Markdown.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mscol.errors import CacheError
from mscol.files import atomic_path, read_json, write_csv
from mscol.metrics import MetricError, classification, tagging
from mscol.metrics.bootstrap import (
    LEVEL,
    bootstrap_classification,
    bootstrap_tagging,
    interval,
    macro_mean,
    resample_counts,
)
from mscol.metrics.points import aggregate_rows

METRICS = {"tagging": ("roc_auc", "pr_auc"), "classification": ("accuracy", "macro_f1")}
METRIC_TITLES = {"roc_auc": "ROC-AUC", "pr_auc": "PR-AUC", "accuracy": "accuracy", "macro_f1": "macro-F1"}
AGGREGATION = {"tagging": "mean", "classification": "sum"}  # of windows (METHOD, "Downstream")
DECIMALS = 4
# The same resamples for every seed and model of a test list: differences between them are then paired.
_RESAMPLING_SEED = 0


@dataclass(frozen=True)
class TestScores:
    """What a head says of the test clips.

    Attributes
    ----------
    ids : np.ndarray of str, shape=(n_clips,)
    scores : np.ndarray, shape=(n_clips, n_labels)
        Aggregated over windows.
    labels : np.ndarray, shape=(n_clips, n_tags) or (n_clips,)
    cleaned : np.ndarray of bool, shape=(n_clips,)
    """

    __test__ = False  # no test case, whatever pytest thinks of the name

    ids: np.ndarray
    scores: np.ndarray
    labels: np.ndarray
    cleaned: np.ndarray


def write_results_table(
    scores, seeds, about, n_resamples, table, per_class, protocol="frozen", label_fraction=1.0
):
    """Measure one model on one dataset, and write its results.

    Parameters
    ----------
    scores : list of (str or os.PathLike)
        What `mscol.probes` wrote of each seed's head, in the order of ``seeds``.
    seeds : list of int
    about : str or os.PathLike
        about.json of the dataset: task and labels.
    n_resamples : int
        Of the bootstrap that gives the intervals.
    table : str or os.PathLike
        Written: columns protocol, test_list, label_fraction, seed, n_test, then each metric with ``_low``
        and ``_high``; a row a seed, and one with the seed ``mean``.
    per_class : str or os.PathLike
        Written: columns test_list, label, n_positive, and the metrics of each tag or class, mean over seeds.
    protocol : str
        How the heads were trained.
    label_fraction : float
        Share of the training labels that they saw.

    Raises
    ------
    CacheError
        If a file of scores is damaged, or the seeds were not scored on the same clips.
    """
    about = read_json(about)
    task = about["task"]
    tested = [read_scores(path, AGGREGATION[task]) for path in scores]
    for path, other in zip(scores, tested, strict=True):
        if not np.array_equal(other.ids, tested[0].ids):
            raise CacheError(
                f"{path}: not the test clips of {scores[0]}; delete both, and they are made again"
            )
    rows, classes = [], []
    for test_list, chosen in list_tests(tested[0], task).items():
        counts = resample_counts(chosen.sum(), n_resamples, np.random.default_rng(_RESAMPLING_SEED))
        measured = [_MEASURES[task](one.scores[chosen], one.labels[chosen], counts) for one in tested]
        about_rows = {"protocol": protocol, "test_list": test_list, "label_fraction": label_fraction}
        for seed, row in _rows(measured, seeds, METRICS[task]).items():
            rows.append(about_rows | {"seed": seed, "n_test": chosen.sum()} | row)
        classes.append(_mean_per_class(measured, test_list, about["labels"]))
        _say_left_out(classes[-1], test_list)
    write_csv(pd.DataFrame(rows).round(DECIMALS), table)
    write_csv(pd.concat(classes).round(DECIMALS), per_class)


def read_scores(path, how):
    """Read a head's scores, and aggregate them over each clip's windows.

    Parameters
    ----------
    path : str or os.PathLike
        ``.npz`` as `mscol.probes.save_scores` writes it.
    how : str
        ``mean`` or ``sum``.

    Returns
    -------
    TestScores

    Raises
    ------
    CacheError
        If the file is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        scores = aggregate_rows(arrays["window_scores"], arrays["n_windows"], how)
        return TestScores(arrays["ids"], scores, arrays["labels"], arrays["cleaned"].astype(bool))
    except MetricError as error:
        raise MetricError(f"{path}: {error}") from error
    except Exception as error:  # NumPy and zipfile raise whatever a damaged archive leads them to
        raise CacheError(f"{path}: damaged ({error}); delete it, and it is made again") from error


def list_tests(tested, task):
    """Say which clips each test list holds.

    A tagging dataset with test clips outside the cleaned list has two: ``filtered`` (the cleaned ones)
    and ``unfiltered`` (all, those without a tag carrying an all-zero label). Others have ``all``.

    Returns
    -------
    dict of str to np.ndarray of bool, shape=(n_clips,)
    """
    everything = np.ones(len(tested.ids), bool)
    if task != "tagging" or tested.cleaned.all():
        return {"all": everything}
    lists = {"filtered": tested.cleaned, "unfiltered": everything}
    return {name: chosen for name, chosen in lists.items() if chosen.any()}


def summarise_results(tables, per_class, summary, markdown):
    """Put the ``mean`` rows of many tables of results beside each other.

    Parameters
    ----------
    tables, per_class : list of (str or os.PathLike)
        As `write_results_table` wrote them, in one order. A table's name, ``{dataset}_{model}.csv``, says
        what it is of.
    summary : str or os.PathLike
        Written: csv, a row a table, test list and metric, with what chance would give.
    markdown : str or os.PathLike
        Written: the same, models as rows and datasets' metrics as columns.
    """
    parts = [_summarise(Path(path), Path(classes)) for path, classes in zip(tables, per_class, strict=True)]
    rows = pd.concat(parts, ignore_index=True)
    write_csv(rows, summary)
    with atomic_path(markdown) as partial:
        partial.write_text(to_markdown(rows), encoding="utf-8")
    logging.info("Summarised %d tables.", len(parts))


def chance_levels(task, per_class, n_test):
    """What each metric would be without having listened.

    Parameters
    ----------
    task : str
    per_class : pd.DataFrame
        label, n_positive, and the metrics of one test list.
    n_test : int

    Returns
    -------
    dict of str to float
        Tagging: the expectation of random scores, 0.5 and each tag's share of the clips. Classification:
        what always naming the most frequent class gives.
    """
    share = per_class["n_positive"].to_numpy() / n_test
    if task == "tagging":
        scored = (share > 0) & (share < 1)
        return {"roc_auc": 0.5, "pr_auc": share[scored].mean() if scored.any() else np.nan}
    largest = share.max()
    return {"accuracy": largest, "macro_f1": 2 * largest / (1 + largest) / (share > 0).sum()}


def to_markdown(rows):
    """Write a summary as a Markdown table.

    Parameters
    ----------
    rows : pd.DataFrame
        As in the csv that `summarise_results` writes.

    Returns
    -------
    str
    """
    rows = rows.assign(
        column=[_column_title(row) for row in rows.itertuples()],
        line=[_line_title(row) for row in rows.itertuples()],
        cell=[f"{row.value:.3f} [{row.low:.3f}, {row.high:.3f}]" for row in rows.itertuples()],
        chance_cell=[f"{value:.3f}" for value in rows["chance"]],
    )
    columns, lines = rows["column"].unique(), rows["line"].unique()
    cells = rows.pivot(index="line", columns="column", values="cell")
    cells = cells.reindex(index=lines, columns=columns).fillna("–")
    chance = rows.groupby("column")["chance_cell"].first().reindex(columns)
    table = [["model", *columns], ["---", *["---:"] * len(columns)]]
    table += [[line, *cells.loc[line]] for line in lines] + [["chance", *chance]]
    return _SUMMARY_PAGE.format(
        level=f"{LEVEL:.0%}", table="\n".join(f"| {' | '.join(row)} |" for row in table)
    )


_SUMMARY_PAGE = """# Results

{table}

How to read it: each cell is the mean over seeds, with the {level} interval of a bootstrap over the test clips
in brackets (it does not cover what another training run would change); higher is better. Tags and classes
that cannot be scored in a test list are left out of its macro means; `results/per_class/` shows them empty.
Chance: random scores for tags, always the most frequent class for classes. Every number is in
`results/summary.csv`.
"""


def _measure_tags(scores, labels, counts):
    points = tagging(scores[:, None], labels)
    roc_auc, pr_auc = bootstrap_tagging(scores, labels, counts)
    per_class = {
        "n_positive": points.n_positive_per_tag,
        "roc_auc": points.roc_auc_per_tag,
        "pr_auc": points.pr_auc_per_tag,
    }
    values = {"roc_auc": points.roc_auc, "pr_auc": points.pr_auc}
    return values, {"roc_auc": macro_mean(roc_auc), "pr_auc": macro_mean(pr_auc)}, per_class


def _measure_classes(scores, labels, counts):
    points = classification(scores[:, None], labels)
    accuracy, macro_f1 = bootstrap_classification(scores, labels, counts)
    per_class = {
        "n_positive": points.confusion.sum(axis=1),
        "recall": points.recall_per_class,
        "precision": points.precision_per_class,
        "f1": points.f1_per_class,
    }
    values = {"accuracy": points.accuracy, "macro_f1": points.macro_f1}
    return values, {"accuracy": accuracy, "macro_f1": macro_f1}, per_class


# Each: clips' scores, labels and counts of resamples -> values, resampled values, and columns per class.
_MEASURES = {"tagging": _measure_tags, "classification": _measure_classes}


def _rows(measured, seeds, metrics):
    """A row of metrics for each seed, and one for ``mean``: the mean of each resample over the seeds."""
    points = {seed: (values, resampled) for seed, (values, resampled, _) in zip(seeds, measured, strict=True)}
    points["mean"] = tuple(
        {metric: np.mean([part[place][metric] for part in measured], axis=0) for metric in metrics}
        for place in (0, 1)
    )
    rows = {}
    for seed, (values, resampled) in points.items():
        rows[seed] = {}
        for metric in metrics:
            low, high = interval(resampled[metric])
            rows[seed] |= {metric: values[metric], f"{metric}_low": low, f"{metric}_high": high}
    return rows


def _mean_per_class(measured, test_list, labels):
    columns = [per_class for _, _, per_class in measured]
    means = {name: np.mean([part[name] for part in columns], axis=0) for name in columns[0]}
    means["n_positive"] = columns[0]["n_positive"]
    return pd.DataFrame({"test_list": test_list, "label": labels} | means)


def _say_left_out(per_class, test_list):
    unscored = per_class.loc[per_class.isna().any(axis=1), "label"]
    if len(unscored):
        logging.warning(
            "%s: %d of %d labels cannot be scored on these clips and are left out of the macro means: %s.",
            test_list, len(unscored), len(per_class), ", ".join(unscored),
        )  # fmt: skip


def _summarise(table_path, per_class_path):
    # A dataset's name has no underscore (DESIGN, "Names").
    dataset, _, model = table_path.stem.partition("_")
    table = pd.read_csv(table_path, dtype={"seed": str})
    per_class = pd.read_csv(per_class_path, keep_default_na=False, na_values={"roc_auc": "", "f1": ""})
    task = next(task for task, metrics in METRICS.items() if metrics[0] in table)
    rows = []
    for row in table[table["seed"] == "mean"].to_dict("records"):
        kind = {name: row[name] for name in ("protocol", "label_fraction", "test_list")}
        seeds = (table[list(kind)] == pd.Series(kind)).all(axis=1).sum() - 1
        chance = chance_levels(task, per_class[per_class["test_list"] == row["test_list"]], row["n_test"])
        for metric in METRICS[task]:
            numbers = {"value": row[metric], "low": row[f"{metric}_low"], "high": row[f"{metric}_high"]}
            counted = {"seeds": seeds, "n_test": row["n_test"], "chance": round(chance[metric], DECIMALS)}
            named = {"dataset": dataset, "model": model, "task": task, **kind, "metric": metric}
            rows.append(named | numbers | counted)
    return pd.DataFrame(rows)


def _column_title(row):
    test_list = "" if row.test_list == "all" else f" {row.test_list}"
    return f"{row.dataset}{test_list} {METRIC_TITLES[row.metric]}"


def _line_title(row):
    how = [] if row.protocol == "frozen" else [row.protocol]
    if row.label_fraction != 1:
        how.append(f"{row.label_fraction:g} of the labels")
    return f"`{row.model}`" + (f" ({', '.join(how)})" if how else "")
