"""The dealing of clips to shards."""

import os
import subprocess
import sys

import pytest

from mscol.datasets.shards import shard_names, shard_of


def test_names_count_from_zero_with_three_digits_or_more():
    assert shard_names(2) == ["000-of-002", "001-of-002"]
    assert shard_names(101)[7] == "007-of-101"
    assert shard_names(1000)[999] == "0999-of-1000"


def test_no_shards_at_all_is_refused():
    with pytest.raises(ValueError, match="at least one shard, not 0"):
        shard_names(0)


def test_shards_of_official_names_are_about_equally_full():
    counts = [0] * 10
    for number in range(10_000):
        counts[shard_of(f"{number:06d}", 10)] += 1
    assert min(counts) > 850 and max(counts) < 1150  # five standard deviations


def test_shard_depends_on_nothing_but_the_id():
    code = "from mscol.datasets.shards import shard_of; print(shard_of('Séculaire 7', 97))"
    for hash_seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        answer = subprocess.check_output([sys.executable, "-c", code], env=environment)
        assert int(answer) == shard_of("Séculaire 7", 97)


@pytest.mark.parametrize("module", ["shards", "watch"])
def test_module_for_rule_files_imports_neither_numpy_nor_pandas(module):
    code = (
        f"import sys, mscol.datasets.{module}; print({{'numpy', 'pandas', 'soundfile'}} & set(sys.modules))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"
