"""The embedded datasets as a reader meets them: files, tables, splits, silence and determinism."""

import json
from itertools import compress

import numpy as np
import pandas as pd
import pytest
import soundfile

from mscol.datasets.nsynth import QUALITIES
from mscol.errors import ConfigError
from mscol.synthesis import make_demo_datasets

SIZES = {
    "mtat": {"train": 2, "validation": 1, "test": 1},
    "nsynth": {"train": 22, "validation": 11, "test": 11},
    "fma": {"train": 1, "validation": 1, "test": 1},
    "stems": {"train": 3, "test": 1},
    "stem_seconds": 3,
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    root = tmp_path_factory.mktemp("demo")
    folders = {name: root / name for name in ("mtat", "nsynth", "fma", "stems")}
    make_demo_datasets(seed=1, sizes=SIZES, workers=2, **folders)
    return root


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["nsynth", "stems"])
def test_same_seed_gives_same_bytes_with_one_worker(demo, name, tmp_path):
    make_demo_datasets(seed=1, sizes=SIZES, workers=1, **{name: tmp_path / name})
    assert contents(tmp_path / name) == contents(demo / name)


def test_larger_dataset_begins_with_clips_of_smaller_one(demo, tmp_path):
    sizes = {"stems": {"train": 4, "test": 1}, "stem_seconds": 3}
    make_demo_datasets(seed=1, sizes=sizes, workers=2, stems=tmp_path / "stems")
    assert contents(demo / "stems").items() < contents(tmp_path / "stems").items()


def test_other_seed_gives_other_music(demo, tmp_path):
    sizes = {"stems": {"train": 1, "test": 1}, "stem_seconds": 3}
    make_demo_datasets(seed=2, sizes=sizes, workers=2, stems=tmp_path / "stems")
    mixture = "train/000/mixture.wav"
    assert (tmp_path / "stems" / mixture).read_bytes() != (demo / "stems" / mixture).read_bytes()


def test_mixture_is_exact_sum_of_stems(demo):
    for folder in [*(demo / "stems/train").iterdir(), *(demo / "stems/test").iterdir()]:
        sounds = {path.stem: soundfile.read(path, dtype="int16") for path in folder.iterdir()}
        assert {(sound.shape, rate) for sound, rate in sounds.values()} == {((132_300, 2), 44_100)}
        mixture = sounds.pop("mixture")[0].astype(int)
        assert set(sounds) == {"bass", "drums", "other", "vocals"}
        assert np.array_equal(mixture, sum(sound.astype(int) for sound, _ in sounds.values()))
        assert 500 < np.abs(mixture).max() < 32_767


def test_mtat_tables_have_official_form(demo):
    raw = (demo / "mtat/annotations_final.csv").read_bytes()
    assert raw.startswith(b'"clip_id"\t"no voice"\t"singer"') and raw.endswith(b'.mp3"\r\n')
    table = pd.read_csv(demo / "mtat/annotations_final.csv", sep="\t")
    info = pd.read_csv(demo / "mtat/clip_info_final.csv", sep="\t")
    assert table.shape == (4 + 3, 190) and not table["clip_id"].duplicated().any()
    assert list(table["mp3_path"]) == list(info["mp3_path"])
    assert set(np.unique(table.iloc[:, 1:-1])) == {0, 1}


def test_mtat_clips_have_official_length_and_songs_one_folder(demo):
    table = pd.read_csv(demo / "mtat/annotations_final.csv", sep="\t")
    paths = table["mp3_path"]
    empty = [path for path in paths if (demo / "mtat" / path).stat().st_size == 0]
    assert empty == ["6/norine_braun-now_and_zen-08-gently-117-146.mp3"]
    for path in set(paths) - set(empty):
        about = soundfile.info(demo / "mtat" / path)
        assert (about.samplerate, about.channels, about.frames) == (16_000, 1, 465_984)
    songs = paths.str.extract(r"^(?P<folder>.)/(?P<song>.*)-\d+-\d+\.mp3$")
    assert (songs.groupby("song")["folder"].nunique() == 1).all()
    assert songs["song"].duplicated().any()  # some song has two clips
    assert set(songs["folder"]) & set("0123456789ab") and set(songs["folder"]) & set("def")


def test_nsynth_is_readable_and_splits_share_no_instrument(demo):
    seen, families, qualities = {}, set(), set()
    for split, count in (("train", 22), ("valid", 11), ("test", 11)):
        folder = demo / "nsynth" / f"nsynth-{split}"
        examples = json.loads((folder / "examples.json").read_text())
        assert len(examples) == count
        assert {path.stem for path in (folder / "audio").iterdir()} == set(examples)
        for name, about in examples.items():
            wav = soundfile.info(folder / "audio" / f"{name}.wav")
            assert (wav.frames, wav.samplerate, wav.channels, wav.subtype) == (64_000, 16_000, 1, "PCM_16")
            assert name == f"{about['instrument_str']}-{about['pitch']:03d}-{about['velocity']:03d}"
            assert about["instrument_str"].startswith(
                f"{about['instrument_family_str']}_{about['instrument_source_str']}_"
            )
            families.add(about["instrument_family_str"])
            assert about["qualities_str"] == list(compress(QUALITIES, about["qualities"]))
            qualities |= set(about["qualities_str"])
        seen[split] = {about["instrument_str"] for about in examples.values()}
    assert len(families) == 11 and qualities == set(QUALITIES) - {"reverb", "tempo-synced"}
    assert not (seen["train"] & seen["valid"] or seen["train"] & seen["test"] or seen["valid"] & seen["test"])


def test_fma_tracks_match_table_with_three_header_rows(demo):
    table = pd.read_csv(demo / "fma/fma_metadata/tracks.csv", header=[0, 1], index_col=0, skiprows=[2])
    assert sorted(table["set", "split"]) == ["test", "training", "validation"]
    assert (table["set", "subset"] == "small").all() and table.shape[1] == 52
    for number in table.index:
        about = soundfile.info(demo / f"fma/fma_small/{number // 1000:03d}/{number:06d}.mp3")
        assert (about.samplerate, about.channels, about.frames) == (22_050, 2, 30 * 22_050)


def test_missing_size_is_named():
    with pytest.raises(ConfigError, match="stems: test: None is not a whole number"):
        make_demo_datasets(seed=0, sizes={"stems": {"train": 1}}, workers=1, stems="never made")
