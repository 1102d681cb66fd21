"""`neural-style color_transfer photo.jpg out.png`: the flags of the reference's color_transfer.py, and ours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neural_style import images
from neural_style.cli.flags import Parser, boolean
from neural_style.cli.result_file import add_result_flags, check_result, default_output, write_result
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
