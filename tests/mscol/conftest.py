"""Real recordings for the tests of the library."""

from pathlib import Path

import pytest

from mscol.audio import load_mono

PACK = Path(__file__).parents[3] / "shared" / "real_audio"


@pytest.fixture(scope="session")
def real_recordings():
    """Real waveforms at 16 kHz: excerpts of music, up to half a minute each, and notes."""
    if not PACK.is_dir():
        pytest.skip(f"there is no pack of real recordings at {PACK}")
    music = sorted(PACK.glob("excerpts/*"))
    notes = [sorted(folder.glob("*"))[0] for folder in sorted(PACK.glob("notes/*"))]
    load = {"music": music, "notes": notes}
    return {kind: [load_mono(path)[: 30 * 16_000] for path in paths] for kind, paths in load.items()}
