"""Masks and initial images of another shape than the photo: stretched with a warning, wherever they are given."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neural_style import Content, Network, Style, transfer_color
from neural_style.images import warn_of_other_shape
from neural_style.inputs import read_inputs

Command = Callable[..., Any]

TINY = Network(model="mini", weights="random", content_layer="conv1_1", style_layers=("conv1_1",))


def half(rows: int, columns: int) -> np.ndarray:
    """A mask whose left half is white."""
    return np.repeat(np.arange(columns)[None] < columns // 2, rows, axis=0)


@pytest.mark.parametrize(
    ("content", "style", "message"),
    [
        (
            {"mask": half(40, 40)},
            {},
            "the content mask is 40 x 40 and the content 40 x 48: the content mask is",
        ),
        ({"color_mask": half(20, 48)}, {}, "the color mask is 20 x 48 and the content 40 x 48"),
        ({}, {"mask": half(36, 30)}, "the style mask is 36 x 30 and the content 40 x 48"),
        ({"mask": half(40, 48)}, {"mask": half(40, 48)}, "the style mask is 40 x 48 and the style 36 x 30"),
        ({"mask": half(48, 40)}, {}, "stretched to that shape; if it was made before the EXIF orientation .* by 90"),
    ],
)
def test_a_mask_of_another_shape(
    photo: np.ndarray, painting: np.ndarray, content: dict[str, Any], style: dict[str, Any], message: str
) -> None:
    with pytest.warns(UserWarning, match=message):
        read_inputs(Content(photo, **content), Style(painting, **style))


def test_masks_that_fit(photo: np.ndarray, painting: np.ndarray) -> None:
    """Up to the rounding of a smaller size; and one that is white everywhere fits everything."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_inputs(Content(photo, mask=half(80, 96), color_mask=half(10, 12)), Style(painting, mask=half(18, 15)))
        read_inputs(Content(photo, mask=half(16, 19)), Style(painting, mask=np.ones((9, 99), bool)))
        for rows in range(16, 400):  # as `columns_at` rounds
            warn_of_other_shape("mask", (rows, int(rows * 1234 / 1000)), "content", (1000, 1234))


def test_an_initial_image_of_another_shape(photo: np.ndarray, painting: np.ndarray) -> None:
    with pytest.warns(UserWarning, match="the initial image is 36 x 30 and the content 40 x 48"):
        TINY.steps(photo, painting, init=painting, image_size=16)


def test_a_source_of_colours_of_another_shape(photo: np.ndarray, painting: np.ndarray) -> None:
    """Where places count: luminance takes the colours of the same place, the other methods those of the picture."""
    with pytest.warns(UserWarning, match="the content is 36 x 30 and the generated picture 40 x 48"):
        transfer_color(painting, photo)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        transfer_color(painting, photo, method="pca")
        TINY.transfer(
            photo, painting, image_size=16, iterations=1, maintain_aspect_ratio=False, preserve_color="luminance"
        )


@pytest.mark.filterwarnings("default")
def test_a_command_says_so_once(paint: Command, photo_file: Path, tmp_path: Path) -> None:
    """A mask that was drawn on the photo as the sensor saw it."""
    exif = Image.Exif()
    exif[274] = 6
    with Image.open(photo_file) as image:
        image.save(photo_file, exif=exif)
    Image.fromarray(half(40, 48)).save(tmp_path / "mask.png")
    ran = paint("--style_masks", tmp_path / "mask.png", "--quiet", "--save_every", "0")
    assert ran.status == 0
    assert ran.err.count("turn it by 90 degrees") == 1
    assert ran.err.count("\n") == 1
