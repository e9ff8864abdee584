"""What the config says of downloads: where the official archives are, and where the datasets are made from them."""

import json
import re
from urllib.parse import quote, urlsplit

from mscol.config.datasets import EMBEDDED_ROOT
from mscol.errors import ConfigError

FETCHED_LAYOUTS = ("mtat", "nsynth", "fma")
_CHECKSUM = re.compile("sha256:[0-9a-f]{64}|sha1:[0-9a-f]{40}|md5:[0-9a-f]{32}", re.IGNORECASE)
_SCHEMES = ("http", "https", "file", "")


def complete_downloads(downloads):
    """Fill in what a file of the config leaves out, and leave out the files that are set to nothing."""
    completed = dict(downloads)
    for layout in FETCHED_LAYOUTS:
        files = {name: entry for name, entry in downloads[layout]["files"].items() if entry is not None}
        completed[layout] = downloads[layout] | {
            "files": {name: {"url": "", "checksum": ""} | entry for name, entry in files.items()},
            "counts": {key: count for key, count in downloads[layout]["counts"].items() if count is not None},
        }
    return completed


def check_downloads(downloads):
    """Check what a schema cannot say of the section ``downloads``.

    Raises
    ------
    ConfigError
        One sentence that names the key, what is wrong, and what is allowed.
    """
    folder = downloads["folder"]
    if folder.rstrip("/").removeprefix("./") == EMBEDDED_ROOT or set(folder) & set("{}"):
        raise ConfigError(
            f"config key 'downloads/folder': {folder!r} cannot be used; choose a folder other than {EMBEDDED_ROOT!r} (which "
            "holds the embedded datasets) and without braces"
        )
    for layout in FETCHED_LAYOUTS:
        _check_source(downloads[layout]["source"], f"downloads/{layout}/source")
        if not downloads[layout]["files"]:
            raise ConfigError(f"config key 'downloads/{layout}/files': there is none left; name one at least")
        for name, entry in downloads[layout]["files"].items():
            _check_file(name, entry, f"downloads/{layout}/files/{name}")


def _check_source(source, key):
    if _scheme(source) not in _SCHEMES:
        raise ConfigError(
            f"config key '{key}': {source!r} is not valid, write an address that begins with http://, https:// or file://, "
            "or a path"
        )


def _scheme(source):
    try:
        return urlsplit(source).scheme
    except ValueError:  # brackets where a host should be
        return None


def _check_file(name, entry, key):
    if not name or "/" in name or name.startswith("."):
        raise ConfigError(f"config key '{key}': {name!r} is no file name; write one without folders")
    _check_source(entry["url"], f"{key}/url")
    if entry["checksum"] and not _CHECKSUM.fullmatch(entry["checksum"]):
        raise ConfigError(
            f"config key '{key}/checksum': {entry['checksum']!r} is not valid, write sha256:, sha1: or md5: and the "
            "hexadecimal digits, or nothing"
        )


def fetched_root(layout, config):
    """Name the folder in which a fetched dataset lies.

    >>> fetched_root("mtat", {"downloads": {"folder": "datasets/"}})
    'datasets/mtat'
    """
    return f"{config['downloads']['folder'].rstrip('/') or '/'}/{layout}".replace("//", "/")


def fetched_layout(dataset, config):
    """Say of which layout a dataset of the config is, if its root is where a rule puts it; otherwise ""."""
    layout = dataset["layout"]
    of_a_rule = layout in FETCHED_LAYOUTS and dataset["root"].rstrip("/") == fetched_root(layout, config)
    return layout if of_a_rule else ""


def fetching_settings(layout, config):
    """Say what is needed to fetch a dataset.

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
    """The address of a file in a folder.

    >>> _below("https://host/x/", "a b.zip"), _below("/data", "a b.zip")
    ('https://host/x/a%20b.zip', '/data/a b.zip')
    """
    return f"{source.rstrip('/')}/{quote(name) if _scheme(source) else name}"


def dataset_lines(layout, config):
    """Write the line of a config that uses a fetched dataset.

    >>> dataset_lines("fma", {"downloads": {"folder": "datasets"}})
    'datasets: {fma: {layout: fma, root: datasets/fma}}'
    """
    root = fetched_root(layout, config)
    plain = re.fullmatch(r"[A-Za-z0-9_./-]+", root)
    return f"datasets: {{{layout}: {{layout: {layout}, root: {root if plain else json.dumps(root)}}}}}"
