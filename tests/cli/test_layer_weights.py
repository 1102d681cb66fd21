"""`--style_layer_weights` from the command line to the loss, in every command that has style layers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.conftest import SMALL

Command = Callable[..., Any]

LAYERS = ("conv1_1", "conv1_2")
RUN = (
    "--model",
    "mini",
    "--weights",
    "random",
    "--image_size",
    "32",
    "--num_iter",
    "1",
    "--save_every",
    "0",
    "--quiet",
)


@pytest.fixture
def commands(photo_file: Path, painting_file: Path, tmp_path: Path) -> dict[str, tuple[object, ...]]:
    """The words of each command, without its weights."""
    regions = np.zeros((36, 30, 3), np.uint8)
    regions[18:] = [0, 255, 0]
    Image.fromarray(regions).save(tmp_path / "mask.png")
    layers, out, mask = ("--style_layers", *LAYERS), tmp_path / "out", tmp_path / "mask.png"
    painted = (photo_file, painting_file, out, *RUN, "--content_layer", "conv1_2", *layers)
    masks = ("--style_mask", mask, "--target_mask", mask)
    return {
        "network": ("network", *painted),
        "inetwork": ("inetwork", *painted, "--variant", "titu1994", "--chain", "False"),
        "doodle": ("doodle", "--style_image", painting_file, *masks, "--target_image_prefix", out, *RUN, *layers),
        "reconstruct": ("reconstruct", "style", painting_file, out, *RUN, "--layers", *LAYERS),
    }


@pytest.mark.parametrize("name", ["network", "inetwork", "doodle", "reconstruct"])
def test_weights_reach_the_loss(
    command: Command, commands: dict[str, tuple[object, ...]], tmp_path: Path, name: str
) -> None:
    """A layer of weight 0 adds nothing, in the order in which the layers were named."""
    ran = command(*commands[name], "--style_layer_weights", "0", "2")
    assert ran == (0, "", "")
    record = json.loads(command("show", tmp_path / "out.png", "--json").out)
    assert record["settings"]["style_layer_weights"] == [0.0, 2.0]
    of_layer = {layer: sum(v for name, v in record["losses"].items() if layer in name) for layer in LAYERS}
    content = record["losses"].get("content.conv1_2", 0.0)
    assert of_layer["conv1_1"] == 0
    assert of_layer["conv1_2"] - content > 0


def test_several_content_layers_from_the_command_line(
    command: Command, commands: dict[str, tuple[object, ...]], tmp_path: Path
) -> None:
    words = [word for word in commands["network"] if word not in ("--content_layer", "conv1_2")]
    layers = ("--content_layers", "conv2_1", "conv1_2", "--content_layer_weights", "0.25", "2")
    at = words.index("--style_layers")
    assert command(*words[:at], "--style_layers", "conv1_1", *layers).status == 0
    record = json.loads(command("show", tmp_path / "out.png", "--json").out)
    assert record["settings"]["content_layers"] == ["conv2_1", "conv1_2"]
    assert record["settings"]["content_layer"] is None
    assert [name for name in record["losses"] if "content" in name] == ["content.conv2_1", "content.conv1_2"]
    assert (
        "--content_layers conv2_1 conv1_2 --content_layer_weights 0.25 2" in command("show", tmp_path / "out.png").out
    )


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize("name", ["network", "inetwork", "doodle", "reconstruct"])
def test_wrong_weights_are_refused(command: Command, commands: dict[str, tuple[object, ...]], name: str) -> None:
    words = commands[name]
    command(*words, "--style_layer_weights", "1").assert_refused("1 values for 2 ", "give one for each")
    command(*words, "--style_layer_weights", "gatys").assert_refused('did you mean "gatys2016"')
    command(*words, "--style_layer_weights", "1", "-2").assert_refused("each of style_layer_weights", "-2")
    command(*words, "--style_layer_weights", "1", "x").assert_refused("each of style_layer_weights", "'x'")


def test_a_preset_is_the_same_as_its_numbers(command: Command, photo_file: Path, painting_file: Path) -> None:
    """1000 / C^2: the layers of mini's first block have 32 channels. Shown on a sheet, beside other weights."""
    folder = photo_file.parent
    flags = ("--rows", 32, "--num_iter", 1, "--style_layers", *LAYERS)
    look = SMALL[: SMALL.index("--style_layers")]
    weight = 1000 / 32**2
    ran = command(
        *("sheet", photo_file, painting_file, folder / "s.png", *look, *flags),
        *("--vary", "style_layer_weights", "gatys2016", f"{weight},{weight}", "0,1"),
    )
    assert ran.status == 0
    preset, numbers, other = json.loads((folder / "s.json").read_text())["cells"]
    assert preset["losses"] == pytest.approx(numbers["losses"])
    assert other["losses"].get("style.0.conv1_1", 0) == 0 < other["losses"]["style.0.conv1_2"]
    found = re.findall(r"--style_layer_weights (\S+(?: [\d.]+)?)", ran.out)
    assert found == ["gatys2016", f"{weight} {weight}", "0 1"]
