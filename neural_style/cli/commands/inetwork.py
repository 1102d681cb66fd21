"""`neural-style inetwork photo.jpg painting.jpg out`: the flags of the reference's INetwork.py, and ours."""

from __future__ import annotations

from argparse import ArgumentParser, _ActionsContainer
from collections.abc import Sequence

from neural_style.cli.commands import network
from neural_style.inetwork import INetwork
from neural_style.network import Network, TransferTechnique

DESCRIPTION = """\
Paint a photo with the improved network of Novak & Nikulin 2016.

The default variant of the VGG networks is titu1994, that of the reference scripts. Its last style layer has the weight
-1, so the loss has no lower bound; with --variant novak2016, or --chain False, it has one. With mini the default is
novak2016, since titu1994 breaks down there.
Add --model mini to paint without a download; the default network downloads its weights once (58 MB)."""

IMPROVEMENTS = ("variant", "geometric_weights", "all_layers", "activation_shift", "chain")


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    return network.run(network.parser("inetwork", INetwork, DESCRIPTION, own=IMPROVEMENTS), INetwork, arguments)


def chosen_technique(arguments: Sequence[str]) -> tuple[type[TransferTechnique], Sequence[str]]:
    """The technique of `--technique`, on which the other flags depend, and the settings of its own."""
    chosen = ArgumentParser(add_help=False, allow_abbrev=False)
    chosen.add_argument("--technique")
    improved = chosen.parse_known_args(arguments)[0].technique == INetwork.name
    return (INetwork, IMPROVEMENTS) if improved else (Network, ())


def add_technique_flag(parser: _ActionsContainer) -> None:
    """`--technique`, for commands about other commands."""
    names = (Network.name, INetwork.name)
    parser.add_argument(
        "--technique", choices=names, default=Network.name, help="the command that paints (default: network)"
    )
