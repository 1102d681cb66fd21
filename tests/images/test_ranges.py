"""Pictures whose numbers are in another range than their type says: converted, reported or refused."""

from __future__ import annotations

import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from neural_style import images, read_mask
from neural_style.errors import InvalidInputError

MEANS = np.array([103.939, 116.779, 123.68], np.float32)
"""Of blue, green and red in ImageNet, which Keras' `preprocess_input` subtracts."""


def png_of_16_bits(rgb: np.ndarray) -> bytes:
    """An RGB PNG of 16 bits, which Pillow cannot write (PNG 3, 11.2)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows, columns = rgb.shape[:2]
    lines = b"".join(b"\0" + row.astype(">u2").tobytes() for row in rgb)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 16, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def tiff(path: Path, array: np.ndarray, **settings: Any) -> Path:
    tifffile.imwrite(path, array, **{"photometric": "rgb", "metadata": None, **settings})
    return path


def test_grey_levels_in_16_bits(tmp_path: Path, rgb: np.ndarray) -> None:
    """Nothing is that dark: 255 of 65535 is less than one of 255."""
    wide = rgb.astype(np.uint16)
    Image.fromarray(wide[..., 0]).save(tmp_path / "grey.png")
    for source, expected in (
        (wide, rgb),
        (np.dstack([wide, np.full(wide.shape[:2], 255, np.uint16)]), rgb),
        (tiff(tmp_path / "a.tif", wide), rgb),
        (tmp_path / "grey.png", np.repeat(rgb[..., :1], 3, axis=2)),
        (Image.fromarray(wide[..., 0]), np.repeat(rgb[..., :1], 3, axis=2)),
    ):
        with pytest.warns(UserWarning, match=r"holds 0\.\.\d+ in 16 bits .*: it is read as 0\.\.255"):
            found = images.read(source)
        np.testing.assert_array_equal(found.rgb, expected)
        assert found.alpha is None


def test_a_mask_of_0_and_255_in_16_bits(tmp_path: Path) -> None:
    white = np.eye(9, dtype=np.uint16) * np.uint16(255)
    for source in (white, tiff(tmp_path / "mask.tif", white, photometric="minisblack")):
        with pytest.warns(UserWarning, match="in 16 bits"):
            np.testing.assert_array_equal(read_mask(source).grey, white)


def test_a_black_logo_is_black(rgb: np.ndarray) -> None:
    """Alpha counts where the range is guessed."""
    logo = np.zeros((*rgb.shape[:2], 4), np.uint16)
    logo[..., 3] = 65535
    logo[0, 0, 0] = 255
    assert images.read(logo).rgb.max() == pytest.approx(255 / 257)


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_fewer_bits_in_16_that_the_file_declares(tmp_path: Path, rgb: np.ndarray, bits: int) -> None:
    """TIFF 6.0, MaxSampleValue: what cameras and scanners write."""
    white = 2**bits - 1
    stored = np.rint(rgb / 255 * white).astype(np.uint16)
    tag = (281, "H", 3, (white,) * 3, True)
    path = tiff(tmp_path / "a.tif", stored, extratags=[tag])
    np.testing.assert_allclose(images.read(path).rgb, rgb, atol=255 / white)


def test_a_declared_maximum_that_is_no_white(tmp_path: Path) -> None:
    """Other programs write the largest number in use, which is not to change a picture (TIFF 6.0)."""
    stored = np.full((9, 9, 3), 20_000, np.uint16)
    path = tiff(tmp_path / "a.tif", stored, extratags=[(281, "H", 3, (20_000,) * 3, True)])
    np.testing.assert_allclose(images.read(path).rgb, 20_000 / 257)


@pytest.mark.parametrize(("largest", "white", "factor"), [(4000, 4095, 16), (1000, 1023, 64)])
def test_fewer_bits_in_16_that_nothing_declares(
    tmp_path: Path, rgb: np.ndarray, largest: int, white: int, factor: int
) -> None:
    dark = (rgb / 255 * largest).astype(np.uint16)
    dark[0, 0] = largest
    for source in (dark, tiff(tmp_path / "a.tif", dark)):
        with pytest.warns(UserWarning, match=rf"nearly black.*{largest} of 65535\. If white is {white}.* by {factor}$"):
            np.testing.assert_allclose(images.read(source).rgb, dark / 257, atol=1e-4)
    (tmp_path / "a.png").write_bytes(png_of_16_bits(dark))
    with pytest.warns(UserWarning, match=rf"nearly black.* of 65535\. If white is {white}"):
        images.read(tmp_path / "a.png")


def test_zeros_and_ones_are_reported(tmp_path: Path, rgb: np.ndarray) -> None:
    ones = (rgb > 100).astype(np.uint8)
    Image.fromarray(ones).save(tmp_path / "a.png")
    for source in (ones, tmp_path / "a.png"):
        with pytest.warns(UserWarning, match=r"holds 0 and 1 only and is nearly black.*multiply it by 255$"):
            assert images.read(source).rgb.max() == 1
    with warnings.catch_warnings(action="error"):  # a black picture, and one of true and false, say what they mean
        assert images.read(np.zeros_like(ones)).rgb.max() == 0
        assert images.read(ones.astype(bool)).rgb.max() == 255


def test_a_png_of_which_pillow_reads_half(tmp_path: Path, rgb: np.ndarray) -> None:
    (tmp_path / "a.png").write_bytes(png_of_16_bits(rgb.astype(np.uint16) * 257))
    np.testing.assert_array_equal(images.read(tmp_path / "a.png").rgb, rgb)
    (tmp_path / "b.png").write_bytes(png_of_16_bits(rgb))
    with pytest.raises(InvalidInputError, match=r"holds 0\.\.255 at most in 16 bits.*save it with 8 bits"):
        images.read(tmp_path / "b.png")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rgb: rgb / 255, r"lies within 0\.\.1 and would be black, .*: multiply it by 255"),
        (lambda rgb: rgb * 257.0, r"0\.\.255, received floats in 0\.\.6\.5.*e\+04: scale it so that white is 255"),
        (lambda rgb: rgb * (4095 / 255), "scale it so that white is 255"),
        (lambda rgb: rgb[..., ::-1] - MEANS, r"as of a picture prepared for a network: give it in RGB, without a mean"),
        (lambda rgb: rgb / 127.5 - 1, "prepared for a network"),
        (lambda rgb: (rgb / 255 - 0.456) / 0.224, "prepared for a network"),
    ],
)
def test_floats_in_another_range(rgb: np.ndarray, change: Any, message: str) -> None:
    for source in (change(rgb).astype(np.float32), Image.fromarray(change(rgb)[..., 0].astype(np.float32))):
        with pytest.raises(InvalidInputError, match=message):
            images.read(source)


def test_overshoots_are_no_other_range(rgb: np.ndarray) -> None:
    """Of a resampling, or of a sharpening: floats are taken as they are."""
    sharp = (rgb.astype(np.float32) - 128) * 1.2 + 128
    assert sharp.min() < -20
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(images.read(sharp).rgb, sharp)
        np.testing.assert_array_equal(images.read(np.zeros((9, 9), np.uint16)).rgb, 0)


@pytest.mark.parametrize(
    ("shape", "settings", "message"),
    [
        ((9, 10, 8), {"photometric": "minisblack", "planarconfig": "contig"}, "has 8 bands without a colour each"),
        ((5, 9, 10), {"photometric": "minisblack", "planarconfig": "separate"}, "has 5 bands without a colour each"),
        ((9, 10, 5), {"photometric": "separated", "extrasamples": ["unassalpha"]}, "is a CMYK picture with 1 more"),
        ((9, 10, 3), {"photometric": "icclab"}, "is a Lab picture of a kind that cannot be read: save it as RGB"),
    ],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_bands_that_are_no_colours(
    tmp_path: Path, shape: tuple[int, ...], settings: dict[str, Any], message: str, dtype: type
) -> None:
    """What the file is, and the remedy; of 16 bits the first band was read alone."""
    path = tiff(tmp_path / "a.tif", np.full(shape, 9, dtype), **settings)
    with pytest.raises(InvalidInputError, match=message):
        images.read(path)


def test_a_lab_picture(tmp_path: Path) -> None:
    lab = np.zeros((9, 9, 3), np.uint8)
    lab[..., 0] = 128  # L* = 50.2, a grey of Y = 18.6 %, 119 in sRGB (CIE 1976, IEC 61966-2-1)
    assert np.abs(images.read(tiff(tmp_path / "a.tif", lab, photometric="cielab")).rgb.astype(int) - 119).max() <= 1
    with pytest.raises(InvalidInputError, match="is a Lab picture of a kind"):
        images.read(tiff(tmp_path / "b.tif", lab.astype(np.uint16), photometric="cielab"))


def test_twelve_bits_that_are_packed(tmp_path: Path) -> None:
    """Two numbers in three bytes: no white is missing, but a decoder is."""
    path = tiff(tmp_path / "a.tif", np.zeros((9, 10), np.uint16), photometric="minisblack")
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        assert isinstance(page, tifffile.TiffPage)
        place = page.tags[258].valueoffset
    data[place : place + 2] = struct.pack("<H", 12)
    path.write_bytes(data)
    with pytest.raises(InvalidInputError, match="has 12 bits per channel: save it with 8 or 16"):
        images.read(path)
