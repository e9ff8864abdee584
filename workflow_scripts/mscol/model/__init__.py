"""The model: an encoder, and the parts used in pretraining only (projection, bilinear similarity, loss).

Everything is written with ``keras.ops`` and Keras' own layers, so it runs on any backend of Keras. Only
`runtime` and `steps` call a backend directly.
"""
# ruff: noqa: E402 (settings that must precede the import of Keras)

import os

from mscol.jobs.chatter import hush_frameworks

hush_frameworks()
# TensorFlow reads both when it is imported; values that the user sets take precedence. oneDNN doubles the speed of its convolutions, but
# TensorFlow enables it on some processors only (docs/benchmarks.md). On a GPU, TensorFlow would otherwise allocate all memory at once.
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
from mscol.model.steps import bring_to_device, compile_steps, cut_crops, load_on_device

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
    "cut_crops",
    "framework_versions",
    "free_device_memory",
    "is_out_of_memory",
    "load_encoder",
    "load_on_device",
    "load_saved",
    "mesh_of",
    "save_encoder",
]
