"""Frames of animations, pages of TIFFs, pyramids, and RAW files whose first page is a thumbnail; all made here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from neural_style import Content, Style, images
from neural_style.errors import InvalidInputError

RED, BLUE = (255, 0, 0), (0, 0, 255)


def flat(colour: tuple[int, ...], size: tuple[int, int] = (18, 20)) -> np.ndarray:
    return np.full((*size, 3), colour, np.uint8)


@pytest.fixture(params=["GIF", "WEBP", "PNG"])
def animation(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Red, then blue."""
    path = tmp_path / f"a.{request.param.lower()}"
    frames = [Image.fromarray(flat(colour)) for colour in (RED, BLUE)]
    frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True)
    return path


def test_a_frame_is_chosen_by_its_number(animation: Path) -> None:
    with pytest.warns(UserWarning, match=r'image ".*" has 2 frames, of which the first is used: frame=N'):
        assert (images.read(animation).rgb == RED).all()
    for number, colour in ((1, RED), (2, BLUE)):
        assert (images.read(animation, frame=number).rgb == colour).all()
        assert (Content(animation, frame=number).read().picture.rgb == colour).all()
        assert (Style(animation, frame=number).picture.rgb == colour).all()
    with pytest.raises(InvalidInputError, match=r"has 2 frames: frame must be 1 to 2, received 3"):
        images.read(animation, frame=3)
    with pytest.raises(InvalidInputError, match="frame must be a whole number of at least 1, received 0"):
        images.read(animation, frame=0)


def test_a_file_with_one_picture_has_any_frame(tmp_path: Path, rgb: np.ndarray) -> None:
    Image.fromarray(rgb).save(tmp_path / "a.png")
    Image.fromarray(rgb).save(tmp_path / "a.tif")
    for source in (tmp_path / "a.png", tmp_path / "a.tif", rgb, Image.fromarray(rgb)):
        np.testing.assert_array_equal(images.read(source, frame=7).rgb, rgb)


@pytest.mark.parametrize("deep", [False, True])
def test_pages_of_a_tiff(tmp_path: Path, rgb: np.ndarray, deep: bool) -> None:
    """Of 8 bits, which Pillow reads, and of 16."""
    pages = [rgb, rgb[::-1], rgb[:, ::-1]]
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        for page in pages:
            tiff.write(page.astype(np.uint16) * 257 if deep else page, photometric="rgb", metadata=None)
    with pytest.warns(UserWarning, match="has 3 pages, of which the first is used"):
        np.testing.assert_allclose(images.read(tmp_path / "a.tif").rgb, rgb, atol=1e-4)
    for number, page in enumerate(pages, 1):
        np.testing.assert_allclose(images.read(tmp_path / "a.tif", frame=number).rgb, page, atol=1e-4)
    with pytest.raises(InvalidInputError, match="has 3 pages: frame must be 1 to 3"):
        images.read(tmp_path / "a.tif", frame=4)


@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("layout", ["below", "marked", "below a thumbnail"])
def test_the_levels_of_a_pyramid_do_not_count(tmp_path: Path, rgb: np.ndarray, layout: str, bigtiff: bool) -> None:
    small, common = np.ascontiguousarray(rgb[::2, ::2]), {"photometric": "rgb", "metadata": None}
    with tifffile.TiffWriter(tmp_path / "a.tif", bigtiff=bigtiff) as tiff:
        if layout == "below":
            tiff.write(rgb, subifds=1, **common)
            tiff.write(small, subfiletype=1, **common)
        elif layout == "marked":
            tiff.write(small, subfiletype=1, **common)
            tiff.write(rgb, **common)
        else:
            tiff.write(small, subfiletype=1, subifds=1, **common)
            tiff.write(rgb, **common)
    for frame in (None, 1):
        np.testing.assert_array_equal(images.read(tmp_path / "a.tif", frame=frame).rgb, rgb)


def test_a_thumbnail_that_is_not_marked_is_not_painted(tmp_path: Path, rgb: np.ndarray) -> None:
    rgb = np.tile(rgb, (2, 2, 1))
    pages = [Image.fromarray(page) for page in (np.ascontiguousarray(rgb[:8, :8]), rgb)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:], compression="tiff_lzw")
    with pytest.warns(UserWarning, match="has 2 pages, of which number 2 is used"):
        np.testing.assert_array_equal(images.read(tmp_path / "a.tif").rgb, rgb)
    assert images.read(tmp_path / "a.tif", frame=1).size == (8, 8)


def raw(path: Path, *, photometric: int, **options: Any) -> None:
    """A thumbnail, and below it the numbers of a sensor."""
    with tifffile.TiffWriter(path) as tiff:
        tiff.write(flat(RED), photometric="rgb", subfiletype=1, subifds=1, metadata=None, **options)
        sensor = np.zeros((40, 60, 3) if photometric == LINEAR_RAW else (40, 60), np.uint16)
        tiff.write(sensor, photometric=photometric, metadata=None)


CFA, LINEAR_RAW = 32803, 34892


@pytest.mark.parametrize(
    "make",
    [
        lambda path: raw(path, photometric=CFA),
        lambda path: raw(path, photometric=LINEAR_RAW),
        lambda path: raw(path, photometric=1, extratags=[(50706, "B", 4, (1, 4, 0, 0), True)]),
        lambda path: tifffile.imwrite(path.with_suffix(".nef"), flat(RED), photometric="rgb"),
        lambda path: path.write_bytes(b"II*\0\x10\0\0\0CR\2\0" + bytes(500)),
    ],
    ids=["color filter array", "linear raw", "DNG", "the ending", "CR2"],
)
def test_a_raw_file_is_refused(tmp_path: Path, make: Callable[[Path], Any]) -> None:
    make(tmp_path / "a.tif")
    (path,) = tmp_path.iterdir()
    with pytest.raises(InvalidInputError, match=r'content ".*" is a camera RAW file: develop it first, and export'):
        images.read(path, what="content")
