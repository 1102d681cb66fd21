"""Words of other tools, and of the library in Python: each is understood, or the word here is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from neural_style import INetwork, InvalidInputError, Network
from neural_style.aliases import meant_by
from neural_style.cli.commands import color_transfer, doodle, mask_transfer, network
from neural_style.cli.commands import paint as paint_command
from neural_style.cli.commands.inetwork import IMPROVEMENTS

Command = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("idle")


@pytest.mark.parametrize(
    ("flag", "meant"),
    [
        ("--steps", "--num_iter"),
        ("--max-iter", "--num_iter"),
        ("--optimizer", "--solver"),
        ("--gpu", "--device"),
        ("--original_colors", "--preserve_color"),
        ("--tv_weight", "--total_variation_weight"),
        ("--style_weights", "--style_weight"),
        ("--style_blend_weights=1", "--style_weight"),
        ("--style_mask", "--style_masks"),
        ("--random_seed", "--seed"),
        ("--save_iter", "--save_every"),
        ("--sized", "--sizes"),
    ],
)
def test_a_flag_of_another_tool(paint: Command, flag: str, meant: str) -> None:
    paint(flag).assert_refused(f"unknown flag {flag.partition('=')[0].replace('-', '_').replace('__', '--', 1)}")
    paint(flag).assert_refused(f'did you mean "{meant}"?')


@pytest.mark.parametrize("words", [["--output", "out"], ["--output=out"], ["--content_image=a.png"]])
def test_a_flag_of_what_has_none(command: Command, words: list[str]) -> None:
    ran = command("paint", "photo.png", "painting.png", *words)
    ran.assert_refused("without a flag, as neural-style paint photo painting [painting ...] prefix; see")


def test_commands_of_other_tools(command: Command) -> None:
    for other, meant in (("stylize", "paint"), ("style-transfer", "paint"), ("colour_transfer", "color_transfer")):
        command(other, "photo.png").assert_refused(f'unknown command "{other}": did you mean "{meant}"?')


def test_values_and_layers_of_other_tools(paint: Command) -> None:
    paint("--rescale_method", "cubic").assert_refused('did you mean "bicubic"?')
    paint("--pool_type", "average").assert_refused('did you mean "ave"?')
    paint("--init_image", "random").assert_refused('did you mean "noise"?')
    paint("--content_layer", "relu3_2").assert_refused('did you mean "conv3_2"?')
    paint("--content_layer", "block2_conv1").assert_refused('did you mean "conv2_1"?')
    for layer in ("conv5_2", "relu4_1"):
        refused = f'mini has no layer "{layer}": mini ends at block 3: leave content_layer out, or use vgg19'
        paint("--content_layer", layer).assert_refused(refused)


def test_the_names_of_python_are_flags() -> None:
    words = ["photo.png", "painting.png", "out", "--iterations", "3", "--pooling", "ave", "--init", "noise"]
    found = network.parser("network", Network, "").read([*words, "--resize", "stretch"])
    assert (found.iterations, found.pooling, found.init, found.resize) == (3, "ave", "noise", "stretch")
    assert paint_command.parser().read([*words[:3], "--iterations", "3"]).iterations == 3


OF_NETWORK = """photo.png a.png b.png out --style_masks m.png n.png --content_mask m.png --color_mask m.png
--image_size 400 --content_weight 0.025 --style_weight 1 0.5 --style_scale 1.0
--total_variation_weight 8.5e-05 --num_iter 10 --model vgg19 --content_loss_type 0 --rescale_image
True --rescale_method bicubic --maintain_aspect_ratio False --content_layer conv5_2 --init_image
noise --pool_type ave --preserve_color True --min_improvement 0.0"""
OF_DOODLES = """--nlabels 4 --style-image a.png --style-mask b.png --target-mask c.png --target-image-prefix out
--content-image d.png --img_size -1 --num_iter 10 --preserve_color False --min_improvement 0.0
--content_weight 0.1 --style_weight 1 --tv_weight 8.5e-05 --region_style_weight 1.0"""


def test_every_flag_of_the_reference_scripts() -> None:
    """As its argparse has them; README and Guide of the reference spell some in another way."""
    for parser, words in (
        (network.parser("network", Network, ""), OF_NETWORK),
        (network.parser("inetwork", INetwork, "", own=IMPROVEMENTS), OF_NETWORK),
        (doodle.parser(), OF_DOODLES),
        (doodle.parser(), OF_DOODLES.replace("img_size", "image_size").replace("tv_weight", "total_variation_weight")),
        (color_transfer.parser(), "photo.png out.png --mask m.png --hist_match 1"),
        (mask_transfer.parser(), "photo.png out.png m.png"),
    ):
        assert vars(parser.read(words.split()))


def test_the_names_of_flags_in_python(photo: np.ndarray, painting: np.ndarray) -> None:
    for other, meant in {"num_iter": "iterations", "init_image": "init", "optimizer": "solver"}.items():
        with pytest.raises(InvalidInputError, match=f'"{other}": did you mean "{meant}"'):
            Network(model="mini").transfer(photo, painting, **{other: 1})


def test_only_what_there_is_is_suggested() -> None:
    assert meant_by("optimizer", ["seed"]) is None
    assert meant_by("Use-GPU", ["device"]) == "device"
