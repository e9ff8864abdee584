"""Whether a function of a user's can be imported, found out without running it."""

import re

import pytest

from mscol.config.functions import check_imports
from mscol.errors import ConfigError

KEY = "encoders/mine/callable"


@pytest.fixture
def check(tmp_path, monkeypatch):
    """Return what writes files and checks the first of them, or a module by its name."""

    def check(module=None, **files):
        for name, code in files.items():
            (tmp_path / f"{name}.py").write_text(code)
        check_imports(KEY, f"{module or tmp_path / next(iter(files))}{'' if module else '.py'}:embed")

    monkeypatch.syspath_prepend(tmp_path)
    return check


@pytest.mark.parametrize(
    "code",
    [
        "import numpy.linalg, os.path as p\nfrom __future__ import annotations\nfrom . import beside\nimport __main__, sys",
        "try:\n    import nowhere\nexcept ImportError:\n    nowhere = None",
        "import typing\nif typing.TYPE_CHECKING:\n    import nowhere\ndef embed(waveform):\n    import nowhere",
        "import sys\nsys.path.insert(0, '/my/code')\nimport nowhere",
        "import paths\nimport nowhere",
        "raise SystemExit('it is not run')",
    ],
)
def test_what_may_be_importable_in_a_job_is_let_through(check, code):
    check(mine=code, paths="import sys; sys.path.append('/my/code')")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"mine": "import numpy\nimport nowhere.at.all"},
            r"line 2 of .*mine\.py imports 'nowhere.at.all', which is not in this",
        ),
        (
            {"mine": "from nowhere import all"},
            r"line 1 of .*mine\.py imports 'nowhere'.* put it into the folder of",
        ),
        (
            {"mine": "import beside", "beside": "import mine\nimport nowhere"},
            r"line 2 of .*beside\.py imports 'nowhere'",
        ),
        (
            {"mine": "import beside", "beside": "def broken(:"},
            r".*beside\.py' is not valid Python [^^]*line 1\n +def broken",
        ),
    ],
)
def test_what_no_job_could_import_is_named_with_file_and_line(check, files, message):
    with pytest.raises(ConfigError, match=f"config key '{KEY}': {message}"):
        check(**files)


def test_modules_are_found_without_importing_them(check, tmp_path):
    package = tmp_path / "theirs"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('it is not run')")
    (package / "encoder.py").write_text("def embed(waveform): ...")
    check("theirs.encoder")
    for module, message in (
        ("nowhere", "there is no module 'nowhere' in this environment"),
        ("theirs.decoder", "there is no module 'theirs.decoder'"),
        ("theirs", re.escape(f"'{package / '__init__.py'}' has no function 'embed'")),
    ):
        with pytest.raises(ConfigError, match=message):
            check(module)


def test_the_built_in_function_passes():
    check_imports(KEY, "mscol.embeddings.baselines:mfcc")
