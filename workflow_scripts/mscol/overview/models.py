"""Describe each model: its training data, its accuracy in pretraining, and labels better or worse than the reference."""

from statistics import fmean

import pandas as pd

from mscol.figures.style import choose_group
from mscol.io.files import read_results
from mscol.overview.labels import MAIN_METRICS
from mscol.pages.elements import code, escape, number, section, table, text
from mscol.pages.layout import MISSING

_MOST_NAMED = 3  # labels at either end


def learned(made, histories, comparisons, cards, reference):
    """Write a table with one row per model.

    Parameters
    ----------
    made : dict of str to str
        What each model was trained on (`mscol.overview.making`).
    histories : dict of str to list of (str or os.PathLike)
        history.csv of each run, by model, without models that were not pretrained here.
    comparisons : str or os.PathLike
        Differences of each label from the reference (`mscol.tables.comparison`).
    cards : dict of str to str
        Path of each model's card, relative to the page.
    reference : str
        The model that others were compared with; empty if there was none.

    Returns
    -------
    str
        HTML.
    """
    differences = _differences(comparisons)
    heads = ["model", "trained on", "validation accuracy in pretraining", "chance"]
    if reference:
        heads += [f"better than {code(reference)} on", f"worse than {code(reference)} on"]
    rows = []
    for model, source in made.items():
        named = (
            f'{code(model)}<br><a href="{escape(cards[model])}">card</a>' if model in cards else code(model)
        )
        accuracy, chance = _accuracy(histories[model]) if model in histories else (MISSING, MISSING)
        cells = [text(escape(source)), number(accuracy), number(chance, kind="chance")]
        if reference:
            ours = differences[differences["model"] == model]
            cells += [text(_ends(ours, sign) or MISSING) for sign in (1, -1)]
        rows.append((named, cells))
    note = (
        "Accuracy is the share of anchors that find their positive within a minibatch, on validation clips at the end of pretraining (mean over seeds). "
        "Chance is one divided by the number of pairs in a minibatch. "
    )
    if reference:
        note += (
            f"Better and worse list the tags and classes with the largest differences from {reference} in ROC-AUC, F1 or R². Each rests "
            "on few clips; results/per_class/comparisons.csv has intervals."
        )
    return section(
        "models",
        "What each model learned",
        table(heads, rows, label="What each model learned"),
        f"<p>{escape(note)}</p>",
    )


def _accuracy(paths):
    """Return accuracy at the end of pretraining and chance, mean over runs; training accuracy if there was no validation."""
    ends = [read_results(path).iloc[-1] for path in paths]
    validated = all(end["validation_pairs"] > 0 for end in ends)
    prefix = "validation_" if validated else ""
    accuracy = fmean(end[f"{prefix}accuracy"] for end in ends)
    chance = fmean(1 / end[f"{prefix}pairs"] for end in ends)
    return f"{accuracy:.3f}" + ("" if validated else " (training)"), f"{chance:.3f}"


def _differences(comparisons):
    table = read_results(comparisons)
    table = table[table["metric"].isin(MAIN_METRICS) & table["difference"].notna()]
    parts = [
        choose_group(part, comparisons)[0] for _, part in table.groupby(["dataset", "model"], sort=False)
    ]
    return pd.concat(parts) if parts else table


def _ends(rows, sign):
    """List the labels of each dataset that differ most in one direction."""
    lines = []
    for dataset, part in rows.groupby("dataset", sort=False):
        part = part[sign * part["difference"] > 0]
        part = part.sort_values("difference", ascending=sign < 0, kind="stable").head(_MOST_NAMED)
        named = ", ".join(
            f"{escape(row.label)} <small>{row.difference:+.2f}</small>" for row in part.itertuples()
        )
        if named:
            lines.append(f"{escape(dataset)}: {named}")
    return "<br>".join(lines)
