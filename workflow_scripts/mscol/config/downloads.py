"""The section ``downloads`` of the config: addresses of the official archives, and folders of the fetched datasets."""

import json
import re
from urllib.parse import quote, urlsplit

from mscol.config.datasets import EMBEDDED_ROOT
from mscol.errors import ConfigError

FETCHED_LAYOUTS = ("mtat", "nsynth", "fma")
_CHECKSUM = re.compile("sha256:[0-9a-f]{64}|sha1:[0-9a-f]{40}|md5:[0-9a-f]{32}", re.IGNORECASE)
_SCHEMES = ("http", "https", "file", "")


def complete_downloads(downloads):
    """Fill in missing settings of files, and remove files and counts that are set to null."""
    completed = dict(downloads)
    for layout in FETCHED_LAYOUTS:
        files = {name: entry for name, entry in downloads[layout]["files"].items() if entry is not None}
        completed[layout] = downloads[layout] | {
            "files": {name: {"url": "", "checksum": ""} | entry for name, entry in files.items()},
            "counts": {key: count for key, count in downloads[layout]["counts"].items() if count is not None},
        }
    return completed


def check_downloads(downloads):
    """Check the section ``downloads`` for mistakes that the schema cannot find.

    Raises
    ------
    ConfigError
        With the key, what is wrong, and what is allowed.
    """
    folder = downloads["folder"]
    if folder.rstrip("/").removeprefix("./") == EMBEDDED_ROOT or set(folder) & set("{}"):
        raise ConfigError(
            f"config key 'downloads/folder': {folder!r} cannot be used. Choose a folder without braces, other than "
            f"{EMBEDDED_ROOT!r} (the folder of the embedded datasets)"
        )
    for layout in FETCHED_LAYOUTS:
        _check_source(downloads[layout]["source"], f"downloads/{layout}/source")
        if not downloads[layout]["files"]:
            raise ConfigError(f"config key 'downloads/{layout}/files': there are no files. Set at least one")
        for name, entry in downloads[layout]["files"].items():
            _check_file(name, entry, f"downloads/{layout}/files/{name}")


def _check_source(source, key):
    if _scheme(source) not in _SCHEMES:
        raise ConfigError(
            f"config key '{key}': {source!r} is not valid. Set an address that begins with http://, https:// or file://, "
            "or a path"
        )


def _scheme(source):
    try:
        return urlsplit(source).scheme
    except ValueError:  # brackets where a host should be
        return None


def _check_file(name, entry, key):
    if not name or "/" in name or name.startswith("."):
        raise ConfigError(f"config key '{key}': {name!r} is not a file name. Use a name without folders")
    _check_source(entry["url"], f"{key}/url")
    if entry["checksum"] and not _CHECKSUM.fullmatch(entry["checksum"]):
        raise ConfigError(
            f"config key '{key}/checksum': {entry['checksum']!r} is not valid. Set sha256:, sha1: or md5: followed by "
            "hexadecimal digits, or leave it empty"
        )


def fetched_root(layout, config):
    """Return the folder of a fetched dataset.

    >>> fetched_root("mtat", {"downloads": {"folder": "datasets/"}})
    'datasets/mtat'
    """
    return f"{config['downloads']['folder'].rstrip('/') or '/'}/{layout}".replace("//", "/")


def fetched_layout(dataset, config):
    """Return the layout of a dataset if its root is the folder that a rule fetches into, else ""."""
    layout = dataset["layout"]
    of_a_rule = layout in FETCHED_LAYOUTS and dataset["root"].rstrip("/") == fetched_root(layout, config)
    return layout if of_a_rule else ""


def fetching_settings(layout, config):
    """Return the settings for fetching a dataset.

    Returns
    -------
    dict
        ``root`` and ``downloads`` (folders), ``files`` (by name: address, checksum), ``counts`` (by pattern) and
        ``limit_bytes``.
    """
    downloads = config["downloads"][layout]
    root = fetched_root(layout, config)
    above, _, name = root.rpartition("/")
    return {
        "root": root,
        "downloads": f"{above}/.{name}-downloads",
        "files": {
            name: {
                "address": entry["url"] or _below(downloads["source"], name),
                "checksum": entry["checksum"].lower(),
            }
            for name, entry in downloads["files"].items()
        },
        "counts": downloads["counts"],
        "limit_bytes": round(downloads["unpacked_gigabytes"] * 1e9),
    }


def _below(source, name):
    """Return the address of a file in a folder.

    >>> _below("https://host/x/", "a b.zip"), _below("/data", "a b.zip")
    ('https://host/x/a%20b.zip', '/data/a b.zip')
    """
    return f"{source.rstrip('/')}/{quote(name) if _scheme(source) else name}"


def dataset_lines(layout, config):
    """Return the config line that uses a fetched dataset.

    >>> dataset_lines("fma", {"downloads": {"folder": "datasets"}})
    'datasets: {fma: {layout: fma, root: datasets/fma}}'
    """
    root = fetched_root(layout, config)
    plain = re.fullmatch(r"[A-Za-z0-9_./-]+", root)
    return f"datasets: {{{layout}: {{layout: {layout}, root: {root if plain else json.dumps(root)}}}}}"
