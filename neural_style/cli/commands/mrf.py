"""`neural-style mrf painted.jpg unpainted.jpg photo.jpg out`: the arguments of the reference's MRFNetwork.py."""

from __future__ import annotations

from collections.abc import Sequence

from neural_style.cli.commands import analogy
from neural_style.cli.flags import Parser

DESCRIPTION = """\
Paint a photo as a painting was made from its source, with the arguments of the reference's MRFNetwork.py.

The command analogy is the same in another order. For the nearest patches of a painting alone (Li & Wand 2016), use
neural-style network photo painting prefix --style_loss patches."""

EPILOG = """\
example:
  neural-style mrf its_painting.jpg photo.jpg other_photo.jpg out --model mini --analogy-w 1 --mrf-w 0.5
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    return analogy.run(parser(), arguments)


def parser() -> Parser:
    """The command's parser."""
    return analogy.parser("mrf", DESCRIPTION, EPILOG, order=("style", "source", "content"))
