"""`neural-style paint photo.jpg painting.jpg out`: a painting with one number for how strongly."""

from __future__ import annotations

from argparse import Action, Namespace
from collections.abc import Sequence
from functools import partial

from neural_style.cli.commands import network
from neural_style.cli.commands.network import (
    add_masks,
    add_pictures,
    add_stroke_scale,
    add_style_weight,
    run_technique,
    styles_of,
)
from neural_style.cli.engine_flags import engine_of
from neural_style.cli.fast_folder import FastFolder, results_of
from neural_style.cli.flags import Parser, add_fields, run_settings
from neural_style.cli.folder_files import is_folder
from neural_style.cli.groups import (
    SPELLING,
    add_color_flags,
    add_machine_flags,
    add_output_flags,
    add_run_flags,
)
from neural_style.cli.session import start_backend
from neural_style.errors import InvalidInputError
from neural_style.feedforward.fast_run import FastRun
from neural_style.inputs import Style
from neural_style.network import Network
from neural_style.painting import ITERATIONS, STRENGTH_HELP, run_for, technique_for

DESCRIPTION = """\
Paint a photo in the style of one or more paintings.

--strength 1 is a balanced painting, 0.3 a tint and 3 mostly painting, at any size. The photo is painted at a quarter,
half and all of its rows. The network is VGG-19 if its weights were downloaded before, otherwise mini, which is part of
this package. Until it is finished, PREFIX_preview.png holds a preview, painted in one pass (--quiet makes none)."""

EPILOG = """\
examples:
  neural-style paint photo.jpg painting.jpg out
  neural-style paint photo.jpg painting.jpg out --strength 2 --image_size 800
  neural-style paint photo.jpg wave.jpg scream.jpg out --style_weight 1 0.5
  neural-style paint photos/ painting.jpg results/
  neural-style paint photo.jpg painting.jpg preview --fast

The command network has every setting of the papers and of the reference scripts.
"""

SPELLING_OF_PAINT = SPELLING.but(
    defaults={"iterations": ITERATIONS, "save_every": 0},
    names={"resize": ["style_resize"]},
    advice={"image_size": "Time and memory grow with its square.", "sizes": "Default: a quarter, half and all rows."},
)

FLAGS_OF_FAST = (
    *("fast", "strength", "preserve_color", "image_size", "seed", "tile", "style_weight", "stroke_scale", "resize"),
    *("frame", "prepare", "enhance", "overwrite", "device", "quiet"),
    *("jobs", "engine", "address", "per_task_gpus"),
)
"""Flags that have an effect with `--fast`."""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    flags = parser()
    found = flags.read(arguments)
    if found.fast:
        return _paint_in_one_pass(found, flags.given(found))
    technique = technique_for(found.strength, model=found.model, weights=found.weights)
    choice = " (--model chooses another network)" if found.model is None else ""
    return run_technique(technique, run_for(run_settings(found)), found, choice=choice, preview=found.strength)


def parser() -> Parser:
    """The parser of the command."""
    parser = Parser(
        "paint",
        DESCRIPTION,
        usage="photo painting [painting ...] prefix [flags]",
        epilog=EPILOG,
        fuller=partial(network.parser, "network", Network, ""),
    )
    add_pictures(parser, paints=True)
    group = parser.add_argument_group("appearance")
    group.add_argument(
        "--strength",
        type=float,
        default=1.0,
        metavar="X",
        help=f"{STRENGTH_HELP} (default: 1)",
    )
    group.add_argument(
        "--fast",
        action="store_true",
        help="paint in one pass of the embedded feed-forward network, without an optimisation: a preview in seconds; "
        "strength is then from 0 to 1",
    )
    add_style_weight(group)
    add_stroke_scale(group)
    add_fields(group, Style, ["resize"], SPELLING_OF_PAINT)
    add_run_flags(parser, SPELLING_OF_PAINT)
    add_output_flags(parser, SPELLING_OF_PAINT)
    add_color_flags(parser, with_mask=True)
    add_masks(parser)
    of_network = parser.add_argument_group("network")
    of_network.add_argument(
        "--model", metavar="NAME", help="vgg16, vgg19 or mini (default: vgg19 if downloaded, else mini)"
    )
    add_fields(of_network, Network, ["weights"], SPELLING_OF_PAINT)
    add_machine_flags(parser)
    return parser


def _paint_in_one_pass(found: Namespace, given: Sequence[Action]) -> int:
    """`paint --fast`: paint a photo, or a folder, with the embedded network; returns the exit status.

    Args:
        found: the arguments.
        given: from `Parser.given`.

    Raises:
        InvalidInputError, MissingFileError: an input cannot be used, or a flag has no effect without an optimisation.
    """
    for flag in given:
        if flag.dest not in FLAGS_OF_FAST:
            raise InvalidInputError(f"{flag.option_strings[0]} has no effect with --fast: leave one of the two out")
    run = FastRun(
        strength=found.strength,
        preserve_color=found.preserve_color,
        size=found.image_size,
        seed=found.seed,
        tile=found.tile,
    )
    styles = styles_of(found)
    results = results_of(found.content, found.prefix, others=found.styles, overwrite=found.overwrite)
    engine = engine_of(found, is_folder=is_folder(found.content))
    start_backend(found.device)
    from neural_style.feedforward.painter import Painter

    painter = Painter()
    folder = FastFolder(
        painter,
        painter.style(*styles),
        run,
        results,
        1,
        overwrite=found.overwrite,
        frame=found.frame,
        prepare=found.prepare,
        enhance=found.enhance,
        quiet=found.quiet,
        engine=engine,
        device=found.device,
    )
    return folder.execute() if is_folder(found.content) else folder.paint_one()
