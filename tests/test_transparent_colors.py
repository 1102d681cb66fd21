"""Colour transfer between transparent pictures: what cannot be seen does not count, and alpha is kept."""

from __future__ import annotations

import numpy as np
import pytest

from neural_style import InvalidInputError, images, transfer_color
from neural_style.color_transfer import MATCHES, METHODS, match_colors, recolored


def logo(colour: tuple[int, int, int] = (200, 30, 40), size: tuple[int, int] = (40, 48)) -> np.ndarray:
    """A disc with a soft edge and a little texture; the colours under what is transparent are black."""
    row, column = np.mgrid[: size[0], : size[1]]
    alpha = np.clip(255 * (15.5 - np.hypot(row - size[0] / 2, column - size[1] / 2)) / 3, 0, 255)
    colours = np.clip(colour + 12 * np.sin(row / 2)[..., None] * [1, 1, -1], 0, 255) * (alpha > 0)[..., None]
    return np.dstack([colours, alpha]).astype(np.uint8)


def visible(picture: images.Picture) -> np.ndarray:
    assert picture.alpha is not None
    return picture.colors[picture.alpha >= 128].astype(np.float64)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_logo_onto_itself_is_the_logo(method: str, dtype: type) -> None:
    rgba = logo().astype(dtype)
    found = recolored(rgba, rgba, method=method)
    np.testing.assert_array_equal(found.alpha, rgba[..., 3].astype(np.uint8))
    assert np.abs(visible(found) - visible(images.read(rgba))).max() <= 1
    np.testing.assert_array_equal(transfer_color(rgba, rgba, method=method), found.rgb)
    assert np.abs(found.rgb.astype(float) - images.read(rgba).rgb).max() <= 1


@pytest.mark.parametrize("method", MATCHES)
def test_invisible_pixels_do_not_count(method: str, photo: np.ndarray) -> None:
    red, blue = logo(), logo((40, 60, 180))
    hidden = blue.copy()
    hidden[blue[..., 3] == 0, :3] = 255
    onto = recolored(blue, red, method=method)
    np.testing.assert_allclose(visible(onto).mean(0), visible(images.read(blue)).mean(0), atol=2)
    np.testing.assert_array_equal(recolored(hidden, red, method=method).rgb, onto.rgb)
    opaque = match_colors(photo, blue, method=method)
    np.testing.assert_allclose(opaque.mean((0, 1)), visible(images.read(blue)).mean(0), atol=3)
    narrow = (100 + photo / 8).astype(np.uint8)
    np.testing.assert_allclose(visible(recolored(narrow, red, method=method)).mean(0), narrow.mean((0, 1)), atol=2)


def test_luminance_has_no_colour_from_where_nothing_can_be_seen(photo: np.ndarray) -> None:
    for dtype in (np.uint8, np.float32):
        found = transfer_color(logo().astype(dtype), photo.astype(dtype))
        assert np.abs(found[logo()[..., 3] == 0].astype(float) - photo[logo()[..., 3] == 0]).max() <= 3
        inside = found[logo()[..., 3] == 255].astype(float)
        assert (inside[:, 0] > inside[:, 1]).mean() > 0.9


def test_a_mask_that_selects_nothing_visible_is_an_error() -> None:
    corner = np.zeros((40, 48), bool)
    corner[:3, :3] = True
    with pytest.raises(InvalidInputError, match="is transparent where the mask is white"):
        transfer_color(logo(), logo(), method="pca", mask=corner)
