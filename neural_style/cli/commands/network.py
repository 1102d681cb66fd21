"""`neural-style network photo.jpg painting.jpg out`: the flags of the reference's Network.py, and ours.

`inetwork` has the same, and some of its own.
"""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Sequence
from pathlib import Path

from neural_style.cli.checkpoints import add_checkpoint_flags, opened
from neural_style.cli.flags import Parser, add_fields, boolean, run_settings, values
from neural_style.cli.folder import Folder, is_folder
from neural_style.cli.session import Output, Session, add_output_flags
from neural_style.errors import InvalidInputError
from neural_style.inputs import Content, Style
from neural_style.masks.mask import read_mask
from neural_style.network import Network, TransferTechnique
from neural_style.runs.settings import Run
from neural_style.validation import help_texts

FLAGS = {"pooling": "pool_type", "iterations": "num_iter", "init": "init_image"}
"""The reference's names where they are not the fields'."""

ADVICE = {
    "model": "mini needs no download; the papers use vgg19.",
    "weights": "imagenet is downloaded once.",
    "pooling": "max usually gives stronger strokes; ave is worth a try with Starry Night.",
    "content_layer": "Deeper layers keep less detail.",
    "style_scale": "For the size of strokes see --stroke_scale.",
    "content_weight": "Divide by ten for more of the painting; a shallow content_layer needs less than a deep one.",
    "total_variation_weight": "0 leaves grain, 1e-5 is crisp, 1e-4 smooth.",
    "image_size": "Time and memory grow with its square, and strokes look smaller in a larger picture.",
    "sizes": "The way to large pictures: --sizes 200 400 800.",
    "iterations": "5 show where it goes, 10 are usually enough.",
    "init": "content is the fastest.",
    "save_every": "With folders it is 0 by default.",
}

DESCRIPTION = "Paint a photo in the style of one or more paintings (Gatys, Ecker & Bethge 2016)."

EPILOG = """\
examples:
  neural-style {command} photo.jpg painting.jpg out --model mini{more}
  neural-style {command} photo.jpg wave.jpg scream.jpg out --style_weight 1.0 0.4 --sizes 256 512
  neural-style {command} photos/ painting.jpg results/ --model mini{more}
  neural-style {command} photos/ paintings/ results/ --model mini{more}

folders:
  Each picture in photos/ becomes results/<photo>.png, or with a folder of paintings results/<photo>_<painting>.png for
  each of these; files of one name keep their ending in it. Folders within are not entered. Pictures that are there
  already are skipped, so the same command goes on where it was stopped. A picture that cannot be used is told in a line
  and passed over, and the exit status is then 1. Pictures of iterations are replaced where the finished one is missing.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    return run(parser("network", Network, DESCRIPTION), Network, arguments)


def run(parser: Parser, technique: type[TransferTechnique], arguments: Sequence[str]) -> int:
    """Parse, paint, and return the exit status."""
    found = parser.read(arguments)
    settings = technique(**values(found, technique))
    content, styles = inputs_of(found)
    given = {name: value for name, value in values(found, Output).items() if value is not None}
    machine = {"quiet": found.quiet, "device": found.device}
    if found.pairs or any(map(is_folder, [found.content, *found.styles])):
        if found.checkpoint is not None or found.resume:
            raise InvalidInputError("--checkpoint keeps one run: a folder goes on by itself with what is missing")
        output = Output(**{"save_every": 0, **given, "prefix": Path(found.prefix)})
        return Folder(settings, content, styles, run_settings(found), output, pairs=found.pairs, **machine).execute()
    checkpoint, output = opened(found, Output.of(**given))
    session = Session(settings, content, styles, run_settings(found), output, checkpoint=checkpoint, **machine)
    return session.execute()


def parser(
    command: str, technique: type[TransferTechnique], description: str, *, own: Sequence[str] = (), paints: bool = True
) -> Parser:
    """The parser of a command for `technique`, which has the fields `own` beside those of `Network`.

    One that does not paint has no prefix and no flags for pictures.
    """
    parser = Parser(
        command,
        description,
        usage=f"[flags] content style [style ...]{' prefix' if paints else ''}",
        epilog=EPILOG.format(command=command, more=" --variant novak2016" if own else ""),
    )
    folders = ("; or a folder of paintings, for a picture of each", ", or a folder of photos") if paints else ("", "")
    parser.add_argument("content", help=f"the photo whose layout is kept{folders[1]}")
    parser.add_argument(
        "styles",
        nargs="+",
        metavar="style",
        help=f"one or more paintings whose texture is taken, together{folders[0]}",
    )
    if paints:
        parser.add_argument(
            "prefix",
            help="what output names begin with: <prefix>.png, <prefix>_at_iteration_<n>.png; for folders, the folder "
            "of results, which is made if need be",
        )
        parser.add_argument(
            "--pairs",
            action="store_true",
            help="with two folders: each photo is painted only with the painting of its name",
        )
    look = parser.add_argument_group("look")
    look.add_argument(
        "--style_weight",
        nargs="+",
        type=float,
        metavar="X",
        help="weight of each style (default: 1 for each)",
    )
    names = ["content_weight", "total_variation_weight", "style_scale"]
    add_fields(look, technique, names, flags=FLAGS, advice=ADVICE)
    look.add_argument(
        "--stroke_scale",
        nargs="+",
        type=float,
        default=[1.0],
        metavar="X",
        help="size of the painting, and so of its strokes, for all styles or one for each (default: 1)",
    )
    look.add_argument(
        "--style_resize",
        default=Style.resize,
        metavar="NAME",
        help="area keeps the painting's shape, stretch gives it the photo's, as the reference does (default: area)",
    )
    if own:
        add_fields(parser.add_argument_group("improvements"), technique, own)
    network = parser.add_argument_group("network")
    names = ["model", "weights", "pooling", "content_layer", "style_layers", "style_layer_weights"]
    names += ["content_loss_type"]
    names += [] if own else ["normalization"]
    add_fields(network, technique, [*names, "precision"], flags=FLAGS, advice=ADVICE)
    add_mask_flags(parser, technique)
    schedule = parser.add_argument_group("run")
    names = [
        "image_size",
        "sizes",
        "maintain_aspect_ratio",
        "iterations",
        "init",
        "solver",
        "memory",
        "tile",
        "memory_limit",
        "seed",
        "min_improvement",
    ]
    add_fields(schedule, Run, names, flags=FLAGS, advice=ADVICE)
    if paints:
        add_checkpoint_flags(schedule)
        add_output_flags(parser, advice=ADVICE)
        parser.set_defaults(save_every=None)  # which tells it from a 1 that was asked for
    return parser


def add_mask_flags(parser: Parser, technique: type[TransferTechnique]) -> None:
    """Flags for where styles act, and for colours."""
    masks = parser.add_argument_group("masks (white acts, black does not)")
    masks.add_argument(
        "--style_masks",
        nargs="+",
        metavar="MASK",
        help="where in the photo each style acts, one for each; none for all",
    )
    masks.add_argument("--content_mask", metavar="MASK", help="where styles act; --style_masks then mask the paintings")
    masks.add_argument("--soft_masks", action="store_true", help="keep greys as parts of white")
    add_fields(masks, technique, ["mask_normalization", "guide_propagation"])
    colours = parser.add_argument_group("colours")
    colours.add_argument(
        "--preserve_color",
        type=preserved,
        default=Run.preserve_color,
        metavar="NAME",
        help=f"{help_texts(Run)['preserve_color']} True means luminance. (default: none)".replace("`", ""),
    )
    add_fields(colours, Run, ["color_when"])
    colours.add_argument("--color_mask", metavar="MASK", help="where the photo's colours are kept")


def preserved(text: str) -> str:
    """The method of `--preserve_color`: its name, or the reference's boolean."""
    try:
        return "luminance" if boolean(text) else "none"
    except ArgumentTypeError:
        return text


def inputs_of(found: Namespace) -> tuple[Content, list[Style]]:
    """Content and styles with their masks, the pictures still to be read.

    Raises:
        InvalidInputError, MissingFileError: a mask cannot be read, or a flag lacks the one that it belongs to.
    """
    if found.preserve_color == Run.preserve_color:
        for flag, given in (("color_mask", found.color_mask), ("color_when", found.color_when != Run.color_when)):
            if given:
                raise InvalidInputError(f"--{flag} needs --preserve_color: name a method, such as pca")
    if found.soft_masks and not (found.style_masks or found.content_mask or found.color_mask):
        raise InvalidInputError("--soft_masks was given without a mask: name one, or leave it out")
    mask, color_mask = (
        None if path is None else read_mask(path, soft=found.soft_masks, what=what)
        for path, what in ((found.content_mask, "content mask"), (found.color_mask, "color mask"))
    )
    return Content(found.content, mask=mask, color_mask=color_mask), styles_of(found)


def styles_of(found: Namespace) -> list[Style]:
    """The styles, each with its weight (1 when none is given), scale and mask.

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
            resize=found.style_resize,
            mask=None if mask == "none" else read_mask(mask, soft=found.soft_masks, what="style mask"),
        )
        for path, weight, scale, mask in zip(found.styles, *each.values(), strict=True)
    ]
