"""`neural-style enhance picture.png out.png --steps "denoise sharpen upscale:4"`: finishing steps of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from neural_style import images
from neural_style.cli.flags import Parser, file_path
from neural_style.cli.groups import add_frame_flag, add_machine_flags
from neural_style.cli.result_file import check_result, write_result
from neural_style.cli.session import start_backend
from neural_style.enhancement.steps import KINDS, check_sizes, enhanced, steps_of
from neural_style.errors import InvalidInputError, NeuralStyleError
from neural_style.runs import records

DESCRIPTION = """\
Remove noise, sharpen, enlarge or reduce a picture, step by step. Transparency and 16 bits are kept."""

EPILOG = """\
steps, taken in their order:
{steps}

examples:
  neural-style enhance out.png large.png --steps "denoise upscale:4 sharpen"
  neural-style enhance out.png print.png --steps "upscale:4 rows:1024 sharpen:1"
  neural-style enhance photo.jpg dark.png --steps "darker contrast"

The record of a painted picture is kept, with the steps: neural-style rerun repeats them.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    found = parser().read(arguments)
    steps = steps_of(found.steps)
    if not steps:
        raise InvalidInputError('--steps names no step: give some, as in --steps "denoise sharpen"')
    check_result(found.output, [found.picture], overwrite=found.overwrite)
    picture = images.read(found.picture, what="picture", frame=found.frame)
    check_sizes(steps, picture.size, picture.name)
    if "upscale" in found.steps:
        start_backend(found.device, "" if found.quiet else "the upscaler")
    result = enhanced(picture, found.steps)
    try:
        record = records.to_json(records.with_steps(records.read(Path(found.picture)), found.steps))
    except NeuralStyleError:  # a picture of another origin
        record = None
    is_deep = picture.rgb.dtype != np.uint8
    write_result(found.output, result, is_deep=is_deep, overwrite=found.overwrite, record=record)
    return 0


def parser() -> Parser:
    """The command's parser."""
    steps = "\n".join(f"  {name:<10}{kind.text}" for name, kind in KINDS.items())
    parser = Parser("enhance", DESCRIPTION, epilog=EPILOG.format(steps=steps))
    parser.add_argument("picture", help="the picture; its file is not changed")
    parser.add_argument("output", type=file_path, help="the picture to write; its ending selects the format")
    parser.add_argument(
        "--steps", required=True, metavar="STEPS", help='steps below, separated by blanks, such as "denoise sharpen"'
    )
    add_frame_flag(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace an existing output")
    add_machine_flags(parser)
    return parser
