"""What rule files need of mscol: model names, the config, shards, and what code a script depends on.

Quick to import: nothing here imports NumPy, pandas or a training framework.
"""

from mscol.datasets.shards import shard_names
from mscol.datasets.watch import watched_paths
from mscol.names.checks import check_fraction, check_targets, encoder_files, trained_file
from mscol.names.config import effective_config, read_yaml, write_config
from mscol.names.datasets import EMBEDDED_ROOT, settings_of
from mscol.names.downloads import dataset_lines, fetched_root, fetching_settings
from mscol.names.folders import check_writable
from mscol.names.models import SOURCES, Model, find_model, parse_model
from mscol.names.provenance import file_digest, library_fingerprint
from mscol.names.submission import check_arrays

__all__ = [
    "EMBEDDED_ROOT",
    "SOURCES",
    "Model",
    "check_arrays",
    "check_fraction",
    "check_targets",
    "check_writable",
    "dataset_lines",
    "effective_config",
    "encoder_files",
    "fetched_root",
    "fetching_settings",
    "file_digest",
    "find_model",
    "library_fingerprint",
    "parse_model",
    "read_yaml",
    "settings_of",
    "shard_names",
    "trained_file",
    "watched_paths",
    "write_config",
]
