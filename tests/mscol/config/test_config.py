"""The effective config: how its layers merge, and what each mistake is answered with."""

from pathlib import Path

import pytest
import yaml

from mscol.config.checks import check_targets
from mscol.config.datasets import evaluated_names, task_of
from mscol.config.downloads import fetching_settings
from mscol.config.effective import check_keys_once, effective_config, write_config
from mscol.config.evaluations import trained_file
from mscol.datasets import nsynth
from mscol.datasets.task_names import OWN, TASKS
from mscol.errors import ConfigError

WORKFLOW = Path(__file__).parents[3]
PRESETS, SCHEMA = WORKFLOW / "presets", WORKFLOW / "schemas" / "config.schema.yaml"


def effective(**given):
    return effective_config(given, PRESETS, SCHEMA)


def test_the_shipped_config_is_valid_and_means_the_embedded_datasets():
    config = effective_config(yaml.safe_load((WORKFLOW / "config.yaml").read_text()), PRESETS, SCHEMA)
    assert config["preset"] == "demo"
    assert {name: dataset["layout"] for name, dataset in config["datasets"].items()} == {
        "mtat": "mtat",
        "nsynth": "nsynth",
        "fma": "fma",
    }


def test_layers_defaults_preset_user():
    demo = yaml.safe_load((PRESETS / "demo.yaml").read_text())
    config = effective(pretraining={"updates": 7})
    assert config["pretraining"]["updates"] == 7
    assert config["pretraining"]["batch_size"] == demo["pretraining"]["batch_size"]
    assert config["pretraining"]["activity_windows"] == "aligned"  # neither says: the schema's default


def test_paper_preset_repeats_the_published_numbers():
    config = effective(preset="paper")
    assert config["encoder"] == {"width": 1.0, "depth": 1.0, "projection": 512}
    assert config["pretraining"]["updates"] == 10_000 * 64
    assert config["pretraining"]["batch_size"] == 128
    assert config["pretraining"]["activity_windows"] == "reference"
    assert config["separation"]["model"] == "umxl"


def test_numbers_from_the_command_line_are_numbers():
    # Snakemake hands on what is nested in --config as texts.
    config = effective(pretraining={"activity_threshold": "0.02", "updates": "7"}, seeds=["3"])
    assert config["pretraining"]["activity_threshold"] == 0.02
    assert config["pretraining"]["updates"] == 7 and config["seeds"] == [3]
    for given, meant in (("2", 2), ("all", "all")):
        assert (
            effective(pretraining={"running": {"devices": given}})["pretraining"]["running"]["devices"]
            == meant
        )


def test_a_single_dataset_is_the_one_to_pretrain_on(tmp_path):
    mine = {"layout": "mtat", "root": str(tmp_path)}
    assert effective(datasets={"mine": mine})["pretraining"]["dataset"] == "mine"
    assert effective(datasets={"mine": mine, "mtat": mine})["pretraining"]["dataset"] == "mtat"
    with pytest.raises(ConfigError, match="fma"):
        effective(datasets={"mine": mine}, pretraining={"dataset": "fma"})


def test_names_that_yaml_reads_as_numbers_are_texts(tmp_path):
    config = effective(
        datasets={909: {"layout": "mtat", "root": str(tmp_path)}},
        pretraining={"dataset": 909},
        evaluation={"datasets": [909]},
    )
    assert list(config["datasets"]) == ["909"] == config["evaluation"]["datasets"]
    assert config["pretraining"]["dataset"] == "909"


def test_names_that_yaml_reads_as_something_else_are_to_be_quoted(tmp_path):
    for name in (True, None, 1.5):
        with pytest.raises(ConfigError, match=f"YAML reads one of the names as {name}. Quote it"):
            effective(datasets={name: {"layout": "mtat", "root": str(tmp_path)}})


def test_key_given_twice_is_named_with_its_lines(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("a: 1\npretraining:\n  updates: 1\nb:\n  - {c: 1, c: 2}\n")
    with pytest.raises(ConfigError, match=r"mine\.yaml: the key 'c' is set twice, in lines 5 and 5"):
        check_keys_once([file])
    file.write_text("pretraining:\n  updates: 1\nseeds: [1]\npretraining: {batch_size: 8}\n")
    with pytest.raises(ConfigError, match="the key 'pretraining' is set twice, in lines 1 and 4"):
        check_keys_once([file])
    file.write_text("a: {updates: 1}\nb: {updates: 1}\n")
    check_keys_once([file])
    file.write_text("a: [")  # Snakemake's own error
    check_keys_once([file])


def test_lists_are_replaced():
    assert effective(models=["bass"])["models"] == ["bass"]


def test_embedded_music_has_a_size_under_every_preset():
    sizes = effective(preset="demo")["demo"]["sizes"]
    assert sizes["stems"] == {"train": 24, "test": 10}
    assert effective(preset="paper")["demo"]["sizes"] == sizes, "a separator is measured on it"


def test_every_preset_says_every_size():
    """Nothing small may leak into a run with `preset: paper`, so both presets set what the other sets."""

    def keys(config, above=""):
        for key, value in config.items():
            yield above + key
            if isinstance(value, dict):
                yield from keys(value, f"{above}{key}/")

    demo, paper = (
        set(keys(yaml.safe_load((PRESETS / f"{name}.yaml").read_text()))) for name in ("demo", "paper")
    )
    only_embedded = {key for key in demo if key.startswith("separation/training")}
    # What the published experiment did, stated again although most of it is the default
    published = {
        f"pretraining/{key}"
        for key in (
            "warmup_updates", "patience", "activity_threshold", "activity_windows", "absent", "masks", "mask_value",
            "precision", "xla",
        )
    } | {
        f"evaluation/{key}"
        for key in ("protocols", "label_fractions", "compare_with", "standardise", "heads_per_encoder")
    }  # fmt: skip
    assert demo - only_embedded == paper - published


def test_schema_describes_every_key():
    def entries(schema, above=""):
        for key, entry in schema.get("properties", {}).items():
            yield above + key, entry
            yield from entries(entry, f"{above}{key}/")

    schema = yaml.safe_load(SCHEMA.read_text())
    found = [*entries(schema)]
    for name, definition in schema["$defs"].items():
        found += [(name, definition), *entries(definition, f"{name}/")]
    assert len(found) > 100
    assert [key for key, entry in found if "description" not in entry and "$ref" not in entry] == []


def test_effective_config_is_written_as_it_is(tmp_path):
    config = effective(seeds=[3, 1])
    write_config(config, tmp_path / "results" / "config.yaml")
    assert yaml.safe_load((tmp_path / "results" / "config.yaml").read_text()) == config


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"preset": "huge"}, "'preset': 'huge' is not a preset. Choose one of demo, paper"),
        ({"pretraining": {"schedule": "linear"}}, "'pretraining/schedule': 'linear' is not valid, allowed are constant, halved"),
        ({"backend": "torch"}, r"allowed are auto, tensorflow, jax \(Backend of Keras\)$"),
        ({"pretraining": {"batch_size": 128, "running": {"devices": 3}}},
         "'pretraining/running/devices': 128 pairs .* cannot be divided evenly among 3 devices. Set it to 1 or 2, or"),
        ({"pretraining": {"running": {"devices": "most"}}}, "'pretraining/running/devices': 'most' is not valid"),
        ({"encoders": {"mine": {"checkpoint": "nowhere/checkpoint-10"}}}, "'encoders/mine/checkpoint': there is no file 'nowhere"),
        ({"encoders": {"mine": {"checkpoint": "encoder.onnx"}}}, "'encoder.onnx' is an ONNX file. Set 'callable' instead"),
        ({"encoders": {"bass": {"checkpoint": "x.keras"}}}, "'encoders/bass': 'bass' is the name of a model of this workflow"),
        ({"encoders": {"my-own": {"checkpoint": "x.keras"}}}, "'my-own' is not a valid name for an encoder. Use lower-case letters"),
        ({"encoders": {"mine": {}}}, "'encoders/mine': set either 'checkpoint' .* or 'callable'"),
        ({"encoders": {"mine": {"checkpoint": "x.keras", "callable": "a:b"}}}, "'encoders/mine': set either"),
        ({"encoders": {"mine": {"callable": "nothing"}}}, "'encoders/mine/callable': 'nothing' is not valid. Set module:function"),
        ({"encoders": {"mine": {"callable": "nowhere.py:embed"}}}, "'encoders/mine/callable': there is no file 'nowhere.py'"),
        ({"evaluation": {"protocols": ["linear"]}}, "'evaluation/protocols/0': 'linear' is not valid, allowed are frozen, finetuned"),
        ({"evaluation": {"label_fractions": [0]}}, "'evaluation/label_fractions/0': 0 is not valid, it must be more than 0"),
        ({"evaluation": {"label_fractions": [2]}}, "'evaluation/label_fractions/0': 2 is not valid, it must be at most 1"),
        ({"evaluation": {"protocols": ["evaluate"]}}, "needs a head or classifier in 'evaluation/trained/mtat'"),
        ({"evaluation": {"trained": {"gtzan": {"head": "x"}}}}, "'evaluation/trained': there is no dataset 'gtzan'"),
        ({"evaluation": {"trained": {"mtat": {}}}}, "'evaluation/trained/mtat': set either 'head'"),
        ({"evaluation": {"trained": {"mtat": {"head": "{model.keras"}}}}, "'evaluation/trained/mtat': .* is not valid .*Double each brace"),
        ({"evaluation": {"trained": {"mtat": {"head": "{modle}.keras"}}}}, "'evaluation/trained/mtat': .* contains {modle}. Use only"),
        ({"evaluation": {"label_fractions": [float("nan")]}}, "nan is not a valid share of the training labels"),
        ({"evaluation": {"trained": {"mtat": {"head": "no/{model}.keras"}}}}, "'evaluation/trained/mtat': there is no file 'no/"),
        ({"evaluation": {"perturbations": ["reverb3"]}}, "'evaluation/perturbations': 'reverb3' is not a perturbation. Use"),
        ({"evaluation": {"perturbations": ["noise10"], "protocols": ["finetuned"]}}, "scored by the heads of the protocol frozen. Add"),
        ({"evaluation": None}, "'evaluation': nothing is not valid, it must be a mapping"),
        ({"encoders": {"mfcc": {"callable": "a:b"}}}, "'encoders/mfcc': 'mfcc' is built in"),
        ({"evaluation": {"compare_with": "cola"}}, "'evaluation/compare_with': model 'cola'"),
        ({"evaluation": {"protocols": ["finetuned"]}, "models": ["mfcc"]}, "'mfcc' is a function and cannot be finetuned"),
        ({"evaluation": {"protocols": ["finetuned", "retrieval"]}, "models": ["mfcc"]}, "'mfcc' is a function and cannot be finetuned"),
        ({"models": ["bass-slient"]}, "config key 'models': model 'bass-slient': did you mean '-silent'"),
        ({"sedes": [1]}, "'sedes' is unknown; did you mean 'seeds'"),
        ({"pretraining": {"batchsize": 3}}, "'pretraining/batchsize' is unknown; did you mean 'batch_size'"),
        ({"pretraining": {"batch_size": "many"}}, "'pretraining/batch_size': 'many' is not valid, it must be a whole number"),
        ({"pretraining": {"batch_size": 1}}, "'pretraining/batch_size': 1 is not valid, it must be at least 2"),
        ({"pretraining": {"batch_size": "["}}, r"'pretraining/batch_size': '\[' is not valid"),
        ({"pretraining": []}, "'pretraining': .* must be a mapping"),
        ({"mels": {"dtype": "int8"}}, "'mels/dtype': 'int8' is not valid, allowed are float32, float16"),
        ({"models": ["vocals_bass"]}, "'models': model 'vocals_bass': .*write 'bass_vocals'"),
        ({"models": []}, "'models': .* must have at least 1 entry"),
        ({"models": ["bass", "bass"]}, "'models': .* must not repeat an entry"),
        ({"datasets": {"mtat": {"layout": "mtat"}}}, r"'datasets/mtat': 'root' is missing \(Folder of the dataset\)$"),
        ({"datasets": {"mtat": {"layout": "tape", "root": "."}}}, "'datasets/mtat/layout': 'tape'.*mtat, nsynth, fma, table"),
        ({"datasets": {"mtat": {"layout": "mtat", "root": "nowhere"}}}, "'datasets/mtat/root': there is no folder 'nowhere'"),
        ({"datasets": {"My_Data": {"layout": "mtat", "root": "."}}}, "'My_Data' is not a valid name for a dataset"),
        ({"datasets": {"my_set": {"layout": "mtat", "root": "."}}}, r"lower-case letters and digits only \(_ joins dataset and model"),
        ({"pretraining": {"dataset": "gtzan"}}, "'pretraining/dataset': there is no dataset 'gtzan'. Set it to one of mtat, nsynth, fma"),
        ({"evaluation": {"datasets": ["gtzan"]}}, "'evaluation/datasets': there is no dataset 'gtzan' .* are mtat, nsynth, fma. Correct"),
        ({"evaluation": {"datasets": ["nsynth-key"]}}, "no evaluation 'nsynth-key'; the evaluations of nsynth are nsynth, nsynth-pitch, nsynth-velocity,"),
        ({"evaluation": {"datasets": ["nsynth-family"]}}, "'evaluation/datasets': there is no evaluation 'nsynth-family'"),
        ({"evaluation": {"datasets": ["fma-pitch"]}}, "no evaluation 'fma-pitch'; the evaluations of fma are fma. Correct"),
        ({"datasets": {"a": {"layout": "nsynth", "root": ".", "tasks": ["key"]}}}, "tasks/0': 'key' is not valid, allowed are family, pitch"),
        ({"datasets": {"a": {"layout": "fma", "root": ".", "tasks": ["pitch"]}}}, "'datasets/a/tasks': only datasets of layout nsynth"),
        ({"evaluation": {"protocols": ["evaluate"], "datasets": ["nsynth-pitch"], "trained": {"nsynth": {"head": "models/{model}/seed1/heads/nsynth.keras"}}}},
         "needs a head or classifier in 'evaluation/trained/nsynth-pitch'"),
        ({"downloads": {"folder": "demo/"}}, "'downloads/folder': 'demo/' cannot be used"),
        ({"downloads": {"mtat": {"source": "ftp://host/x"}}}, "'downloads/mtat/source': 'ftp://host/x' is not valid. Set"),
        ({"downloads": {"mtat": {"source": "http://[x"}}}, "'downloads/mtat/source': 'http://\\[x' is not valid. Set"),
        ({"downloads": {"mtat": {"files": {"x.zip": {"url": "s3://x"}}}}}, "'downloads/mtat/files/x.zip/url': 's3://x' is not"),
        ({"downloads": {"fma": {"files": {"../x": {}}}}}, "'downloads/fma/files/../x': '../x' is not a file name"),
        ({"downloads": {"fma": {"files": {"x": {"checksum": "md5:0"}}}}}, "'downloads/fma/files/x/checksum': 'md5:0' is not valid"),
        ({"downloads": {"fma": {"files": dict.fromkeys(["fma_small.zip", "fma_metadata.zip"])}}}, "'downloads/fma/files': there are no files"),
        ({"downloads": {"fma": {"files": {"x": {"sha1": "0"}}}}}, "'downloads/fma/files/x/sha1' is unknown; the keys are checksum, url"),
        ({"downloads": {"fma": {"counts": {"*.mp3": -1}}}}, "'downloads/fma/counts/\\*.mp3': -1 is not valid, it must be at least 0"),
        ({"downloads": {"fma": {"unpacked_gigabytes": 0}}}, "'downloads/fma/unpacked_gigabytes': 0 is not valid, it must be more"),
        ({"separation": {"model": "spleeter"}}, "'separation/model': 'spleeter' is neither"),
        ({"separation": {"batch_seconds": 20}}, "batch_seconds': 20 is not valid, it must be auto or a number of at least 30"),
        ({"separation": {"batch_seconds": "all"}}, "batch_seconds': 'all' is not valid, it must be auto or a number"),
        ({"mels": {"normalise_seconds": "song"}}, "'song' is not valid, it must be file or a number of at least 1"),
    ],
)  # fmt: skip
def test_each_mistake_gets_one_sentence_with_the_key(given, message):
    with pytest.raises(ConfigError, match=message) as caught:
        effective(**given)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_downloads_are_the_official_ones_unless_a_mirror_is_named():
    given = {"mtat": {"source": "/data/", "files": {"clip_info_final.csv": None}}, "folder": "/scratch/"}
    config = effective(downloads=given | {"fma": {"files": {"fma_small.zip": {"url": "file:///x/y.zip"}}}})
    mtat, nsynth, fma = (fetching_settings(layout, config) for layout in ("mtat", "nsynth", "fma"))
    assert (mtat["root"], mtat["downloads"]) == ("/scratch/mtat", "/scratch/.mtat-downloads")
    parts = {f"mp3.zip.{number:03d}" for number in (1, 2, 3)}
    assert set(mtat["files"]) == {*parts, "annotations_final.csv"}
    assert mtat["files"]["mp3.zip.001"]["address"] == "/data/mp3.zip.001"
    assert mtat["files"]["mp3.zip.001"]["checksum"].startswith("sha256:f857fe18")
    assert nsynth["counts"]["nsynth-train/audio/*.wav"] == 289_205 and len(nsynth["files"]) == 3
    assert fma["files"]["fma_small.zip"]["address"] == "file:///x/y.zip"
    assert (
        fma["files"]["fma_metadata.zip"]["address"] == "https://os.unil.cloud.switch.ch/fma/fma_metadata.zip"
    )


def test_dataset_that_is_to_be_fetched_may_be_named_before(tmp_path):
    datasets = {"mtat": {"layout": "mtat", "root": f"{tmp_path}/mtat"}}
    config = effective(datasets=datasets, downloads={"folder": str(tmp_path)})
    check_targets(["fetch_mtat"], config)
    check_targets(["--unlock"], config)
    with pytest.raises(
        ConfigError, match="'datasets/mtat/root': .* Run `snakemake fetch_mtat --cores 1` first"
    ):
        check_targets(["results/summary.csv"], config)
    (tmp_path / "mtat").mkdir()
    check_targets(["results/summary.csv"], config)


def test_encoder_is_found_by_its_file_or_by_the_index_of_its_checkpoint(tmp_path):
    for name in ("encoder.keras", "checkpoint-10.index"):
        (tmp_path / name).touch()
    for path in ("encoder.keras", "checkpoint-10", "checkpoint-10.index"):
        given = {"mine": {"checkpoint": str(tmp_path / path), "paper": "cvsm"}}
        assert effective(encoders=given, models=["mine"])["encoders"]["mine"]["checkpoint"] == str(
            tmp_path / path
        )


def test_tensorflow_checkpoint_without_its_paper_is_an_error_that_names_both(tmp_path):
    (tmp_path / "checkpoint-10.index").touch()
    given = {"mine": {"checkpoint": str(tmp_path / "checkpoint-10")}}
    with pytest.raises(ConfigError, match=r"'encoders/mine/paper' is missing.*paper: mscol \(.*or cvsm \("):
        effective(encoders=given)
    with pytest.raises(ConfigError, match="'encoders/mine/paper': only a checkpoint has a paper"):
        effective(encoders={"mine": {"callable": "a:b", "paper": "cvsm"}})


def test_trained_heads_are_files_or_what_rules_make(tmp_path):
    (tmp_path / "bass-2.keras").touch()
    for head in (
        "models/{model}/seed{seed}/heads/mtat-labels0.1.keras",
        f"{tmp_path}/{{model}}-{{seed}}.keras",
    ):
        trained = {"mtat": {"head": head}}
        assert effective(evaluation={"trained": trained}, models=["bass"], seeds=[2])
    with pytest.raises(ConfigError, match="there is no file '.*/bass-3.keras'"):
        effective(evaluation={"trained": trained}, models=["bass"], seeds=[2, 3])


def test_tasks_of_a_dataset_are_evaluated_beside_each_other(tmp_path):
    datasets = {
        "mtat": {"layout": "mtat", "root": str(tmp_path)},
        "notes": {"layout": "nsynth", "root": str(tmp_path), "tasks": ["pitch", "family"]},
    }
    assert evaluated_names(effective(datasets=datasets)) == ["mtat", "notes-pitch", "notes"]
    head = "models/untrained/seed1/heads/notes-pitch-labels0.1.keras"
    chosen = {"datasets": ["notes-source", "notes"], "trained": {"notes-pitch": {"head": head}}}
    config = effective(datasets=datasets, evaluation=chosen)
    assert evaluated_names(config) == ["notes-source", "notes-pitch", "notes"]
    assert [task_of(name, config) for name in evaluated_names(config)] == ["source", "pitch", "family"]
    assert trained_file("notes-pitch", "bass", 1, config) == head
    check_targets(["results/notes-velocity_bass.csv"], config)
    with pytest.raises(
        ConfigError, match="no evaluation 'notes-pich'; the evaluations of notes are notes, notes-pitch"
    ):
        check_targets(["results/notes-pich_bass.csv"], config)
    with pytest.raises(ConfigError, match="no evaluation 'mtat-pitch'; the evaluations of mtat are mtat"):
        check_targets(["results/per_class/mtat-pitch_bass.csv"], config)


def test_readers_know_the_tasks_that_the_config_knows():
    schema = yaml.safe_load(SCHEMA.read_text())["$defs"]["dataset"]["properties"]["tasks"]
    assert schema["items"]["enum"] == list(TASKS["nsynth"]) == [OWN, *nsynth._READERS]


def test_function_of_an_encoder_must_be_in_its_file(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import torch\nif torch.cuda.is_available():\n    def embed(x): ...\nother = embed"
    )
    for function in ("embed", "other"):
        effective(encoders={"mine": {"callable": f"{tmp_path}/mine.py:{function}"}})
    with pytest.raises(ConfigError, match=r"'encoders/mine/callable': '.*mine\.py' has no function 'embedd'"):
        effective(encoders={"mine": {"callable": f"{tmp_path}/mine.py:embedd"}})
    (tmp_path / "mine.py").write_text("def embed(:\n")
    with pytest.raises(
        ConfigError,
        match=r"'encoders/mine/callable': '.*mine\.py' is not valid Python[^^]*line 1\n +def embed",
    ):
        effective(encoders={"mine": {"callable": f"{tmp_path}/mine.py:embed"}})


@pytest.mark.parametrize(
    "target",
    ["models/mfcc/seed1/README.md", "models/mfcc/seed1/finetuned/fma.keras", "models/mfcc/plan.json"],
)
def test_functions_are_not_asked_for_what_only_encoders_have(target):
    with pytest.raises(ConfigError, match="'mfcc' is a function: it is not trained"):
        check_targets([target], effective())
    check_targets(["models/mfcc/seed1/heads/fma.keras", "models/bass/seed1/encoder.keras"], effective())


def test_mfcc_is_there_without_being_configured():
    assert effective(models=["mfcc"])["encoders"]["mfcc"]["callable"] == "mscol.embeddings.baselines:mfcc"
    with pytest.raises(ConfigError, match="'encoders/mfcc': 'mfcc' is built in"):
        effective(encoders={"mfcc": {}})


def test_heads_of_all_models_are_standardised_but_in_the_paper_preset():
    assert effective()["evaluation"]["standardise"] and effective()["evaluation"]["heads_per_encoder"] == 1
    paper = effective(preset="paper")["evaluation"]
    assert not paper["standardise"] and paper["heads_per_encoder"] == 3
    assert paper["bootstrap_resamples"] == 10_000
