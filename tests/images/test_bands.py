"""Pictures in bands of rows: the same pixels, in less memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from neural_style import images, transfer_color
from neural_style.images import bands
from neural_style.images.picture import Picture
from neural_style.images.transparency import over_white, without_white

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (60, 50, 3), np.uint8)
ALPHA = RNG.integers(0, 256, (60, 50), np.uint8)


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Bands of four rows of 50 pixels, and of one row of a wide picture."""
    monkeypatch.setattr(bands, "PIXELS", 200)
    return monkeypatch


def test_bands_cover_each_row_once(narrow: pytest.MonkeyPatch) -> None:
    assert [(band.start, band.stop) for band in bands.bands(10, 50)] == [(0, 4), (4, 8), (8, 10)]
    assert [(band.start, band.stop) for band in bands.bands(2, 5000)] == [(0, 1), (1, 2)]


@pytest.mark.parametrize("method", images.METHODS)
@pytest.mark.parametrize("size", [(7, 9), (90, 9), (60, 49), (7, 50), (7, 80)])
def test_a_picture_in_bands_is_resized_as_pillow_resizes_the_whole(
    narrow: pytest.MonkeyPatch, method: str, size: tuple[int, int]
) -> None:
    whole = Image.fromarray(RGB).resize(size[::-1], images.METHODS[method])
    np.testing.assert_array_equal(images.resize(RGB, size, method=method), np.asarray(whole))
    red = Image.fromarray(RGB[..., 0].astype(np.float32)).resize(size[::-1], images.METHODS[method])
    np.testing.assert_array_equal(images.resize(RGB.astype(np.float32), size, method=method)[..., 0], np.asarray(red))


def test_a_row_wider_than_a_band_is_resized(narrow: pytest.MonkeyPatch) -> None:
    row = np.repeat(RGB[:8], 10, axis=1)
    assert images.resize(row, (4, 30)).shape == (4, 30, 3)


def computed() -> list[np.ndarray]:
    """What is computed in bands, of the same pictures."""
    picture = Picture(over_white(RGB, ALPHA), ALPHA, "a", None, RGB)
    return [
        over_white(RGB, ALPHA),
        without_white(RGB.astype(np.float32), ALPHA),
        picture.resized((20, 10), method="bicubic").colors,
        np.array([picture.is_grey, Picture(RGB[..., [0, 0, 0]], None, "a", None).is_grey]),
        images.to_uint8(RGB * np.float32(1.1) - 9),
        transfer_color(RGB, RGB[::-1, ::-1]),
        transfer_color(RGB[:50, :40], RGB, mask=np.where(ALPHA > 99, 255, 0).astype(np.uint8), method="pca"),
    ]


def test_colours_are_the_same_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = computed()
    monkeypatch.setattr(bands, "PIXELS", 200)
    for one, other in zip(whole, computed(), strict=True):
        np.testing.assert_array_equal(one, other)


def write(folder: Path, kind: str) -> Path:
    """A file whose reading takes one of the ways through the colours."""
    path = folder / f"{kind}.{'tif' if 'tif' in kind else 'png'}"
    deep = RGB.astype(np.uint16) * 257
    if kind == "tif16":
        tifffile.imwrite(path, deep, photometric="rgb", compression="zlib")
    elif kind == "tif16 alpha":
        layers = np.dstack([deep, ALPHA.astype(np.uint16) * 257])
        tifffile.imwrite(path, layers, photometric="rgb", extrasamples=["assocalpha"])
    elif kind == "tif16 white is zero":
        tifffile.imwrite(path, deep[..., 0], photometric="miniswhite")
    elif kind == "grey16":
        Image.fromarray(deep[..., 0]).save(path)
    elif kind == "alpha":
        Image.fromarray(np.dstack([RGB, ALPHA])).save(path)
    else:
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        Image.fromarray(RGB).save(path, icc_profile=profile)
    return path


KINDS = ["tif16", "tif16 alpha", "tif16 white is zero", "grey16", "alpha", "profile"]


@pytest.mark.parametrize("kind", KINDS)
def test_files_are_read_the_same_in_bands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    path = write(tmp_path, kind)
    whole = images.read(path)
    monkeypatch.setattr(bands, "PIXELS", 200)
    found = images.read(path)
    np.testing.assert_array_equal(found.rgb, whole.rgb)
    np.testing.assert_array_equal(found.colors, whole.colors)
    assert (found.alpha is None) == (whole.alpha is None)
    if kind in ("tif16", "profile"):
        np.testing.assert_allclose(whole.rgb, RGB, atol=1)


@pytest.mark.parametrize(("kind", "most"), [("rgb", 6.5), ("alpha", 9), ("grey16", 15.5), ("tif16", 18.5)])
def test_reading_takes_little_more_memory_than_the_picture(
    tmp_path: Path, narrow: pytest.MonkeyPatch, kind: str, most: float
) -> None:
    """Bytes of a pixel in arrays: 3 of 8 bits, 7 with alpha and white behind it, and 12 of float32 beside 2 or 6 of 16
    bits, of which those of a TIFF are gone before all of the 12 are touched."""
    rgb = np.repeat(np.repeat(RGB, 10, 0), 10, 1)
    path = tmp_path / "a.tif"
    if kind == "tif16":
        tifffile.imwrite(path, rgb.astype(np.uint16) * 257, photometric="rgb", rowsperstrip=50)
    elif kind == "grey16":
        Image.fromarray(rgb[..., 0].astype(np.uint16) * 257).save(path := tmp_path / "a.png")
    else:
        layers = np.dstack([rgb, rgb[..., 0]]) if kind == "alpha" else rgb
        Image.fromarray(layers).save(path := tmp_path / "a.png", compress_level=1)
    images.read(path)  # imports
    tracemalloc.start()
    try:
        images.read(path)
        assert tracemalloc.get_traced_memory()[1] / (rgb.size / 3) < most
    finally:
        tracemalloc.stop()


def test_a_tiff_may_have_more_pixels_than_pillow_allows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.tif")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    np.testing.assert_array_equal(images.read(tmp_path / "a.tif").rgb, RGB)
