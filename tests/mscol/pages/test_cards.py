import json
import re
import textwrap

import numpy as np
import pytest
import soundfile
import yaml

from mscol.errors import CacheError
from mscol.pages.cards import write_model_card

RUN = {
    "model": "bass_vocals-silent",
    "commit": "0123abc",
    "sources": ["bass", "vocals"],
    "seed": 3,
    "settings": {
        "updates": 640_000, "learning_rate": 0.001, "schedule": "halved", "absent": "zeros",
        "encoder": {"width": 0.1, "depth": 0.1},
    },
    "framework_threads": 8,
    "n_pairs": 128,
    "dataset_fingerprint": "f00d",
    "backend": "jax",
    "device": "NVIDIA H100",
    "versions": {"keras": "3.15.1"},
    "n_segments": {"train": {"all": 106_708}},
    "clip_seconds": 29.125,
    "resumed_from": 0,
    "wall_seconds": 86_400.0,
    "parameters": 34_831,
    "values": 128,
}  # fmt: skip
MTAT = {"name": "mtat", "layout": "mtat", "embedded": False}
TABLE = """protocol,test_list,label_fraction,standardised,seed,head,n_test,accuracy,accuracy_low,accuracy_high
frozen,all,1.0,no,1,1,4096,0.5,0.4,0.6
frozen,all,1.0,no,3,1,4096,0.7123,0.7,0.73
frozen,all,1.0,no,3,2,4096,0.7001,,
frozen,all,1.0,no,mean,mean,4096,0.6062,0.5,0.7
"""


def write(folder, run=RUN, dataset=MTAT, separator="umxl", **more):
    (folder / "run.json").write_text(json.dumps(run))
    (folder / "table.csv").write_text(TABLE)
    card = folder / "README.md"
    write_model_card(folder / "run.json", dataset, separator, {"nsynth": folder / "table.csv"}, card, **more)
    _, about, text = card.read_text().split("---\n", 2)
    return yaml.safe_load(about), text


def test_card_says_what_made_the_encoder_and_how_good_it_is(tmp_path):
    about, text = write(tmp_path)
    assert text.startswith("\n# bass_vocals-silent, seed 3\n")
    assert (
        "the second of bass or vocals that comes from the same four seconds" in text
        and "also held segments without the source, where it was replaced with an image of zeros." in text
    )
    assert "| computed with | JAX, on NVIDIA H100 |" in text
    assert "Training recordings lasted 29.12 s." in text and "normalise_seconds=29.125)" in text
    assert "| updates | 640,000 of 128 pairs |" in text and "`f00d`" in text and "`0123abc`" in text
    assert "| nsynth | all | 4096 | frozen | 1 | no | all | accuracy | 0.712 | [0.700, 0.730] |" in text
    assert "| nsynth | all | 4096 | frozen | 2 | no | all | accuracy | 0.700 |  |" in text
    assert "0.500" not in text.split("## Results")[1].split("##")[0]  # another seed's
    assert about["evaluated_on"] == ["nsynth"] and about["datasets"] == ["mtat"]


@pytest.mark.parametrize(
    ("dataset", "separator", "sources", "licence", "words"),
    [
        (MTAT, "umxhq", ["bass"], "cc-by-nc-sa-3.0", ["MagnaTagATune's recordings", "umxhq, whose weights are licensed MIT"]),
        (MTAT, "umxl", [], "cc-by-nc-sa-3.0", ["MagnaTagATune's recordings"]),
        ({"name": "n", "layout": "nsynth", "embedded": False}, "umxl", ["bass"], "cc-by-nc-sa-4.0", ["umxl", "NSynth"]),
        ({"name": "mtat", "layout": "mtat", "embedded": True}, "demo", ["bass"], "mit", ["music that this workflow synthesises"]),
        ({"name": "mtat", "layout": "mtat", "embedded": True}, "/my/model", ["bass"], "other", ["terms of the separator"]),
        ({"name": "mtat", "layout": "mtat", "embedded": True}, None, ["bass"], "other", ["terms of whoever made the stems"]),
        ({"name": "mine", "layout": "table", "embedded": False}, None, [], "other", ["The owners of the recordings"]),
    ],
)  # fmt: skip
def test_licence_follows_from_recordings_and_separator(tmp_path, dataset, separator, sources, licence, words):
    model = "_".join(sources) or "mixture"
    about, text = write(tmp_path, RUN | {"model": model, "sources": sources}, dataset, separator)
    assert about["license"] == licence
    terms = text.split("## Licence")[1]
    assert all(word in terms for word in words) and "mscol itself is licensed MIT" in terms
    assert ("Open-Unmix" in terms) == (bool(sources) and separator in ("umxl", "umxhq", "demo"))


def test_card_names_the_function_that_made_the_stems(tmp_path):
    assert "| stems | Open-Unmix, umxl |" in write(tmp_path)[1]
    text = write(tmp_path, separator="my/separator.py:separate")[1]
    assert "| stems | the function separate of my/separator.py |" in text


def test_card_says_what_the_model_took(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for shard, seconds in enumerate((1800, 3600)):
        file = tmp_path / "timings" / "separate_stems" / f"{shard}.tsv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"s\th:m:s\tmax_rss\n{seconds}\t0:30:00\t-\n")
    timings = {
        "stems": ["timings/separate_stems/*.tsv", "timings/no_such_rule/*.tsv"],
        "embeddings": ["timings/embed_clips/*.tsv"],
    }
    unknown = {"energy_joules": None, "processor": "AMD EPYC", "device": "CPU"}
    took = write(tmp_path, RUN | unknown, timings=timings)[1].split("## Time and energy")[1].split("##")[0]
    assert "24 hours on 8 cores of AMD EPYC. Energy was not measured: the machine does not report it." in took
    assert "| stems | 2 | 1.5 |" in took and "embeddings" not in took
    known = {"energy_joules": {"nvidia-smi": 7.2e6}, "processor": "AMD EPYC"}
    took = write(tmp_path, RUN | known)[1]
    assert (
        "24 hours on one NVIDIA H100. It took 2 kWh: 2 by its GPUs (power from nvidia-smi, summed over time)."
        in took
    )
    assert "The time and energy of pretraining were not measured." in write(tmp_path)[1], (
        "as of earlier versions"
    )


def test_card_counts_the_gpus_that_computed_together(tmp_path):
    _, text = write(tmp_path, RUN | {"n_devices": 4})
    assert "| computed with | JAX, on 4 × NVIDIA H100 |" in text


def test_encoders_that_were_not_pretrained_have_cards_too(tmp_path):
    untrained = {key: RUN[key] for key in RUN if key not in ("resumed_from",)} | {
        "model": "untrained",
        "sources": [],
    }
    about, text = write(tmp_path, untrained)
    assert "random weights" in text and "| updates |" not in text and "works best on" not in text
    assert about["license"] == "mit" and "contrastive-learning" not in about["tags"]
    imported = {key: RUN[key] for key in ("commit", "versions", "parameters", "values")}
    about, text = write(
        tmp_path, imported | {"model": "published_bass", "checkpoint": "published/checkpoint-10"}
    )
    assert "# published_bass" in text and "trained elsewhere, from `published/checkpoint-10`" in text
    assert (
        about["license"] == "other"
        and "| nsynth | all | 4096 | frozen | mean | no | all | accuracy | 0.606 |" in text
    )
    _, text = write(tmp_path, imported | {"model": "later", "checkpoint": "checkpoint-07", "paper": "cvsm"})
    assert "one of Contrastive Vocal Similarity Modeling" in text and "each window of 1 s of audio" in text
    assert "the L2 norm of each slice of 5 s" in text and "one row per 1 s" in text


def test_card_says_what_was_synthesised(tmp_path):
    about, text = write(tmp_path, synthesised=["nsynth"])
    assert "nsynth is synthesised: music that this workflow made" in text
    assert "| nsynth, synthesised | all |" in text and about["evaluated_on"] == ["nsynth, synthesised"]
    assert "synthesised" not in write(tmp_path)[1]


def test_card_says_that_its_separator_had_heard_no_real_music(tmp_path):
    losses = {"bass": 0.346}
    limits = write(tmp_path, separator="demo", losses=losses)[1].split("## Limits")[1]
    assert "stems of mtat come from a small Open-Unmix" in limits and "bass 0.35 (silence has 1)" in limits
    of_mixtures = RUN | {"model": "mixture", "sources": []}
    assert "Open-Unmix" not in write(tmp_path, of_mixtures, separator="demo", losses=losses)[1]


def test_code_of_a_card_runs(tmp_path, monkeypatch):
    from mscol.__main__ import main
    from mscol.model import build_encoder, save_encoder

    save_encoder(build_encoder(0.1, 0.1), tmp_path / "encoder.keras")
    _, text = write(tmp_path)
    monkeypatch.chdir(tmp_path)
    soundfile.write("song.mp3", np.random.default_rng(0).normal(0, 0.1, 40_000), 16_000)
    command, code = re.findall(r"```(?:python)?\n(.*?)```", text, re.DOTALL)
    names = {}
    exec(textwrap.dedent(code), names)
    assert names["windows"].shape == (2, 128)
    assert main([*command.split()[1:], "--threads", "1"]) == 0
    assert (tmp_path / "song.parquet").is_file()


def test_hub_reads_the_results_off_a_card(tmp_path):
    hub = pytest.importorskip("huggingface_hub")
    write(tmp_path, synthesised=["nsynth"])
    card = hub.ModelCard.load(tmp_path / "README.md")
    assert (card.data.library_name, card.data.pipeline_tag) == ("keras", "feature-extraction")
    assert card.data.model_name == "bass_vocals-silent, seed 3"
    first, second = card.data.eval_results  # one a head
    assert (first.dataset_type, first.dataset_name) == ("nsynth", "nsynth, synthesised")
    assert (first.metric_type, first.metric_value) == ("accuracy", 0.7123)
    assert first.metric_name == "accuracy (95 % interval 0.700 to 0.730)" and second.metric_name == "accuracy"
    assert first.dataset_config == "frozen, test list all, head 1, all labels, standardised: no"
    # The hub's own way of writing them keeps each apart, and its value
    again = hub.ModelCard(f"---\n{card.data.to_yaml()}\n---\n").data
    assert again.eval_results == card.data.eval_results


def test_run_that_says_nothing_is_an_error(tmp_path):
    with pytest.raises(CacheError, match=r"run\.json: does not describe how the encoder was made"):
        write(tmp_path, {"versions": {}})
