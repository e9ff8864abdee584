import pytest
from small_task import CLASSES, TAGS

from mscol.errors import DatasetError
from mscol.scores.labels import choose_labelled, encode_labels


def test_labels_become_targets():
    assert encode_labels(["organ", "bass"], CLASSES, "classification").tolist() == [2, 0]
    assert encode_labels(["no vocals;loud", ""], TAGS, "tagging").tolist() == [[1, 0, 1], [0, 0, 0]]


@pytest.mark.parametrize(("label", "task"), [("kazoo", "classification"), ("loud;kazoo", "tagging")])
def test_unknown_label_is_an_error(label, task):
    with pytest.raises(DatasetError, match="label 'kazoo'"):
        encode_labels([label], CLASSES + TAGS, task)


CLIPS = [f"{number:03}" for number in range(100)]
LABELS = ["common"] * 90 + ["rare"] * 10


def test_fraction_of_labels_is_stratified_nested_and_independent_of_order():
    tenth = choose_labelled(CLIPS, LABELS, CLIPS, "classification", 0.1, seed=1)
    assert len(tenth) == 10 and sum(clip >= "090" for clip in tenth) == 1
    assert tenth == choose_labelled(CLIPS[::-1], LABELS[::-1], CLIPS[::-1], "classification", 0.1, seed=1)
    half = choose_labelled(CLIPS, LABELS, CLIPS, "classification", 0.5, seed=1)
    assert len(half) == 50 and set(tenth) < set(half)
    assert tenth != choose_labelled(CLIPS, LABELS, CLIPS, "classification", 0.1, seed=2)


def test_each_class_keeps_a_clip_however_small_the_fraction():
    chosen = choose_labelled(CLIPS, LABELS, CLIPS, "classification", 0.001, seed=1)
    assert len(chosen) == 2 and {clip >= "090" for clip in chosen} == {False, True}


def test_fraction_of_tagged_clips_counts_clips():
    assert len(choose_labelled(CLIPS, ["a;b"] * 50 + [""] * 50, CLIPS, "tagging", 0.2, seed=1)) == 20
    assert choose_labelled(CLIPS, [""] * 100, CLIPS, "tagging", 1.0, seed=1) == CLIPS


def test_fraction_of_labels_takes_whole_groups():
    instruments = [f"{label} {number // 5}" for number, label in enumerate(LABELS)]
    for fraction, expected in ((0.1, 10 + 5), (0.5, 45 + 5), (1.0, 100)):
        chosen = choose_labelled(CLIPS, LABELS, instruments, "classification", fraction, seed=1)
        assert len(chosen) == expected  # of 90 and of 10 clips, in groups of five
        taken = {instruments[int(clip)] for clip in chosen}
        assert len(chosen) == 5 * len(taken)
    songs = [str(number // 4) for number in range(100)]
    chosen = choose_labelled(CLIPS, [""] * 100, songs, "tagging", 0.1, seed=1)
    assert len(chosen) in (8, 12) and len({songs[int(clip)] for clip in chosen}) == len(chosen) / 4
