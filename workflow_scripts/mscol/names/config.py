"""The config: schema defaults < the preset < config.yaml < the user's file, checked before anything runs."""

import copy
import difflib
import functools
import re
from pathlib import Path

import yaml

from mscol.errors import ConfigError
from mscol.files import atomic_path
from mscol.names.models import find_model, parse_model

EMBEDDED_ROOT = "demo"  # where the embedded datasets are made, below the working directory
EMBEDDED_DATASETS = {
    name: {"layout": name, "root": f"{EMBEDDED_ROOT}/{name}"} for name in ("mtat", "nsynth", "fma")
}
# Encoders that need no config; the config may say otherwise
BUILT_IN_ENCODERS = {"mfcc": {"callable": "mscol.baselines:mfcc"}}


def effective_config(given, presets, schema_path):
    """Complete and check a config.

    Parameters
    ----------
    given : dict
        What config.yaml and the user's files say, merged.
    presets : str or os.PathLike
        The folder of presets.
    schema_path : str or os.PathLike
        The JSON Schema of the config, as YAML.

    Returns
    -------
    dict
        With every key of the schema.

    Raises
    ------
    ConfigError
        One sentence that names the key, what is wrong, and what is allowed.
    """
    schema = yaml.safe_load(Path(schema_path).read_text(encoding="utf-8"))
    names = sorted(path.stem for path in Path(presets).glob("*.yaml"))
    preset = given.get("preset", schema["properties"]["preset"]["default"])
    if preset not in names:
        raise ConfigError(f"config key 'preset': {preset!r} is no preset; allowed are {', '.join(names)}")
    sizes = yaml.safe_load(Path(presets, f"{preset}.yaml").read_text(encoding="utf-8"))
    _check(sizes, schema, where=f" (in presets/{preset}.yaml)")
    given = _typed(given, schema, schema["$defs"])
    _check(given, schema)
    config = functools.reduce(merge, (_defaults(schema), sizes, given))
    if not config["datasets"]:
        config["datasets"] = copy.deepcopy(EMBEDDED_DATASETS)
    config["encoders"] = {
        name: merge(_defaults(schema["$defs"]["encoder"]), encoder)
        for name, encoder in merge(BUILT_IN_ENCODERS, config["encoders"]).items()
    }
    config["evaluation"]["trained"] = {
        name: merge(_defaults(schema["$defs"]["trained"]), entry)
        for name, entry in config["evaluation"]["trained"].items()
    }
    config["datasets"] = {
        name: merge(_defaults(schema["$defs"]["dataset"]), dataset)
        for name, dataset in config["datasets"].items()
    }
    _check_meaning(config)
    return config


def settings_of(dataset, config):
    """Look up the config of a dataset.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    if dataset not in config["datasets"]:
        known = ", ".join(config["datasets"])
        raise ConfigError(f"there is no dataset {dataset!r} in the config; the datasets are {known}")
    return config["datasets"][dataset]


def check_targets(words, config):
    """Check the dataset and the model of each results table among the words of a command line.

    Raises
    ------
    ConfigError
        If there is no such dataset, or the model's name is not of the grammar.
    """
    for word in words:
        table = re.fullmatch(r"results/(?:per_class/)?([^/_]*)_([^/]*)\.csv", word)
        if table:
            settings_of(table[1], config)
            find_model(table[2], config)


def merge(below, above):
    """Merge two configs by key; where both have one, ``above`` wins; lists are replaced."""
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else copy.deepcopy(value)
    return merged


def write_config(config, path):
    """Write a config as YAML, atomically."""
    with atomic_path(path) as partial:
        partial.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _defaults(schema):
    """The defaults of a schema's properties, nested ones too."""
    defaults = {}
    for key, entry in schema.get("properties", {}).items():
        if "default" in entry:
            defaults[key] = copy.deepcopy(entry["default"])
        elif entry.get("type") == "object":
            defaults[key] = _defaults(entry)
    return defaults


def _typed(value, schema, definitions):
    """Turn texts into what the schema wants: Snakemake reads what is nested in ``--config`` as texts.

    >>> schema = {"properties": {"size": {"type": "number"}, "name": {"type": "string"}}}
    >>> _typed({"size": "0.02", "name": "7"}, schema, {})
    {'size': 0.02, 'name': '7'}
    """
    schema = definitions.get(schema.get("$ref", "").rpartition("/")[2], schema)
    if isinstance(value, dict):
        known, others = schema.get("properties", {}), schema.get("additionalProperties", {})
        inner = {key: known.get(key, others or {}) for key in value}
        return {key: _typed(entry, inner[key], definitions) for key, entry in value.items()}
    if isinstance(value, list):
        return [_typed(entry, schema.get("items", {}), definitions) for entry in value]
    if isinstance(value, str) and schema.get("type") in ("integer", "number", "boolean"):
        try:
            meant = yaml.safe_load(value)
        except yaml.YAMLError:
            return value  # left for the check, which says what is wrong with it
        return value if isinstance(meant, dict | list | None) else meant
    return value


def _check(config, schema, where=""):
    import jsonschema  # takes a third of a second: not worth it where nothing is checked

    validator = jsonschema.Draft202012Validator(schema)
    # The deepest error is the one about the key that was written wrong.
    errors = sorted(validator.iter_errors(config), key=lambda error: (-len(error.path), str(error.path)))
    if errors:
        raise ConfigError(_sentence(errors[0]) + where)


def _sentence(error):
    """What a schema error means, in one sentence with the key and what is allowed."""
    key = "/".join(str(part) for part in error.path)
    rule, allowed = error.validator, error.validator_value
    if rule == "additionalProperties":
        return _unknown_key(error, key)
    if rule == "pattern":
        kind, allowed = {
            "encoders": ("an encoder", "small letters, digits and _"),
        }.get(key, ("a dataset", "small letters and digits"))
        return f"config key '{key}': {error.instance!r} is no name for {kind}; use {allowed} only"
    if rule == "required":
        missing = re.search("'([^']+)'", error.message)[1]
        return f"config key '{key}': '{missing}' is missing; it is {_about(error.schema, missing)}"
    expected = {
        "type": lambda: f"it must be {_types(allowed)}",
        "enum": lambda: f"allowed are {', '.join(map(str, allowed))}",
        "minimum": lambda: f"it must be at least {allowed}",
        "maximum": lambda: f"it must be at most {allowed}",
        "exclusiveMinimum": lambda: f"it must be more than {allowed}",
        "minItems": lambda: f"it must have at least {allowed} entry",
        "uniqueItems": lambda: "it must not repeat an entry",
    }.get(rule, lambda: error.message)()
    about = error.schema.get("description", "")
    return f"config key '{key}': {error.instance!r} does not do, {expected}" + (
        f" ({about})" if about else ""
    )


def _unknown_key(error, key):
    known = sorted(error.schema.get("properties", {}))
    unknown = sorted(set(error.instance) - set(known))[0]
    full = f"{key}/{unknown}" if key else unknown
    near = difflib.get_close_matches(unknown, known, 1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return f"config key '{full}' is unknown; {hint}known here are {', '.join(known)}"


def _about(schema, key):
    return schema.get("properties", {}).get(key, {}).get("description", "needed")


def _types(types):
    words = {"integer": "a whole number", "number": "a number", "string": "a text", "boolean": "true or false",
             "array": "a list", "object": "a mapping of keys to values", "null": "empty"}  # fmt: skip
    return " or ".join(words[kind] for kind in ([types] if isinstance(types, str) else types))


def _check_meaning(config):
    """Check what a schema cannot say."""
    _check_encoders(config["encoders"])
    for model in config["models"]:
        try:
            find_model(model, config)
        except ConfigError as error:
            raise ConfigError(f"config key 'models': {error}") from None
    for name, dataset in config["datasets"].items():
        embedded = EMBEDDED_DATASETS.get(name, {}).get("root") == dataset["root"]
        if not embedded and not Path(dataset["root"]).is_dir():
            raise ConfigError(
                f"config key 'datasets/{name}/root': there is no folder {dataset['root']!r} "
                f"(relative paths start at {Path.cwd()}); write where the dataset lies"
            )
        if dataset["stems"] and not Path(dataset["stems"]).is_dir():
            raise ConfigError(
                f"config key 'datasets/{name}/stems': there is no folder {dataset['stems']!r}; "
                "write where the stems lie, or leave the key out to have them separated"
            )
    pretrained_on = config["pretraining"]["dataset"]
    if pretrained_on not in config["datasets"]:
        raise ConfigError(
            f"config key 'pretraining/dataset': {pretrained_on!r} is none of the datasets "
            f"({', '.join(config['datasets'])}); name one of them"
        )
    for name in config["evaluation"]["datasets"]:
        if name not in config["datasets"]:
            raise ConfigError(
                f"config key 'evaluation/datasets': {name!r} is none of the datasets "
                f"({', '.join(config['datasets'])}); leave it out, or add it under 'datasets'"
            )
    _check_evaluation(config["evaluation"], config)
    _check_separator(config["separation"]["model"])


def _check_encoders(encoders):
    for name, encoder in encoders.items():
        if _is_model(name):
            raise ConfigError(
                f"config key 'encoders/{name}': {name!r} is the name of a model that is made here; choose another"
            )
        if bool(encoder["checkpoint"]) == bool(encoder["callable"]):
            raise ConfigError(
                f"config key 'encoders/{name}': write either 'checkpoint' (an encoder.keras, or a TensorFlow "
                "checkpoint without .index) or 'callable' (module:function, or file.py:function)"
            )
        if encoder["callable"]:
            _check_callable(name, encoder["callable"])
        else:
            _check_checkpoint(name, encoder["checkpoint"])


def _check_checkpoint(name, checkpoint):
    if not any(path.is_file() for path in map(Path, encoder_files(checkpoint))):
        raise ConfigError(
            f"config key 'encoders/{name}/checkpoint': there is no {checkpoint!r} (relative "
            f"paths start at {Path.cwd()}); write the path of an encoder.keras, or of a TensorFlow "
            "checkpoint without .index"
        )


def _check_callable(name, function):
    place, _, wanted = function.rpartition(":")
    if not place or not wanted.isidentifier():
        raise ConfigError(
            f"config key 'encoders/{name}/callable': {function!r} does not do, write module:function or "
            "path/to/file.py:function"
        )
    if place.endswith(".py") and not Path(place).is_file():
        raise ConfigError(
            f"config key 'encoders/{name}/callable': there is no file {place!r} (relative paths start at {Path.cwd()})"
        )


def _check_evaluation(evaluation, config):
    try:
        find_model(evaluation["compare_with"], config)
    except ConfigError as error:
        raise ConfigError(f"config key 'evaluation/compare_with': {error}") from None
    _check_trained(evaluation["trained"], config["datasets"])
    for name in evaluation["datasets"] or config["datasets"]:
        if "evaluate" in evaluation["protocols"] and name not in evaluation["trained"]:
            raise ConfigError(
                f"config key 'evaluation/protocols': to evaluate without training, 'evaluation/trained/{name}' must "
                "say which head or classifier; add it, or leave the dataset out of evaluation/datasets"
            )
    if evaluation["protocols"] == ["finetuned"]:
        functions = [name for name in config["models"] if find_model(name, config).callable]
        if functions:
            raise ConfigError(
                f"config key 'evaluation/protocols': {functions[0]!r} is a function and cannot be finetuned; leave it "
                "out of models, or add the protocol frozen"
            )


def _check_trained(trained, datasets):
    for name, entry in trained.items():
        if name not in datasets:
            raise ConfigError(
                f"config key 'evaluation/trained': {name!r} is none of the datasets ({', '.join(datasets)})"
            )
        if bool(entry["head"]) == bool(entry["classifier"]):
            raise ConfigError(
                f"config key 'evaluation/trained/{name}': write either 'head' (takes embeddings) or 'classifier' "
                "(takes log-mels), the path of a .keras file in which {model} and {seed} may stand"
            )
        path = entry["head"] or entry["classifier"]
        unknown = set(re.findall(r"\{(.*?)\}", path)) - {"model", "seed"}
        if unknown:
            raise ConfigError(
                f"config key 'evaluation/trained/{name}': {path!r} has {{{sorted(unknown)[0]}}}, but only {{model}} and "
                "{seed} may stand in it"
            )


def encoder_files(checkpoint):
    """Name the files of an encoder: a ``.keras`` file, or those of a TensorFlow checkpoint.

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


def _check_separator(model):
    if model in ("demo", "umx", "umxhq", "umxl") or Path(model).is_dir():
        return
    raise ConfigError(
        f"config key 'separation/model': {model!r} is neither one of demo, umx, umxhq, umxl "
        "nor a folder with an Open-Unmix model"
    )
