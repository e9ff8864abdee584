"""What would fail later is refused before the first job: arrays that would wait for ever, a Python that jobs would not find."""

import pytest

from mscol.errors import ConfigError
from mscol.graph.start import check_arrays, check_interpreter

JOBS = {"cache_mixture_mels": 352, "separate_stems": 256, "all": 1}


def test_arrays_whose_jobs_may_all_start_are_accepted():
    check_arrays("cache_mixture_mels", JOBS, at_once=352, turns={"separate_stems": 16})
    check_arrays("separate_stems; convert_to_wav", JOBS, at_once=1000, turns={"separate_stems": 256})
    check_arrays("all", JOBS, at_once=352, turns={})


@pytest.mark.parametrize("rules", ["cache_mixture_mels", "separate_stems, cache_mixture_mels", "all"])
def test_array_of_more_jobs_than_may_be_submitted_is_refused(rules):
    with pytest.raises(ConfigError, match="all of its 352 jobs, but --jobs 100 .* Use --jobs 352 or more"):
        check_arrays(rules, JOBS | {"separate_stems": 2}, at_once=100, turns={})


def test_array_of_jobs_that_take_turns_is_refused():
    with pytest.raises(
        ConfigError, match="256 jobs, but --resources shards_in_flight=16 .* Remove separate_stems"
    ):
        check_arrays("separate_stems", JOBS, at_once=1000, turns={"separate_stems": 16})


def test_python_in_a_folder_with_a_space_is_refused():
    check_interpreter("/home/me/mscol-1.0/.venv/bin/python3.11")
    for path in ("/home/My Music/mscol/.venv/bin/python", "/home/me/a&b/bin/python"):
        with pytest.raises(ConfigError, match="Move the project to a folder without it"):
            check_interpreter(path)
