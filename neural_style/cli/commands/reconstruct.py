"""`neural-style reconstruct content photo.jpg out --layer conv4_2`: what layers keep of a picture."""

from __future__ import annotations

from collections.abc import Sequence

from neural_style.cli.checkpoints import add_checkpoint_flags, opened
from neural_style.cli.flags import Parser, add_fields, run_settings, values
from neural_style.cli.session import Output, Session, add_output_flags
from neural_style.inputs import Content
from neural_style.reconstruction import INIT, Reconstruction
from neural_style.runs.settings import Run
from neural_style.validation import help_texts

FLAGS = {"pooling": "pool_type", "iterations": "num_iter"}
"""Names that the other commands have from the reference, where they are not the fields'."""

ADVICE = {
    "model": "mini needs no download; the papers use vgg19.",
    "weights": "imagenet is downloaded once.",
    "pooling": "max leaves more grain.",
    "normalization": "With several layers, relative lets shallow ones have their say.",
    "total_variation_weight": "With relative, 1e-7 of content and 1e-8 of style take the grain of the noise away.",
    "iterations": "5 show where it goes; deep layers from noise want 20.",
    "sizes": "From noise, --sizes 64 128 256 leaves no grain, and more is seen than the layers see in the largest.",
}

DESCRIPTION = """\
Show what layers of a network keep of a picture (Gatys, Ecker & Bethge 2015, figure 1).

Of a photo, `content` keeps the activations of a layer, and with them what is where; `style` keeps the Gram matrices of
layers, and so a painting's texture without its layout. A reconstruction starts from noise: all that is seen in it comes
from the layers."""

EPILOG = """\
examples:
  neural-style reconstruct content photo.jpg out --layer conv4_2 --num_iter 20 --gif
  neural-style reconstruct style painting.jpg out --normalization relative --layers conv1_1 conv2_1 conv3_1
  neural-style reconstruct style painting.jpg out --model mini --image_size 200
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    found = _parser().read(arguments)
    technique = Reconstruction(**values(found, Reconstruction))
    settings = {name: value for name, value in values(found, Output).items() if name != "prefix"}
    checkpoint, output = opened(found, Output.of(found.prefix, **settings))
    return Session(
        technique,
        Content(found.picture),
        (),
        run_settings(found),
        output,
        quiet=found.quiet,
        device=found.device,
        checkpoint=checkpoint,
    ).execute()


def _parser() -> Parser:
    parser = Parser("reconstruct", DESCRIPTION, usage="{content,style} picture prefix [flags]", epilog=EPILOG)
    parser.add_argument("of", metavar="content | style", help="what of the picture is kept")
    parser.add_argument("picture", help="the photo or painting; the reconstruction has its shape")
    parser.add_argument(
        "prefix", help="what output names begin with: <prefix>.png, <prefix>_at_iteration_<n>.png, <prefix>.gif"
    )
    look = parser.add_argument_group("look")
    look.add_argument(
        "--layers",
        "--layer",
        nargs="+",
        metavar="NAME",
        help=f"layers {help_texts(Reconstruction)['layers']}",
    )
    add_fields(look, Reconstruction, ["normalization", "style_layer_weights", "total_variation_weight"], advice=ADVICE)
    network = parser.add_argument_group("network")
    add_fields(network, Reconstruction, ["model", "weights", "pooling", "precision"], flags=FLAGS, advice=ADVICE)
    schedule = parser.add_argument_group("run")
    schedule.add_argument(
        "--init_image",
        dest="init",
        default=INIT,
        metavar="NAME",
        help=f"the first pastiche: noise, content (the picture itself), gray, or another picture (default: {INIT})",
    )
    names = [
        "image_size",
        "sizes",
        "iterations",
        "solver",
        "memory",
        "tile",
        "memory_limit",
        "seed",
        "min_improvement",
    ]
    add_fields(schedule, Run, names, flags=FLAGS, advice=ADVICE)
    add_checkpoint_flags(schedule)
    add_output_flags(parser)
    return parser
