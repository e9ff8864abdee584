"""A small mel cache to pretrain on."""

import pytest
from tiny_runs import write_cache


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """The folder of a small mel cache and its manifest."""
    folder = tmp_path_factory.mktemp("cache")
    write_cache(folder)
    return folder
