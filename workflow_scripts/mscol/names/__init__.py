"""What rule files need of mscol: model names, the config, shards, and what code a script depends on.

Quick to import: nothing here imports NumPy, pandas or a training framework.
"""

from mscol.datasets.shards import shard_names
from mscol.datasets.watch import watched_paths
from mscol.names.config import (
    EMBEDDED_ROOT,
    check_targets,
    effective_config,
    encoder_files,
    settings_of,
    write_config,
)
from mscol.names.models import SOURCES, Model, find_model, parse_model
from mscol.names.provenance import file_digest, library_fingerprint

__all__ = [
    "EMBEDDED_ROOT",
    "SOURCES",
    "Model",
    "check_targets",
    "effective_config",
    "encoder_files",
    "file_digest",
    "find_model",
    "library_fingerprint",
    "parse_model",
    "settings_of",
    "shard_names",
    "watched_paths",
    "write_config",
]
