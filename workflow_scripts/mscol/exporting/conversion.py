"""Trace an encoder with the backend that a format requires, and write the file.

A process has one backend of Keras, and the exporting process already has one. So `convert` is called in a new process
(`mscol.exporting.export`), after `prepare`.
"""

import importlib
import json
import os
import warnings
from functools import partial
from pathlib import Path

from mscol.errors import TrainingError
from mscol.exporting.about import ABOUT_FILE, CROPS, VALUES, WAVEFORMS, as_texts
from mscol.exporting.formats import FORMATS
from mscol.jobs.chatter import hush_frameworks
from mscol.mels import CROP_FRAMES, N_MELS, SHORTEST_SAMPLES

# Any size works if it is larger than 1: tracers treat a size of 1 as fixed
_TRACED_SAMPLES = 100_000


def prepare(backend):
    """Set the backend before Keras is imported, and use the CPU, so that no exported file requires a GPU."""
    hush_frameworks()
    os.environ.update(KERAS_BACKEND=backend, CUDA_VISIBLE_DEVICES="")
    warnings.simplefilter("ignore")  # tracers warn about fixed sizes; none of them varies


def convert(encoder, name, output, about):
    """Write an encoder in a format.

    Parameters
    ----------
    encoder : str or os.PathLike
        A ``.keras`` file.
    name : str
        A key of `mscol.exporting.formats.FORMATS`.
    output : str or os.PathLike
        Output path.
    about : dict
        As `mscol.exporting.about.describe` returns it: ``input`` determines the input of the file.

    Raises
    ------
    TrainingError
        If the encoder cannot be traced.
    """
    from mscol.exporting.graphs import embed_crops, embed_waveforms
    from mscol.model.saved import load_saved

    encoder = load_saved(encoder)
    encoder.trainable = False  # torch treats values as constants only if they need no gradient
    function = partial(embed_waveforms if about["input"] == WAVEFORMS else embed_crops, encoder)
    write = {"onnx": _write_onnx, "torch": _write_torch, "savedmodel": _write_savedmodel}[name]
    try:
        write(encoder, function, Path(output), about)
    except Exception as error:
        # Tracers raise many kinds of errors, and not all of them can be passed to another process.
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise TrainingError(f"cannot export the encoder to {FORMATS[name].title} ({reason})") from None


def _write_onnx(encoder, function, output, about):
    onnx, torch = importlib.import_module("onnx"), importlib.import_module("torch")
    taken = _free_axes(about)
    # With TorchScript: torch's newer exporter gives the same result, takes ten times as long, and needs one more package (onnxscript).
    torch.onnx.export(
        _module(function),
        _example(about),
        output,
        dynamo=False,
        input_names=[about["input"]],
        output_names=[VALUES],
        dynamic_axes={
            about["input"]: taken,
            VALUES: {axis: "windows" if title == "samples" else title for axis, title in taken.items()},
        },
    )
    model = onnx.load(output)
    onnx.helper.set_model_props(model, as_texts(about))
    onnx.save(model, output)


def _write_torch(encoder, function, output, about):
    torch = importlib.import_module("torch")
    sizes = {
        axis: torch.export.Dim(title, min=SHORTEST_SAMPLES if title == "samples" else 1)
        for axis, title in _free_axes(about).items()
    }
    program = torch.export.export(
        _module(function),
        _example(about),
        dynamic_shapes=(sizes,),
        strict=False,
        prefer_deferred_runtime_asserts_over_guards=True,
    )
    _allow_sizes_of_one(program.graph)
    torch.export.save(program, output, extra_files={ABOUT_FILE: json.dumps(about, indent=2)})


def _allow_sizes_of_one(graph):
    """Remove the tracer's assertions about sizes: it covers memory layouts of several clips and windows only, and refuses a single one.

    The result does not depend on layouts; an export is also compared with the encoder on a single clip.
    """
    asserts = importlib.import_module("torch").ops.aten._assert_scalar.default
    for node in [node for node in graph.nodes if node.target == asserts]:
        graph.erase_node(node)


def _write_savedmodel(encoder, function, output, about):
    keras, tf = importlib.import_module("keras"), importlib.import_module("tensorflow")
    shape = [None if axis in _free_axes(about) else size for axis, size in enumerate(_shape(about))]
    archive = keras.export.ExportArchive()
    archive.track(encoder)
    archive.add_endpoint(
        "serve", lambda inputs: {VALUES: function(inputs)}, [tf.TensorSpec(shape, tf.float32, about["input"])]
    )
    archive.write_out(output, verbose=False)
    (output / ABOUT_FILE).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def _module(function):
    """Wrap a function as a torch module. It does not register the encoder, whose weights would be stored twice."""
    torch = importlib.import_module("torch")

    class Exported(torch.nn.Module):
        def forward(self, inputs):
            return function(inputs)

    return Exported().eval()


def _example(about):
    torch = importlib.import_module("torch")
    return (torch.randn(_shape(about), generator=torch.Generator().manual_seed(0)),)


def _shape(about):
    return (2, _TRACED_SAMPLES) if about["input"] == WAVEFORMS else (2, CROP_FRAMES, N_MELS, 1)


def _free_axes(about):
    """Return the axes whose size is free, and what each counts."""
    return {0: "clips", 1: "samples"} if about["input"] == WAVEFORMS else {0: CROPS}
