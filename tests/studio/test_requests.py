"""Requests of every mode: their command lines, what is refused, and the zip of inputs and command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neural_style.cli.commands import color_transfer, doodle, network, paint, reconstruct
from neural_style.cli.commands.inetwork import IMPROVEMENTS
from neural_style.inetwork import INetwork
from neural_style.network import Network
from neural_style.studio.modes import MODES
from neural_style.studio.request import Request

PARSERS = {
    "paint": paint.parser,
    "fast": paint.parser,
    "network": lambda: network.parser("network", Network, ""),
    "regions": lambda: network.parser("network", Network, ""),
    "inetwork": lambda: network.parser("inetwork", INetwork, "", own=IMPROVEMENTS),
    "doodle": doodle.parser,
    "reconstruct": reconstruct.parser,
    "color_transfer": color_transfer.parser,
}


@pytest.fixture
def pictures(tmp_path: Path) -> dict[str, Path]:
    """A small picture for each input of any mode."""
    names = {each.name for mode in MODES.values() for each in mode.inputs}
    paths = {name: tmp_path / f"{name}.png" for name in sorted(names)}
    for index, path in enumerate(paths.values()):
        Image.fromarray(np.random.default_rng(index).integers(0, 256, (24, 32, 3), np.uint8)).save(path)
    return paths


def request_for(mode: str, pictures: dict[str, Path], settings: dict[str, object] | None = None) -> Request:
    """A request with every required input of a mode."""
    inputs = {each.name: (pictures[each.name],) for each in MODES[mode].inputs if each.required}
    return Request(mode, inputs, settings or {})


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_spells_a_command(mode, pictures):
    words = request_for(mode, pictures).command_line()
    assert words[:2] == ["neural-style", MODES[mode].command[0]]
    PARSERS[mode]().read(words[2:])
