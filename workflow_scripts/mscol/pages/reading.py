"""Explain how to read a summary: the resampled units, and what intervals and marks cover."""

from mscol.config.evaluations import N_NEIGHBOURS, STRENGTHS, shots_of
from mscol.metrics.intervals import FEWEST_GROUPS, LEVEL, SIGNIFICANT
from mscol.tables.measured import LOWER_IS_BETTER, METRIC_TITLES

_FEW_GROUPS = 100  # with fewer, intervals are rough (docs/benchmarks.md, "Intervals")


def how_to_read(rows, search=None):
    """Explain a summary in sentences, which also serve as a caption.

    Parameters
    ----------
    rows : pd.DataFrame
        As in the csv that `summarise_results` writes.
    search : dict, optional
        The values from which settings of heads were chosen (the config's evaluation/search).

    Returns
    -------
    str
    """
    several_ways = len(rows[["protocol", "label_fraction"]].drop_duplicates()) > 1
    sentences = [
        _values_and_intervals(rows),
        f"The resampled units are {_groups(rows)}.",
        f"Bold: the best of its column{' among models with the same evaluation' if several_ways else ''}.",
        *_bias(rows),
        *_without_interval(rows),
        *_significance(rows),
        *_few_groups(rows),
        _heads(rows),
        *_few_shot(rows),
        *_choices(rows, search or {}),
        *_queries(rows),
        *_untaught(rows),
        "Chance: the average of random scores for tags, and always predicting the most frequent class for classes"
        f"{_of_numbers(rows)}. Tags and "
        "classes that cannot be scored in a test list are left out of its macro means.",
    ]
    return " ".join(sentences)


def runs(rows):
    """Return what was trained several times: ``seeds``, ``heads``, or nothing. Draws of few clips count as neither."""
    if rows["seeds"].max() > 1:
        return "seeds"
    return "heads" if _without_draws(rows)["heads"].max() > 1 else ""


def _without_draws(rows):
    return rows[rows["protocol"].map(shots_of) == 0]


def _values_and_intervals(rows):
    of_what, covers = {
        "seeds": (
            f"Values are the mean over {rows['seeds'].max():.0f} seeds ± standard deviation",
            "cover the choice of test clips and of seeds (both are resampled)",
        ),
        "heads": (
            f"Values are the mean over {_without_draws(rows)['heads'].max():.0f} heads on one encoder ± standard deviation",
            "cover the choice of test clips and of heads (both are resampled), but not another pretraining",
        ),
        "": ("Values come from one seed", "cover the choice of test clips, but not another training"),
    }[runs(rows)]
    better = "Higher is better, except for metrics with ↓" if _has_falling(rows) else "Higher is better"
    return f"{of_what}. {LEVEL:.0%} intervals in brackets {covers}. {better}."


def _has_falling(rows):
    return rows["metric"].isin(LOWER_IS_BETTER).any()


def _groups(rows):
    asked = rows[~rows["protocol"].isin(["retrieval"])]  # its queries are the same groups, or some of them
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
            "Average precision is biased upwards on few clips. Intervals of PR-AUC are corrected for this bias and may not contain the value."
        )


def _without_interval(rows):
    bare = rows[rows["value"].notna() & rows["low"].isna() & (rows["metric"] == "pr_auc")]
    if len(bare):
        yield (
            f"PR-AUC has no interval on {_lists(bare)}: fewer than half of the tags have {FEWEST_GROUPS} groups with and "
            f"{FEWEST_GROUPS} groups without the tag, too few for a reliable interval."
        )

    others = rows[rows["value"].notna() & rows["low"].isna() & (rows["metric"] != "pr_auc")]
    if len(others):
        metrics = " and ".join(dict.fromkeys(METRIC_TITLES[metric] for metric in others["metric"]))
        yield f"Results on fewer than {FEWEST_GROUPS} groups, or equal in all resamples, have no interval ({metrics} of {_lists(others)})."


def _significance(rows):
    compared = rows.dropna(subset="reference")
    if not len(compared):
        return
    reference = compared["reference"].iloc[0]
    if not runs(rows):
        yield (
            f"Differences from {reference} have intervals but no marks of significance: with one seed, the variation between "
            "trainings of a model is unknown."
        )
        return
    alone = " and heads, but not over pretrainings" if runs(rows) == "heads" else " and seeds"
    yield (
        f"▲ and ▼: significantly above or below {reference} (paired bootstrap over test clips{alone}; p < "
        f"{SIGNIFICANT}, also with other resamples, after Holm's correction for the number of models compared on one metric "
        "and test list; no correction for the number of metrics and test lists)."
    )
    if (rows["seeds"] * rows["heads"] == 1).any():
        yield "Models that were trained only once have no marks."


def _few_groups(rows):
    few = rows[rows["n_groups"] < _FEW_GROUPS]
    if len(few):
        yield f"Intervals are rough with fewer than {_FEW_GROUPS} groups ({_lists(few)})."


def _heads(rows):
    how = set(rows.loc[rows["protocol"].isin(["frozen", "finetuned", "evaluate"]), "standardised"])
    if not how:
        return "Logistic regression uses standardised embeddings."
    if "yes" not in how:
        return "Heads use the embeddings without standardising them."
    others = " Heads that are trained together with the encoder do not." if "no" in how else ""
    return f"Heads on embeddings standardise them, for all models.{others}"


def _few_shot(rows):
    for shots in filter(None, rows["protocol"].map(shots_of).unique()):
        yield (
            f"Few-shot: logistic regression on {shots} training clips of each class or tag, mean ± standard "
            "deviation over ten draws."
        )


def _choices(rows, search):
    """List the settings chosen on the validation clips, and the values they were chosen from."""
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
        listed = "; ".join(f"{what} from {', '.join(values)}" for what, values in tried.items())
        yield f"Chosen on the validation clips (the tables give the choice): {listed}."


def _queries(rows):
    if (rows["protocol"] == "retrieval").any():
        yield (
            "Retrieval: for each test clip, the others are ranked by cosine similarity, except excerpts of the same recording. Clips "
            "with the same class or a common tag are relevant (mAP: mean average precision). Chance is a random ranking."
        )
    artists = rows[rows["protocol"] == "artists"]
    if len(artists):
        yield (
            "Artist similarity: find another recording of a clip's artist among clips of at most fifty artists. The metrics are the mean "
            "normalised rank (0 is best, chance is about 0.5) and the equal error rate, over 100 episodes."
        )


def _of_numbers(rows):
    return ", and always predicting the mean for numbers" if (rows["metric"] == "r2").any() else ""


def _untaught(rows):
    for (dataset, labels), _ in rows[rows["untaught"] != ""].groupby(["dataset", "untaught"], sort=False):
        yield f"No training clip of {dataset} has the label {labels}. Heads cannot learn it, and its test clips count as missed."
