import json
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from small_tables import save, write

from mscol.errors import CacheError
from mscol.io.files import read_results
from mscol.pages.layout import _cell
from mscol.pages.reading import how_to_read
from mscol.pages.summary import summarise_results
from mscol.separation.origin import tell_origin
from mscol.tables import Evaluation, compare_models

LAYOUTS = {"mtat": "mtat", "nsynth": "nsynth"}


def summarise(written, folder, reference="mixture", layouts=LAYOUTS, **more):
    """Compare and summarise tables, a (name, paths) each; return the paths of csv, md, tex and html."""
    bootstraps = {tuple(name.split("_", 1)): paths[2] for name, paths in written.items()}
    compare_models(bootstraps, reference, folder / "comparisons.csv", folder / "per_label.csv")
    tables, per_class, _ = zip(*written.values(), strict=True)
    summary, *pages = (folder / f"summary.{kind}" for kind in ("csv", "md", "tex", "html"))
    summarise_results(tables, per_class, folder / "comparisons.csv", layouts, summary, pages, **more)
    return summary, *pages


def test_summary_holds_every_metric_and_its_chance(tagged, classified, tmp_path):
    written = {
        name: write(*scores, tmp_path, name)
        for name, scores in (
            ("mtat_bass_vocals", tagged),
            ("mtat_mixture", tagged),
            ("nsynth_mixture", classified),
        )
    }
    summary, *_ = summarise(written, tmp_path)
    rows = pd.read_csv(summary).set_index(["dataset", "model", "test_list", "metric"])
    assert len(rows) == 4 + 4 + 2
    assert rows.loc[("mtat", "bass_vocals", "unfiltered", "roc_auc"), "chance"] == 0.5
    filtered, unfiltered = (
        rows.loc[("mtat", "mixture", name, "pr_auc")] for name in ("filtered", "unfiltered")
    )
    assert filtered["chance"] > 1.3 * unfiltered["chance"]  # the same positives among 40 clips, and 60
    assert (filtered["seeds"], filtered["n_test"], filtered["task"]) == (2, 40, "tagging")
    accuracy = rows.loc[("nsynth", "mixture", "all", "accuracy")]
    assert (accuracy["value"], accuracy["chance"], accuracy["seeds"]) == (0.75, 0.5, 1)
    assert rows.loc[("nsynth", "mixture", "all", "macro_f1"), "chance"] == pytest.approx(1 / 3, abs=1e-4)

    lines = (tmp_path / "summary.md").read_text().splitlines()
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    assert table[0][:3] == ["model", "mtat filtered ROC-AUC", "mtat filtered PR-AUC"]
    assert table[0][5:] == ["nsynth accuracy", "nsynth macro-F1"]
    assert [row[0] for row in table[2:5]] == ["`bass_vocals`", "`mixture`", "chance"]
    assert table[2][5] == "–" and table[3][5].startswith("**0.750** [")
    assert table[4][5] == "0.500"
    assert any(line.startswith("How to read it") for line in lines)
    # Two equal models: both are the best, and neither differs from the other.
    assert table[2][1].startswith("**0.") and table[3][1].startswith("**0.") and "▲" not in " ".join(table[2])
    alike = rows.loc[("mtat", "bass_vocals", "filtered", "roc_auc")]
    assert alike[["difference", "p_holm"]].tolist() == [0, 1]
    assert "| `bass_vocals` | +0.000 [+0.000, +0.000] |" in (tmp_path / "summary.md").read_text()
    assert rows.loc[("mtat", "mixture", "filtered", "roc_auc"), "reference"] != "mixture"


def test_seeds_spread_is_their_standard_deviation(tagged, tmp_path):
    paths = write(*tagged, tmp_path, "mtat_mixture")
    summary, markdown, *_ = summarise({"mtat_mixture": paths}, tmp_path)
    row = pd.read_csv(summary).iloc[0]
    seeds = pd.read_csv(paths[0], dtype={"seed": str}).query("seed != 'mean' and test_list == 'filtered'")
    assert row["seed_std"] == pytest.approx(seeds["roc_auc"].std(), abs=1e-4) and row["seed_std"] > 0
    assert f"| {row['value']:.3f} ± {row['seed_std']:.3f} [" in markdown.read_text()


def test_other_ways_of_evaluating_stand_in_lines_of_their_own(classified, tmp_path):
    ways = [
        Evaluation("frozen", 1.0, "yes", classified[0]),
        Evaluation("finetuned", 0.1, "no", classified[0]),
    ]
    written = {"nsynth_untrained": write(*classified, tmp_path, "nsynth_untrained", ways)}
    _, markdown, latex, page = summarise(written, tmp_path)
    assert "| `untrained` |" in markdown.read_text()
    assert "| `untrained` (finetuned, 0.1 of the labels) |" in markdown.read_text()
    assert r"\emph{finetuned, 0.1 of the labels}" in latex.read_text()
    assert "<small>finetuned, 0.1 of the labels</small>" in page.read_text()


def test_published_figures_are_a_block_of_their_own_and_say_what_they_are(tagged, classified, tmp_path):
    written = {"mtat_mixture": write(*tagged, tmp_path, "mtat_mixture")}
    for text in (path.read_text() for path in summarise(written, tmp_path)[1:]):
        ours, _, others = text.partition("Published figures of other systems")
        assert "MERT" in others and "0.913" in others and "MERT" not in ours
        assert "BYOL-A" not in others and "Dasheng" not in others  # say nothing of MTAT
        assert "0.893" in others and "0.360" in others, "CLMR under an MLP"
        assert "not results of this workflow" in text
        assert "public weights were trained on other data" in text and "arXiv 2302.07077" in text


def test_figures_of_xares_stand_beside_notes_and_genres(classified, tmp_path):
    written = {name: write(*classified, tmp_path, name) for name in ("nsynth_mixture", "fma_mixture")}
    layouts = {"nsynth": "nsynth", "fma": "fma"}
    markdown = summarise(written, tmp_path, layouts=layouts)[1].read_text()
    rows = [line for line in markdown.splitlines() if "2505.16369" in line]
    assert [line.split("|")[1].strip() for line in rows] == [
        "Dasheng (MLP)", "Dasheng (kNN)", "Whisper (MLP)", "wav2vec 2.0 (MLP)",
    ]  # fmt: skip
    assert rows[0].split("|")[3:5] == [" 0.688 ", " 0.643 "] and rows[3].split("|")[3:5] == [
        " 0.443 ",
        " 0.469 ",
    ]


def test_synthesised_music_is_called_so_and_no_published_figures_stand_beside_it(
    tagged, classified, tmp_path
):
    written = {
        "mtat_mixture": write(*tagged, tmp_path, "mtat_mixture"),
        "nsynth_mixture": write(*classified, tmp_path, "nsynth_mixture"),
    }
    summary, *pages = summarise(written, tmp_path, synthesised=["mtat"])
    for page in pages:
        text = page.read_text()
        assert "mtat is synthesised: music that this workflow made" in text
        assert "mtat, synthesised, filtered" in text and "mtat filtered" not in text
        assert "nsynth, synthesised" not in text
        assert "MULE" in text and "0.740" in text, "which NSynth has"
        assert "0.914" not in text and "CLMR" not in text, "which is of MTAT"
    rows = read_results(summary)
    assert set(rows.loc[rows["synthesised"] == 1, "dataset"]) == {"mtat"} and set(rows["dataset"]) > {"mtat"}
    for page in summarise(written, tmp_path, synthesised=["mtat", "nsynth"])[1:]:
        text = page.read_text()
        assert "mtat and nsynth are synthesised" in text and "Published figures" not in text


def test_notes_stand_before_the_table(classified, tmp_path):
    written = {"nsynth_mixture": write(*classified, tmp_path, "nsynth_mixture")}
    note = tell_origin("nsynth", {"bass": 0.346, "drums": 0.5})
    pages = [page.read_text() for page in summarise(written, tmp_path, notes=[note])[1:]]
    for text in pages:
        assert "trained on synthesised songs" in text and "bass 0.35, drums 0.50 (silence has 1)" in text
    assert pages[0].index("synthesised songs") < pages[0].index("| model |")


def test_pages_are_well_formed(tagged, classified, tmp_path):
    written = {
        "mtat_bass_drums": write(*tagged, tmp_path, "mtat_bass_drums"),
        "nsynth_bass_drums": write(*classified, tmp_path, "nsynth_bass_drums"),
    }
    _, _, latex, page = summarise(written, tmp_path)
    rows = [line for line in latex.read_text().splitlines() if line.endswith(r"\\")]
    assert len({line.count("&") for line in rows if "multicolumn" not in line}) == 1
    assert r"\texttt{bass\_drums}" in latex.read_text() and "& 0.750 &" in latex.read_text()
    tree = ElementTree.fromstring(
        page.read_text()
        .replace("<!DOCTYPE html>", "")
        .replace('<meta charset="utf-8">', "")
        .replace("<br>", "")
    )
    table = tree.find("body//table")
    assert {len(row) for row in table.iter("tr")} == {1 + 4 + 2}


def test_names_and_shares_that_look_alike_are_kept_apart(classified, tmp_path):
    evaluations = [Evaluation("frozen", share, "yes", classified[0]) for share in (1e-5, 2e-5, 1.0)]
    names = ["true_1", "true_nan", "2024_1", "2024_nan"]
    written = {name: write(*classified, tmp_path, name, evaluations) for name in names}
    rows = read_results(summarise(written, tmp_path, reference="nan")[0])
    assert rows["label_fraction"].unique().tolist() == [1e-5, 2e-5, 1]
    compared = rows[rows["model"] == "1"]
    assert len(compared) == 2 * 3 * 2 and (compared["difference"] == 0).all()


@pytest.mark.parametrize("value", [0.5125, 0.5135, 0.5155, 0.5175, 0.5005, 0.9995])
def test_best_of_a_column_is_bold_whatever_its_last_digit(value):
    best = {"value": value, "low": 0.1, "high": 1.0}
    worse = best | {"value": 0.4}
    cells = [_cell(SimpleNamespace(**row, seed_std=np.nan, mark=np.nan), value) for row in (best, worse)]
    assert [cell.best for cell in cells] == [True, False]


def test_what_cannot_be_scored_is_a_dash(classified, tmp_path):
    save(tmp_path / "none.npz", np.zeros((3, 2), np.uint8), np.ones((3, 2)), [1] * 3, [1] * 3)
    about = tmp_path / "tags.json"
    about.write_text(json.dumps({"task": "tagging", "labels": ["rock", "slow"]}))
    written = {"mtat_mixture": write([tmp_path / "none.npz"], about, tmp_path, "mtat_mixture")}
    assert "| `mixture` | – | – |" in summarise(written, tmp_path)[1].read_text()


def _classifier(folder, model, shares, n_clips=300):
    """Write the table of a classifier whose heads are right on these shares of the clips."""
    about = folder / "classification.json"
    about.write_text(
        json.dumps({"task": "classification", "labels": ["bass", "flute"], "grouped_by": "instrument"})
    )
    labels, generator = np.arange(n_clips) % 2, np.random.default_rng(len(model))
    order = generator.random(n_clips).argsort()
    heads = [np.eye(2)[np.where(order < share * n_clips, labels, 1 - labels)] for share in shares]
    save(folder / f"{model}.npz", labels, np.array(heads), [1] * n_clips, [1] * n_clips)
    return write([folder / f"{model}.npz"], about, folder, f"nsynth_{model}", n_resamples=2000)


def _marks(markdown):
    """The marks in the first column of the first table."""
    table = markdown.read_text().partition("How to read it")[0]
    lines = [line.split("|") for line in table.splitlines() if line.startswith("| `")]
    return {cells[1].strip(" `"): [part for part in cells[2].split() if part in "▲▼"] for cells in lines}


SHARES = {"mixture": 0.6, "bass": 0.95, "drums": 0.3, "vocals": 0.61}


def test_significant_differences_are_marked(tmp_path):
    written = {
        f"nsynth_{model}": _classifier(tmp_path, model, [share - 0.01, share, share + 0.01])
        for model, share in SHARES.items()
    }
    summary, markdown, *_ = summarise(written, tmp_path)
    marks = _marks(markdown)
    assert marks == {"mixture": [], "bass": ["▲"], "drums": ["▼"], "vocals": []}
    assert "mean over 3 heads on one encoder" in markdown.read_text()
    assert "but not another pretraining" in markdown.read_text()
    rows = pd.read_csv(summary).query("metric == 'accuracy'").set_index("model")
    assert rows.loc["bass", "difference"] == pytest.approx(0.35) and rows.loc["bass", "difference_low"] > 0.25
    # 3 models are compared: Holm multiplies the smallest p-value by 3.
    assert rows.loc["bass", "p_holm"] == pytest.approx(3 * rows.loc["bass", "p_value"], abs=1e-3)


def test_nothing_is_marked_from_a_single_seed(tmp_path):
    written = {f"nsynth_{model}": _classifier(tmp_path, model, [share]) for model, share in SHARES.items()}
    summary, *pages = summarise(written, tmp_path)
    for page in pages:
        text = page.read_text()
        assert (
            "Differences from mixture have intervals but no marks of significance" in text
            and "blacktriangle}$ &" not in text
        )
        assert not set("▲▼") & set(text) and r"^{\blacktriangle" not in text
    assert "| `bass` | +0.350 [+0." in pages[0].read_text()
    rows = pd.read_csv(summary)
    assert rows["p_value"].isna().all() and rows["mark"].isna().all()
    assert rows.loc[rows["model"] != "mixture", "difference_low"].notna().all()


def test_no_mark_where_other_resamples_may_say_otherwise(tmp_path):
    # p = 0.04, of as few resamples as leave it anywhere between 0.02 and 0.07
    about = tmp_path / "comparisons.csv"
    arrays = {
        "protocol": ["frozen"],
        "test_list": ["all"],
        "label_fraction": [1.0],
        "standardised": ["yes"],
        "clips": ["x"],
    }
    for n_resamples in (300, 30_000):
        drawn = np.where(np.arange(n_resamples) < 0.02 * n_resamples, -0.1, 0.1)
        for model, values in (("bass", drawn), ("mixture", 0 * drawn)):
            values = np.append(0.1 if model == "bass" else 0, values)[None]
            numbers = {"n_groups": [10**6], "n_runs": [3], "n_positive": [[9]], "n_label_groups": [[9]]}
            per_label = {f"{metric}_per_label": values[..., None] for metric in ("recall", "precision", "f1")}
            np.savez(
                tmp_path / f"{model}.npz", labels=["flute"], accuracy=values, macro_f1=values,
                **{key: np.array(value) for key, value in (arrays | numbers).items()}, **per_label,
            )  # fmt: skip
        bootstraps = {("nsynth", model): tmp_path / f"{model}.npz" for model in ("bass", "mixture")}
        compare_models(bootstraps, "mixture", about, tmp_path / "per_label.csv")
        rows = read_results(about)
        assert rows["p_value"].tolist() == pytest.approx([0.04, 0.04], abs=0.008)
        assert rows["mark"].tolist() == (
            ["higher"] * 2 if n_resamples == 30_000 else [pytest.approx(np.nan, nan_ok=True)] * 2
        )


def test_summary_says_what_was_resampled_and_what_heads_read(tagged, tmp_path):
    written = {"nsynth_mixture": _classifier(tmp_path, "mixture", [0.6], n_clips=24)}
    written["mtat_mixture"] = write(*tagged, tmp_path, "mtat_mixture")
    for page in summarise(written, tmp_path)[1:]:
        text = page.read_text()
        assert "The resampled units are 24 instruments of nsynth, 40 clips of mtat (filtered)" in text
        assert "Heads on embeddings standardise them, for all models" in text
        assert (
            "Intervals are rough with fewer than 100 groups (nsynth, mtat (filtered), mtat (unfiltered))"
            in text
        )


def test_summary_explains_an_interval_that_does_not_hold_its_value(tagged, tmp_path):
    summary, *_ = summarise({"mtat_mixture": write(*tagged, tmp_path, "mtat_mixture")}, tmp_path)
    rows = read_results(summary)
    sentence = "Intervals of PR-AUC are corrected for this bias and may not contain the value."
    inside = rows.assign(low=rows["value"] - 0.1, high=rows["value"] + 0.1, untaught="")
    assert sentence not in how_to_read(inside)
    assert sentence in how_to_read(inside.assign(high=rows["value"] - 0.01))


def test_summary_says_which_label_heads_could_not_learn(classified, tmp_path):
    about = tmp_path / "about.json"
    about.write_text(
        json.dumps({"task": "classification", "labels": ["a", "b"], "n_train": {"a": 3, "b": 0}})
    )
    _, markdown, *_ = summarise(
        {"nsynth_mixture": write(classified[0], about, tmp_path, "nsynth_mixture")}, tmp_path
    )
    assert "No training clip of nsynth has the label b" in markdown.read_text()


def test_pr_auc_has_no_interval_where_none_would_hold(tmp_path):
    labels = np.zeros((32, 3), np.uint8)
    labels[:2, 0], labels[:3, 1], labels[:9, 2] = 1, 1, 1
    save(tmp_path / "x.npz", labels, np.random.default_rng(0).random((32, 3)), [1] * 32, [1] * 32)
    about = tmp_path / "about.json"
    about.write_text(json.dumps({"task": "tagging", "labels": ["a", "b", "c"]}))
    _, markdown, *_ = summarise(
        {"mtat_mixture": write([tmp_path / "x.npz"], about, tmp_path, "mtat_mixture")}, tmp_path
    )
    text = markdown.read_text()
    assert "PR-AUC has no interval on mtat: fewer than half of the tags" in text
    cells = next(line for line in text.splitlines() if line.startswith("| `mixture`")).split("|")
    assert "[" in cells[2] and "[" not in cells[3]


def test_models_that_were_tested_on_other_clips_are_not_compared(classified, tmp_path):
    other = tmp_path / "others.npz"
    save(other, np.array([0, 1]), np.eye(2), [1, 1], [1, 1])
    written = {
        "nsynth_mixture": write(*classified, tmp_path, "nsynth_mixture"),
        "nsynth_bass": write([other], classified[1], tmp_path, "nsynth_bass"),
    }
    summary, markdown, *_ = summarise(written, tmp_path)
    assert pd.read_csv(summary)["p_value"].isna().all()
    assert "significant" not in markdown.read_text()
    assert len(pd.read_csv(tmp_path / "per_label.csv")) == 0


def test_damaged_resamples_are_an_error_that_names_the_file(classified, tmp_path):
    written = {name: write(*classified, tmp_path, name) for name in ("nsynth_mixture", "nsynth_bass")}
    written["nsynth_bass"][2].write_bytes(b"nothing")
    with pytest.raises(CacheError, match=r"nsynth_bass\.npz: damaged"):
        summarise(written, tmp_path)
