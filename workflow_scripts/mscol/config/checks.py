"""Checks that a schema cannot express: names and files that must exist, keys that depend on each other.

Each error message names the key, what is wrong, and what is allowed.
"""

import re
import string
from pathlib import Path

from mscol.config.datasets import EMBEDDED_DATASETS, evaluated_names, task_of
from mscol.config.downloads import check_downloads, fetched_layout
from mscol.config.evaluations import check_fraction, trained_file, trains
from mscol.config.functions import check_callable
from mscol.config.models import SOURCES, find_makeable_model, find_model, parse_model
from mscol.datasets.task_names import OWN, TASKS
from mscol.errors import ConfigError
from mscol.papers import BOTH
from mscol.perturbations.grammar import parse_perturbation


def check_meaning(config):
    """Check a complete config for mistakes that the schema cannot find.

    Raises
    ------
    ConfigError
        With the key, what is wrong, and what is allowed.
    """
    check_downloads(config["downloads"])
    _check_encoders(config["encoders"])
    _check_separator(config["separation"])
    for model in config["models"]:
        try:
            find_makeable_model(model, config)
        except ConfigError as error:
            raise ConfigError(f"config key 'models': {error}") from None
    for name, dataset in config["datasets"].items():
        embedded = EMBEDDED_DATASETS.get(name, {}).get("root") == dataset["root"]
        made_here = embedded or fetched_layout(dataset, config)
        if not made_here and not Path(dataset["root"]).is_dir():
            raise ConfigError(
                f"config key 'datasets/{name}/root': there is no folder {dataset['root']!r} "
                f"(relative paths start at {Path.cwd()}). Set it to the folder of the dataset"
            )
        if dataset["stems"] and not Path(dataset["stems"]).is_dir():
            raise ConfigError(
                f"config key 'datasets/{name}/stems': there is no folder {dataset['stems']!r}. "
                "Set it to the folder of the stems, or remove the key to separate them"
            )
        if dataset["tasks"] != [OWN] and dataset["layout"] not in TASKS:
            raise ConfigError(
                f"config key 'datasets/{name}/tasks': only datasets of layout {' or '.join(TASKS)} have more than one. Remove it"
            )
    pretrained_on = config["pretraining"]["dataset"]
    if pretrained_on not in config["datasets"]:
        raise ConfigError(
            f"config key 'pretraining/dataset': there is no dataset {pretrained_on!r}. Set it to one "
            f"of {', '.join(config['datasets'])} (if nothing is pretrained, to any of them)"
        )
    _check_devices(config["pretraining"])
    for name in config["evaluation"]["datasets"]:
        try:
            task_of(name, config)
        except ConfigError as error:
            raise ConfigError(f"config key 'evaluation/datasets': {error}. Correct or remove it") from None
    _check_evaluation(config["evaluation"], config)


def _check_devices(pretraining):
    devices, pairs = pretraining["running"]["devices"], pretraining["batch_size"]
    if devices != "all" and pairs % devices:
        divisors = [str(number) for number in range(1, min(devices, pairs) + 1) if pairs % number == 0]
        raise ConfigError(
            f"config key 'pretraining/running/devices': {pairs} pairs (batch_size) cannot be divided evenly among {devices} "
            f"devices. Set it to {' or '.join(divisors[-2:])}, or change batch_size"
        )


def _check_encoders(encoders):
    for name, encoder in encoders.items():
        if _is_model(name):
            raise ConfigError(
                f"config key 'encoders/{name}': {name!r} is the name of a model of this workflow. Choose another name"
            )
        if bool(encoder["checkpoint"]) == bool(encoder["callable"]):
            raise ConfigError(
                f"config key 'encoders/{name}': set either 'checkpoint' (an encoder.keras, or a TensorFlow "
                "checkpoint without .index) or 'callable' (module:function, or file.py:function)"
            )
        if encoder["callable"]:
            check_callable(f"encoders/{name}/callable", encoder["callable"])
            if encoder["paper"]:
                raise ConfigError(
                    f"config key 'encoders/{name}/paper': only a checkpoint has a paper, not a function. Remove the key"
                )
        else:
            _check_checkpoint(name, **encoder)


def _check_checkpoint(name, checkpoint, paper, **_):
    if checkpoint.endswith(".onnx"):
        raise ConfigError(
            f"config key 'encoders/{name}/checkpoint': {checkpoint!r} is an ONNX file. Set 'callable' instead, to a function "
            "that runs it (docs/evaluate.md shows one)"
        )
    if not any(path.is_file() for path in map(Path, encoder_files(checkpoint))):
        raise ConfigError(
            f"config key 'encoders/{name}/checkpoint': there is no file {checkpoint!r} (relative "
            f"paths start at {Path.cwd()}). Set it to the path of an encoder.keras, or of a TensorFlow "
            "checkpoint without .index"
        )
    if not paper and not checkpoint.endswith(".keras"):
        raise ConfigError(
            f"config key 'encoders/{name}/paper' is missing: a TensorFlow checkpoint does not record its paper, and loaded as "
            f"that of the other paper it computes wrong embeddings. Set paper: {BOTH}"
        )


def _check_evaluation(evaluation, config):
    try:
        find_makeable_model(evaluation["compare_with"], config)
    except ConfigError as error:
        raise ConfigError(f"config key 'evaluation/compare_with': {error}") from None
    for fraction in evaluation["label_fractions"]:
        check_fraction(fraction)
    _check_perturbations(evaluation)
    _check_trained(evaluation["trained"], config)
    for name in evaluated_names(config):
        if "evaluate" in evaluation["protocols"] and name not in evaluation["trained"]:
            raise ConfigError(
                f"config key 'evaluation/protocols': the protocol evaluate needs a head or classifier in "
                f"'evaluation/trained/{name}'. Add it, or remove the dataset from evaluation/datasets"
            )
    if not any(map(trains, evaluation["protocols"])):
        raise ConfigError(
            "config key 'evaluation/protocols': retrieval and artists learn no labels. Add one that does, such as knn"
        )
    if set(filter(trains, evaluation["protocols"])) == {"finetuned"}:
        functions = [name for name in config["models"] if find_model(name, config).callable]
        if functions:
            raise ConfigError(
                f"config key 'evaluation/protocols': {functions[0]!r} is a function and cannot be finetuned. Remove it "
                "from models, or add the protocol frozen"
            )


def _check_perturbations(evaluation):
    for name in evaluation["perturbations"]:
        try:
            parse_perturbation(name)
        except ConfigError as error:
            raise ConfigError(f"config key 'evaluation/perturbations': {error}") from None
    if evaluation["perturbations"] and "frozen" not in evaluation["protocols"]:
        raise ConfigError(
            "config key 'evaluation/perturbations': perturbed clips are scored by the heads of the protocol frozen. Add it to "
            "evaluation/protocols, or remove the perturbations"
        )


def _check_trained(trained, config):
    for name, entry in trained.items():
        try:
            task_of(name, config)
        except ConfigError as error:
            raise ConfigError(f"config key 'evaluation/trained': {error}") from None
        if bool(entry["head"]) == bool(entry["classifier"]):
            raise ConfigError(
                f"config key 'evaluation/trained/{name}': set either 'head' (takes embeddings) or 'classifier' "
                "(takes log-mels): the path of a .keras file, which may contain {model} and {seed}"
            )
        path = entry["head"] or entry["classifier"]
        try:
            unknown = {field for _, field, _, _ in string.Formatter().parse(path)} - {None, "model", "seed"}
        except ValueError as error:
            raise ConfigError(
                f"config key 'evaluation/trained/{name}': {path!r} is not valid ({error}). Double each brace that is part "
                "of the path"
            ) from None
        if unknown:
            raise ConfigError(
                f"config key 'evaluation/trained/{name}': {path!r} contains {{{sorted(unknown)[0]}}}. Use only {{model}} "
                "and {seed}"
            )
        for model in config["models"]:
            for seed in config["seeds"]:
                trained_file(name, model, seed, config)


def encoder_files(checkpoint):
    """Return the files of an encoder: a ``.keras`` file, or those of a TensorFlow checkpoint.

    >>> encoder_files("published/checkpoint-10")
    ['published/checkpoint-10.index', 'published/checkpoint-10.data-00000-of-00001']
    """
    if checkpoint.endswith(".keras"):
        return [checkpoint]
    prefix = checkpoint.removesuffix(".index")
    return [f"{prefix}.index", f"{prefix}.data-00000-of-00001"]


def _is_model(name):
    try:
        return bool(parse_model(name))
    except ConfigError:
        return False


def _check_separator(separation):
    model, function = separation["model"], separation["callable"]
    if function:
        if model:
            raise ConfigError(
                f"config keys 'separation/model' and 'separation/callable': {model!r} and {function!r} cannot both separate. "
                "Set one of them (model: null unsets the value of another config file)"
            )
        check_callable("separation/callable", function)
        return
    if len(separation["stems"]) < len(SOURCES):
        raise ConfigError(
            f"config key 'separation/stems': Open-Unmix separates {', '.join(SOURCES)}. Remove the key, or set a "
            "function (separation/callable)"
        )
    if model not in ("demo", "umx", "umxhq", "umxl") and not (model and Path(model).is_dir()):
        raise ConfigError(
            f"config key 'separation/model': {model!r} is neither one of demo, umx, umxhq, umxl "
            "nor a folder with an Open-Unmix model"
        )


def check_targets(words, config, called=str):
    """Check the datasets, tasks and models that the targets of a command line name.

    Parameters
    ----------
    words : iterable of str
    config : dict
        The complete config.
    called : callable
        Maps the name of a rule to its name in this run: a workflow that uses this one as a module may rename it.

    Raises
    ------
    ConfigError
        If there is no such dataset or task, a model's name does not follow the grammar, a target needs an encoder but its
        model is a function, a dataset must be fetched first, or a target compares perturbations and the config has none.
    """
    _check_fetched(words, config, called)
    for word in words:
        table = re.fullmatch(r"results/(?:per_class/|robustness/)?([^/_]*)_([^/]*)\.csv", word)
        if table:
            task_of(table[1], config)
            find_makeable_model(table[2], config)
        if re.match(r"results/(figures/)?robustness", word) and not config["evaluation"]["perturbations"]:
            raise ConfigError(
                f"config key 'evaluation/perturbations' is empty, but {word} needs perturbations. Set some, as in "
                "[noise20, mp3-32]"
            )
        of_a_model = re.fullmatch(r"models/([^/]+)/(?:seed\d+/)?(.+)", word)
        if (
            of_a_model
            and find_makeable_model(of_a_model[1], config).callable
            and not _is_of_a_head(of_a_model[2])
        ):
            raise ConfigError(
                f"'{of_a_model[1]}' is a function: it is not trained, and there is no {word}. Use the target "
                f"results/DATASET_{of_a_model[1]}.csv"
            )


def _check_fetched(words, config, called):
    """Check that datasets to be fetched are there, unless this run fetches one, or unlocks the folder where a fetch was killed."""
    if any(word.startswith("fetch_") or word == "--unlock" for word in words):
        return
    for name, dataset in config["datasets"].items():
        layout = fetched_layout(dataset, config)
        if layout and not Path(dataset["root"]).is_dir():
            raise ConfigError(
                f"config key 'datasets/{name}/root': {dataset['root']!r} is not there yet. Run `snakemake "
                f"{called(f'fetch_{layout}')} --cores 1` first, with the same --configfile"
            )


def _is_of_a_head(name):
    return name.startswith(("heads/", "scores/")) and "-finetuned" not in name
