"""Digests: what makes results stale, and what must not."""

import re
import shutil
from pathlib import Path

import pytest

from mscol.graph import digests
from mscol.graph.digests import file_digest
from mscol.jobs.versions import git_commit

SCRIPTS = Path(__file__).parents[3] / "workflow_scripts"


@pytest.fixture
def workflow(tmp_path, monkeypatch):
    """A copy of workflow_scripts that may be edited; returns a function that digests anew."""
    copy = tmp_path / "workflow_scripts"
    shutil.copytree(SCRIPTS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(digests, "_SCRIPTS", copy)

    def digest(*names):
        for cached in vars(digests).values():
            if hasattr(cached, "cache_clear"):
                cached.cache_clear()
        return digests.library_fingerprint(*names)

    yield copy, digest
    digest("write_config.py")  # leaves no digest of the copy behind


def edit(path, before, after):
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def test_changed_line_of_an_imported_module_changes_the_digest(workflow):
    copy, digest = workflow
    scripts = (
        "cache_mixture_mels.py",
        "cache_stem_mels.py",
        "make_demo_dataset.py",
        "write_results_table.py",
    )
    before = {script: digest(script) for script in scripts}
    edit(copy / "mscol" / "mels" / "spectrogram.py", "HOP_SAMPLES = 160", "HOP_SAMPLES = 161")
    changed = {script for script in scripts if digest(script) != before[script]}
    assert changed == {"cache_mixture_mels.py", "cache_stem_mels.py"}


def test_changed_line_of_a_script_changes_its_own_digest(workflow):
    copy, digest = workflow
    before = digest("resample_stems.py"), digest("cache_mixture_mels.py")
    with open(copy / "resample_stems.py", "a") as script:
        script.write("# A comment.\n")
    assert digest("resample_stems.py") == before[0]
    with open(copy / "resample_stems.py", "a") as script:
        script.write("assert True\n")
    assert digest("resample_stems.py") != before[0] and digest("cache_mixture_mels.py") == before[1]


def test_every_rule_with_a_script_has_a_digest_of_it():
    # Otherwise a changed script would go unnoticed: the default profile leaves the dates of scripts out.
    rules = "".join(path.read_text() for path in (SCRIPTS.parent / "rules").glob("*.smk"))
    blocks = [
        block for block in re.split(r"^(?:rule|checkpoint) ", rules, flags=re.M)[1:] if "script:" in block
    ]
    without = [block.partition(":")[0] for block in blocks if not re.search(r"^        code=", block, re.M)]
    assert len(blocks) > 25 and without == ["pretrain_encoder"]  # whose plan has it


def test_comments_and_docstrings_do_not_change_the_digest(workflow):
    copy, digest = workflow
    before = digest("cache_mixture_mels.py")
    edit(
        copy / "mscol" / "mels" / "spectrogram.py",
        "HOP_SAMPLES = 160  # 10 ms",
        "HOP_SAMPLES = 160  # a hundredth of a second",
    )
    edit(
        copy / "mscol" / "mels" / "spectrogram.py",
        "Compute the log-mel spectrogram",
        "Work out the log-mel spectrogram",
    )
    assert digest("cache_mixture_mels.py") == before


def test_edit_in_one_layout_leaves_the_others_as_they_are(workflow):
    copy, digest = workflow
    layouts = ("mtat", "nsynth", "fma", "table")
    before = {name: digest("write_manifest.py", f"mscol.datasets.{name}") for name in layouts}
    assert len(set(before.values())) == len(layouts)
    reader = copy / "mscol" / "datasets" / "nsynth.py"
    reader.write_text(reader.read_text() + "\nMORE = 1\n")
    changed = [
        name for name in layouts if digest("write_manifest.py", f"mscol.datasets.{name}") != before[name]
    ]
    assert changed == ["nsynth"]


def test_edit_of_the_synthetic_music_concerns_only_its_maker(workflow):
    copy, digest = workflow
    scripts = [path.name for path in copy.glob("*.py")]
    before = {script: digest(script) for script in scripts}
    module = copy / "mscol" / "synthesis" / "instruments.py"
    module.write_text(module.read_text() + "\nMORE = 1\n")
    assert [script for script in scripts if digest(script) != before[script]] == ["make_demo_dataset.py"]


def test_file_digest_follows_content_and_tells_missing_files(tmp_path):
    path = tmp_path / "x.csv"
    missing = file_digest(path)
    path.write_text("a")
    first = file_digest(path)
    path.write_text("b")
    assert len({missing, first, file_digest(path)}) == 3
    path.write_text("a")
    assert file_digest(path) == first


@pytest.mark.skipif(not (SCRIPTS.parent / ".git").exists(), reason="this is no git checkout")
def test_commit_is_that_of_the_checkout():
    assert len(git_commit().removesuffix("-dirty")) == 40
