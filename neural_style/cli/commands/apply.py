"""`neural-style apply embedded photos/ results/ --style painting.jpg`: paints photos in one pass."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from neural_style.cli.engine_flags import add_engine_flags, engine_of
from neural_style.cli.fast_folder import FastFolder, results_of
from neural_style.cli.flags import Parser, add_fields, values
from neural_style.cli.folder_files import is_folder
from neural_style.cli.groups import (
    COLORS,
    add_enhancement_flags,
    add_frame_flag,
    add_machine_flags,
    add_prepare_flag,
)
from neural_style.cli.session import start_backend
from neural_style.errors import InvalidInputError, MissingFileError
from neural_style.feedforward.fast_run import EMBEDDED, FastRun
from neural_style.inputs import Style
from neural_style.validation import check_count

if TYPE_CHECKING:
    from neural_style.feedforward.painter import Painter
    from neural_style.feedforward.styles import PreparedStyle

DESCRIPTION = """\
Paint a photo, or a folder of photos, in one pass of a feed-forward network: the embedded one in the style of any
painting, or one of neural-style train in the styles that it was trained for."""

EPILOG = """\
examples:
  neural-style apply embedded photo.jpg out.png --style painting.jpg
  neural-style apply embedded photos/ results/ --style wave.jpg scream.jpg --style_weight 1 0.5
  neural-style apply starry.keras photos/ results/ --batch_size 8

folders:
  Each photo in photos/ becomes results/<photo>.png, in its own size to the pixel. Photos of one size are painted
  together. Existing results are skipped; unusable images are reported, and the exit status is then 1.
"""

SPELLING_OF_APPLY = COLORS.but(names={"size": ["image_size"]})


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    found = parser().read(arguments)
    run = FastRun(**values(found, FastRun))
    check_count("batch_size", found.batch_size, at_least=1)
    if found.model == EMBEDDED and not found.style:
        raise InvalidInputError("the embedded network paints in any style: name a painting by --style")
    if found.model != EMBEDDED and not Path(found.model).is_file():
        raise MissingFileError(f"no network {found.model}: name a .keras file, or embedded")
    results = results_of(found.content, found.out, others=found.style or [], overwrite=found.overwrite)
    engine = engine_of(found, is_folder=is_folder(found.content))
    start_backend(found.device)
    painter, style = opened(found)
    folder = FastFolder(
        painter,
        style,
        run,
        results,
        found.batch_size,
        overwrite=found.overwrite,
        frame=found.frame,
        prepare=found.prepare,
        enhance=found.enhance,
        quiet=found.quiet,
        engine=engine,
        device=found.device,
    )
    return folder.execute() if is_folder(found.content) else folder.paint_one()


def parser() -> Parser:
    """The parser of the command."""
    parser = Parser("apply", DESCRIPTION, usage="model photo out [flags]", epilog=EPILOG)
    parser.add_argument("model", help=f"{EMBEDDED}, the network in this package, or a .keras file")
    parser.add_argument("content", metavar="photo", help="the photo, or a folder of photos")
    parser.add_argument("out", help="the picture to write; for a folder the folder of the results, made if necessary")
    add_frame_flag(parser)
    add_prepare_flag(parser)
    group = parser.add_argument_group("appearance")
    group.add_argument(
        "--style",
        nargs="+",
        metavar="NAME",
        help="one or more paintings, whose textures are blended; for a .keras file names of its styles (default: its "
        "first)",
    )
    group.add_argument("--style_weight", nargs="+", type=float, metavar="X", help="weight of each style (default: 1)")
    group.add_argument(
        "--stroke_scale", type=float, default=1.0, metavar="X", help="size of the strokes of the paintings (default: 1)"
    )
    add_fields(group, FastRun, ["strength", "size", "preserve_color", "rounds", "seed", "tile"], SPELLING_OF_APPLY)
    output = parser.add_argument_group("output")
    output.add_argument("--overwrite", action="store_true", help="replace existing files")
    output.add_argument(
        "--batch_size", type=int, default=4, metavar="N", help="photos of one size painted together (default: 4)"
    )
    add_enhancement_flags(parser)
    add_engine_flags(parser)
    add_machine_flags(parser)
    return parser


def opened(found: Namespace) -> tuple[Painter, PreparedStyle]:
    """The network, and the style with its weights.

    Raises:
        InvalidInputError, MissingFileError: one of them cannot be read, or their numbers differ.
    """
    from neural_style.feedforward.painter import Painter
    from neural_style.feedforward.styles import mix

    painter, names = Painter(found.model), found.style or []
    weights = found.style_weight or [1.0] * max(1, len(names))
    if len(weights) != max(1, len(names)):
        raise InvalidInputError(f"--style_weight has {len(weights)} values for {len(names)} styles: give one for each")
    if painter.styles:
        return painter, mix([painter.style(name) for name in names] or [painter.style()], weights)
    styles = [painter.style(Style(name, scale=found.stroke_scale, frame=found.frame)) for name in names]
    return painter, mix(styles, weights)
