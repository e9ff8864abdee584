"""``mscol export``: encoders as files for ONNX, PyTorch and TensorFlow, for whoever does not install Keras."""

import argparse
import os
from pathlib import Path

from mscol.commands.encoder_option import ENCODER_HELP, add_paper, check_encoder
from mscol.encoders import open_encoder
from mscol.exporting.formats import FORMATS, require_packages

EXAMPLE = """example:
  mscol export models/bass_vocals/seed1 --to onnx -o bass_vocals.onnx
  mscol export models/bass_vocals/seed1 --to torch -o bass_vocals.pt2 --waveform

A file takes log-mel crops (crops, 98, 64, 1) and gives (crops, values). With --waveform it takes waveforms of 16 kHz (clips, samples),
divides each by the L2 norm of the whole, and gives (clips, windows, values): a window each 0.98 s (of a cvsm encoder:
a second, and the norm is that of its slice of 5 s).

docs/export.md runs each of them in ten lines.
"""


def add(commands):
    """Add the command to a parser's subparsers."""
    export = commands.add_parser(
        "export",
        help="write an encoder as ONNX, for PyTorch or for TensorFlow",
        description="Write an encoder as a file that runs without Keras and without mscol. Before it is put in its place, it is run and held "
        "against the encoder.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    export.set_defaults(run=run, check=check)
    export.add_argument("encoder", type=Path, metavar="ENCODER", help=ENCODER_HELP)
    add_paper(export)
    export.add_argument("--to", required=True, choices=FORMATS, help="the format")
    export.add_argument(
        "-o", "--output", required=True, type=Path,
        help="the file to be written: .onnx or .pt2; for savedmodel, the folder",
    )  # fmt: skip
    export.add_argument(
        "--waveform", action="store_true", help="take waveforms of 16 kHz, and compute their log-mels inside"
    )
    export.add_argument(
        "--audio", type=Path,
        help="a recording on whose beginning the file is held against the encoder (default: synthesised music)",
    )  # fmt: skip


def check(export, options):
    """End with a sentence where the options do not make sense; find the encoder in its folder."""
    suffix = FORMATS[options.to].suffix
    if options.output.suffix.lower() != suffix and (suffix or options.output.suffix in (".onnx", ".pt2")):
        export.error(
            f"argument -o: {options.output}: write a name that ends in {suffix}"
            if suffix
            else f"argument -o: {options.output}: a SavedModel is a folder; write a name without a suffix"
        )
    if options.output.is_dir() and (suffix or not (options.output / "saved_model.pb").is_file()):
        export.error(f"argument -o: {options.output}: there is a folder of this name; write another name")
    check_encoder(export, options, "ENCODER")


def run(options):
    """Export the encoder."""
    require_packages(options.to)
    from mscol.exporting.export import export_encoder  # here, since --help needs none of it
    from mscol.io.files import read_json

    encoder = open_encoder(options.encoder, options.paper, os.cpu_count())
    made_by = options.encoder.with_name("run.json")
    about = read_json(made_by) if made_by.is_file() else {}
    export_encoder(encoder, options.to, options.output, options.waveform, options.audio, about)
    return 0
