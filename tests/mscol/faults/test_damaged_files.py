"""Files that are cut short or damaged are named, never taken for whole: wherever they are cut, whichever bit of a header flips."""

import json
import zipfile

import numpy as np
import pandas as pd
import pytest
import soundfile

from mscol.datasets.listed import read_listed
from mscol.embeddings.stored import open_embeddings
from mscol.errors import CacheError, TrainingError
from mscol.io.arrays import RowWriter
from mscol.io.files import read_csv, read_json, write_csv, write_json
from mscol.mels.cache import MelCache
from mscol.mels.stems import cache_stems
from mscol.pages.summary import summarise_results
from mscol.scores.files import read_scores, save_scores
from mscol.scores.labels import Labelled
from mscol.separation import STEMS
from mscol.separation.resampling import resample_stems


@pytest.fixture
def shard(tmp_path):
    """A shard of three clips: its array and its table."""
    lengths = [120, 98, 300]
    with RowWriter(tmp_path / "mixture.npy", (64,), "float32") as writer:
        rows = [(f"clip {n}", writer.append(np.full((n, 64), n)), n) for n in lengths]
    write_csv(pd.DataFrame(rows, columns=["clip", "first_frame", "n_frames"]), tmp_path / "mixture.csv")
    return tmp_path / "mixture.npy", tmp_path / "mixture.csv"


def opened(shard):
    [array] = MelCache.open([shard[0]], [shard[1]]).arrays
    return np.array(array)


def test_a_flipped_bit_in_the_header_of_a_shard_never_changes_what_is_read(shard):
    whole, expected, refused = shard[0].read_bytes(), opened(shard), 0
    for place in range(128 * 8):
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << place % 8
        shard[0].write_bytes(flipped)
        try:
            read = opened(shard)
        except CacheError as error:
            assert str(error).startswith(str(shard[0]))
            refused += 1
        else:
            assert read.dtype == expected.dtype and np.array_equal(read, expected), place
    assert refused > 500


def test_shard_cut_anywhere_is_named(shard):
    whole = shard[0].read_bytes()
    for length in (0, 6, 100, 128, 129, len(whole) // 2, len(whole) - 256, len(whole) - 1):
        shard[0].write_bytes(whole[:length])
        with pytest.raises(CacheError, match=r"mixture\.npy: damaged .*delete it and run again"):
            opened(shard)
    shard[0].write_bytes(whole + b"more")
    with pytest.raises(CacheError, match=r"mixture\.npy: damaged \(4 bytes more than its header says\)"):
        opened(shard)


@pytest.mark.parametrize(
    ("array", "match"),
    [
        (np.zeros((518, 32), np.float32), r"mixture\.npy: shape \(518, 32\), expected \(frames, 64\)"),
        (np.zeros((518, 64, 1), np.float32), r"mixture\.npy: shape \(518, 64, 1\)"),
        (np.zeros((517, 64), np.float32), r"mixture\.npy: has 517 frames, but .*mixture\.csv lists 518"),
        (np.zeros((518, 64), np.int32), r"mixture\.npy: holds <i4, expected floating-point numbers"),
        (np.zeros((518, 64), np.complex64), r"mixture\.npy: holds <c8"),
        (np.zeros((518, 64), ">f4"), r"mixture\.npy: holds >f4"),
    ],
)
def test_shard_of_another_shape_or_type_is_named(shard, array, match):
    np.save(shard[0], array)
    with pytest.raises(CacheError, match=match):
        opened(shard)


def test_table_of_a_shard_with_other_numbers_is_named(shard):
    table = shard[1].read_text()
    for wrong in (table.replace(",120,98", ",121,98"), table.replace("0,120", "0,130").replace("300", "290")):
        assert wrong != table
        shard[1].write_text(wrong)
        with pytest.raises(CacheError, match=r"mixture\.csv: damaged \(its clips are not consecutive"):
            opened(shard)


@pytest.fixture
def manifest(tmp_path):
    """A manifest as `write_manifest` writes it, cut down to what is counted."""
    rows = [(f'0/clip {n}, "é"', f"0/clip {n}.mp3", "train", 29.1, 1000 + n) for n in range(4)]
    table = pd.DataFrame(rows, columns=["id", "path", "split", "duration", "bytes"])
    write_csv(table, tmp_path / "clips.csv")
    write_csv(table[:2], tmp_path / "shards" / "000-of-002.csv")
    write_csv(table[:0], tmp_path / "shards" / "001-of-002.csv")
    rows = {"clips.csv": 4, "shards/000-of-002.csv": 2, "shards/001-of-002.csv": 0}
    write_json({"task": "tagging", "labels": ["é"], "rows": rows}, tmp_path / "about.json")
    return tmp_path


@pytest.mark.parametrize("name", ["clips.csv", "shards/000-of-002.csv"])
def test_manifest_cut_anywhere_is_named(manifest, name):
    path = manifest / name
    whole = path.read_bytes()
    assert len(read_listed(path)) == (4 if name == "clips.csv" else 2)
    for length in range(len(whole)):  # between two lines, too
        path.write_bytes(whole[:length])
        with pytest.raises(CacheError, match=rf"{name}: incomplete table .*delete .* and run again"):
            read_listed(path)


def test_empty_shard_of_a_manifest_is_whole(manifest):
    assert read_listed(manifest / "shards" / "001-of-002.csv").empty


def test_json_cut_anywhere_is_named(manifest):
    path = manifest / "about.json"
    whole = path.read_bytes()
    for length in range(len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(CacheError, match=r"about\.json: not valid JSON .*delete it and run again"):
            read_json(path)
        with pytest.raises(CacheError, match=r"about\.json: not valid JSON"):
            read_listed(manifest / "clips.csv")


def _save_scores(path, n_windows):
    """Scores of one head on clips without tags, some windows each."""
    ids = list("abcd"[: len(n_windows)])
    clips = pd.DataFrame({"id": ids, "group": ids, "cleaned": 1, "labels": ""}, index=ids)
    windows = pd.DataFrame({"clip": ids, "n_windows": n_windows})
    scores = np.random.default_rng(0).random((1, sum(n_windows), 2), np.float32)
    save_scores(path, Labelled(clips, ["slow", "loud"], "tagging"), windows, scores)


def test_scores_cut_anywhere_are_named(tmp_path):
    path = tmp_path / "fma.npz"
    _save_scores(path, [1, 2])
    whole = path.read_bytes()
    assert len(read_scores(path, "tagging").ids) == 2
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(CacheError, match=r"fma\.npz: damaged .*Delete it and run again"):
            read_scores(path, "tagging")


def test_flipped_bits_in_scores_are_noticed(tmp_path):
    path = tmp_path / "fma.npz"
    _save_scores(path, [200])
    whole = path.read_bytes()
    start = whole.index(b"window_scores.npy") + 200
    for place in range(start, start + 400, 3):
        flipped = bytearray(whole)
        flipped[place] ^= 4
        path.write_bytes(flipped)
        with pytest.raises(CacheError, match=r"fma\.npz: damaged"):
            read_scores(path, "tagging")


def test_embeddings_that_are_cut_or_do_not_fit_are_named(tmp_path):
    np.save(tmp_path / "train.npy", np.zeros((5, 2, 3), np.float32))
    table = pd.DataFrame({"clip": list("aabbc"), "segment": [0, 1, 0, 1, 0]})
    write_csv(table, tmp_path / "train.csv")
    paths = tmp_path / "train.npy", tmp_path / "train.csv"
    assert len(open_embeddings(*paths)[0]) == 5
    write_csv(table[:4], paths[1])
    with pytest.raises(CacheError, match=r"train\.npy: has 5 rows, but .*train\.csv lists 4\. Delete both"):
        open_embeddings(*paths)
    paths[0].write_bytes(paths[0].read_bytes()[:-3])
    with pytest.raises(CacheError, match=r"train\.npy: damaged"):
        open_embeddings(*paths)


def test_saved_model_cut_anywhere_is_named(tmp_path):
    import keras

    from mscol.model import load_encoder, load_saved

    path = tmp_path / "encoder.keras"
    keras.Sequential([keras.Input((98, 64, 1)), keras.layers.GlobalMaxPooling2D()]).save(path)
    whole = path.read_bytes()
    for load in (load_encoder, load_saved):
        for length in range(0, len(whole), 499):
            path.write_bytes(whole[:length])
            with pytest.raises(
                TrainingError, match=r"encoder\.keras: missing, damaged, or not a Keras model"
            ):
                load(path)


def test_table_of_results_without_its_mean_is_named(tmp_path):
    table = {"protocol": "frozen", "test_list": "all", "label_fraction": 1.0, "standardised": "no"}
    table |= {"seed": 1, "head": 1, "n_test": 9}
    table |= {name: [0.5] for name in ("accuracy", "accuracy_low", "accuracy_high", "macro_f1")}
    write_csv(pd.DataFrame(table), tmp_path / "fma_bass.csv")
    columns = ["protocol", "test_list", "label_fraction", "standardised", "label", "n_positive"]
    write_csv(
        pd.DataFrame([("frozen", "all", 1.0, "no", "Rock", 9)], columns=columns), tmp_path / "classes.csv"
    )
    with pytest.raises(CacheError, match=r"fma_bass\.csv: 0 rows `mean` of one kind, expected 1. Delete it"):
        summarise_results(
            [tmp_path / "fma_bass.csv"], [tmp_path / "classes.csv"], None, {}, tmp_path / "summary.csv", []
        )


def stems_of(folder, *clips):
    noise = np.random.default_rng(0).normal(0, 0.1, 20_000).astype("float32")
    for clip in clips:
        (folder / clip).mkdir(parents=True)
        for stem in STEMS:
            soundfile.write(folder / clip / f"{stem}.wav", noise, 16_000, subtype="FLOAT")


def cache(tmp_path, *rejected):
    paths = {name: tmp_path / "mels" / f"{name}.csv" for name in ("index", "activity", "rejected")}
    arrays = {stem: tmp_path / "mels" / f"{stem}.npy" for stem in STEMS}
    before = tmp_path / "before.csv"
    write_csv(
        pd.DataFrame([(clip, clip, "broken") for clip in rejected], columns=["id", "path", "reason"]), before
    )
    cache_stems(
        tmp_path / "shard.csv", tmp_path / "stems", arrays, **paths, rejected_before=[before], dtype="float32",
        workers=1,
    )  # fmt: skip
    return read_csv(paths["index"])["clip"].tolist()


def test_clip_whose_stems_are_lost_between_two_stages_is_missed(tmp_path):
    clips = [("a", "a.mp3", "train"), ("b", "b.mp3", "validation"), ("c", "c.mp3", "test")]
    write_csv(pd.DataFrame(clips, columns=["id", "path", "split"]), tmp_path / "shard.csv")
    stems_of(tmp_path / "stems", "a")
    with pytest.raises(
        CacheError, match=r"stems: 1 clips are missing \(b\) that no stage rejected.*Delete .*stems"
    ):
        cache(tmp_path)
    assert cache(tmp_path, "b") == ["a"]
    (tmp_path / "stems" / "a" / "other.wav").unlink()
    with pytest.raises(
        CacheError, match=r"a/other\.wav: there is no such file\. If another run uses this folder"
    ):
        cache(tmp_path, "b")


def test_clip_without_stems_beside_a_folder_of_its_name_is_no_lost_clip(tmp_path):
    clips = [("live", "live.wav", "test"), ("live/1", "live/1.wav", "train"), ("take", "take.wav", "train"), ("take/1", "take/1.wav", "train")]  # fmt: skip
    write_csv(pd.DataFrame(clips, columns=["id", "path", "split"]), tmp_path / "shard.csv")
    stems_of(tmp_path / "stems", "live/1", "take/1")
    assert cache(tmp_path, "take") == ["live/1", "take/1"]


def test_stages_before_miss_a_lost_clip_too(tmp_path):
    from mscol.separation.shard import separate_shard

    write_csv(
        pd.DataFrame([("a", "a.mp3", "train")], columns=["id", "path", "split"]), tmp_path / "shard.csv"
    )
    write_csv(pd.DataFrame([], columns=["id", "path", "reason"]), tmp_path / "before.csv")
    told = {"clips": tmp_path / "shard.csv", "rejected_before": [tmp_path / "before.csv"]}
    for folder in ("audio", "stems"):  # as another run leaves them, which is about to remove them
        (tmp_path / folder).mkdir()
    with pytest.raises(
        CacheError, match=r"audio: 1 clips are missing \(a\) that no stage rejected.*Delete .*audio"
    ):
        separate_shard(
            audio_folder=tmp_path / "audio", stems_folder=tmp_path / "out", rejected=tmp_path / "x.csv",
            model="demo", **told,
        )  # fmt: skip
    with pytest.raises(CacheError, match=r"stems: 1 clips are missing \(a\) that no stage rejected"):
        resample_stems(tmp_path / "stems", tmp_path / "out", **told)
    assert not (tmp_path / "out").exists()


def test_cut_separator_description_is_named(tmp_path):
    from mscol.errors import SeparationError
    from mscol.separation.separator import load_separator

    for stem in STEMS:
        (tmp_path / f"{stem}.json").write_text(json.dumps({"args": {"nfft": 1024, "nb_channels": 1}}))
        (tmp_path / f"{stem}.pth").touch()
    (tmp_path / "separator.json").write_text('{"sample_rate": 44100, "nf')
    with pytest.raises(
        SeparationError,
        match=r"its JSON files are not in Open-Unmix's format .*separator\.json: not valid JSON",
    ):
        load_separator(tmp_path, device="cpu")


def test_model_of_a_newer_keras_is_called_so_in_one_line(tmp_path):
    import keras

    from mscol.model import load_saved

    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save(tmp_path / "old.keras")
    with (
        zipfile.ZipFile(tmp_path / "old.keras") as old,
        zipfile.ZipFile(tmp_path / "new.keras", "w") as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            if name == "metadata.json":
                content = json.dumps(json.loads(content) | {"keras_version": "9.1.0"}).encode()
            if name == "config.json":  # a setting that Keras here knows nothing of
                content = content.replace(b'"units"', b'"quantised_units"')
            new.writestr(name, content)
    with pytest.raises(
        TrainingError, match=r"new\.keras: written by Keras 9\.1\.0, which .* Update Keras"
    ) as error:
        load_saved(tmp_path / "new.keras")
    assert len(str(error.value)) < 400
    damaged = (tmp_path / "new.keras").read_bytes().replace(b"9.1.0", b"3.0.0")
    (tmp_path / "new.keras").write_bytes(damaged)
    with pytest.raises(TrainingError, match="missing, damaged, or not a Keras model") as error:
        load_saved(tmp_path / "new.keras")
    assert len(str(error.value)) < 600
