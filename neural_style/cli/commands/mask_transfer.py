"""`neural-style mask_transfer photo.jpg out.png mask.png`: the reference's mask_transfer.py, and ours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neural_style import images
from neural_style.cli.flags import Parser
from neural_style.cli.result_file import add_result_flags, check_result, default_output, write_result
from neural_style.mask_transfer import merged

EPILOG = """\
example:
  neural-style mask_transfer photo.jpg out.png mask.png --feather 4
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    found = parser().read(arguments)
    picture = images.read(found.generated, what="generated", frame=found.frame)
    output = found.output or default_output(picture, "_masked")
    check_result(output, [found.content, found.generated, found.mask], overwrite=found.overwrite)
    content = images.read(found.content, what="content", frame=found.frame)
    result = merged(content, picture, found.mask, feather=found.feather)
    write_result(output, result, is_deep=picture.rgb.dtype != np.uint8, overwrite=found.overwrite)
    return 0


def parser() -> Parser:
    """The command's parser."""
    parser = Parser("mask_transfer", "Paste a photo back into a picture where a mask is black.", epilog=EPILOG)
    parser.add_argument("content", help="the photo that appears where the mask is black")
    parser.add_argument("generated", help="the picture that stays where the mask is white; its file is not changed")
    parser.add_argument("mask", help="a mask of any size; grey levels from 128 count as white")
    parser.add_argument(
        "--feather",
        type=float,
        default=0.0,
        metavar="R",
        help="width of the soft edge in pixels (default: 0, a hard edge)",
    )
    add_result_flags(parser, "<generated>_masked.png")
    return parser
