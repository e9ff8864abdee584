"""The figure of a mixture and its stems, from a mel cache of two shards."""

import numpy as np
import pandas as pd
import pytest
from pictures import illegible_texts, texts_of_svg

from mscol.errors import CacheError
from mscol.figures.log_mels import choose_excerpt, draw_log_mels, plot_log_mels
from mscol.io.arrays import RowWriter
from mscol.io.files import write_csv
from mscol.mels import SEGMENT_FRAMES
from mscol.mels.activity import SEGMENT_SAMPLES
from mscol.mels.cache import index_table
from mscol.separation import STEMS

QUIET, LOUD = 0.004, 0.2


@pytest.fixture
def cache(tmp_path):
    """Two clips in two shards: in "b" the vocals enter late, in "a" nothing changes; "c" is no training clip."""
    random = np.random.default_rng(0)
    files = {name: ([], []) for name in ("mixture", *STEMS)}
    activity = []
    for shard, clips in enumerate((["b", "c"], ["a"])):
        for name, (arrays, tables) in files.items():
            arrays.append(tmp_path / f"{shard}-{name}.npy")
            tables.append(tmp_path / f"{shard}-{name}.csv")
            with RowWriter(arrays[-1], (64,), "float32") as writer:
                mels = [random.normal(-5, 1, (3 * SEGMENT_FRAMES + 50, 64)).astype("float32") for _ in clips]
                rows = [(clip, writer.append(mel), len(mel)) for clip, mel in zip(clips, mels, strict=True)]
            write_csv(index_table(rows), tables[-1])
        table = pd.DataFrame(
            [(clip, segment) for clip in clips for segment in range(3)], columns=["clip", "segment"]
        )
        for suffix in ("", "_reference"):
            table[[stem + suffix for stem in STEMS]] = LOUD
            late = table["clip"].isin(["b", "c"]) & (table["segment"] < 2)
            table.loc[late, f"vocals{suffix}"] = QUIET
        activity.append(tmp_path / f"{shard}-activity.csv")
        write_csv(table, activity[-1])
    manifest = tmp_path / "clips.csv"
    write_csv(pd.DataFrame({"id": ["a", "b", "c"], "split": ["train", "train", "validation"]}), manifest)
    mixtures = files.pop("mixture")
    return {"clips": manifest, "mixtures": mixtures, "stems": files, "activity": activity}


def test_figure_says_which_stems_are_active_and_how_loud_they_are(cache, tmp_path):
    plot_log_mels(**cache, windows="aligned", threshold=0.01, paths=[tmp_path / "figure.svg"])
    printed = texts_of_svg(tmp_path / "figure.svg")
    assert {"b", "mixture", *STEMS, "time (s)", "natural log of the mel magnitude"} <= set(printed)
    assert printed.count("inactive 0.0040") == 2 and printed.count("active 0.2000") == 10


def test_figure_does_not_depend_on_the_order_of_shards(cache, tmp_path):
    def reverse(pair):
        return tuple(paths[::-1] for paths in pair)

    turned = {
        "clips": cache["clips"],
        "mixtures": reverse(cache["mixtures"]),
        "stems": {stem: reverse(pair) for stem, pair in cache["stems"].items()},
        "activity": cache["activity"][::-1],
    }
    for name, files in (("one.svg", cache), ("two.svg", turned)):
        plot_log_mels(**files, windows="reference", threshold=0.01, paths=[tmp_path / name])
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_dataset_without_stems_in_training_is_an_error(cache, tmp_path):
    write_csv(pd.DataFrame({"id": ["a", "b", "c"], "split": "validation"}), cache["clips"])
    with pytest.raises(CacheError, match="no training clip has stems"):
        plot_log_mels(**cache, windows="aligned", threshold=0.01, paths=[tmp_path / "figure.svg"])


def _magnitudes(clip, vocals):
    table = pd.DataFrame({"clip": clip, "segment": range(len(vocals)), **dict.fromkeys(STEMS, LOUD)})
    return table.assign(vocals=vocals)


def test_clip_with_the_most_variation_is_chosen_and_the_first_among_equals():
    tables = [
        _magnitudes("a", [LOUD] * 4),
        _magnitudes("d", [QUIET, QUIET, LOUD, LOUD]),
        _magnitudes("c", [LOUD, QUIET, LOUD, QUIET]),
    ]
    for order in (tables, tables[::-1]):
        assert choose_excerpt(pd.concat(order), 0.01) == ("c", 0)


def test_long_clip_is_shown_where_its_stems_change():
    assert choose_excerpt(_magnitudes("a", [LOUD] * 20 + [QUIET] * 10), 0.01) == ("a", 16)


def _drawn(stems=STEMS, first_segment=0, clip="a"):
    magnitudes = _magnitudes("a", [QUIET, LOUD] * 4).set_index("segment")[list(stems)]
    magnitudes.index += first_segment
    mels = {
        name: np.linspace(-11, 1, 8 * SEGMENT_FRAMES * 64).reshape(-1, 64) for name in ("mixture", *stems)
    }
    return draw_log_mels(mels, magnitudes, 0.01, SEGMENT_SAMPLES / 16_000, clip)


@pytest.mark.parametrize("first_segment", [0, 16])
def test_axes_are_in_seconds_and_no_text_is_cut_off(first_segment):
    clip = "8/jacob_heringman-josquin_des_prez_lute_settings-19-gintzler__pater_noster-204-233" * 2
    figure = _drawn(first_segment=first_segment, clip=clip)
    assert figure.axes[0].get_xlim() == pytest.approx((first_segment * 3.92, (first_segment + 8) * 3.92))
    assert illegible_texts(figure) == []


def test_dollars_in_the_name_of_a_clip_are_no_formula():
    assert illegible_texts(_drawn(clip="rap/a$ap_{$.mp3")) == []


@pytest.mark.parametrize("stems", [["vocals"], STEMS])
def test_what_says_when_a_stem_is_active_hangs_on_its_own_picture(stems):
    figure = _drawn(stems)
    assert illegible_texts(figure) == []
    mixture, *pictures = figure.axes[: 1 + len(stems)]
    assert not mixture.child_axes and [picture.get_ylabel() for picture in pictures] == list(stems)
    strips = [picture.child_axes[0] for picture in pictures]
    for picture, strip, below in zip(pictures, strips, [*pictures[1:], None], strict=True):
        assert [label.get_text() for label in strip.get_yticklabels()] == ["active?"]
        bottom, top = picture.bbox.y0, strip.get_window_extent().y1
        assert abs(bottom - top) < 1
        assert below is None or strip.get_window_extent().y0 - below.bbox.y1 > 10
    assert strips[-1].get_xlabel() == "time (s)"
