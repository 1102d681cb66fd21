"""`neural-style network photo.jpg painting.jpg out`: the flags of the reference's Network.py, and ours.

`inetwork` has the same flags, and some of its own.
"""

from __future__ import annotations

from argparse import Namespace, _ArgumentGroup
from collections.abc import Sequence
from pathlib import Path

from neural_style.cli.engine_flags import add_engine_flags, engine_of
from neural_style.cli.flags import Parser, Spelling, add_fields, run_settings, values
from neural_style.cli.folder import Folder
from neural_style.cli.folder_files import is_folder
from neural_style.cli.groups import (
    NETWORK_FIELDS,
    PREFIX_HELP,
    SPELLING,
    add_color_flags,
    add_frame_flag,
    add_machine_flags,
    add_output_flags,
    add_prepare_flag,
    add_run_flags,
    fields_of,
)
from neural_style.cli.session import Session, open_checkpoint
from neural_style.errors import InvalidInputError
from neural_style.inputs import Content, Style
from neural_style.masks.mask import read_mask
from neural_style.network import Network, TransferTechnique
from neural_style.runs.outputs import Output
from neural_style.runs.settings import Run, RunSettings

PAINT = SPELLING.but(
    names={"resize": ["style_resize"]},
    advice={
        "pooling": "max usually gives stronger strokes; ave suits Starry Night.",
        "content_layer": "Deeper layers keep less detail.",
        "style_scale": "For the size of strokes see --stroke_scale.",
        "content_weight": "Divide by ten for more of the painting; a shallow content_layer needs less than a deep one.",
        "total_variation_weight": "0 leaves grain; with relative errors 1e-6 is crisp and 1e-5 smooth, with the "
        "reference's sums 1e-5 and 1e-4 (VGG networks).",
        "image_size": "Time and memory grow with its square, and strokes look smaller in a larger picture.",
        "sizes": "Best for large pictures: --sizes 200 400 800.",
        "iterations": "5 give an impression, 10 are usually enough.",
        "init": "content is the fastest.",
        "save_every": "For folders the default is 0.",
    },
)

DESCRIPTION = """\
Paint a photo in the style of one or more paintings (Gatys, Ecker & Bethge 2016).

Add --model mini to paint without a download; the default network downloads its weights once (58 MB)."""

EPILOG = """\
examples:
  neural-style {command} photo.jpg painting.jpg out --model mini{more}
  neural-style {command} photo.jpg wave.jpg scream.jpg out --style_weight 1.0 0.4 --sizes 256 512
  neural-style {command} photos/ painting.jpg results/ --model mini{more}
  neural-style {command} photos/ paintings/ results/ --model mini{more}

folders:
  Each photo in photos/ becomes results/<photo>.png, or, with a folder of paintings, one
  results/<photo>_<painting>.png for each painting. Files that differ only in their ending keep it in the result's name.
  Subfolders are ignored. Existing results are skipped, so rerun the command to paint the remaining photos. Unusable
  images are reported and skipped, and the exit status is then 1. Pictures of runs that were interrupted or broken off
  are replaced. Several processes may paint into one folder at the same time.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    return run(parser("network", Network, DESCRIPTION), Network, arguments)


def run(parser: Parser, technique: type[TransferTechnique], arguments: Sequence[str]) -> int:
    """Parse, paint, and return the exit status."""
    found = parser.read(arguments)
    return run_technique(technique(**values(found, technique)), run_settings(found), found)


def run_technique(
    technique: TransferTechnique,
    run: RunSettings,
    found: Namespace,
    *,
    choice: str = "",
    preview: float | None = None,
) -> int:
    """Paint a photo, or folders, as the arguments name them; returns the exit status.

    `choice` and `preview` are as in `Session`; pictures of folders have no preview.
    """
    content, styles = inputs_of(found)
    given = {name: value for name, value in values(found, Output).items() if value is not None}
    machine = {"quiet": found.quiet, "device": found.device, "choice": choice}
    has_folders = found.pairs or any(map(is_folder, [found.content, *found.styles]))
    engine = engine_of(found, is_folder=has_folders)
    if has_folders:
        if found.checkpoint is not None or found.resume:
            raise InvalidInputError("--checkpoint saves a single run: for a folder, rerun the command to resume it")
        output = Output(**{"save_every": 0, **given, "prefix": Path(found.prefix)})
        return Folder(technique, content, styles, run, output, pairs=found.pairs, engine=engine, **machine).execute()
    checkpoint, output = open_checkpoint(found, Output.from_prefix(**given))
    return Session(technique, content, styles, run, output, checkpoint=checkpoint, preview=preview, **machine).execute()


def parser(
    command: str, technique: type[TransferTechnique], description: str, *, own: Sequence[str] = (), paints: bool = True
) -> Parser:
    """The parser of a command for a technique.

    Args:
        command: name of the command.
        technique: its settings become flags.
        description: the beginning of the help.
        own: settings of the technique that get a group of their own.
        paints: False leaves out the prefix and the flags for output files and for the machine.
    """
    parser = Parser(
        command,
        description,
        usage=f"content style [style ...]{' prefix' if paints else ''} [flags]",
        epilog=EPILOG.format(command=command, more=" --variant novak2016" if own else ""),
    )
    add_pictures(parser, paints=paints)
    add_appearance(parser, technique)
    if own:
        add_fields(parser.add_argument_group("improvements"), technique, own)
    add_run_flags(parser, PAINT, with_checkpoint=paints)
    if paints:
        add_output_flags(parser, PAINT)
        parser.set_defaults(save_every=None)  # distinguishes the default from an explicit 1
    add_color_flags(parser, with_mask=True)
    add_masks(parser, technique)
    add_fields(parser.add_argument_group("network"), technique, fields_of(technique, NETWORK_FIELDS), PAINT)
    if paints:
        add_machine_flags(parser)
    return parser


def add_pictures(parser: Parser, *, paints: bool) -> None:
    """The positional arguments."""
    folders = (", or a folder of photos", "; or a folder of paintings, each for a picture of its own")
    content, style = folders if paints else ("", "")
    parser.add_argument("content", help=f"the photo whose layout is kept{content}")
    parser.add_argument(
        "styles",
        nargs="+",
        metavar="style",
        help=f"one or more paintings, whose textures are blended{style}",
    )
    add_frame_flag(parser)
    add_prepare_flag(parser)
    if not paints:
        return
    parser.add_argument("prefix", help=f"{PREFIX_HELP}; for folders, the folder of the results, made if necessary")
    parser.add_argument(
        "--pairs", action="store_true", help="of two folders, paint each photo with the painting of the same name only"
    )
    add_engine_flags(parser)


def add_appearance(
    parser: Parser, technique: type[TransferTechnique], spelling: Spelling = PAINT, *, with_strength: str = ""
) -> None:
    """Weights and sizes of content and styles, and `--strength` where `with_strength` is its help text."""
    group = parser.add_argument_group("appearance")
    if with_strength:
        group.add_argument("--strength", type=float, default=1.0, metavar="X", help=f"{with_strength} (default: 1)")
    add_style_weight(group)
    add_fields(group, technique, ["content_weight", "total_variation_weight", "style_scale"], spelling)
    add_stroke_scale(group)
    add_fields(group, Style, ["resize"], spelling)


def add_style_weight(group: _ArgumentGroup) -> None:
    """`--style_weight`."""
    group.add_argument(
        "--style_weight", nargs="+", type=float, metavar="X", help="weight of each style (default: 1 for each)"
    )


def add_stroke_scale(group: _ArgumentGroup) -> None:
    """`--stroke_scale`."""
    group.add_argument(
        "--stroke_scale",
        nargs="+",
        type=float,
        default=[1.0],
        metavar="X",
        help="size of the strokes, for all styles or one for each: paintings are resized by this factor (default: 1)",
    )


def add_masks(
    parser: Parser,
    technique: type[TransferTechnique] | None = None,
    spelling: Spelling | None = None,
    *,
    with_content_mask: bool = True,
) -> None:
    """Flags for the regions in which styles act."""
    group = parser.add_argument_group("masks (styles act where a mask is white)")
    group.add_argument(
        "--style_masks",
        nargs="+",
        metavar="MASK",
        help="a mask of the photo for each style: where it acts; the word none is for everywhere",
    )
    if with_content_mask:
        group.add_argument(
            "--content_mask",
            metavar="MASK",
            help="a mask of the photo: where all styles act; --style_masks then select parts of the paintings",
        )
    group.add_argument("--soft_masks", action="store_true", help="treat grey in masks as partly white")
    if technique is not None:
        names = ("mask_normalization", "guide_propagation", "guide_dilation", "guided_statistic")
        add_fields(group, technique, fields_of(technique, names), spelling)


def inputs_of(found: Namespace) -> tuple[Content, list[Style]]:
    """Content and styles with their masks in memory, and their pictures still in files.

    Raises:
        InvalidInputError, MissingFileError: a mask cannot be read, or a flag lacks the one that it needs.
    """
    check_color_flags(found)
    if found.soft_masks and not (found.style_masks or found.content_mask or found.color_mask):
        raise InvalidInputError("--soft_masks was given without a mask: name one, or leave it out")
    mask, color_mask = (
        None if path is None else read_mask(path, soft=found.soft_masks, what=what)
        for path, what in ((found.content_mask, "content mask"), (found.color_mask, "color mask"))
    )
    content = Content(found.content, mask=mask, color_mask=color_mask, frame=found.frame, prepare=found.prepare)
    return content, styles_of(found)


def check_color_flags(found: Namespace) -> None:
    """Raise `InvalidInputError` for a flag that has no effect without `--preserve_color`."""
    if found.preserve_color == Run.preserve_color:
        has_mask = getattr(found, "color_mask", None)
        for flag, given in (("color_mask", has_mask), ("color_when", found.color_when != Run.color_when)):
            if given:
                raise InvalidInputError(f"--{flag} needs --preserve_color: name a method, such as pca")


def styles_of(found: Namespace) -> list[Style]:
    """The styles, each with its weight, scale and mask.

    Raises:
        InvalidInputError: there are more or fewer weights than styles; the reference scripts average them silently.
    """
    count = len(found.styles)
    scales = found.stroke_scale * count if len(found.stroke_scale) == 1 else found.stroke_scale
    each = {
        "style_weight": found.style_weight or [1.0] * count,
        "stroke_scale": scales,
        "style_masks": found.style_masks or ["none"] * count,
    }
    for flag, given in each.items():
        if len(given) != count:
            raise InvalidInputError(f"--{flag} has {len(given)} values for {count} styles: give one for each")
    return [
        Style(
            path,
            weight=weight,
            scale=scale,
            resize=found.resize,
            mask=None if mask == "none" else read_mask(mask, soft=found.soft_masks, what="style mask"),
            frame=found.frame,
        )
        for path, weight, scale, mask in zip(found.styles, *each.values(), strict=True)
    ]
