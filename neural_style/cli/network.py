"""`neural-style network photo.jpg painting.jpg out`: the flags of the reference's Network.py, and ours."""

from __future__ import annotations

from collections.abc import Sequence

from neural_style.cli.flags import Parser, add_fields, not_yet, values
from neural_style.cli.session import Output, Session, add_output_flags
from neural_style.errors import InvalidInputError
from neural_style.inputs import Content, Style
from neural_style.network import Network
from neural_style.transfer import Run

FLAGS = {"pooling": "pool_type", "iterations": "num_iter", "init": "init_image"}
"""The reference's names where they are not the fields'."""

ADVICE = {
    "model": "mini needs no download; the papers use vgg19.",
    "weights": "imagenet is downloaded once.",
    "pooling": "max usually gives stronger strokes; ave is worth a try with Starry Night.",
    "content_layer": "Deeper layers keep less detail.",
    "content_weight": "Divide by ten for more of the painting; a shallow content_layer needs less than a deep one.",
    "total_variation_weight": "0 leaves grain, 1e-5 is crisp, 1e-4 smooth.",
    "image_size": "Time and memory grow with its square, and strokes look smaller in a larger picture.",
    "sizes": "The way to large pictures: --sizes 200 400 800.",
    "iterations": "5 show where it goes, 10 are usually enough.",
    "init": "content is the fastest.",
}

EPILOG = """\
examples:
  neural-style network photo.jpg painting.jpg out --model mini
  neural-style network photo.jpg wave.jpg scream.jpg out --style_weight 1.0 0.4 --sizes 256 512
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    found = parser().read(arguments)
    technique = Network(**values(found, Network))
    styles = styles_of(found.styles, found.style_weight, found.stroke_scale, found.style_resize)
    output = Output.of(found.prefix, **{k: v for k, v in values(found, Output).items() if k != "prefix"})
    return Session(
        technique, Content(found.content), styles, values(found, Run), output, quiet=found.quiet, device=found.device
    ).execute()


def parser() -> Parser:
    """The command's parser."""
    parser = Parser(
        "network",
        "Paint a photo in the style of one or more paintings (Gatys, Ecker & Bethge 2016).",
        usage="[flags] content style [style ...] prefix",
        epilog=EPILOG,
    )
    parser.add_argument("content", help="the photo whose layout is kept")
    parser.add_argument("styles", nargs="+", metavar="style", help="one or more paintings whose texture is taken")
    parser.add_argument("prefix", help="what output names begin with: <prefix>.png, <prefix>_at_iteration_<n>.png")
    look = parser.add_argument_group("look")
    look.add_argument(
        "--style_weight",
        nargs="+",
        type=float,
        metavar="X",
        help="weight of each style (default: 1 for each)",
    )
    names = ["content_weight", "total_variation_weight", "style_scale"]
    add_fields(look, Network, names, flags=FLAGS, advice=ADVICE)
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
    network = parser.add_argument_group("network")
    names = ["model", "weights", "pooling", "content_layer", "style_layers", "content_loss_type", "normalization"]
    add_fields(network, Network, [*names, "precision"], flags=FLAGS, advice=ADVICE)
    run = parser.add_argument_group("run")
    names = ["image_size", "sizes", "maintain_aspect_ratio", "iterations", "init", "solver", "seed", "min_improvement"]
    add_fields(run, Run, names, flags=FLAGS, advice=ADVICE)
    add_output_flags(parser)
    for flag in ("--style_masks", "--content_mask", "--color_mask"):
        not_yet(run, flag, "masks come with a later version")
    not_yet(run, "--preserve_color", "colour transfer comes with a later version")
    return parser


def styles_of(
    paths: Sequence[str], weights: Sequence[float] | None, scales: Sequence[float], resize: str
) -> list[Style]:
    """The styles, each with its weight (1 when none is given) and scale.

    Raises:
        InvalidInputError: there are more or fewer weights than styles; the reference scripts average them silently.
    """
    weights = weights or [1.0] * len(paths)
    scales = list(scales) * len(paths) if len(scales) == 1 else scales
    for flag, given in (("--style_weight", weights), ("--stroke_scale", scales)):
        if len(given) != len(paths):
            raise InvalidInputError(f"{flag} has {len(given)} values for {len(paths)} styles: give one for each")
    return [Style(p, weight=w, scale=s, resize=resize) for p, w, s in zip(paths, weights, scales, strict=True)]
