"""How to read a summary: what was resampled, what intervals and marks cover, what they do not."""

from mscol.config.evaluations import N_NEIGHBOURS, STRENGTHS, shots_of
from mscol.metrics.intervals import FEWEST_GROUPS, LEVEL, SIGNIFICANT
from mscol.tables.measured import LOWER_IS_BETTER

_FEW_GROUPS = 100  # below it intervals are rough (docs/benchmarks.md, "Intervals")


def how_to_read(rows, search=None):
    """Explain a summary in sentences that suit a caption, too.

    Parameters
    ----------
    rows : pd.DataFrame
        As in the csv that `summarise_results` writes.
    search : dict, optional
        The values among which settings of heads were chosen (the config's evaluation/search).

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
        *_few_shot(rows),
        *_choices(rows, search or {}),
        *_queries(rows),
        *_untaught(rows),
        "Chance: what random scores give on average for tags, and naming always the most frequent class for classes"
        f"{_of_numbers(rows)}. Tags and "
        "classes that cannot be scored in a test list are left out of its macro means.",
    ]
    return " ".join(sentences)


def runs(rows):
    """What was trained several times: ``seeds``, ``heads``, or nothing. Draws of few clips count as neither."""
    if rows["seeds"].max() > 1:
        return "seeds"
    return "heads" if _without_draws(rows)["heads"].max() > 1 else ""


def _without_draws(rows):
    return rows[rows["protocol"].map(shots_of) == 0]


def _values_and_intervals(rows):
    of_what, covers = {
        "seeds": (
            f"Mean over {rows['seeds'].max():.0f} seeds ± standard deviation over them",
            "cover other test clips and other seeds, which are resampled, too",
        ),
        "heads": (
            f"Mean over {_without_draws(rows)['heads'].max():.0f} heads on one encoder ± standard deviation over them",
            "cover other test clips and other heads, which are resampled, too, but not another pretraining",
        ),
        "": ("Values of one seed", "cover other test clips, but not another training"),
    }[runs(rows)]
    better = "Higher is better, but lower where there is a ↓" if _has_falling(rows) else "Higher is better"
    return f"{of_what}; {LEVEL:.0%} intervals in brackets {covers}. {better}."


def _has_falling(rows):
    return rows["metric"].isin(LOWER_IS_BETTER).any()


def _groups(rows):
    asked = rows[~rows["protocol"].isin(["retrieval"])]  # whose queries are fewer, if anything, but no others
    counts = asked[["dataset", "test_list", "n_groups", "grouped_by"]].drop_duplicates()
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
    how = set(rows.loc[rows["protocol"].isin(["frozen", "finetuned", "evaluate"]), "standardised"])
    if not how:
        return "Logistic regression reads standardised values."
    if "yes" not in how:
        return "Heads read values as they are, without standardising them."
    others = " Those that are trained with their encoder read its values as they are." if "no" in how else ""
    return f"Heads on embeddings standardise what they read, those of all models alike.{others}"


def _few_shot(rows):
    for shots in filter(None, rows["protocol"].map(shots_of).unique()):
        yield (
            f"Few-shot: logistic regression on {shots} training clips of each class or tag, mean over ten "
            "draws ± standard deviation over them."
        )


def _choices(rows, search):
    """Say what was chosen on the validation clips, and out of what."""
    protocols = set(rows["protocol"])
    tried = {
        "learning rates of heads": [f"{rate:g}" for rate in search.get("learning_rate", [])],
        "their hidden layers": ["-".join(map(str, sizes)) or "none" for sizes in search.get("hidden", [])],
    }
    tried = {what: values for what, values in tried.items() if values and "frozen" in protocols}
    if "knn" in protocols:
        tried["k of kNN"] = [str(k) for k in N_NEIGHBOURS]
    if "logistic" in protocols:
        tried["C of logistic regression"] = [f"{strength:g}" for strength in STRENGTHS]
    if tried:
        listed = "; ".join(f"{what} out of {', '.join(values)}" for what, values in tried.items())
        yield f"Chosen on the validation clips, and named in the tables: {listed}."


def _queries(rows):
    if (rows["protocol"] == "retrieval").any():
        yield (
            "Retrieval: each test clip ranks the others by cosine similarity, but for excerpts of its own recording; wanted are those "
            "with its class or one of its tags (mAP: mean average precision). Its chance is a random ranking."
        )
    artists = rows[rows["protocol"] == "artists"]
    if len(artists):
        yield (
            "Artist similarity: a clip is to find another recording of its artist among clips of at most fifty artists; mean normalised "
            "rank (0 is best, about 0.5 chance) and equal error rate over 100 episodes."
        )


def _of_numbers(rows):
    return ", and telling their mean for numbers" if (rows["metric"] == "r2").any() else ""


def _untaught(rows):
    for (dataset, labels), _ in rows[rows["untaught"] != ""].groupby(["dataset", "untaught"], sort=False):
        yield f"No training clip of {dataset} has the label {labels}: heads cannot know it, and its test clips count as missed."
