"""Dates in the future are seen as Snakemake sees them, and told."""

import os
import time

import pytest

from mscol.errors import ConfigError
from mscol.graph.dates import check_dates, in_future, not_in_future, tell_dates

LATER = time.time() + 86_400


def dated(path, date, links=False):
    os.utime(path, (date, date), follow_symlinks=not links)
    return str(path)


@pytest.fixture
def files(tmp_path):
    """A file of today, one of tomorrow, and one that does not exist."""
    for name in ("today", "tomorrow"):
        (tmp_path / name).write_text(name)
    dated(tmp_path / "tomorrow", LATER)
    return [str(tmp_path / name) for name in ("tomorrow", "today", "nowhere")]


def test_files_of_the_future_are_recognised(files):
    assert in_future(files) == files[:1]
    assert not_in_future(files) == files[1:]


def test_their_digest_changes_with_their_content_and_date(files):
    told = tell_dates(files[:1])
    assert told.startswith(f"{files[0]}, dated 2") and told.endswith(", 8 bytes")
    dated(files[0], LATER + 1)
    assert tell_dates(files[:1]) != told


def test_a_link_is_as_late_as_itself_or_its_file(files, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(files[0])
    assert in_future([str(link)]) == [str(link)]
    link.unlink()
    link.symlink_to(files[1])
    assert in_future([str(link)]) == []
    dated(link, LATER, links=True)
    assert in_future([str(link)]) == [str(link)]


def test_a_folder_that_a_job_made_is_as_late_as_snakemake_noted(tmp_path):
    (tmp_path / ".snakemake_timestamp").touch()
    dated(tmp_path, LATER)
    assert in_future([str(tmp_path)]) == []


def test_first_file_of_the_future_is_named_with_what_to_do(files, tmp_path):
    check_dates(files[1:])
    (tmp_path / "a").touch()
    dated(tmp_path / "a", LATER)
    with pytest.raises(ConfigError, match=r"/a: dated .* in the future \(and 1 more\)\. .* \(touch\)"):
        check_dates([*files, str(tmp_path / "a")])
