"""A run described for machines."""

import hashlib
import json

import pytest
from rocrate.rocrate import ROCrate

from mscol.pages.crate import PROFILE, describe_run

CONFIG = {"evaluation": {"perturbations": ["noise20", "gain+6"], "compare_with": "mixture"}}
CAPTION = """How **{{ snakemake.wildcards.model }}** does, in ``csv``,
beside {{ snakemake.config["evaluation"]["compare_with"] }}: {{ snakemake.params.perturbations | join(", ") }}.

{% if snakemake.params.synthesised %}It is synthesised.{% endif %}
"""


@pytest.fixture
def folder(tmp_path):
    """A run of one table and one encoder."""
    files = {
        "results/mtat_bass.csv": "value\n1\n",
        "results/config.yaml": "seeds: [1]\n",
        "results/new.csv": "",
        "caption.rst": CAPTION,
        "manifests/mtat/clips.csv": "id\na\nb\n",
        "manifests/mtat/about.json": '{"layout": "mtat"}',
        "models/bass/seed1/README.md": "---\nlicense: other\n---\n\n# bass, seed 1\n\nAn audio encoder.\n\n## How to load it\n",
        "models/bass/seed1/run.json": '{"model": "bass", "versions": {"mscol": "0.2.0", "keras": "3.15.1"}}',
        "models/bass/seed1/encoder.keras": "weights",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def describe(folder, **more):
    results = [
        {"path": f"{folder}/results/{name}", "caption": caption, "wildcards": {"model": "bass"}}
        for name, caption in (
            ("mtat_bass.csv", f"{folder}/caption.rst"), ("config.yaml", None), ("new.csv", None), ("gone.csv", None),
        )
    ]  # fmt: skip
    card, manifest = f"{folder}/models/bass/seed1/README.md", f"{folder}/manifests/mtat/clips.csv"
    path = folder / "results" / "ro-crate-metadata.json"
    describe_run(path, results, [card], {"mtat": manifest}, CONFIG, **more)
    return ROCrate(folder / "results"), path.read_text()


def test_crate_lists_what_is_there_with_its_captions(folder):
    crate, _ = describe(folder)
    assert [file.id for file in crate.root_dataset["hasPart"]] == ["mtat_bass.csv", "config.yaml", "new.csv"]
    table = crate.get("mtat_bass.csv")
    assert table["description"] == "How bass does, in csv, beside mixture: noise20, gain+6."
    assert (
        table["sha256"] == hashlib.sha256(b"value\n1\n").hexdigest() and table["encodingFormat"] == "text/csv"
    )
    assert "every default" in crate.get("config.yaml")["description"] and "description" not in crate.get(
        "new.csv"
    )


def test_run_says_what_it_used_and_made(folder):
    crate, _ = describe(folder, commit="0123abc")
    assert crate.root_dataset["conformsTo"].id == PROFILE
    run = crate.root_dataset["mentions"]
    assert run.type == "CreateAction" and run["startTime"] <= run["endTime"]
    assert [entity.id for entity in run["object"]] == ["#dataset/mtat", "config.yaml"]
    assert "2 clips in the layout mtat" in crate.get("#dataset/mtat")["description"]
    encoder = run["result"][-1]
    assert (
        encoder["name"] == "bass, seed 1"
        and encoder["description"] == "An audio encoder."
        and encoder["license"] == "other"
    )
    workflow = run["instrument"]
    assert workflow["identifier"] == "0123abc" and workflow["programmingLanguage"]["name"] == "Snakemake"
    assert [package["name"] for package in workflow["softwareRequirements"]] == ["keras"]
    assert "Garoufis" in crate.root_dataset["citation"]["author"][0]["name"]


def test_the_same_run_is_described_by_the_same_text_and_synthesised_music_is_called_so(folder):
    _, first = describe(folder)
    crate, second = describe(folder)
    assert first == second and "synthesised" not in first
    crate, _ = describe(folder, synthesised=["mtat"])
    assert "synthesised: music that this workflow made" in crate.root_dataset["description"]
    assert json.loads(first)["@context"][0] == "https://w3id.org/ro/crate/1.1/context"
