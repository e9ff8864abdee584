"""The model: an encoder, and what it is pretrained with (projection, bilinear similarity, loss).

All of it is written on ``keras.ops`` and Keras' own layers, so that it runs on any backend of Keras;
`runtime` and `steps` alone speak to a backend itself.
"""
# ruff: noqa: E402 (what must be settled before Keras is imported)

import os

from mscol.jobs.chatter import hush_frameworks

hush_frameworks()
# Both are read when TensorFlow is imported, and whoever sets them has the last word. Its convolutions are twice as fast with oneDNN, which it turns on by itself on
# some processors only (docs/benchmarks.md). On a GPU it would take all memory at once, from whoever else computes there.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")

from mscol.model.association import SourceAssociation
from mscol.model.calibration import compile_calibration
from mscol.model.devices import choose_devices, mesh_of
from mscol.model.encoder import build_encoder, save_encoder
from mscol.model.loading import load_encoder
from mscol.model.loss import association_loss
from mscol.model.runtime import (
    backend_and_device,
    configure,
    framework_versions,
    free_device_memory,
    is_out_of_memory,
)
from mscol.model.saved import load_saved
from mscol.model.steps import bring_to_device, compile_steps, load_on_device

__all__ = [
    "SourceAssociation",
    "association_loss",
    "backend_and_device",
    "bring_to_device",
    "build_encoder",
    "choose_devices",
    "compile_calibration",
    "compile_steps",
    "configure",
    "framework_versions",
    "free_device_memory",
    "is_out_of_memory",
    "load_encoder",
    "load_on_device",
    "load_saved",
    "mesh_of",
    "save_encoder",
]
