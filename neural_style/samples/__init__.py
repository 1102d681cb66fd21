"""Sample pictures: photographs, textures, paintings, masks and label maps.

Photographs and textures come from scikit-image, paintings from `neural_style.samples.landscape`; masks and label maps
are drawn here. `neural-style samples FOLDER` writes them all to files, and figures use them by default.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from neural_style.samples.landscape import paint_landscape
from neural_style.validation import check_choice

Array = NDArray[np.uint8]

CANVAS = 512, 640
"""Rows and columns of paintings and label maps."""

SKY, MOON, WATER, LAND = "#2040c0", "#ffe060", "#20a0a0", "#108020"


def sample(name: str) -> Array:
    """A picture of `SAMPLES` as uint8 (H, W, 3), RGB, or (H, W) for a mask.

    `SAMPLES` consists of the groups `PHOTOS`, `TEXTURES`, `PAINTINGS`, `MASKS` and `MAPS`.

    Example:
        >>> from neural_style.samples import PAINTINGS, sample
        >>> sample("cat").shape
        (300, 451, 3)
        >>> list(PAINTINGS)
        ['night', 'harvest']

    Raises:
        InvalidInputError: there is no sample of that name.
    """
    check_choice("sample", name, SAMPLES)
    return _made(name).copy()


def as_rgb(picture: Array) -> Array:
    """A sample as uint8 (H, W, 3); a mask (H, W) gets three equal channels."""
    return picture if picture.ndim == 3 else np.stack([picture] * 3, axis=-1)


@cache
def _made(name: str) -> Array:
    return SAMPLES[name]()


def _photo(name: str) -> Array:
    """A photograph of scikit-image."""
    from skimage import data

    photo: Any = getattr(data, name)()
    return as_rgb(np.asarray(photo, np.uint8))[..., :3]


def _cup() -> Array:
    """White at the cup and saucer of `coffee`."""
    mask = Image.new("L", (600, 400), 0)
    draw = ImageDraw.Draw(mask)
    draw.ellipse((76, 58, 481, 390), fill=255)  # the saucer
    draw.ellipse((172, 16, 414, 208), fill=255)  # the opening of the cup
    return np.array(mask)


def _launchpad() -> Array:
    """White at the rocket and the ground of `rocket`, black at the sky and the towers."""
    mask = Image.new("L", (640, 427), 0)
    draw = ImageDraw.Draw(mask)
    draw.rectangle((0, 378, 640, 427), fill=255)
    draw.polygon([(302, 378), (308, 170), (320, 122), (334, 170), (342, 378)], fill=255)
    return np.array(mask)


def _map(horizon: int, moon: tuple[int, int, int], shore: list[tuple[int, int]]) -> Array:
    """A label map of sky, moon, water and land, each in its own colour."""
    image = Image.new("RGB", CANVAS[::-1], SKY)
    draw = ImageDraw.Draw(image)
    x, y, radius = moon
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=MOON)
    draw.rectangle((0, horizon, *CANVAS[::-1]), fill=WATER)
    draw.polygon(shore, fill=LAND)
    return np.array(image)


def _night_map() -> Array:
    """The label map of the painting `night`."""
    return _map(300, (407, 175, 105), [(0, 512), (0, 300), (110, 200), (200, 420), (640, 500), (640, 512)])


def _doodle_map() -> Array:
    """A label map with the regions of `night` in other places."""
    return _map(350, (170, 130, 90), [(640, 512), (640, 330), (560, 290), (380, 420), (60, 470), (0, 512)])


Makers = dict[str, Callable[[], Array]]

PHOTOS: Makers = {
    "cat": lambda: _photo("chelsea"),
    "coffee": lambda: _photo("coffee"),
    "rocket": lambda: _photo("rocket"),
    "portrait": lambda: _photo("astronaut"),
}
TEXTURES: Makers = {
    "cells": lambda: _photo("immunohistochemistry"),
    "stars": lambda: _photo("hubble_deep_field"),
    "brick": lambda: _photo("brick"),
}
PAINTINGS: Makers = {
    "night": lambda: paint_landscape(*CANVAS, motif="night"),
    "harvest": lambda: paint_landscape(*CANVAS, motif="harvest"),
}
MASKS: Makers = {
    "cup": _cup,
    "table": lambda: 255 - _cup(),
    "launchpad": _launchpad,
    "sky": lambda: 255 - _launchpad(),
}
"""White inside: the first two belong to the photo `coffee`, the others to `rocket`."""

MAPS: Makers = {"night_map": _night_map, "doodle_map": _doodle_map}
"""Label maps: the regions of the painting `night`, and the same regions in other places."""

SAMPLES: Makers = {**PHOTOS, **TEXTURES, **PAINTINGS, **MASKS, **MAPS}
"""All samples by name."""
