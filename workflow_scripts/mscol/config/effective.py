"""The config: schema defaults < preset < config.yaml < the user's file, checked before any job runs."""

import contextlib
import copy
import difflib
import functools
import re
from pathlib import Path

import yaml

from mscol.config.checks import check_meaning
from mscol.config.datasets import EMBEDDED_DATASETS
from mscol.config.downloads import complete_downloads
from mscol.errors import ConfigError
from mscol.io.atomic import atomic_path

# Encoders that need no config
BUILT_IN_ENCODERS = {"mfcc": {"callable": "mscol.embeddings.baselines:mfcc"}}


def effective_config(given, presets, schema_path, check_schema=True):
    """Complete and check a config.

    Parameters
    ----------
    given : dict
        The settings of config.yaml and of the user's files, merged.
    presets : str or os.PathLike
        The folder of presets.
    schema_path : str or os.PathLike
        The JSON Schema of the config, as YAML.
    check_schema : bool
        Whether to validate the config against the schema. The jobs of a run skip it: it takes half as long as all other
        parsing.

    Returns
    -------
    dict
        With every key of the schema.

    Raises
    ------
    ConfigError
        With the key, what is wrong, and what is allowed.
    """
    schema = read_yaml(schema_path)
    names = sorted(path.stem for path in Path(presets).glob("*.yaml"))
    preset = given.get("preset", schema["properties"]["preset"]["default"])
    if preset not in names:
        raise ConfigError(
            f"config key 'preset': {preset!r} is not a preset. Choose one of {', '.join(names)}"
        )
    sizes = read_yaml(Path(presets, f"{preset}.yaml"))
    given = _typed(_named(given), schema, schema["$defs"])
    if check_schema:
        _check(sizes, schema, where=f" (in presets/{preset}.yaml)")
        _check(given, schema)
    config = functools.reduce(merge, (schema_defaults(schema), sizes, given))
    if config["separation"]["callable"]:  # replaces the preset's model
        config["separation"]["model"] = given["separation"].get("model")
    if not config["datasets"]:
        config["datasets"] = copy.deepcopy(EMBEDDED_DATASETS)
    for name in set(BUILT_IN_ENCODERS) & set(config["encoders"]):
        raise ConfigError(
            f"config key 'encoders/{name}': {name!r} is built in. Choose another name for your encoder"
        )
    config["encoders"] = {
        name: merge(schema_defaults(schema["$defs"]["encoder"]), encoder)
        for name, encoder in merge(BUILT_IN_ENCODERS, config["encoders"]).items()
    }
    config["evaluation"]["trained"] = {
        name: merge(schema_defaults(schema["$defs"]["trained"]), entry)
        for name, entry in config["evaluation"]["trained"].items()
    }
    config["datasets"] = {
        name: merge(schema_defaults(schema["$defs"]["dataset"]), dataset)
        for name, dataset in config["datasets"].items()
    }
    if len(config["datasets"]) == 1 and "dataset" not in given.get("pretraining", {}):
        [config["pretraining"]["dataset"]] = config["datasets"]
    config["downloads"] = complete_downloads(config["downloads"])
    check_meaning(config)
    return config


def check_keys_once(paths):
    """Check that no mapping of a config file has a key twice: YAML silently keeps the last value.

    Raises
    ------
    ConfigError
        With the key and its lines.
    """
    for path in paths:
        with contextlib.suppress(yaml.YAMLError):  # Snakemake reports it
            _check_node(path, yaml.compose(Path(path).read_text(encoding="utf-8"), yaml.SafeLoader))


def _check_node(path, node):
    if isinstance(node, yaml.SequenceNode):
        for entry in node.value:
            _check_node(path, entry)
    if not isinstance(node, yaml.MappingNode):
        return
    lines = {}
    for key, value in node.value:
        _check_node(path, value)
        line = key.start_mark.line + 1
        if key.value in lines:
            raise ConfigError(
                f"{path}: the key '{key.value}' is set twice, in lines {lines[key.value]} and {line}, and the first would be lost. "
                "Merge the two"
            )
        if isinstance(key, yaml.ScalarNode):
            lines[key.value] = line


def merge(below, above):
    """Merge two configs by key. If both have a key, ``above`` wins; lists are replaced."""
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else copy.deepcopy(value)
    return merged


def read_yaml(path):
    """Read a YAML file."""
    # If PyYAML was built with libyaml, this takes a tenth of the time; each job of a cluster reads the schema.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(Path(path).read_text(encoding="utf-8"), loader)


def config_lines(config, above=""):
    """Format a config with one setting per line.

    >>> config_lines({"seeds": [1], "pretraining": {"updates": 6, "running": {}}})
    ['seeds: [1]', 'pretraining/updates: 6', 'pretraining/running: {}']
    """
    lines = []
    for key, value in config.items():
        if isinstance(value, dict) and value:
            lines += config_lines(value, f"{above}{key}/")
        else:
            lines.append(f"{above}{key}: {value}")
    return lines


def write_config(config, path):
    """Write a config as YAML, atomically."""
    with atomic_path(path) as partial:
        partial.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True), encoding="utf-8")


def schema_defaults(schema):
    """Return the defaults of a schema's properties, including nested ones."""
    defaults = {}
    for key, entry in schema.get("properties", {}).items():
        if "default" in entry:
            defaults[key] = copy.deepcopy(entry["default"])
        elif entry.get("type") == "object":
            defaults[key] = schema_defaults(entry)
    return defaults


def _named(config):
    """Return the config with user-chosen names as strings: YAML reads a dataset called 909 as a number."""
    named = dict(config)
    for key in ("datasets", "encoders"):
        if isinstance(named.get(key), dict):
            for name in named[key]:
                if not isinstance(name, str | int) or isinstance(name, bool):
                    raise ConfigError(
                        f"config key '{key}': YAML reads one of the names as {name!r}. Quote it, as in 'on'"
                    )
            named[key] = {str(name): value for name, value in named[key].items()}
    return named


def _typed(value, schema, definitions):
    """Convert values to the types of the schema: Snakemake reads nested values of ``--config`` as strings, YAML reads 909 as a number.

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
    kinds = [of.get("type") for of in (schema, *schema.get("anyOf", []))]
    if isinstance(value, int) and not isinstance(value, bool) and kinds == ["string"]:
        return str(value)
    if isinstance(value, str) and any(kind in kinds for kind in ("integer", "number", "boolean")):
        try:
            meant = yaml.safe_load(value)
        except yaml.YAMLError:
            return value  # the check reports it
        return value if isinstance(meant, dict | list | None) else meant
    return value


def _check(config, schema, where=""):
    import jsonschema  # here, because it takes a third of a second

    validator = jsonschema.Draft202012Validator(schema)
    # The deepest error is about the wrong key itself.
    errors = sorted(validator.iter_errors(config), key=lambda error: (-len(error.path), str(error.path)))
    if errors:
        raise ConfigError(_sentence(errors[0]) + where)


_NAMES = {
    "encoders": ("an encoder", "lower-case letters, digits and _ only"),
    "datasets": (
        "a dataset",
        "lower-case letters and digits only (_ joins dataset and model in the names of tables)",
    ),
}


def _sentence(error):
    """Describe a schema error in one sentence: the key, what is wrong, and what is allowed."""
    key = "/".join(str(part) for part in error.path)
    rule, allowed = error.validator, error.validator_value
    if rule == "additionalProperties":
        return _unknown_key(error, key)
    if rule == "pattern" and key in _NAMES:
        kind, allowed = _NAMES[key]
        return f"config key '{key}': {error.instance!r} is not a valid name for {kind}. Use {allowed}"
    if rule == "pattern":
        return (
            f"config key '{key}': {error.instance!r} is not valid, allowed are {error.schema['description']}"
        )
    if rule == "required":
        missing = re.search("'([^']+)'", error.message)[1]
        return f"config key '{key}': '{missing}' is missing{_about(error.schema['properties'][missing])}"
    expected = {
        "type": lambda: f"it must be {_types(allowed)}",
        "enum": lambda: f"allowed are {', '.join(map(str, allowed))}",
        "anyOf": lambda: f"it must be {' or '.join(map(_alternative, allowed))}",
        "minimum": lambda: f"it must be at least {allowed}",
        "maximum": lambda: f"it must be at most {allowed}",
        "exclusiveMinimum": lambda: f"it must be more than {allowed}",
        "minItems": lambda: f"it must have at least {allowed} entry",
        "uniqueItems": lambda: "it must not repeat an entry",
    }.get(rule, lambda: error.message)()
    given = "nothing" if error.instance is None else repr(error.instance)
    return f"config key '{key}': {given} is not valid, {expected}{_about(error.schema)}"


def _alternative(schema):
    """
    >>> _alternative({'const': 'auto'}), _alternative({'type': 'number', 'minimum': 30})
    ('auto', 'a number of at least 30')
    """
    return (
        schema["const"] if "const" in schema else f"{_types(schema['type'])} of at least {schema['minimum']}"
    )


def _unknown_key(error, key):
    known = sorted(error.schema.get("properties", {}))
    unknown = sorted(set(error.instance) - set(known))[0]
    full = f"{key}/{unknown}" if key else unknown
    # `encoder` sets the size of ours, `encoders` names others.
    near = [f"encoders/{unknown}"] if key == "encoder" else difflib.get_close_matches(unknown, known, 1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return f"config key '{full}' is unknown; {hint}the keys are {', '.join(known)}"


def _about(schema):
    """The first sentence of a description, in parentheses; the rest is for docs/reference.md.

    >>> _about({"description": "Pairs per minibatch. More pairs take more memory."}), _about({})
    (' (Pairs per minibatch)', '')
    """
    about = schema.get("description", "").partition(". ")[0].removesuffix(".")
    return f" ({about})" if about else ""


def _types(types):
    words = {"integer": "a whole number", "number": "a number", "string": "a string", "boolean": "true or false",
             "array": "a list", "object": "a mapping of keys to values", "null": "empty"}  # fmt: skip
    return " or ".join(words[kind] for kind in ([types] if isinstance(types, str) else types))
