"""Write the keys of the config into reference.md, from the schema and the presets: `make docs/reference.md`."""

import re
import textwrap
from pathlib import Path

import yaml

from mscol.config.effective import merge, read_yaml, schema_defaults

WORKFLOW = Path(__file__).parents[1]
PAGE = WORKFLOW / "docs" / "reference.md"
INTRODUCTION_ENDS = "-->\n"
SCHEMA = read_yaml(WORKFLOW / "schemas" / "config.schema.yaml")
LAYOUT = "LAYOUT"  # stands for these keys where they share a definition
LAYOUTS = ("mtat", "nsynth", "fma", "table")
TYPES = {"string": "text", "boolean": "`true` or `false`", "object": "mapping", "null": "`null`"}
LIMITS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤"}
LONGEST_DEFAULT = 180
TITLES = {
    page: title for title, page in re.findall(r"- (.+): (\w+\.md)", (WORKFLOW / "mkdocs.yml").read_text())
}


def keys_below(schema, above=()):
    """Yield each key as a tuple of names, with what the schema says of it."""
    shared = set()
    for key, entry in schema.get("properties", {}).items():
        path = (*above, LAYOUT if "$ref" in entry else key)
        if entry.get("$ref") in shared:
            continue
        if "$ref" in entry:
            shared.add(entry["$ref"])
        entry = resolved(entry)
        yield path, entry | {"required": key in schema.get("required", ())}
        yield from keys_below(entry, path)
        named = resolved(entry.get("additionalProperties") or {})
        yield from keys_below(named, (*path, "DATASET" if key == "trained" else "NAME"))


def resolved(entry):
    return SCHEMA["$defs"][entry["$ref"].rpartition("/")[2]] if "$ref" in entry else entry


def value_of(config, path):
    """Look up a key: None if it is not set. Layouts give their common value, or a mapping."""
    if not path or config is None:
        return config
    if path[0] != LAYOUT:
        return value_of(config.get(path[0]), path[1:])
    values = {layout: value_of(config.get(layout), path[1:]) for layout in LAYOUTS}
    values = {layout: value for layout, value in values.items() if value is not None}
    first = next(iter(values.values()), None)
    return first if all(value == first for value in values.values()) else values


def allowed(entry):
    """Say which values a key takes."""
    if "const" in entry or "enum" in entry:
        return ", ".join(
            f"`{value}`" if value else "empty" for value in entry.get("enum", [entry.get("const")])
        )
    if "anyOf" in entry:
        return " or ".join(map(allowed, entry["anyOf"]))
    if entry["type"] == "array":
        return f"list ({allowed(entry['items'])})"
    kinds = [entry["type"]] if isinstance(entry["type"], str) else entry["type"]
    limits = [f"{sign} {entry[limit]}" for limit, sign in LIMITS.items() if limit in entry]
    return " or ".join(TYPES.get(kind, kind) for kind in kinds) + f" {', '.join(limits)}" * bool(limits)


def shown(value):
    """Write a value as in a config file."""
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10**6).split("\n")[0]
    if len(text) > LONGEST_DEFAULT:
        return "in [the schema](../schemas/config.schema.yaml)"
    return "empty" if value == "" else f"`{text}`"


def facts(path, entry, defaults, presets):
    """Say which values a key takes, its default, and what presets set instead."""
    default = value_of(defaults, path)
    default = entry.get("default") if default is None else default
    found = [allowed(entry)] + ["required"] * entry["required"]
    found += [f"default {shown(default)}"] if default is not None or "default" in entry else []
    values = {name: value_of(preset, path) for name, preset in presets.items()}
    return " · ".join(
        found + [f"{name} {shown(v)}" for name, v in values.items() if v not in (None, default)]
    )


def section(path, entry, *layers):
    """Write what there is about a key, as a section or, for keys that lie deep, as an item of a list."""
    key, known = "/".join(path), "" if "properties" in entry else facts(path, entry, *layers)
    text = re.sub(r"\bdocs/(\w+\.md)(#[\w-]+)?", linked, entry["description"]).rstrip(".") + "."
    if len(path) < 3:
        return f"\n{'#' * (len(path) + 1)} `{key}`\n\n{wrapped(known)}\n\n{wrapped(text)}\n"
    anchor = f'<a id="{key.lower().replace("/", "")}"></a>'
    return wrapped(f"- {anchor}**`{key}`**{f' ({known})' * bool(known)}: {text}")


def linked(page):
    return f"[{TITLES[page[1]]}]({page[1]}{page[2] or ''})"


def wrapped(text):
    return textwrap.fill(text, 120, subsequent_indent="    " * text.startswith("- "), break_long_words=False,
                         break_on_hyphens=False)  # fmt: skip


def reference():
    """Return the page: its introduction as it is, and the keys."""
    defaults = schema_defaults(SCHEMA)
    presets = {
        name: merge(defaults, read_yaml(WORKFLOW / "presets" / f"{name}.yaml")) for name in ("demo", "paper")
    }
    keys = "\n".join(section(*key, defaults, presets) for key in keys_below(SCHEMA))
    introduction = "".join(PAGE.read_text(encoding="utf-8").partition(INTRODUCTION_ENDS)[:2])
    return introduction + re.sub(r"\n{3,}", "\n\n", keys) + "\n"


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
