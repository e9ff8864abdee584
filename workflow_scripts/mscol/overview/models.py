"""What each model learned: from what, how well it learned its task, and what it tells better or worse than the reference."""

from statistics import fmean

import pandas as pd

from mscol.figures.style import choose_group
from mscol.io.files import read_results
from mscol.overview.labels import MAIN_METRICS
from mscol.pages.elements import code, escape, number, section, table, text
from mscol.pages.layout import MISSING

_MOST_NAMED = 3  # labels at either end


def learned(made, histories, comparisons, cards, reference):
    """Write what each model learned, a row a model.

    Parameters
    ----------
    made : dict of str to str
        What each model is made from.
    histories : dict of str to list of (str or os.PathLike)
        history.csv of each run, by model; models that were not pretrained here are not in it.
    comparisons : str or os.PathLike
        Differences of each label from the reference (`mscol.tables.comparison`).
    cards : dict of str to str
        Where each model's card lies, from the page.
    reference : str
        The model that others were compared with; empty if there was none.

    Returns
    -------
    str
        HTML.
    """
    differences = _differences(comparisons)
    heads = ["model", "made from", "validation accuracy in pretraining", "chance"]
    if reference:
        heads += [f"better than {code(reference)} at", f"worse than {code(reference)} at"]
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
        "Accuracy: the share of anchors that find their positive among those of a minibatch, of validation clips, in the end; mean of all seeds. "
        "Chance is one in as many as a minibatch holds. "
    )
    if reference:
        note += (
            f"Better and worse: the tags and classes furthest from {reference}, by ROC-AUC or F1, or R². Few clips stand behind each: "
            "results/per_class/comparisons.csv has intervals."
        )
    return section(
        "models",
        "What each model learned",
        table(heads, rows, label="What each model learned"),
        f"<p>{escape(note)}</p>",
    )


def _accuracy(paths):
    """Accuracy at the end of pretraining, and chance: mean over runs; of training where nothing was validated."""
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
    """The labels of each dataset that differ most in one direction."""
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
