"""`neural-style color_transfer photo.jpg out.png`: the flags of the reference's color_transfer.py, and ours."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from neural_style import files, images, interruption
from neural_style.cli.flags import Parser, boolean, file_path
from neural_style.cli.groups import add_frame_flag
from neural_style.color_transfer import METHODS, recolored
from neural_style.errors import InvalidInputError
from neural_style.validation import check_choice

ENDINGS = {"luminance": "_original_color"}
"""The reference's name where it is not `_<method>_color`."""

EPILOG = """\
methods:
  luminance           brightness from the picture, colour from the photo at the same place
  histogram           red, green and blue each get the photo's histogram
  cholesky, pca, monge_kantorovich
                      mean and covariance of the colours become the photo's (Gatys et al. 2016)

examples:
  neural-style color_transfer photo.jpg out.png
  neural-style color_transfer photo.jpg out.png --method pca --mask sky.png --output out2.png
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    found = parser().read(arguments)
    if found.hist_match and found.method not in (None, "histogram"):
        raise InvalidInputError(
            f"--hist_match 1 is --method histogram, received --method {found.method}: leave one out"
        )
    method = found.method
    if method is None:
        method = "histogram" if found.hist_match else "luminance"
    check_choice("method of colour transfer", method, METHODS)
    picture = images.read(found.generated, what="generated", frame=found.frame)
    output = found.output or default_output(picture, ENDINGS.get(method, f"_{method}_color"))
    check_result(output, [found.content, found.generated, found.mask], overwrite=found.overwrite)
    content = images.read(found.content, what="content", frame=found.frame)
    result = recolored(content, picture, method=method, mask=found.mask)
    write_result(output, result, is_deep=picture.rgb.dtype != np.uint8, overwrite=found.overwrite)
    return 0


def parser() -> Parser:
    """The command's parser."""
    parser = Parser("color_transfer", "Give a picture the colours of another, usually of its content.", epilog=EPILOG)
    parser.add_argument("content", help="the photo that gives the colours")
    parser.add_argument("generated", help="the picture that gets them; its file is not changed")
    parser.add_argument(
        "--mask", "--masks", metavar="FILE", help="change only where this mask is white, by the colours found there"
    )
    parser.add_argument(
        "--hist_match", type=boolean, default=False, metavar="0|1", help="1 for --method histogram (default: 0)"
    )
    parser.add_argument("--method", metavar="NAME", help="one of the methods below (default: luminance)")
    add_result_flags(parser, "<generated>_original_color.png, or <generated>_<method>_color.png")
    return parser


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
