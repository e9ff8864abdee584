"""Exported encoders compute what the encoder does, run without Keras, and say how they hear music."""

import functools
import json
import multiprocessing
import os
import re
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from mscol.__main__ import main
from mscol.embeddings.export import weights_digest
from mscol.embeddings.files import embed_file, window_log_mels
from mscol.errors import TrainingError
from mscol.exporting.about import WAVEFORMS, describe
from mscol.exporting.conversion import convert, prepare
from mscol.exporting.export import LARGEST_DIFFERENCE, export_encoder
from mscol.exporting.formats import FORMATS
from mscol.exporting.onnx_encoder import load_onnx_encoder
from mscol.exporting.runtimes import open_exported
from mscol.io.audio import ANALYSIS_RATE
from mscol.mels import SHORTEST_SAMPLES
from mscol.mels.framing import framing_of
from mscol.papers import PAPERS
from mscol.synthesis.composition import compose
from mscol.synthesis.rendering import render

ROOT = Path(__file__).parents[3]
# Each takes half a minute to write.
EACH_FORMAT = ["onnx", *(pytest.param(name, marks=pytest.mark.slow) for name in ("torch", "savedmodel"))]
# A finder that stands before all others: what it names is not there.
BLOCKING = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocked())
"""


@pytest.fixture(scope="module")
def encoders():
    """A small encoder of each paper."""
    from mscol.model import build_encoder

    crops = np.random.default_rng(0).normal(-8, 2, (64, 98, 64, 1)).astype(np.float32)
    built = {paper: build_encoder(0.1, 0.1, momentum=0.5, paper=paper) for paper in PAPERS}
    for paper, encoder in built.items():
        encoder(crops, training=True)
        encoder.clip_seconds = 29.125 if paper == "mscol" else None
    return built


@pytest.fixture(scope="module")
def exported(encoders, tmp_path_factory):
    """Files in a format, of both encoders with the log-mels inside, and of one without: a function of paper, format, input."""
    folder = tmp_path_factory.mktemp("exported")

    @functools.cache
    def files(name):
        paths = {}
        with ProcessPoolExecutor(
            1, multiprocessing.get_context("spawn"), prepare, (FORMATS[name].backend,)
        ) as pool:
            for paper, waveform in (("mscol", False), ("mscol", True), ("cvsm", True)):
                about = describe(encoders[paper], {"model": "mixture", "seed": 1}, waveform)
                path = folder / f"{paper}_{name}_{about['input']}{FORMATS[name].suffix}"
                encoders[paper].save(folder / f"{paper}.keras")
                pool.submit(convert, folder / f"{paper}.keras", name, path, about).result()
                paths[paper, about["input"]] = path
        return paths

    return lambda paper, name, taken: files(name)[paper, taken]


@pytest.fixture(scope="module")
def music():
    """Twelve seconds, at 16 kHz."""
    return render(compose("rock", 13, 0), 0, 13, ANALYSIS_RATE, 1, mix=True)["mixture"][:, 0]


@pytest.mark.parametrize("name", EACH_FORMAT)
@pytest.mark.parametrize("paper", PAPERS)
def test_export_embeds_waveforms_of_any_length_as_the_encoder_does(encoders, exported, music, paper, name):
    run = open_exported(name, exported(paper, name, "waveforms"))
    encoder = encoders[paper]
    # One window; short of a second one; a slice of 5 s and too little of another; some, and a second one not whole
    for n_samples in (SHORTEST_SAMPLES, 31_000, 95_000, 193_000):
        clips = np.stack([music[:n_samples], 5 * music[-n_samples:]])
        values = run(clips)
        for clip, found in zip(clips, values, strict=True):
            crops = window_log_mels(clip, "clip", framing_of(encoder))[..., None]
            expected = encoder.predict_on_batch(crops)
            assert found.shape == expected.shape and found.dtype == np.float32
            np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())
        np.testing.assert_allclose(run(clips[:1]), values[:1], atol=1e-4 * np.abs(values).max())


@pytest.mark.parametrize("name", EACH_FORMAT)
def test_export_embeds_any_number_of_crops_as_the_encoder_does(encoders, exported, music, name):
    run = open_exported(name, exported("mscol", name, "crops"))
    crops = window_log_mels(music, "music")[..., None]
    expected = encoders["mscol"].predict_on_batch(crops)
    for n in (1, 5, len(crops)):
        np.testing.assert_allclose(run(crops[:n]), expected[:n], atol=1e-4 * np.abs(expected).max())


def test_export_agrees_on_real_recordings(encoders, exported, real_recordings):
    run = open_exported("onnx", exported("mscol", "onnx", "waveforms"))
    for waveform in real_recordings["music"]:
        expected = encoders["mscol"].predict_on_batch(window_log_mels(waveform, "clip")[..., None])
        np.testing.assert_allclose(
            run(waveform[None])[0], expected, atol=LARGEST_DIFFERENCE[WAVEFORMS] * np.abs(expected).max()
        )


@pytest.mark.slow
def test_every_file_says_how_it_hears_music_and_which_encoder_it_is(encoders, exported):
    import torch

    found = {"torch": {"mscol.json": ""}}
    torch.export.load(exported("cvsm", "torch", "waveforms"), extra_files=found["torch"])
    texts = {
        "torch": found["torch"]["mscol.json"],
        "savedmodel": (exported("cvsm", "savedmodel", "waveforms") / "mscol.json").read_text(),
    }
    for about in map(json.loads, texts.values()):
        assert about == describe(encoders["cvsm"], {"model": "mixture", "seed": 1}, waveform=True)
        assert about["weights_sha256"] == weights_digest(encoders["cvsm"]) and about["paper"] == "cvsm"
        assert about["sample_rate"] == 16_000 and about["slice_seconds"] == 5 and about["name"] == "mixture"


def test_command_line_exports_and_embeds_with_onnxruntime_alone(encoders, music, tmp_path, caplog):
    folder = tmp_path / "model"
    folder.mkdir()
    encoders["mscol"].save(folder / "encoder.keras")
    (folder / "run.json").write_text(json.dumps({"model": "mixture", "clip_seconds": 5}))
    soundfile.write(tmp_path / "song.wav", music, ANALYSIS_RATE)
    with caplog.at_level("INFO"):
        assert main(["export", str(folder), "--to", "onnx", "-o", str(tmp_path / "encoder.onnx")]) == 0
    assert re.search(r"encoder.onnx differs from the encoder by \d.\de-\d+ of the largest value", caplog.text)
    frameworks = {"keras", "tensorflow", "torch", "jax", "onnx"}
    code = BLOCKING.format(blocked=frameworks) + (
        "from mscol.__main__ import main\n"
        "code = main(['embed', 'song.wav', '--encoder', 'encoder.onnx', '-o', 'out.parquet', '--threads', '1'])\n"
        f"assert code == 0 and not {frameworks} & set(sys.modules)"
    )
    run_code(code, tmp_path, ROOT / "workflow_scripts")
    from mscol.model import load_encoder

    expected = embed_file(tmp_path / "song.wav", load_encoder(folder / "encoder.keras"))
    table = pd.read_parquet(tmp_path / "out.parquet")
    values = np.stack(table["embedding"])
    np.testing.assert_allclose(values, expected, atol=1e-4 * np.abs(expected).max())
    assert weights_digest(load_onnx_encoder(tmp_path / "encoder.onnx")) == weights_digest(encoders["mscol"])


@pytest.mark.slow
def test_what_computes_something_else_is_not_written(encoders, tmp_path):
    class Off:
        """An encoder that computes by a thousandth more than what it saves."""

        def __getattr__(self, name):
            return getattr(encoders["mscol"], name)

        def predict_on_batch(self, crops):
            return 1.001 * encoders["mscol"].predict_on_batch(crops)

    with pytest.raises(
        TrainingError, match=r"not written, because the export differs from the encoder by 1.0e-03"
    ):
        export_encoder(Off(), "savedmodel", tmp_path / "out" / "encoder")
    assert not list((tmp_path / "out").iterdir())


def test_unusable_onnx_file_is_an_error(exported, tmp_path, monkeypatch, caplog):
    import onnx

    with pytest.raises(TrainingError, match="takes waveforms, .* without --waveform"):
        load_onnx_encoder(exported("mscol", "onnx", "waveforms"))
    foreign = onnx.load(exported("mscol", "onnx", "crops"))
    del foreign.metadata_props[:]
    onnx.save(foreign, tmp_path / "foreign.onnx")
    with pytest.raises(TrainingError, match=r"foreign.onnx: has no mscol metadata"):
        load_onnx_encoder(tmp_path / "foreign.onnx")
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    with pytest.raises(TrainingError, match=r"broken.onnx: damaged, or not an ONNX model"):
        load_onnx_encoder(tmp_path / "broken.onnx")
    with pytest.raises(TrainingError, match="an encoder of the paper mscol, not cvsm"):
        load_onnx_encoder(exported("mscol", "onnx", "crops"), "cvsm")
    with pytest.raises(TrainingError, match=r"gone.onnx: there is no such file"):
        load_onnx_encoder(tmp_path / "gone.onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    encoder = exported("mscol", "onnx", "crops")
    assert main(["embed", "x.wav", "--encoder", str(encoder), "-o", str(tmp_path / "x.csv")]) == 1
    assert "onnxruntime is required but not installed. Install it: pip install" in caplog.text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--to", "onnx", "-o", "out.pt2"], "out.pt2: use a name that ends in .onnx"),
        (["--to", "savedmodel", "-o", "out.onnx"], "out.onnx: a SavedModel is a folder"),
        (["--to", "onnx", "-o", "out.onnx"], "nowhere: not found"),
    ],
)
def test_invalid_options_of_export_are_reported(capsys, arguments, message):
    with pytest.raises(SystemExit, match="2"):
        main(["export", "nowhere", *arguments])
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("name", EACH_FORMAT)
def test_example_of_the_docs_runs_without_mscol(exported, music, tmp_path, name):
    page = (ROOT / "docs" / "export.md").read_text()
    code = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[[*FORMATS].index(name)]
    (tmp_path / f"encoder{FORMATS[name].suffix}").symlink_to(exported("mscol", name, "waveforms"))
    soundfile.write(tmp_path / "song.wav", music, ANALYSIS_RATE)
    not_needed = (
        {"mscol"} if name == "savedmodel" else {"mscol", "keras"}
    )  # TensorFlow imports the Keras that it brings
    code += f"\nimport sys\nassert not {not_needed} & set(sys.modules)"
    printed = run_code(code, tmp_path)
    assert "(13, 128)" in printed or "([13, 128])" in printed


def run_code(code, folder, *paths):
    """Run Python in a process of its own, in a folder; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": ":".join(map(str, paths))},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
