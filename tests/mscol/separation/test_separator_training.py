"""Training of a small Open-Unmix, and judging it."""

import json
import logging

import numpy as np
import openunmix.utils
import pandas as pd
import pytest
import torch

from mscol.errors import SeparationError
from mscol.separation import STEMS
from mscol.separation.description import describe_separator
from mscol.separation.judging import judge_separator, sdr, summarise
from mscol.separation.shard import open_separator
from mscol.separation.songs import load_songs, split_songs
from mscol.separation.training import build_network, draw_batch, magnitudes, train_target, validation_loss

pytestmark = pytest.mark.usefixtures("one_thread")


def train(songs, folder, settings, target="bass", **options):
    train_target(songs, target, folder / f"{target}.pth", folder / f"{target}.json", settings, **options)
    return torch.load(folder / f"{target}.pth", weights_only=True)


def test_the_package_loads_what_was_trained(separator_folder, tiny_settings):
    models = openunmix.utils.load_target_models(list(STEMS), str(separator_folder))
    for target in STEMS:
        state = torch.load(separator_folder / f"{target}.pth", weights_only=True)
        loaded = models[target].state_dict()
        assert set(state) == set(loaded)
        assert all(torch.equal(state[name], loaded[name]) for name in state)
        about = json.loads((separator_folder / f"{target}.json").read_text())
        assert about["args"] == {"target": target, "seed": 0, **tiny_settings}
        assert 0 < about["validation_loss"] < 1


def test_the_same_seed_gives_the_same_weights_and_another_does_not(songs, tiny_settings, tmp_path):
    first = train(songs, tmp_path / "a", tiny_settings, seed=3)
    torch.rand(5)  # the state of torch's own generator must not matter
    again = train(songs, tmp_path / "b", tiny_settings, seed=3)
    other = train(songs, tmp_path / "c", tiny_settings, seed=4)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["fc1.weight"], other["fc1.weight"])


def test_hops_that_make_the_ends_of_clips_blow_up_are_an_error(tmp_path, tiny_settings):
    with pytest.raises(SeparationError, match="nhop is 512, more than a quarter of nfft"):
        describe_separator(tmp_path / "separator.json", tiny_settings | {"nhop": 512})


def test_training_lowers_the_validation_loss(songs, tiny_settings, tmp_path):
    losses = []
    for updates in (1, 60):
        train(songs, tmp_path, tiny_settings | {"updates": updates})
        losses.append(json.loads((tmp_path / "bass.json").read_text())["validation_loss"])
    assert losses[1] < 0.5 * losses[0]


def test_a_network_is_better_than_silence_before_it_is_trained(songs, tiny_settings):
    loaded = load_songs(songs / "train", nb_channels=2, shortest_samples=22_050)
    for target in range(len(STEMS)):
        torch.manual_seed(0)
        network = build_network(loaded, target, tiny_settings)
        assert validation_loss(network, loaded, target, tiny_settings) < 1


def test_worse_than_silence_is_trained_again_more_slowly_with_another_seed(
    songs, tiny_settings, tmp_path, caplog
):
    too_fast = 3.0  # it diverges, and at a quarter of that it does not
    train(songs, tmp_path, tiny_settings | {"updates": 30, "learning_rate": too_fast})
    about = json.loads((tmp_path / "bass.json").read_text())
    assert f"worse than silence with seed 0 and learning rate {too_fast:g}" in caplog.text
    assert (about["args"]["seed"], about["args"]["learning_rate"]) == (1, too_fast / 4)
    assert about["validation_loss"] < 1


def test_what_stays_worse_than_silence_is_refused_and_leaves_no_file(songs, tiny_settings, tmp_path):
    with pytest.raises(SeparationError, match=r"bass: .* worse than silence \(.*another seed.*model: umxl"):
        train(songs, tmp_path, tiny_settings | {"updates": 30, "learning_rate": 1000.0})
    assert not list(tmp_path.glob("bass.*"))


def test_target_that_is_silent_everywhere_is_an_error(tmp_path, tiny_settings, make_stems, write_song):
    for number in range(2):
        silent = {"vocals": np.zeros((88_200, 2), np.float32)}
        write_song(tmp_path / "train" / str(number), make_stems(number) | silent)
    with pytest.raises(SeparationError, match="vocals is silent in all songs"):
        train(tmp_path, tmp_path, tiny_settings, target="vocals")


def test_magnitudes_are_those_of_the_separator(separator_folder, tiny_settings, make_stems):
    separator = openunmix.utils.load_separator(str(separator_folder), targets=list(STEMS))
    waveform = torch.from_numpy(make_stems(0)["drums"].T.copy())[None]
    expected = separator.complexnorm(separator.stft(waveform))
    torch.testing.assert_close(magnitudes(waveform, tiny_settings), expected)


def test_a_batch_holds_targets_that_are_part_of_their_mixtures(songs, tiny_settings):
    loaded = load_songs(songs / "train", nb_channels=2, shortest_samples=22_050)
    only_bass = [np.concatenate([song[:1], np.zeros_like(song[1:])]) for song in loaded]
    mixtures, targets = draw_batch(only_bass, 0, tiny_settings, np.random.default_rng(0))
    assert mixtures.shape == (4, 2, 22_050)
    assert torch.equal(mixtures, targets) and mixtures.abs().max() > 0.01
    _, drums = draw_batch(only_bass, 1, tiny_settings, np.random.default_rng(0))
    assert not drums.any()


def test_validation_songs_are_not_trained_on():
    songs = [np.full((4, 1, 1), number + 1.0) for number in range(20)]
    train_songs, validation = split_songs(songs, 0)
    assert [song.max() for song in validation] == [8, 16] and len(train_songs) == 18
    assert split_songs(songs[:2], 0) == (songs[:1], songs[1:2])


def test_target_that_is_silent_in_the_songs_kept_is_validated_where_it_sounds():
    songs = [np.zeros((4, 1, 1)) for _ in range(4)]
    songs[0][1], songs[1][1] = 1, 1
    train_songs, validation = split_songs(songs, 1)
    assert len(train_songs) == 4 and [song is songs[n] for n, song in enumerate(validation)] == [True, True]


def test_songs_that_cannot_be_used_are_errors(songs, tmp_path, tiny_settings, make_stems, write_song):
    with pytest.raises(SeparationError, match="0 songs with stems"):
        train(tmp_path / "nothing", tmp_path, tiny_settings)
    with pytest.raises(SeparationError, match="shorter than a training sequence"):
        train(songs, tmp_path, tiny_settings | {"sequence_seconds": 3})
    for number in range(2):
        write_song(tmp_path / "train" / str(number), make_stems(number))
    (tmp_path / "train" / "1" / "other.wav").unlink()
    with pytest.raises(SeparationError, match=r"1/other.wav: there is no such stem"):
        train(tmp_path, tmp_path, tiny_settings)


def test_sdr_follows_its_definition():
    rng = np.random.default_rng(0)
    truth, noise = rng.standard_normal((2, 1000, 2))
    expected = 10 * np.log10((truth**2).sum() / ((0.3 * noise) ** 2).sum())
    assert sdr(truth, truth + 0.3 * noise) == pytest.approx(expected, abs=1e-6)
    assert np.isfinite(sdr(truth, truth))


def test_judging_leaves_out_silent_stems_and_compares_with_the_mixture(
    songs, separator_folder, tmp_path, caplog, make_stems
):
    with caplog.at_level(logging.INFO):
        judge_separator(
            open_separator(separator_folder, device="cpu"), songs / "test", tmp_path / "separation.csv"
        )
    table = pd.read_csv(tmp_path / "separation.csv").set_index("stem")
    assert list(table.index) == list(STEMS)
    assert table["n_songs"].to_dict() == {"bass": 2, "drums": 1, "other": 2, "vocals": 2}
    stems = make_stems(10)
    expected = sdr(stems["drums"], sum(stems.values()))
    assert table.loc["drums", "sdr_mixture"] == pytest.approx(expected, abs=0.02)
    np.testing.assert_allclose(table["gain"], table["sdr"] - table["sdr_mixture"], atol=0.02)
    worse = table.index[~(table["gain"] > 0)]
    for stem in worse:
        assert f"{stem}: the separated stem is no better than the mixture" in caplog.text


def test_a_song_of_one_stem_alone_is_not_counted(separator_folder, tmp_path, write_song, make_stems):
    silence = np.zeros((88_200, 2), np.float32)
    write_song(tmp_path / "test" / "0", dict.fromkeys(STEMS, silence) | {"other": make_stems(0)["other"]})
    judge_separator(
        open_separator(separator_folder, device="cpu"), tmp_path / "test", tmp_path / "separation.csv"
    )
    assert list(pd.read_csv(tmp_path / "separation.csv")["n_songs"]) == [0, 0, 0, 0]


def test_a_stem_that_is_silent_everywhere_has_a_row_without_numbers():
    table = summarise(pd.DataFrame({"stem": ["bass"], "sdr": [5.0], "sdr_mixture": [1.0]})).set_index("stem")
    assert table.loc["bass", "gain"] == 4
    assert table.loc["vocals", "n_songs"] == 0 and np.isnan(table.loc["vocals", "sdr"])


def test_evaluating_without_songs_is_an_error(separator_folder, tmp_path):
    with pytest.raises(SeparationError, match="no songs found to evaluate"):
        judge_separator(open_separator(separator_folder, device="cpu"), tmp_path, tmp_path / "table.csv")
