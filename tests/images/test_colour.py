"""Pictures of more than eight bits and with colour profiles, made here, against values computed by NumPy."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from neural_style import images
from neural_style.errors import InvalidInputError


def sixteen(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 65536, shape, dtype=np.uint16)


def save_png(path: Path, array: np.ndarray, colour_type: int, *chunks: tuple[bytes, bytes]) -> None:
    """A 16-bit PNG by hand: Pillow writes grey ones only."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)
    header = struct.pack(">IIBBBBB", array.shape[1], array.shape[0], 16, colour_type, 0, 0, 0)
    body = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in body))


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped_profile() -> bytes:
    """sRGB with its red and blue primaries exchanged: correct colours have their channels exchanged."""
    return srgb_profile().replace(b"rXYZ", b"TEMP").replace(b"bXYZ", b"rXYZ").replace(b"TEMP", b"bXYZ")


def grey_profile(gamma: float) -> bytes:
    """A minimal ICC v2 profile of a grey device: header, white point (D50) and a curve that is a power."""
    white = b"XYZ \0\0\0\0" + struct.pack(">iii", 63190, 65536, 54061)
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    tags = struct.pack(">I", 2)
    tags += b"wtpt" + struct.pack(">II", 156, len(white)) + b"kTRC" + struct.pack(">II", 156 + len(white), len(curve))
    size = 128 + len(tags) + len(white) + len(curve)
    header = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02400000, b"mntr", b"GRAY", b"XYZ ") + struct.pack(
        ">6H4s", 2024, 1, 1, 0, 0, 0, b"acsp"
    )
    header = header.ljust(68, b"\0") + struct.pack(">iii", 63190, 65536, 54061)
    return header.ljust(128, b"\0") + tags + white + curve


# --- more than eight bits ----------------------------------------------------------------------------------------


def test_sixteen_bit_grey_png(tmp_path: Path) -> None:
    grey = sixteen((9, 10))
    Image.fromarray(grey).save(tmp_path / "a.png")
    for source in (tmp_path / "a.png", Image.fromarray(grey), grey):
        picture = images.read(source)
        assert picture.rgb.dtype == np.float32
        np.testing.assert_allclose(picture.rgb, np.repeat(grey[..., None], 3, axis=2) / 257, atol=1e-4)


def test_sixteen_bit_grey_png_with_a_transparent_grey(tmp_path: Path) -> None:
    grey = sixteen((9, 10))
    grey[2, 3] = 1234
    save_png(tmp_path / "a.png", grey, 0, (b"tRNS", struct.pack(">H", 1234)))
    picture = images.read(tmp_path / "a.png")
    np.testing.assert_array_equal(picture.alpha, np.where(grey == 1234, 0, 255))
    assert (picture.rgb[2, 3] == 255).all()


def test_sixteen_bit_rgb_png_keeps_at_least_eight(tmp_path: Path) -> None:
    array = sixteen((9, 10, 3))
    save_png(tmp_path / "a.png", array, 2)
    assert np.abs(images.read(tmp_path / "a.png").rgb - array / 257).max() <= 1


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"byteorder": ">"}, {"planarconfig": "separate"}])
def test_sixteen_bit_rgb_tiff(tmp_path: Path, options: dict[str, str]) -> None:
    array = sixteen((9, 10, 3))
    stored = np.moveaxis(array, -1, 0) if "planarconfig" in options else array
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", **options)
    picture = images.read(tmp_path / "a.tif")
    assert picture.rgb.dtype == np.float32
    np.testing.assert_allclose(picture.rgb, array / 257, atol=1e-4)


@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_sixteen_bit_grey_tiff_with_black_or_white_at_zero(tmp_path: Path, byteorder: str) -> None:
    array = sixteen((9, 10))
    for photometric, expected in (("minisblack", array / 257), ("miniswhite", 255 - array / 257)):
        tifffile.imwrite(tmp_path / "a.tif", array, photometric=photometric, byteorder=byteorder)
        rgb = images.read(tmp_path / "a.tif").rgb
        np.testing.assert_allclose(rgb, np.repeat(expected[..., None], 3, axis=2), atol=1e-4)


def test_sixteen_bit_tiff_with_alpha(tmp_path: Path) -> None:
    colours, alpha = sixteen((9, 10, 3)), sixteen((9, 10, 1)) | 0x8000
    expected = (colours / 257) * (alpha / 65535) + 255 * (1 - alpha / 65535)
    tifffile.imwrite(tmp_path / "a.tif", np.dstack([colours, alpha]), photometric="rgb", extrasamples=["unassalpha"])
    multiplied = np.rint(colours * (alpha / 65535)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "b.tif", np.dstack([multiplied, alpha]), photometric="rgb", extrasamples=["assocalpha"])
    for name in ("a.tif", "b.tif"):
        picture = images.read(tmp_path / name)
        np.testing.assert_allclose(picture.rgb, expected, atol=0.01)
        np.testing.assert_array_equal(picture.alpha, np.rint(alpha[..., 0] / 257))


def test_a_sixteen_bit_tiff_that_tifffile_cannot_unpack_is_read_by_pillow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise ValueError("requires the 'imagecodecs' package")

    array = sixteen((9, 10, 3))
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="rgb")
    monkeypatch.setattr(tifffile.TiffPage, "asarray", refuse)
    np.testing.assert_array_equal(images.read(tmp_path / "a.tif").rgb, array >> 8)


def test_a_float_tiff_is_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.ones((9, 10, 3), np.float32), photometric="rgb")
    with pytest.raises(InvalidInputError, match=r'image ".*a\.tif" stores numbers with no agreed white: save it'):
        images.read(tmp_path / "a.tif")


# --- colour profiles ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
def test_a_colour_profile_is_converted_to_srgb(tmp_path: Path, rgb: np.ndarray, suffix: str) -> None:
    options = {"lossless": True} if suffix == "webp" else {}
    Image.fromarray(rgb).save(tmp_path / f"a.{suffix}", icc_profile=swapped_profile(), **options)
    difference = images.read(tmp_path / f"a.{suffix}").rgb.astype(int) - rgb[..., ::-1]
    assert np.abs(difference).max() <= 1
    Image.fromarray(rgb).save(tmp_path / f"b.{suffix}", icc_profile=srgb_profile(), **options)
    np.testing.assert_array_equal(images.read(tmp_path / f"b.{suffix}").rgb, rgb)


def test_a_colour_profile_leaves_alpha_alone(tmp_path: Path, rgb: np.ndarray) -> None:
    alpha = np.full(rgb.shape[:2], 51, np.uint8)
    Image.fromarray(np.dstack([rgb, alpha])).save(tmp_path / "a.png", icc_profile=swapped_profile())
    picture = images.read(tmp_path / "a.png")
    np.testing.assert_array_equal(picture.alpha, alpha)
    assert np.abs(picture.rgb - (rgb[..., ::-1] * 0.2 + 255 * 0.8)).max() <= 1


def test_a_grey_profile(tmp_path: Path) -> None:
    """A linear grey of 0.2140 is 0.5 in sRGB (IEC 61966-2-1)."""
    grey = np.full((9, 10), round(0.2140 * 255), np.uint8)
    Image.fromarray(grey).save(tmp_path / "a.png", icc_profile=grey_profile(1.0))
    assert np.abs(images.read(tmp_path / "a.png").rgb - 0.5 * 255).max() <= 1.5


def test_sixteen_bits_with_a_profile(tmp_path: Path) -> None:
    array = sixteen((9, 10, 3))
    for profile, expected, tolerance in (
        (srgb_profile(), array / 257, 1e-4),
        (swapped_profile(), array[..., ::-1] / 257, 1.01 + np.ptp([0, 1])),
    ):
        tifffile.imwrite(tmp_path / "a.tif", array, photometric="rgb", iccprofile=profile)
        rgb = images.read(tmp_path / "a.tif").rgb
        assert rgb.dtype == np.float32
        np.testing.assert_allclose(rgb, expected, atol=tolerance)


@pytest.mark.parametrize(
    "profile",
    [b"not a profile at all", srgb_profile()[:200], ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()],
    ids=["garbage", "cut short", "for another kind of picture"],
)
def test_a_broken_profile_is_ignored_with_a_warning(tmp_path: Path, rgb: np.ndarray, profile: bytes) -> None:
    Image.fromarray(rgb).save(tmp_path / "a.png", icc_profile=profile)
    with pytest.warns(UserWarning, match=r'colour profile of style image ".*a\.png" is ignored, colours may be off'):
        picture = images.read(tmp_path / "a.png", what="style image")
    np.testing.assert_array_equal(picture.rgb, rgb)


def test_a_truncated_sixteen_bit_tiff(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", sixteen((64, 64, 3)), photometric="rgb")
    (tmp_path / "b.tif").write_bytes((tmp_path / "a.tif").read_bytes()[:-9000])
    with pytest.raises(InvalidInputError, match="is damaged or cut short"):
        images.read(tmp_path / "b.tif")
