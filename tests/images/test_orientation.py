"""EXIF orientations of images in memory, and of files that were turned without changing the tag."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neural_style import images

TURNED = Image.Transpose.ROTATE_270
"""What the EXIF orientation 6 asks for (Exif 2.3, 4.6.4)."""


def photo(stored: np.ndarray, *, taken: tuple[int, int] | None, orientation: int = 6) -> Image.Image:
    """An open file with an EXIF orientation, and the rows and columns as they were taken."""
    exif = Image.Exif()
    exif[274] = orientation
    if taken is not None:
        exif.get_ifd(0x8769).update({40963: taken[0], 40962: taken[1]})
    buffer = io.BytesIO()
    Image.fromarray(stored).save(buffer, "PNG", exif=exif)
    return Image.open(buffer)


@pytest.fixture
def upright(rgb: np.ndarray) -> np.ndarray:
    return np.array(Image.fromarray(rgb).transpose(TURNED))


def test_a_file_is_turned_silently(rgb: np.ndarray, upright: np.ndarray) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(images.read(photo(rgb, taken=None)).rgb, upright)
        np.testing.assert_array_equal(images.read(photo(rgb, taken=(12, 16)).convert("RGB")).rgb, upright)
        np.testing.assert_array_equal(images.read(photo(rgb, taken=None, orientation=1).copy()).rgb, rgb)


def test_an_image_that_was_turned_by_hand(rgb: np.ndarray, upright: np.ndarray) -> None:
    """Pillow's `transpose` and `rotate` keep the tag, which would turn it once more."""
    image = photo(rgb, taken=(12, 16))
    for turned in (image.transpose(TURNED), image.rotate(-90, expand=True)):
        with pytest.warns(UserWarning, match="EXIF orientation 6 and has been turned since it was opened"):
            np.testing.assert_array_equal(images.read(turned).rgb, upright)


@pytest.mark.parametrize(("taken", "orientation"), [(None, 6), ((12, 16), 3)])
def test_an_image_that_may_have_been_turned(rgb: np.ndarray, taken: tuple[int, int] | None, orientation: int) -> None:
    """A copy looks the same as an image turned by hand where nothing tells its size, or where that stays."""
    copied = photo(rgb, taken=taken, orientation=orientation).copy()
    context = pytest.warns(UserWarning, match="which is applied: if it was turned by hand, call PIL.ImageOps")
    with context:
        found = images.read(copied).rgb
    np.testing.assert_array_equal(found, np.rot90(rgb, -1 if orientation == 6 else 2))


def test_a_file_that_a_program_has_turned(tmp_path: Path, rgb: np.ndarray, upright: np.ndarray) -> None:
    """Every viewer applies the tag, and so does the library, with a warning."""
    image = photo(upright, taken=(12, 16))
    with pytest.warns(UserWarning, match="which is applied, and seems to be turned already"):
        found = images.read(image).rgb
    np.testing.assert_array_equal(found, np.rot90(upright, -1))
