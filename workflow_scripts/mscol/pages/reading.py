"""How to read a summary: what was resampled, what intervals and marks cover, what they do not."""

from mscol.metrics.intervals import FEWEST_GROUPS, LEVEL, SIGNIFICANT

_FEW_GROUPS = 100  # below it intervals are rough (docs/benchmarks.md, "Intervals")


def how_to_read(rows):
    """Explain a summary in sentences that suit a caption, too.

    Parameters
    ----------
    rows : pd.DataFrame
        As in the csv that `summarise_results` writes.

    Returns
    -------
    str
    """
    several_ways = len(rows[["protocol", "label_fraction"]].drop_duplicates()) > 1
    sentences = [
        _values_and_intervals(rows),
        f"Resampled were {_groups(rows)}.",
        f"Bold: the best of its column{', among models evaluated in the same way' if several_ways else ''}.",
        *_bias(rows),
        *_without_interval(rows),
        *_significance(rows),
        *_few_groups(rows),
        _heads(rows),
        *_untaught(rows),
        "Chance: what random scores give on average for tags, and naming always the most frequent class for classes. Tags and "
        "classes that cannot be scored in a test list are left out of its macro means.",
    ]
    return " ".join(sentences)


def runs(rows):
    """What was trained several times: ``seeds``, ``heads``, or nothing."""
    if rows["seeds"].max() > 1:
        return "seeds"
    return "heads" if rows["heads"].max() > 1 else ""


def _values_and_intervals(rows):
    of_what, covers = {
        "seeds": (
            f"Mean over {rows['seeds'].max():.0f} seeds ± standard deviation over them",
            "cover other test clips and other seeds, which are resampled, too",
        ),
        "heads": (
            f"Mean over {rows['heads'].max():.0f} heads on one encoder ± standard deviation over them",
            "cover other test clips and other heads, which are resampled, too, but not another pretraining",
        ),
        "": ("Values of one seed", "cover other test clips, but not another training"),
    }[runs(rows)]
    return f"{of_what}; {LEVEL:.0%} intervals in brackets {covers}. Higher is better."


def _groups(rows):
    counts = rows[["dataset", "test_list", "n_groups", "grouped_by"]].drop_duplicates()
    return ", ".join(
        f"{row.n_groups:,.0f} {row.grouped_by}{'s' if row.n_groups != 1 else ''} of {_named(row)}"
        for row in counts.itertuples()
    )


def _named(row):
    return row.dataset + ("" if row.test_list == "all" else f" ({row.test_list})")


def _lists(rows):
    return ", ".join(dict.fromkeys(map(_named, rows.itertuples())))


def _bias(rows):
    rows = rows[rows["metric"] == "pr_auc"]
    if ((rows["value"] < rows["low"]) | (rows["value"] > rows["high"])).any():
        yield (
            "Average precision is too high on few clips: intervals of PR-AUC are less this bias, and need not hold the value itself."
        )


def _without_interval(rows):
    bare = rows[rows["value"].notna() & rows["low"].isna() & (rows["metric"] == "pr_auc")]
    if len(bare):
        yield (
            f"PR-AUC has no interval on {_lists(bare)}: fewer than half of the tags are told by {FEWEST_GROUPS} groups with and "
            f"{FEWEST_GROUPS} without them, and none would hold."
        )

    others = rows[rows["value"].notna() & rows["low"].isna() & (rows["metric"] != "pr_auc")]
    if len(others):
        yield f"There is no interval of fewer than {FEWEST_GROUPS} groups, or where all resamples say the same ({_lists(others)})."


def _significance(rows):
    compared = rows.dropna(subset="reference")
    if not len(compared):
        return
    reference = compared["reference"].iloc[0]
    if not runs(rows):
        yield (
            f"No difference from {reference} is called significant: with one seed, a model could not be told from itself, trained "
            "again. Differences have intervals only."
        )
        return
    alone = " and another head, not another pretraining" if runs(rows) == "heads" else " and other seeds"
    yield (
        f"▲ and ▼: significantly above or below {reference} (paired bootstrap, covering other test clips{alone}; p < "
        f"{SIGNIFICANT}, whatever the resamples, after Holm's correction for the number of models that are compared in one metric "
        "on one test list; metrics and test lists are not corrected for)."
    )
    if (rows["seeds"] * rows["heads"] == 1).any():
        yield "Where a model was trained once only, nothing is marked."


def _few_groups(rows):
    few = rows[rows["n_groups"] < _FEW_GROUPS]
    if len(few):
        yield f"With fewer than {_FEW_GROUPS} groups ({_lists(few)}) intervals are rough."


def _heads(rows):
    how = set(rows["standardised"])
    if "yes" not in how:
        return "Heads read values as they are, without standardising them."
    others = " Those that are trained with their encoder read its values as they are." if "no" in how else ""
    return f"Heads on embeddings standardise what they read, those of all models alike.{others}"


def _untaught(rows):
    for (dataset, labels), _ in rows[rows["untaught"] != ""].groupby(["dataset", "untaught"], sort=False):
        yield f"No training clip of {dataset} has the label {labels}: heads cannot know it, and its test clips count as missed."
