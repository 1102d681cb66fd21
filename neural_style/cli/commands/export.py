"""`neural-style export starry.keras starry.onnx`: writes a trained network for programs without this library."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from neural_style.cli.flags import Parser
from neural_style.cli.session import start_backend

DESCRIPTION = """\
Write a network of one style as ONNX, or as a SavedModel of TensorFlow. Input and output are float32 (N, H, W, 3), RGB
in 0..255, of any N; H and W are multiples of 8, at least 32. Clip the output to 0..255."""

EPILOG = """\
examples:
  neural-style export starry.keras starry.onnx
  neural-style export starry.keras starry_saved_model
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    found = parser().read(arguments)
    start_backend(None)
    from neural_style.feedforward.export import export
    from neural_style.feedforward.trained import TrainedNetwork

    export(TrainedNetwork(found.model), found.out, overwrite=found.overwrite)
    print(f"wrote {found.out}")
    return 0


def parser() -> Parser:
    """The parser of the command."""
    parser = Parser("export", DESCRIPTION, epilog=EPILOG)
    parser.add_argument("model", type=Path, help="a .keras file of one style")
    parser.add_argument("out", type=Path, help="a file .onnx, or a folder for a SavedModel, which must not exist")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing .onnx file")
    return parser
