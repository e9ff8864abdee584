import numpy as np
import pytest

pytest.importorskip("mteb", reason="mteb is not installed")

import mteb
from datasets import Dataset, DatasetDict
from mteb.abstasks.classification import AbsTaskClassification
from mteb.abstasks.task_metadata import TaskMetadata
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mscol.hear import get_scene_embeddings
from mscol.mteb import MtebEncoder

RATES = {"low": 200, "high": 3000}


class Tones(AbsTaskClassification):
    """Low tones from high ones, made here."""

    metadata = TaskMetadata(
        name="Tones", description="low or high", dataset={"path": "made/here", "revision": "1"}, type="AudioClassification",
        eval_splits=["test"], eval_langs=["zxx-Zxxx"], main_score="accuracy", modalities=["audio"], category="a2c",
    )  # fmt: skip
    input_column_name = "audio"
    evaluator_model = make_pipeline(
        StandardScaler(), LogisticRegression()
    )  # values of random weights are small
    samples_per_label, n_experiments = 4, 2

    def load_data(self, num_proc=None, **kwargs):
        self.dataset = DatasetDict({"train": tones(0), "test": tones(1)})
        self.data_loaded = True


def tones(seed):
    generator = np.random.default_rng(seed)
    rows = [
        {"audio": {"array": np.sin(np.arange(2 * 22_050) * 2 * np.pi * hertz * generator.uniform(0.9, 1.1) / 22_050),
                   "sampling_rate": 22_050}, "label": label}
        for label, hertz in enumerate(RATES.values()) for _ in range(6)
    ]  # fmt: skip
    return Dataset.from_list(rows)


def test_mteb_evaluates_an_encoder(encoder_file, tmp_path):
    model = MtebEncoder(encoder_file.parent)
    [result] = mteb.evaluate(model, Tones(), cache=None).task_results
    assert result.get_score() > 0.9
    assert model.mteb_model_meta.name.startswith("mscol/") and len(model.mteb_model_meta.revision) == 16


def test_sounds_are_embedded_as_hear_has_them(encoder_file):
    model = MtebEncoder(encoder_file)
    sounds = np.random.default_rng(0).normal(0, 0.1, (2, 30_000)).astype(np.float32)
    batches = [{"audio": [{"array": np.stack([sound, sound]), "sampling_rate": 16_000}]} for sound in sounds]
    np.testing.assert_allclose(
        model.encode(batches), get_scene_embeddings(sounds, model), rtol=1e-4, atol=1e-4
    )
