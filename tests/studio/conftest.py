"""Small pictures for every input, and requests of every mode."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neural_style.studio.modes import MODES
from neural_style.studio.request import Request

SMALL = {
    "paint": {"model": "mini", "weights": "random", "image_size": 32, "iterations": 1},
    "network": {"weights": "random", "image_size": 32, "iterations": 1, "style_layers": ("conv1_1",)},
}
"""Settings of a run of a second."""


@pytest.fixture
def pictures(tmp_path: Path) -> dict[str, Path]:
    """A small picture, or a film of three frames, for each input of any mode."""
    names = sorted({each.name for mode in MODES.values() for each in mode.inputs})
    paths = {name: tmp_path / "uploads" / f"{name}.png" for name in names if name != "clip"}
    (tmp_path / "uploads").mkdir()
    for index, (name, path) in enumerate(paths.items()):
        random = np.random.default_rng(index)
        if name.endswith("map"):
            pixels = np.zeros((32, 40, 3), np.uint8)
            pixels[:, 20:] = 255
        else:
            pixels = random.integers(0, 256, (32, 40, 3), np.uint8)
        Image.fromarray(pixels).save(path)
    if "clip" in names:
        from tests.video import films  # which needs the extra video

        paths["clip"] = films.write_film(tmp_path / "uploads" / "clip.mp4", films.pictures(3))
    return paths


@pytest.fixture
def request_for(pictures: dict[str, Path]) -> Callable[..., Request]:
    """Make a request with every required input of a mode: `request_for("paint", strength=2.0)`."""

    def make(mode: str, **settings: object) -> Request:
        inputs = {each.name: (pictures[each.name],) for each in MODES[mode].inputs if each.required}
        return Request(mode, inputs, {**SMALL.get(mode, {}), **settings})

    return make
