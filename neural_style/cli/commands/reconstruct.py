"""`neural-style reconstruct content photo.jpg out --layer conv4_2`: what layers keep of a picture."""

from __future__ import annotations

from collections.abc import Sequence

from neural_style.cli.flags import Parser, add_fields, run_settings, values
from neural_style.cli.groups import (
    NETWORK_FIELDS,
    PREFIX_HELP,
    SPELLING,
    add_frame_flag,
    add_machine_flags,
    add_output_flags,
    add_run_flags,
    fields_of,
)
from neural_style.cli.session import Session, open_checkpoint
from neural_style.inputs import Content
from neural_style.reconstruction import INIT, Reconstruction
from neural_style.runs.outputs import Output

RECONSTRUCT = SPELLING.but(
    names={"layers": ["layers", "layer"]},
    defaults={"init": INIT},
    advice={
        "pooling": "max leaves more grain.",
        "normalization": "With several layers, relative gives shallow layers equal influence.",
        "total_variation_weight": "With relative, 1e-7 for content and 1e-8 for style remove the grain of the noise.",
        "iterations": "5 give an impression; deep layers from noise need 20.",
        "sizes": "From noise, --sizes 64 128 256 leaves no grain, and shows more than the layers keep at the largest "
        "size.",
    },
)

DESCRIPTION = """\
Show what layers of a network keep of a picture (Gatys, Ecker & Bethge 2015, figure 1).

`content` keeps the activations of a layer, and with them the layout of a photo; `style` keeps the Gram matrices of
layers, and with them the texture of a painting without its layout. A reconstruction starts from noise, so that
everything in it comes from the layers.
Add --model mini to work without a download; the default network downloads its weights once (80 MB)."""

EPILOG = """\
examples:
  neural-style reconstruct content photo.jpg out --layer conv4_2 --num_iter 20 --gif
  neural-style reconstruct style painting.jpg out --normalization relative --layers conv1_1 conv2_1 conv3_1
  neural-style reconstruct style painting.jpg out --model mini --image_size 200
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    found = parser().read(arguments)
    technique = Reconstruction(**values(found, Reconstruction))
    checkpoint, output = open_checkpoint(found, Output.from_prefix(**values(found, Output)))
    return Session(
        technique,
        Content(found.picture, frame=found.frame),
        (),
        run_settings(found),
        output,
        quiet=found.quiet,
        device=found.device,
        checkpoint=checkpoint,
    ).execute()


def parser() -> Parser:
    """The command's parser."""
    parser = Parser("reconstruct", DESCRIPTION, usage="{content,style} picture prefix [flags]", epilog=EPILOG)
    parser.add_argument("of", metavar="content | style", help="what is kept of the picture")
    parser.add_argument("picture", help="the photo or painting; the reconstruction has its shape")
    parser.add_argument("prefix", help=PREFIX_HELP)
    add_frame_flag(parser)
    names = ["layers", "total_variation_weight"]
    add_fields(parser.add_argument_group("appearance"), Reconstruction, names, RECONSTRUCT)
    add_run_flags(parser, RECONSTRUCT)
    add_output_flags(parser)
    network = parser.add_argument_group("network")
    add_fields(network, Reconstruction, fields_of(Reconstruction, NETWORK_FIELDS), RECONSTRUCT)
    add_machine_flags(parser)
    return parser
