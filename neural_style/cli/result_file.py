"""The one picture that a command without a run writes: its flags, its name, and what is checked before."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from neural_style import files, images, interruption
from neural_style.cli.flags import Parser, file_path
from neural_style.cli.groups import add_frame_flag
from neural_style.errors import InvalidInputError


def add_result_flags(parser: Parser, default: str) -> None:
    """Flags for the one picture that is written."""
    parser.add_argument(
        "--output",
        type=file_path,
        metavar="FILE",
        help=f"the picture to write; its ending selects the format (default: {default})",
    )
    add_frame_flag(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace an existing output")


def default_output(picture: images.Picture, ending: str) -> Path:
    """The output's name beside a picture; 16 bits need a TIFF."""
    path = Path(picture.name)
    return path.with_name(f"{path.stem}{ending}{'.png' if picture.rgb.dtype == np.uint8 else '.tif'}")


def write_result(
    output: Path, picture: images.Picture, *, is_deep: bool, overwrite: bool, record: str | None = None
) -> None:
    """Write a picture with its transparency and, if it is deep and a TIFF, with 16 bits, and print the name."""
    with interruption.held():
        if is_deep and output.suffix.lower() in (".tif", ".tiff"):
            images.write_16_bit(output, picture.colors, alpha=picture.alpha, overwrite=overwrite)
        else:
            images.write(output, picture.colors, alpha=picture.alpha, record=record, overwrite=overwrite)
    print(f"wrote {output}")


def check_result(output: Path, sources: Sequence[str | None], *, overwrite: bool) -> None:
    """Check, before any work, that `output` can be written, and that it is none of `sources`.

    Raises:
        InvalidInputError: it cannot be written, exists without `overwrite`, or is an input.
    """
    # `Path.resolve` raises RuntimeError for a link to itself, which is refused when it is read.
    if os.path.realpath(output) in [os.path.realpath(source) for source in sources if source is not None]:
        raise InvalidInputError(f'output "{output}" is one of the inputs and would be lost: choose another name')
    images.check_output(output, overwrite=overwrite)
    files.remove_leftovers(output.parent)
