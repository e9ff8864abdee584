"""Which clips the page shows, where they lie on a map, and what they are called."""

import numpy as np
import pandas as pd
import pytest
from small_task import make_dataset

from mscol.errors import CacheError
from mscol.io.files import read_csv
from mscol.overview.clips import describe_clips, place, read_described
from mscol.overview.explore import Clips, _cells
from mscol.overview.sampling import sample_clips
from mscol.scores.files import save_scores
from mscol.scores.labels import Labelled


def _manifest(counts):
    rows = [(f"{label}{n}", "test", f"{label};loud") for label, count in counts.items() for n in range(count)]
    return pd.DataFrame([*rows, ("t", "train", "rock")], columns=["id", "split", "labels"])


def test_sample_takes_each_label_in_turn_whatever_the_order_of_rows():
    manifest = _manifest({"rock": 500, "folk": 40, "opera": 3})
    chosen = sample_clips(manifest, 100)
    counts = pd.Series(chosen).str.extract(r"([a-z]+)")[0].value_counts()
    assert len(chosen) == len(set(chosen)) == 100 and "t" not in chosen
    assert counts.to_dict() == {"rock": 57, "folk": 40, "opera": 3}
    assert set(pd.Series(chosen[:9]).str.extract(r"([a-z]+)")[0].value_counts()) == {3}
    assert sample_clips(manifest.sample(frac=1, random_state=1), 100) == chosen


def test_clip_more_changes_little_of_the_sample():
    manifest = _manifest({"rock": 500, "folk": 500})
    more = pd.concat([manifest, pd.DataFrame({"id": ["new"], "split": "test", "labels": "rock"})])
    assert len(set(sample_clips(manifest, 100)) ^ set(sample_clips(more, 100))) <= 2


def test_clips_that_are_alike_lie_beside_each_other():
    generator = np.random.default_rng(0)
    group = np.arange(60) % 3
    means = (10 * np.eye(3, 40)[group] + generator.normal(size=(60, 40))).astype(np.float32)
    places = place(means)
    distances = np.linalg.norm(places[:, None] - places, axis=2) + 9 * np.eye(60)
    assert (group[distances.argmin(axis=1)] == group).mean() > 0.95
    assert places.min() == 0 and places.max() == pytest.approx(1)
    assert np.array_equal(places, place(means))


@pytest.mark.parametrize("n_clips", [1, 2, 3, 7, 8, 9])
def test_few_clips_and_equal_ones_have_places(n_clips):
    means = np.random.default_rng(0).normal(size=(n_clips, 5)).astype(np.float32)
    for embeddings in (means, np.ones_like(means), means[:, :1]):
        places = place(embeddings)
        assert places.shape == (n_clips, 2) and np.isfinite(places).all() and np.abs(places).max() <= 1


def _describe(folder, task, n_heads=2):
    arrays, indices = make_dataset(folder, task)
    labelled = Labelled.open(folder / "clips.csv", folder / "about.json")
    windows = read_csv(indices["test"])
    scores = np.load(arrays["test"])[None, :, : len(labelled.names)].repeat(n_heads, axis=0)
    if n_heads > 1:
        scores[-1] = -scores[-1]
    save_scores(folder / "scores.npz", labelled, windows, scores)
    files = {"test": arrays["test"], "test_index": indices["test"], "scores": [folder / "scores.npz"]}
    out = folder / "described.csv"
    models = {"bass": files, "mfcc": files | {"scores": []}}
    describe_clips(folder / "clips.csv", folder / "about.json", folder / "clips.csv", models, [7], out)
    return read_described(out)


def test_each_clip_has_its_class_and_the_prediction_of_each_run(tmp_path):
    table = _describe(tmp_path, "classification")
    assert table["model"].value_counts().to_dict() == {"bass": 15, "mfcc": 15}
    bass = table[table["model"] == "bass"]
    assert (bass["seed7_head1"] == bass["labels"]).all() and (bass["seed7_head2"] != bass["labels"]).all()
    assert pd.to_numeric(bass["x"]).between(0, 1).all()
    assert (table.loc[table["model"] == "mfcc", "seed7_head1"] == "").all()


def test_tags_and_numbers_are_listed_too(tmp_path):
    (tmp_path / "tags").mkdir()
    tags = _describe(tmp_path / "tags", "tagging", 1)
    first = tags["seed7_head1"].str.partition(";")[0]
    printed = [
        tag in labels.split(";") for tag, labels in zip(first, tags["labels"], strict=True) if labels and tag
    ]
    assert len(printed) > 10 and all(printed)
    (tmp_path / "numbers").mkdir()
    numbers = _describe(tmp_path / "numbers", "regression", 1)
    assert pd.to_numeric(numbers.loc[numbers["model"] == "bass", "seed7_head1"]).notna().all()


def test_scores_that_are_damaged_are_named(tmp_path):
    arrays, indices = make_dataset(tmp_path, "classification")
    (tmp_path / "scores.npz").write_bytes(b"no scores")
    files = {"test": arrays["test"], "test_index": indices["test"], "scores": [tmp_path / "scores.npz"]}
    with pytest.raises(CacheError, match="scores.npz: damaged"):
        describe_clips(
            tmp_path / "clips.csv",
            tmp_path / "about.json",
            tmp_path / "clips.csv",
            {"bass": files},
            [1],
            tmp_path / "x.csv",
        )


def test_table_that_is_no_table_is_named(tmp_path):
    (tmp_path / "mtat.csv").write_text('a,b\n1,2,3\n"')
    with pytest.raises(CacheError, match="mtat.csv: incomplete table"):
        read_described(tmp_path / "mtat.csv")


def _called(n_classes, n_clips, n_runs=2):
    generator = np.random.default_rng(0)
    table = pd.DataFrame({"clip": [f"clip {n}" for n in range(n_clips)]})
    table["labels"] = [f"class {n % n_classes}" for n in range(n_clips)]
    runs = [f"seed{n}_head1" for n in range(n_runs)]
    for run in runs:
        table[run] = [f"class {n}" for n in generator.integers(n_classes, size=n_clips)]
    return table, runs


def test_cells_of_a_matrix_hold_each_clip_once_a_run():
    table, runs = _called(4, 400)
    cells = _cells(table, runs, Clips({}), wrong_only=False)
    shares = pd.DataFrame(cells, columns=["label", "called", "mean", "n", "clips"])
    assert shares.groupby("label")["mean"].sum().to_dict() == dict.fromkeys(table["labels"].unique(), 100)
    row = shares[(shares["label"] == "class 1") & (shares["called"] == "class 2")].iloc[0]
    chosen = table[table["labels"] == "class 1"]
    in_any = (chosen[runs] == "class 2").any(axis=1)
    assert row["n"] == in_any.sum() and row["mean"] == (chosen[runs] == "class 2").sum().sum() / 2
    assert all(len(clips) <= 20 for clips in shares["clips"])


def test_clips_with_a_player_are_listed_first():
    table, runs = _called(1, 200)
    clips = Clips({"clip 150": "bXAz", "clip 199": "bXAz"})
    [cell] = _cells(table, runs, clips, wrong_only=False)
    names = clips.data()["names"]
    assert [names[number] for number in cell[4][:2]] == ["clip 150", "clip 199"] and len(cell[4]) == 20


def test_of_many_classes_the_most_frequent_confusions_are_listed():
    table, runs = _called(60, 6000, n_runs=1)
    cells = _cells(table, runs, Clips({}), wrong_only=True)
    counts = [cell[2] for cell in cells]
    assert len(cells) == 100 and counts == sorted(counts, reverse=True)
    assert all(cell[0] != cell[1] for cell in cells)
