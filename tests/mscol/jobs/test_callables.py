"""Functions of users, loaded from modules and files."""

import sys

import numpy as np
import pytest

from mscol.embeddings.baselines import mfcc
from mscol.errors import ConfigError
from mscol.jobs.callables import load_callable


@pytest.mark.parametrize(
    ("code", "trace"),
    [
        ("def embed(waveform)\n    return 0", ['  File "{file}", line 1', "SyntaxError: expected ':'"]),
        (
            "import nowhere_at_all",
            ['  File "{file}", line 1, in <module>', "ModuleNotFoundError: No module named"],
        ),
        ("import sys\nsys.exit(3)", ['  File "{file}", line 2, in <module>', "SystemExit: 3"]),
    ],
)
def test_module_that_cannot_be_imported_shows_where(tmp_path, code, trace):
    file = tmp_path / "theirs.py"
    file.write_text(code)
    with pytest.raises(ConfigError) as raised:
        load_callable(f"{file}:embed")
    sentence, *lines = str(raised.value).splitlines()
    assert "theirs.py' cannot be imported (" in sentence and sentence.endswith("):")
    place, error = trace
    assert [line for line in lines if line.startswith("  File")] == [place.format(file=file)]
    assert lines[-1].startswith(error)


def test_functions_are_found_in_modules_and_files(tmp_path):
    assert load_callable("mscol.embeddings.baselines:mfcc") is mfcc
    (tmp_path / "mine.py").write_text("def embed(waveform):\n    return waveform[:, None]\n")
    assert load_callable(f"{tmp_path}/mine.py:embed")(np.ones(3)).shape == (3, 1)
    assert "mine" not in sys.modules
    # As in any script: a neighbour is imported, and what looks a class up by its module finds it.
    (tmp_path / "neighbour.py").write_text("FACTOR = 3\n")
    (tmp_path / "whole.py").write_text(
        "from __future__ import annotations\nimport dataclasses, pickle\nfrom neighbour import FACTOR\n"
        "@dataclasses.dataclass\nclass Encoder:\n    factor: int\n"
        "def embed(waveform):\n    return pickle.loads(pickle.dumps(Encoder(FACTOR))).factor * waveform[:, None]\n"
    )
    assert load_callable(f"{tmp_path}/whole.py:embed")(np.ones(3)).sum() == 9
    (tmp_path / "wrong.py").write_text("def embed(waveform)\n")
    for name, message in (
        ("mscol.embeddings.baselines:mfc", "has no function 'mfc'"),
        ("nowhere.at.all:mfcc", "'nowhere.at.all' cannot be imported"),
        (f"{tmp_path}/none.py:embed", "none.py' cannot be imported"),
        (f"{tmp_path}/wrong.py:embed", r"wrong.py' cannot be imported \(SyntaxError"),
    ):
        with pytest.raises(ConfigError, match=message):
            load_callable(name)
