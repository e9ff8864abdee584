"""``mscol export``: write encoders for ONNX, PyTorch or TensorFlow, to run without Keras."""

import argparse
import os
from pathlib import Path

from mscol.commands.encoder_option import ENCODER_HELP, add_paper, check_encoder
from mscol.encoders import open_encoder
from mscol.exporting.formats import FORMATS, require_packages

EXAMPLE = """example:
  mscol export models/bass_vocals/seed1 --to onnx -o bass_vocals.onnx
  mscol export models/bass_vocals/seed1 --to torch -o bass_vocals.pt2 --waveform

The exported encoder takes log-mel crops (crops, 98, 64, 1) and returns embeddings (crops, values). With --waveform it takes
16 kHz waveforms (clips, samples), divides each by its L2 norm, and returns (clips, windows, values) with one window every
0.98 s. A cvsm encoder has one window per second and divides each 5 s slice by its own norm.

docs/export.md shows how to run each format in about ten lines.
"""


def add(commands):
    """Add the command to a parser's subparsers."""
    export = commands.add_parser(
        "export",
        help="export an encoder for ONNX, PyTorch or TensorFlow",
        description="Write an encoder as a file that runs without Keras and without mscol. The file is run and compared with the encoder "
        "before it is saved.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    export.set_defaults(run=run, check=check)
    export.add_argument("encoder", type=Path, metavar="ENCODER", help=ENCODER_HELP)
    add_paper(export)
    export.add_argument("--to", required=True, choices=FORMATS, help="output format")
    export.add_argument(
        "-o", "--output", required=True, type=Path,
        help="file to write (.onnx or .pt2), or folder to write (savedmodel)",
    )  # fmt: skip
    export.add_argument(
        "--waveform",
        action="store_true",
        help="take 16 kHz waveforms as input; the exported encoder computes the log-mels",
    )
    export.add_argument(
        "--audio", type=Path,
        help="recording whose beginning is used for the comparison with the encoder (default: synthesised music)",
    )  # fmt: skip


def check(export, options):
    """Exit with an error if an option is invalid; find the encoder in its folder."""
    suffix = FORMATS[options.to].suffix
    if options.output.suffix.lower() != suffix and (suffix or options.output.suffix in (".onnx", ".pt2")):
        export.error(
            f"argument -o: {options.output}: use a name that ends in {suffix}"
            if suffix
            else f"argument -o: {options.output}: a SavedModel is a folder; use a name without a suffix"
        )
    if options.output.is_dir() and (suffix or not (options.output / "saved_model.pb").is_file()):
        export.error(f"argument -o: {options.output}: a folder with this name exists; use another name")
    check_encoder(export, options, "ENCODER")


def run(options):
    """Export the encoder."""
    require_packages(options.to)
    from mscol.exporting.export import export_encoder  # imported here to keep --help fast
    from mscol.io.files import read_json

    encoder = open_encoder(options.encoder, options.paper, os.cpu_count())
    made_by = options.encoder.with_name("run.json")
    about = read_json(made_by) if made_by.is_file() else {}
    export_encoder(encoder, options.to, options.output, options.waveform, options.audio, about)
    return 0
