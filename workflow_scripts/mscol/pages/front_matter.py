"""Write the YAML header of a model card as the Hugging Face hub reads it, including results (``model-index``)."""

import yaml

from mscol.config.naming import dataset_title, protocol_title
from mscol.tables.measured import METRIC_TITLES
from mscol.tables.results import GROUP

# Their names on the hub; other metrics have no name there
_METRICS_OF_THE_HUB = {
    "macro_f1": "f1",
    "mean_absolute_error": "mae",
    "r2": "r_squared",
    "pearson_r": "pearsonr",
}
_OF_LABELS = ("roc_auc", "pr_auc", "accuracy", "macro_f1")


def front_matter(run, dataset, licence, evaluated_on, figures, synthesised):
    """Write the metadata of a card.

    Parameters
    ----------
    run : dict
        run.json.
    dataset : dict
        The dataset of pretraining (`mscol.pages.cards.write_model_card`).
    licence : str
        Identifier of the licence.
    evaluated_on : list of str
        Titles of datasets.
    figures : pd.DataFrame
        One row per metric: dataset, protocol, test_list, label_fraction, standardised, head, metric, value, low, high.
    synthesised : collection of str
        The datasets that this workflow made.

    Returns
    -------
    str
        YAML between lines of dashes.
    """
    learned = run["model"] != "untrained" and "checkpoint" not in run
    about = {
        "license": licence,
        "library_name": "keras",
        "pipeline_tag": "feature-extraction",
        "tags": ["audio", "music", "audio-embeddings", *["contrastive-learning"] * learned, "mscol"],
        "datasets": [] if "checkpoint" in run or dataset["embedded"] else [dataset["name"]],
        "evaluated_on": evaluated_on,
    }
    if len(figures):
        about["model-index"] = [{"name": model_title(run), "results": _results(figures, synthesised)}]
    return f"---\n{yaml.safe_dump(about, sort_keys=False, allow_unicode=True, width=1000)}---\n"


def model_title(run):
    """Return the name of an encoder, with its seed if it has one."""
    return f"{run['model']}, seed {run['seed']}" if "seed" in run else run["model"]


def labels_title(fraction):
    """Format the share of the training labels that was used.

    >>> labels_title(1.0), labels_title(0.01)
    ('all', '1 %')
    """
    return "all" if fraction == 1 else f"{100 * fraction:g} %"


def _results(figures, synthesised):
    """Return the results for the hub, one entry per head. The hub distinguishes entries by their ``config``."""
    results = []
    for (dataset, *_, head), rows in figures.groupby(["dataset", *GROUP, "head"], sort=False):
        of = rows.iloc[0]
        labels = (
            "all labels" if of.label_fraction == 1 else f"{labels_title(of.label_fraction)} of the labels"
        )
        setting = f"{protocol_title(of.protocol)}, test list {of.test_list}, head {head}, {labels}, standardised: {of.standardised}"
        kind = "audio-classification" if of.metric in _OF_LABELS else "feature-extraction"
        results.append(
            {
                "task": {"type": kind, "name": protocol_title(of.protocol)},
                "dataset": {
                    "type": dataset,
                    "name": dataset_title(dataset, synthesised),
                    "config": setting,
                    "split": "test",
                },
                "metrics": [_metric(row) for row in rows.itertuples()],
            }
        )
    return results


def _metric(row):
    interval = "" if row.low != row.low else f" (95 % interval {row.low:.3f} to {row.high:.3f})"
    return {
        "type": _METRICS_OF_THE_HUB.get(row.metric, row.metric),
        "name": METRIC_TITLES[row.metric] + interval,
        "value": round(float(row.value), 4),
    }
