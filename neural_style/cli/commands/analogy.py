"""`neural-style analogy unpainted.jpg painted.jpg photo.jpg out`: image analogies.

`mrf` is the same with the arguments in the order of the reference's MRFNetwork.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from neural_style.analogy.technique import WEIGHTS, Analogy
from neural_style.cli.flags import Parser, add_fields, run_settings, values
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
from neural_style.inputs import Content, Style
from neural_style.runs.outputs import Output

ANALOGY = SPELLING.but(
    names={
        "analogy_weight": ["analogy_weight", "analogy_w"],
        "mrf_weight": ["mrf_weight", "mrf_w"],
        "content_weight": ["content_weight", "b_content_w"],
        "style_layers": ["style_layers", "analogy_layers", "mrf_layers"],
    },
    advice={
        "mrf_weight": "0 takes a quarter of the time, and allows tiles.",
        "image_size": "Time grows with the square of the number of pixels.",
        "sizes": "Default: a quarter, half and all rows.",
    },
)

PICTURES = {
    "source": "A: the picture that the painting was made from",
    "style": "A': the painting, of the same things in the same places",
    "content": "B: the photo that is painted in the same way",
}

ORDER = ("source", "style", "content")

DESCRIPTION = """\
Paint a photo as a painting was made from its source: A : A' :: B : B' (Hertzmann et al. 2001).

Where the photo looks like a place of the source, the picture becomes like the painting at that place."""

EPILOG = """\
example:
  neural-style analogy photo.jpg its_painting.jpg other_photo.jpg out --model mini
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    return run(parser(), arguments)


def run(parser: Parser, arguments: Sequence[str]) -> int:
    """Parse, paint, and return the exit status."""
    found = parser.read(arguments)
    technique = Analogy(**values(found, Analogy))
    output = Output.from_prefix(**values(found, Output))
    content = Content(found.content, frame=found.frame, prepare=found.prepare)
    inputs = technique.inputs(content, Style(found.style, source=found.source, frame=found.frame))
    checkpoint, output = open_checkpoint(found, output)
    settings = run_settings(found)
    machine = {"quiet": found.quiet, "device": found.device}
    return Session(technique, inputs, (), settings, output, checkpoint=checkpoint, **machine).execute()


def parser(
    command: str = "analogy",
    description: str = DESCRIPTION,
    epilog: str = EPILOG,
    *,
    order: Sequence[str] = ORDER,
) -> Parser:
    """The parser of the command; `order` is that of the pictures."""
    parser = Parser(command, description, usage=f"{' '.join(order)} prefix [flags]", epilog=epilog)
    for name in order:
        parser.add_argument(name, help=PICTURES[name])
    parser.add_argument("prefix", help=PREFIX_HELP)
    add_frame_flag(parser)
    add_prepare_flag(parser)
    add_fields(parser.add_argument_group("appearance"), Analogy, WEIGHTS, ANALOGY)
    add_run_flags(parser, ANALOGY)
    add_output_flags(parser)
    add_color_flags(parser)
    network = parser.add_argument_group("network")
    add_fields(network, Analogy, fields_of(Analogy, NETWORK_FIELDS), ANALOGY)
    add_machine_flags(parser)
    return parser
