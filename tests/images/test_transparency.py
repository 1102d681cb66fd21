"""Colours over white and without it, against NumPy in float64; and alpha channels that hide everything."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.images.transparency import bounding_box, filled, over_white, visible_pixels, without_white


@pytest.fixture
def alpha(rgb: np.ndarray) -> np.ndarray:
    """Every kind of alpha: none, full and between."""
    return np.linspace(0, 255, rgb.shape[0] * rgb.shape[1]).astype(np.uint8).reshape(rgb.shape[:2])


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_white_is_taken_away_once(rgb: np.ndarray, alpha: np.ndarray, dtype: type) -> None:
    """Colours come back to 1 / (2 alpha) levels, and over white to the level: no halo grows."""
    over = over_white(rgb.astype(dtype), alpha)
    straight = without_white(over, alpha)
    assert straight.dtype == dtype
    opacity = alpha[..., None] / 255
    error = np.abs(straight.astype(float) - rgb) * opacity
    assert error.max() <= (1.01 if dtype == np.uint8 else 1e-3)
    np.testing.assert_allclose(over_white(straight, alpha), over, atol=0 if dtype == np.uint8 else 1e-3)


def test_what_is_darker_than_alpha_allows_is_clipped() -> None:
    black, half = np.zeros((8, 8, 3), np.uint8), np.full((8, 8), 128, np.uint8)
    assert (without_white(black, half) == 0).all()
    assert (without_white(black + 200, 0 * half) == 200).all()  # nothing is known: as it is


def test_colours_are_kept_as_they_were_stored(tmp_path: Path, rgb: np.ndarray, alpha: np.ndarray) -> None:
    rgba = np.dstack([rgb, alpha])
    Image.fromarray(rgba).save(tmp_path / "a.png")
    for source in (tmp_path / "a.png", rgba, Image.fromarray(rgba)):
        picture = images.read(source)
        np.testing.assert_array_equal(picture.colors, rgb)
        np.testing.assert_array_equal(picture.rgb, over_white(rgb, alpha))
    opaque = images.read(rgb)
    assert opaque.colors is opaque.rgb


def test_resizing_does_not_mix_in_what_is_invisible() -> None:
    rgba = np.zeros((16, 16, 4), np.uint8)
    rgba[4:12, 4:12] = (200, 30, 40, 255)
    found = images.read(rgba).resized((31, 23))
    assert found.size == (31, 23)
    assert found.alpha is not None
    expected = images.resize(rgba[..., 3], (31, 23))
    assert np.abs(found.alpha.astype(int) - expected).max() <= 1
    assert np.abs(found.colors[found.alpha > 9].astype(int) - [200, 30, 40]).max() <= 1


def test_visible_is_half_of_the_largest() -> None:
    assert visible_pixels(np.array([[127, 128, 255]], np.uint8)).tolist() == [[False, True, True]]
    assert visible_pixels(np.array([[9, 20, 40]], np.uint8)).tolist() == [[False, True, True]]


def test_invisible_pixels_get_the_nearest_colours() -> None:
    visible = np.zeros((9, 9), bool)
    visible[2, 3] = visible[6, 7] = True
    assert bounding_box(visible) == (slice(2, 7), slice(3, 8))
    colours = np.zeros((9, 9, 3), np.uint8)
    colours[2, 3], colours[6, 7] = 90, 200
    found = filled(colours, visible)[..., 0]
    rows, columns = np.mgrid[:9, :9]
    nearer = np.hypot(rows - 2, columns - 3) - np.hypot(rows - 6, columns - 7)
    assert (found[nearer < 0] == 90).all()
    assert (found[nearer > 0] == 200).all()


def test_a_wholly_transparent_picture_is_reported(tmp_path: Path, rgb: np.ndarray) -> None:
    clear = np.dstack([rgb, np.zeros(rgb.shape[:2], np.uint8)])
    Image.fromarray(clear).save(tmp_path / "a.png")
    for source in (tmp_path / "a.png", clear, clear.astype(np.float32)):
        with pytest.warns(UserWarning, match="is wholly transparent: its alpha channel is taken for an unused one"):
            picture = images.read(source)
        assert picture.alpha is None
        np.testing.assert_array_equal(picture.rgb, rgb)
    with pytest.raises(InvalidInputError, match=r"content \(an array\) is wholly transparent, and nothing can be seen"):
        images.read(np.zeros((9, 9, 4), np.uint8), what="content")


def test_the_unused_alpha_of_a_bitmap_is_no_alpha(tmp_path: Path, rgb: np.ndarray) -> None:
    """What screenshots of 32 bits hold: a header of version 4 with a mask for alpha, and zeros there."""
    rows, columns = rgb.shape[:2]
    pixels = np.dstack([rgb[::-1, :, ::-1], np.zeros((rows, columns), np.uint8)])
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    header = struct.pack("<IiiHHIIiiII", 108, columns, rows, 1, 32, 3, pixels.nbytes, 2835, 2835, 0, 0)
    body = header + masks + b"BGRs" + bytes(48) + pixels.tobytes()
    (tmp_path / "a.bmp").write_bytes(b"BM" + struct.pack("<IHHI", 14 + len(body), 0, 0, 14 + 108) + body)
    picture = images.read(tmp_path / "a.bmp")
    assert picture.alpha is None
    np.testing.assert_array_equal(picture.rgb, rgb)


def test_an_animation_of_a_transparent_content_is_transparent(tmp_path: Path) -> None:
    alpha = np.zeros((20, 24), np.uint8)
    alpha[4:16, 6:18], alpha[10:13, 3:6] = 255, 100
    frames = [over_white(np.full((20, 24, 3), colour, np.uint8), alpha) for colour in ((200, 30, 40), (10, 90, 200))]
    images.write_animation(tmp_path / "a.gif", frames, alpha=alpha)
    with Image.open(tmp_path / "a.gif") as gif:
        shown = [np.asarray(frame.convert("RGBA")) for frame in ImageSequence.Iterator(gif)]
        for frame, colour in zip(shown, ((200, 30, 40), (10, 90, 200)), strict=True):
            np.testing.assert_array_equal(frame[..., 3], np.where(alpha >= 128, 255, 0))
            assert (frame[alpha == 255][:, :3] == colour).all()
