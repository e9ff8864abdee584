"""How much audio is separated at once, and copies of stems. What needs a GPU is measured by benchmarks/separation.py."""

import pytest
import torch

from mscol.separation.memory import HostCopy, choose_batch_seconds, seconds_that_fit
from mscol.separation.separator import load_separator


def test_what_lies_on_the_cpu_is_not_copied():
    stems = torch.ones(4, 1, 10)
    copy = HostCopy(stems)
    assert copy.wait() is stems and copy.nbytes == 160


def test_auto_is_the_same_on_every_cpu_and_a_number_is_taken_as_it_is(separator_folder):
    separator = load_separator(separator_folder, device="cpu")
    assert choose_batch_seconds("auto", separator, channels=2) == 240
    assert choose_batch_seconds(45, separator, channels=2) == 45


@pytest.mark.parametrize("channels", [1, 2])
def test_batches_grow_with_free_memory_between_bounds(channels):
    seconds = [seconds_that_fit(gigabytes * 1e9, 512, channels) for gigabytes in (0.01, 2, 4, 8, 140)]
    assert seconds == sorted(seconds) and seconds[0] == 30 and seconds[-1] == 960 / channels
    # What was measured to take 5.6 GiB (mono) and 6.7 GiB (stereo) must fit into a little more.
    assert 700 / channels < seconds_that_fit(7.5 * 2**30, 512, channels) <= 960 / channels


def test_larger_networks_leave_less_room_for_audio():
    sizes = (64, 512, 1024, 2048)
    seconds = [seconds_that_fit(4e9, size, channels=1) for size in sizes]
    assert seconds[0] == seconds[1] > seconds[2] == seconds[3]
