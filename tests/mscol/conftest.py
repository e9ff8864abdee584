"""Real recordings, and scores of small tasks as files of earlier stages."""

import json
from pathlib import Path

import numpy as np
import pytest
from small_tables import save

from mscol.io.audio import load_mono

PACK = Path(__file__).parents[3] / "shared" / "real_audio"


@pytest.fixture(scope="session")
def real_pack():
    """The folder of real recordings: songs, excerpts, notes, odd files."""
    if not PACK.is_dir():
        pytest.skip(f"there is no pack of real recordings at {PACK}")
    return PACK


@pytest.fixture(scope="session")
def real_recordings(real_pack):
    """Real waveforms at 16 kHz: excerpts of music, up to half a minute each, and notes."""
    music = sorted(real_pack.glob("excerpts/*"))
    notes = [sorted(folder.glob("*"))[0] for folder in sorted(real_pack.glob("notes/*"))]
    load = {"music": music, "notes": notes}
    return {kind: [load_mono(path)[: 30 * 16_000] for path in paths] for kind, paths in load.items()}


@pytest.fixture(scope="session")
def songs(real_pack):
    """Whole songs at 16 kHz, of 51, 190 and 288 s, by name."""
    names = ("monkey_shines", "northern_star", "on_the_run")
    return {name: load_mono(next(real_pack.glob(f"songs/*{name}*"))) for name in names}


@pytest.fixture(scope="session")
def encoder_file(tmp_path_factory):
    """A small encoder of random weights, which tells sounds apart."""
    from mscol.model import build_encoder, save_encoder

    path = tmp_path_factory.mktemp("model") / "encoder.keras"
    encoder = build_encoder(0.1, 0.1, momentum=0.5)
    encoder(np.random.default_rng(0).normal(-8, 2, (64, 98, 64, 1)).astype(np.float32), training=True)
    save_encoder(encoder, path)
    return path


@pytest.fixture
def tagged(tmp_path):
    """Scores of two seeds on 60 clips, 40 of them cleaned; the third tag never occurs."""
    generator = np.random.default_rng(0)
    labels = np.zeros((60, 3), np.uint8)
    labels[:40, :2] = generator.integers(2, size=(40, 2))
    paths = []
    for seed in (0, 1):
        path = tmp_path / f"scores{seed}.npz"
        windows = np.repeat(labels, 2, axis=0) * 0.4 + generator.random((120, 3)) * 0.5
        save(path, labels, windows, [2] * 60, cleaned=[1] * 40 + [0] * 20)
        paths.append(path)
    about = write_about(tmp_path, "tagging", ["rock", "slow", "sitar"])
    return paths, about


@pytest.fixture
def classified(tmp_path):
    path = tmp_path / "classes.npz"
    # Windows 2, 1, 1, 2: sums [1, 4], [3, 1], [0, 2], [2, 3]; truth 0, 0, 1, 1.
    windows = [[1, 0], [0, 4], [3, 1], [0, 2], [1, 1], [1, 2]]
    save(path, np.array([0, 0, 1, 1]), np.array(windows, float), [2, 1, 1, 2], cleaned=[1] * 4)
    return [path], write_about(tmp_path, "classification", ["bass", "flute"])


def write_about(folder, task, labels):
    path = folder / f"{task}.json"
    path.write_text(json.dumps({"task": task, "labels": labels}))
    return path
