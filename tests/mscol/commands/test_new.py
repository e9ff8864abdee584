import numpy as np
import pandas as pd
import pytest
import soundfile

from mscol.__main__ import main
from mscol.config.effective import read_yaml
from mscol.datasets.dealing import SHARES, deal, join
from mscol.datasets.table import read_clips, task_and_labels
from mscol.io.tags import read_tags

RATE = 16_000


def write_song(path, **tags):
    path.parent.mkdir(parents=True, exist_ok=True)
    with soundfile.SoundFile(path, "w", RATE, 1) as file:
        for name, text in tags.items():
            setattr(file, name, text)
        file.write(np.random.default_rng(len(path.name)).normal(0, 0.1, 2 * RATE))


@pytest.fixture
def library(tmp_path):
    """Two genres of four artists with three songs each, tagged; and what a folder of music holds besides."""
    root = tmp_path / "My Müsic 2"
    for genre in ("jazz", "rock"):
        for artist in range(4):
            for song in range(3):
                write_song(
                    root / genre / f"{artist}{song}.mp3",
                    artist=f"{genre} artist {artist}",
                    title=f"song {song}",
                )
    write_song(root / "jazz" / "again.ogg", artist="Jazz Artist 0", title="song 1")
    write_song(root / "stray.flac")
    (root / "rock" / "link.mp3").symlink_to(root / "rock" / "00.mp3")
    (root / "jazz" / "broken.mp3").write_bytes(b"not audio")
    (root / "cover.jpg").write_bytes(b"")
    soundfile.write(root / "rock" / "short.wav", np.zeros(100), RATE)
    return root


@pytest.fixture
def new(tmp_path, monkeypatch):
    """Return a function that runs the command in a folder, and reads the table that it wrote."""
    monkeypatch.chdir(tmp_path)

    def run(root, *arguments):
        assert main(["new", str(root), *map(str, arguments)]) == 0
        return pd.read_csv(root / "clips.csv", keep_default_na=False)

    return run


def splits_of(table, column):
    """The splits that each value of a column is in."""
    return table[table[column] != ""].groupby(column)["split"].agg(set).to_dict()


def test_folders_are_labels_and_no_artist_is_in_two_splits(library, new, tmp_path, caplog):
    with caplog.at_level("INFO"):
        table = new(library)
    assert task_and_labels(library) == ("classification", ("jazz", "rock"))
    assert len(read_clips(library)) == len(table) == 25
    assert splits_of(table, "label") == {"jazz": set(SHARES), "rock": set(SHARES)}
    assert all(len(splits) == 1 for splits in splits_of(table, "artist").values())
    again = table[table["path"] == "jazz/again.ogg"].iloc[0]
    assert again["artist"] == "jazz artist 0"  # spelled as in the first file
    assert (table["recording"] == again["recording"]).sum() == 2
    reasons = pd.read_csv(library / "clips.rejected.csv").set_index("path")["reason"]
    assert {path.removeprefix(f"{library}/"): reason.split(" (")[0] for path, reason in reasons.items()} == {
        "cover.jpg": "not the extension of an audio file",
        "jazz/broken.mp3": "not an audio file that libsndfile decodes",
        "rock/link.mp3": "it is the same file as rock/00.mp3",
        "rock/short.wav": "too short: 0.006 s, at least 0.995 s are needed for one crop",
        "stray.flac": "it has no label because it is in no folder",
    }
    assert read_yaml(tmp_path / "mine.yaml") == {
        "preset": "paper", "datasets": {"mymsic2": {"layout": "table", "root": str(library)}},
    }  # fmt: skip
    assert "accepts this config" in caplog.text  # the workflow's own checks
    assert f"snakemake --cores all --configfile {tmp_path}/mine.yaml" in caplog.text


def test_nothing_is_replaced_unless_forced(library, new, tmp_path, capsys):
    before = new(library)
    (tmp_path / "mine.yaml").write_text("mine: own\n")
    with pytest.raises(SystemExit):
        main(["new", str(library)])
    assert "clips.csv and mine.yaml: would be replaced. Use --force" in capsys.readouterr().err
    assert (tmp_path / "mine.yaml").read_text() == "mine: own\n"
    assert new(library, "--force").equals(before)  # the same files are dealt alike
    assert "preset: paper" in (tmp_path / "mine.yaml").read_text()


def test_folders_named_as_artists_are_no_classes_and_albums_keep_apart(new, tmp_path, caplog):
    root = tmp_path / "albums"
    for artist in ("Ann", "Bob", "Cat"):
        for album in ("one", "two", "three"):
            for song in ("a", "b"):
                write_song(
                    root / artist / album / f"{song}.flac",
                    artist=artist,
                    genre="folk" if artist == "Ann" else "pop",
                )
    table = new(root)  # of folk there is one artist, so artists cannot be kept apart
    assert set(table["label"]) == {"folk", "pop"} and "Artists are in several splits" in caplog.text
    albums = table.assign(album=table["path"].str.rsplit("/", n=1).str[0])
    assert all(len(splits) == 1 for splits in splits_of(albums, "album").values())
    by_folder = new(root, "--force", "--labels", "folders")
    assert splits_of(by_folder, "label") == {artist: set(SHARES) for artist in ("Ann", "Bob", "Cat")}


def test_music_without_labels_is_for_pretraining(new, tmp_path, caplog):
    for number in range(5):
        write_song(tmp_path / "flat" / f"{number}.wav", artist=f"artist {number}")
    with caplog.at_level("INFO"):
        table = new(tmp_path / "flat", "--preset", "demo", "--table", tmp_path / "flat" / "clips.csv")
    assert set(table["tags"]) == {""} and set(table["split"]) == set(SHARES)
    assert task_and_labels(tmp_path / "flat") == ("tagging", ())
    assert "snakemake models/bass_drums_other_vocals/seed1/encoder.keras --cores all" in caplog.text


@pytest.mark.parametrize("name", ["No", "2024"])
def test_folder_whose_name_yaml_reads_as_something_else_is_a_dataset_of_that_name(name, new, tmp_path):
    for number in range(5):
        write_song(tmp_path / name / f"{number}.wav", artist=f"artist {number}")
    new(tmp_path / name)
    assert list(read_yaml(tmp_path / "mine.yaml")["datasets"]) == [name.lower()]


@pytest.mark.parametrize(
    ("names", "arguments", "printed"),
    [
        (["a.wav", "b.wav"], [], "no class has three usable recordings"),
        (["a.wav", "b.wav", "c.wav"], ["--labels", "genre"], "--labels genre gives 0 classes, but at least two are needed"),
        ([], [], "No audio file found in"),
    ],
)  # fmt: skip
def test_what_makes_no_dataset_is_reported_and_leaves_no_file(
    names, arguments, printed, tmp_path, monkeypatch, caplog
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "few").mkdir()
    for name in names:
        write_song(tmp_path / "few" / name)
    assert main(["new", "few", *arguments]) == 1
    assert printed in caplog.text
    assert not list(tmp_path.rglob("*.csv")) and not list(tmp_path.glob("*.yaml"))


def test_splits_are_dealt_by_group_near_their_shares_with_each_class_in_each():
    generator = np.random.default_rng(0)
    n_clips = 1 + generator.pareto(1.5, 400).astype(int)  # some artists have many songs
    artists = np.repeat([f"artist {number}" for number in range(400)], n_clips)
    homes = dict(zip(np.unique(artists), generator.integers(8, size=400), strict=True))
    strays = generator.random(len(artists)) < 0.1  # artists of several classes
    classes = [
        str(generator.integers(8) if stray else homes[artist])
        for artist, stray in zip(artists, strays, strict=True)
    ]
    table = pd.DataFrame({"artist": artists, "label": classes, "split": deal(artists, classes)})
    assert all(len(splits) == 1 for splits in splits_of(table, "artist").values())
    assert all(splits == set(SHARES) for splits in splits_of(table, "label").values())
    for split, share in SHARES.items():
        assert (table["split"] == split).mean() == pytest.approx(share, abs=0.03)
    mixed = table.sample(frac=1, random_state=0)
    assert deal(mixed["artist"], mixed["label"]) == list(mixed["split"])


def test_few_groups_train_first_then_test_then_validate():
    assert deal(["a"], ["x"]) == ["train"]
    assert sorted(deal("ab", "xx")) == ["test", "train"]
    assert sorted(deal("abc", "xxx")) == ["test", "train", "validation"]
    assert sorted(deal("aaaaaabc", "x" * 8)) == ["test", *["train"] * 6, "validation"]


def test_groups_that_share_a_recording_become_one():
    assert join(["a", "b", "c", "d"], ["1", "1", "2", ""]) in (["a", "a", "c", "d"], ["b", "b", "c", "d"])
    assert len(set(join(["a", "b", "b", "c", "d"], ["1", "1", "2", "2", "3"]))) == 2


@pytest.mark.parametrize("suffix", ["mp3", "flac", "ogg", "wav"])
def test_tags_are_read_as_one_line(suffix, tmp_path):
    write_song(tmp_path / f"x.{suffix}", artist=" Ängel\n& Co", title="Unknown", genre="Pop")
    assert read_tags(tmp_path / f"x.{suffix}")[:1] + read_tags(tmp_path / f"x.{suffix}")[3:] == (
        "Ängel & Co",
        "Pop",
    )
    (tmp_path / "broken.mp3").write_bytes(b"x")
    assert read_tags(tmp_path / "broken.mp3") == read_tags(tmp_path / "none.mp3") == ("", "", "", "")
