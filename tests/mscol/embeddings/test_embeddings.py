import numpy as np
import pandas as pd
import pytest
import soundfile

from mscol.embeddings import embed_clips, embed_file
from mscol.embeddings.crops import draw_crops, select_clips, window_crops
from mscol.embeddings.prediction import predict
from mscol.errors import AudioError, CacheError
from mscol.mels import CROP_FRAMES, log_mel
from mscol.mels.cache import MelCache
from mscol.mels.framing import FRAMINGS
from mscol.mels.mixtures import cache_mixtures

FRAMES = {"a": 2 * 392 + 100, "b": 398, "c": 130, "d": 300, "é 'q'": 98}
CLIPS = pd.DataFrame(
    {
        "id": ["a", "b", "c", "d", "é 'q'", "gone"],
        "split": ["train", "train", "validation", "test", "test", "train"],
    }
)


@pytest.fixture(scope="module")
def encoder():
    """A tiny encoder whose outputs tell crops apart, with a layer that acts in training only."""
    import keras

    keras.utils.set_random_seed(0)
    layers = [keras.layers.Conv2D(5, 8, 8), keras.layers.Dropout(0.5), keras.layers.GlobalMaxPooling2D()]
    return keras.Sequential([keras.Input((98, 64, 1)), *layers])


def write_cache(folder, shards):
    """Write one array and table a shard, of the named clips; the frames of a clip depend on its name only."""
    frames, indices = [], []
    for number, clips in enumerate(shards):
        mels = [np.random.default_rng(list(clip.encode())).normal(size=(FRAMES[clip], 64)) for clip in clips]
        lengths = np.array([len(mel) for mel in mels])
        frames.append(folder / f"{number}.npy")
        indices.append(folder / f"{number}.csv")
        np.save(frames[-1], np.concatenate(mels).astype(np.float32))
        table = {"clip": clips, "first_frame": np.cumsum(lengths) - lengths, "n_frames": lengths}
        pd.DataFrame(table).to_csv(indices[-1], index=False)
    return MelCache.open(frames, indices)


def embed(folder, cache, encoder, seed=3, batch_size=4):
    folder.mkdir()
    arrays = {split: folder / f"{split}.npy" for split in ("train", "validation", "test")}
    indices = {split: folder / f"{split}.csv" for split in arrays}
    embed_clips(encoder, cache, CLIPS, arrays, indices, seed, crops_per_segment=3, batch_size=batch_size)
    read = {split: np.load(path, allow_pickle=False) for split, path in arrays.items()}
    return read, {split: pd.read_csv(path) for split, path in indices.items()}


def test_segments_and_windows_are_those_of_the_method(tmp_path, encoder):
    cache = write_cache(tmp_path, [["a", "b"], ["c", "d", "é 'q'"]])
    arrays, indices = embed(tmp_path / "out", cache, encoder)
    assert indices["train"].to_numpy().tolist() == [["a", 0], ["a", 1], ["b", 0]]
    assert indices["validation"].to_numpy().tolist() == [["c", 0]]
    assert indices["test"].to_numpy().tolist() == [["d", 0, 3], ["é 'q'", 3, 1]]
    shapes = {split: array.shape for split, array in arrays.items()}
    assert shapes == {"train": (3, 3, 5), "validation": (1, 3, 5), "test": (4, 5)}
    assert all(array.dtype == np.float32 for array in arrays.values())


def test_rows_are_the_encoders_outputs_in_inference_mode(tmp_path, encoder):
    cache = write_cache(tmp_path, [list(FRAMES)])
    arrays, _ = embed(tmp_path / "out", cache, encoder)
    clips = cache.clips.set_index("clip")
    windows = cache.crops(clips.loc["d", "first_frame"] + CROP_FRAMES * np.arange(3), CROP_FRAMES)
    expected = np.asarray(encoder(windows[..., None], training=False))
    np.testing.assert_allclose(arrays["test"][:3], expected, rtol=1e-4, atol=1e-5)
    crops = draw_crops(select_clips(cache.clips, CLIPS, "train"), 3, 3, "train")
    one = np.asarray(encoder(cache.crops(crops.first_frames[2], CROP_FRAMES)[..., None], training=False))
    np.testing.assert_allclose(arrays["train"][2], one, rtol=1e-4, atol=1e-5)


def test_shards_file_order_and_batch_size_change_nothing(tmp_path, encoder):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    first, tables = embed(
        tmp_path / "a", write_cache(tmp_path / "one", [["a", "b"], ["c", "d", "é 'q'"]]), encoder
    )
    shuffled = write_cache(tmp_path / "two", [["é 'q'", "b"], ["d"], ["c", "a"]])
    second, same_tables = embed(tmp_path / "b", shuffled, encoder, batch_size=7)
    for split in first:
        np.testing.assert_allclose(first[split], second[split], rtol=1e-5, atol=1e-6)
        pd.testing.assert_frame_equal(tables[split], same_tables[split])


def test_crops_stay_within_their_segment_and_reach_its_ends():
    present = pd.DataFrame({"clip": ["a", "b"], "first_frame": [1000, 0], "n_frames": [884, 398]})
    starts = draw_crops(present, 2000, seed=0, split="train").first_frames
    for row, (first, length) in enumerate([(1000, 392), (1392, 392), (0, 398)]):
        assert starts[row].min() == first
        assert starts[row].max() == first + length - CROP_FRAMES


def test_crops_depend_on_seed_and_split_alone():
    present = pd.DataFrame({"clip": ["a"], "first_frame": [0], "n_frames": [2910]})
    drawn = {
        key: draw_crops(present, 4, *key).first_frames
        for key in [(0, "train"), (1, "train"), (0, "validation")]
    }
    again = draw_crops(present, 4, 0, "train").first_frames
    np.testing.assert_array_equal(drawn[0, "train"], again)
    assert (drawn[1, "train"] != again).any() and (drawn[0, "validation"] != again).any()


def test_a_split_without_clips_gives_an_empty_array(tmp_path, encoder):
    cache = write_cache(tmp_path, [["a"]])
    arrays, indices = embed(tmp_path / "out", cache, encoder)
    assert arrays["validation"].shape == (0, 3, 5) and arrays["test"].shape == (0, 5)
    assert indices["test"].columns.tolist() == ["clip", "first_window", "n_windows"]


def test_windows_of_no_clips_are_none():
    empty = pd.DataFrame({"clip": [], "first_frame": [], "n_frames": []})
    assert window_crops(empty).first_frames.shape == (0,)


def test_clip_shorter_than_a_crop_is_an_error():
    cached = pd.DataFrame({"clip": ["a"], "first_frame": [0], "n_frames": [97]})
    with pytest.raises(CacheError, match="clip a: shorter than one crop"):
        select_clips(cached, CLIPS, "train")


def test_no_input_of_the_last_partial_batch_is_lost(encoder):
    inputs = np.random.default_rng(0).normal(size=(7, 98, 64, 1)).astype(np.float32)
    np.testing.assert_allclose(predict(encoder, inputs, 4), predict(encoder, inputs, 7), rtol=1e-5, atol=1e-6)


def test_file_of_any_rate_and_width_gives_a_row_a_second(tmp_path, encoder):
    waveform = np.random.default_rng(0).normal(size=(44100 * 3, 2)) * 0.1
    soundfile.write(tmp_path / "naïve song.flac", waveform, 44100)
    embedded = embed_file(tmp_path / "naïve song.flac", encoder)
    assert embedded.shape == (3, 5) and embedded.dtype == np.float32


def test_file_is_embedded_as_the_cached_clip_is(tmp_path, encoder):
    waveform = (np.random.default_rng(0).normal(size=33_000) * 0.1).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", waveform, 16000, subtype="FLOAT")
    windows = log_mel(waveform)[: 2 * CROP_FRAMES].reshape(2, CROP_FRAMES, 64, 1)
    np.testing.assert_allclose(
        embed_file(tmp_path / "a.wav", encoder), predict(encoder, windows, 2), rtol=1e-4
    )


@pytest.fixture(scope="module")
def of_slices(encoder):
    """The same encoder as one of CVSM: the name says so."""
    import keras

    return keras.Model(encoder.inputs, encoder.outputs, name="cvsm_encoder")


def test_encoder_of_cvsm_hears_a_file_and_a_cached_clip_in_the_same_slices(
    tmp_path, of_slices, real_recordings
):
    waveform = real_recordings["music"][0][: 13 * 16_000 + 5]
    soundfile.write(tmp_path / "d.wav", waveform, 16000, subtype="FLOAT")
    pd.DataFrame({"id": ["d"], "path": ["d.wav"]}).to_csv(tmp_path / "shard.csv", index=False)
    written = {name: tmp_path / name for name in ("mels.npy", "mels.csv", "rejected.csv")}
    cache_mixtures(
        tmp_path / "shard.csv", tmp_path, *written.values(), dtype="float32", workers=1, paper="cvsm"
    )
    cache = MelCache.open([written["mels.npy"]], [written["mels.csv"]])
    arrays, indices = embed(tmp_path / "out", cache, of_slices)
    assert indices["test"].to_numpy().tolist() == [["d", 0, 14]]
    of_file = embed_file(tmp_path / "d.wav", of_slices)
    np.testing.assert_allclose(arrays["test"], of_file, rtol=1e-4)
    second_slice = log_mel(waveform[80_000:160_000])
    alone = predict(of_slices, second_slice[None, 100:198, :, None], 1)
    np.testing.assert_allclose(of_file[6], alone[0], rtol=1e-4)


def test_training_crops_of_slices_lie_in_one_slice():
    present = pd.DataFrame({"clip": ["a", "b"], "first_frame": [0, 1394], "n_frames": [2 * 498 + 398, 398]})
    crops = draw_crops(present, 20_000, 0, "train", FRAMINGS["cvsm"])
    assert crops.index.to_numpy().tolist() == [["a", 0], ["a", 1], ["a", 2], ["b", 0]]
    assert crops.first_frames.min(axis=1).tolist() == [0, 498, 996, 1394]
    assert crops.first_frames.max(axis=1).tolist() == [400, 898, 1296, 1694]


def test_file_shorter_than_a_window_is_an_error(tmp_path, encoder):
    soundfile.write(tmp_path / "short.wav", np.zeros(15_000), 16000)
    with pytest.raises(AudioError, match=r"short\.wav: too short"):
        embed_file(tmp_path / "short.wav", encoder)
