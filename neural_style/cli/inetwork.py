"""`neural-style inetwork photo.jpg painting.jpg out`: the flags of the reference's INetwork.py, and ours."""

from __future__ import annotations

from collections.abc import Sequence

from neural_style.cli import network
from neural_style.inetwork import INetwork

DESCRIPTION = """\
Paint a photo with the improved network of Novak & Nikulin 2016. As in the reference scripts the last layer is weighted
-1 by default, so the loss has no lower bound: --chain False or --variant novak2016 have one."""

IMPROVEMENTS = ("variant", "geometric_weights", "all_layers", "activation_shift", "chain")


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    return network.run(network.parser("inetwork", INetwork, DESCRIPTION, own=IMPROVEMENTS), INetwork, arguments)
