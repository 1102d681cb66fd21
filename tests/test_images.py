"""Pictures made here, in every format and mode, against values computed by hand or by NumPy."""

from __future__ import annotations

import io
import os
import resource
import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, ImageOps

from neural_style import images
from neural_style.errors import InvalidInputError, MissingFileError

RECORD = '{"content": "Möwe am Meer.jpg", "style": "神奈川沖浪裏 🌊", "seed": 7}'
WRITABLE = [".png", ".jpg", ".webp", ".tif"]


@pytest.fixture
def rgb() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)


@pytest.fixture
def smooth() -> np.ndarray:
    """Gradients, which lossy formats keep to a few levels."""
    row, column = np.mgrid[0:24, 0:32]
    return np.stack([row * 8, column * 6, 255 - row * 4 - column * 2], axis=-1).astype(np.uint8)


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


# --- reading files -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "webp"])
def test_lossless_files_are_read_as_they_are(tmp_path: Path, rgb: np.ndarray, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(rgb).save(path, **({"lossless": True} if suffix == "webp" else {}))
    picture = images.read(path)
    assert picture.rgb.dtype == np.uint8
    np.testing.assert_array_equal(picture.rgb, rgb)
    assert picture.alpha is None
    assert picture.size == (12, 16)
    assert (picture.name, picture.path) == (str(path), path)


def test_a_jpeg_is_read_as_pillow_reads_it(tmp_path: Path, smooth: np.ndarray) -> None:
    Image.fromarray(smooth).save(tmp_path / "a.jpg", quality=90)
    with Image.open(tmp_path / "a.jpg") as image:
        expected = np.array(image)
    np.testing.assert_array_equal(images.read(str(tmp_path / "a.jpg")).rgb, expected)


def test_the_first_frame_of_a_gif(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (10, 9), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert (images.read(tmp_path / "a.gif").rgb == [255, 0, 0]).all()


def test_the_first_picture_of_an_mpo(tmp_path: Path) -> None:
    """What stereo cameras and some phones write under the name of a JPEG."""
    frames = [Image.new("RGB", (10, 9), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=frames[1:])
    assert np.abs(images.read(tmp_path / "a.jpg").rgb - np.array([255, 0, 0])).max() <= 3


def test_grey_and_one_bit(tmp_path: Path, rgb: np.ndarray) -> None:
    Image.fromarray(rgb[..., 0]).save(tmp_path / "l.png")
    np.testing.assert_array_equal(images.read(tmp_path / "l.png").rgb, np.repeat(rgb[..., :1], 3, axis=2))
    Image.fromarray(rgb[..., 0] > 127).save(tmp_path / "1.png")
    expected = np.repeat(np.where(rgb[..., :1] > 127, 255, 0), 3, axis=2)
    np.testing.assert_array_equal(images.read(tmp_path / "1.png").rgb, expected)


def test_a_palette_with_one_transparent_colour(tmp_path: Path) -> None:
    index = np.arange(80, dtype=np.uint8).reshape(8, 10) % 4
    palette = np.array([[255, 0, 0], [0, 200, 0], [0, 0, 99], [7, 8, 9]], np.uint8)
    image = Image.fromarray(index).convert("P")
    image.putdata(index.ravel().tolist())
    image.putpalette(palette.tobytes())
    for suffix in ("png", "gif"):
        image.save(tmp_path / f"a.{suffix}", transparency=1)
        picture = images.read(tmp_path / f"a.{suffix}")
        np.testing.assert_array_equal(picture.alpha, np.where(index == 1, 0, 255))
        np.testing.assert_array_equal(picture.rgb, np.where(index[..., None] == 1, 255, palette[index]))
    image.save(tmp_path / "opaque.png")
    opaque = images.read(tmp_path / "opaque.png")
    np.testing.assert_array_equal(opaque.rgb, palette[index])
    assert opaque.alpha is None


def test_alpha_is_laid_over_white(tmp_path: Path, rgb: np.ndarray) -> None:
    alpha = np.random.default_rng(2).integers(0, 256, rgb.shape[:2], dtype=np.uint8)
    exact = rgb * (alpha[..., None] / 255) + 255 * (1 - alpha[..., None] / 255)
    Image.fromarray(np.dstack([rgb, alpha])).save(tmp_path / "a.png")
    for source in (tmp_path / "a.png", np.dstack([rgb, alpha]), Image.fromarray(np.dstack([rgb, alpha]))):
        picture = images.read(source)
        np.testing.assert_array_equal(picture.alpha, alpha)
        assert picture.rgb.dtype == np.uint8
        assert np.abs(picture.rgb - exact).max() <= 0.5
    as_floats = images.read(np.dstack([rgb, alpha]).astype(np.float64))
    np.testing.assert_allclose(as_floats.rgb, exact, atol=1e-4)
    np.testing.assert_array_equal(as_floats.alpha, alpha)


def test_grey_with_alpha(tmp_path: Path, rgb: np.ndarray) -> None:
    la = Image.merge("LA", [Image.fromarray(rgb[..., 0]), Image.fromarray(rgb[..., 1])])
    la.save(tmp_path / "la.png")
    pa = Image.new("PA", la.size)
    pa.putpalette(np.repeat(np.arange(256, dtype=np.uint8), 3).tobytes())
    pa.putdata([(int(index), int(opacity)) for index, opacity in rgb[..., :2].reshape(-1, 2)])
    for source in (tmp_path / "la.png", la, pa):
        picture = images.read(source)
        grey, opacity = rgb[..., 0].astype(float), rgb[..., 1] / 255
        assert np.abs(picture.rgb[..., 2] - (grey * opacity + 255 * (1 - opacity))).max() <= 0.5
        np.testing.assert_array_equal(picture.alpha, rgb[..., 1])


def test_an_opaque_alpha_channel_is_none(tmp_path: Path, rgb: np.ndarray) -> None:
    Image.fromarray(rgb).convert("RGBA").save(tmp_path / "a.png")
    picture = images.read(tmp_path / "a.png")
    assert picture.alpha is None
    np.testing.assert_array_equal(picture.rgb, rgb)


def test_cmyk(tmp_path: Path) -> None:
    cmyk = np.zeros((16, 16, 4), np.uint8)
    cmyk[:8, :, 0] = 255  # cyan above
    cmyk[8:, :, 3] = 255  # black below
    Image.fromarray(cmyk, mode="CMYK").save(tmp_path / "a.tif")
    expected = np.broadcast_to(np.where(np.arange(16)[:, None] < 8, [0, 255, 255], [0, 0, 0])[:, None], (16, 16, 3))
    np.testing.assert_array_equal(images.read(tmp_path / "a.tif").rgb, expected)
    Image.fromarray(cmyk, mode="CMYK").save(tmp_path / "a.jpg", quality=100)
    assert np.abs(images.read(tmp_path / "a.jpg").rgb.astype(int) - expected).max() <= 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(tmp_path: Path, rgb: np.ndarray, orientation: int) -> None:
    """Exif 2.3, 4.6.4: 6 means that the first stored row is the right edge, 8 that it is the left edge, and so on."""
    upright = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
        8: lambda a: np.rot90(a, 1),
    }[orientation](rgb)
    exif = Image.Exif()
    exif[274] = orientation
    for name in ("a.png", "a.tif"):
        Image.fromarray(rgb).save(tmp_path / name, exif=exif)
        np.testing.assert_array_equal(images.read(tmp_path / name).rgb, upright)
    wide = rgb.astype(np.uint16) * 257
    tifffile.imwrite(
        tmp_path / "16.tif", wide, photometric="rgb", extratags=[(274, "H", 1, orientation, True)], metadata=None
    )
    np.testing.assert_allclose(images.read(tmp_path / "16.tif").rgb, upright, atol=1e-4)


def test_a_portrait_from_a_phone(tmp_path: Path, smooth: np.ndarray) -> None:
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(smooth).save(tmp_path / "a.jpg", exif=exif)
    picture = images.read(tmp_path / "a.jpg")
    assert picture.size == (32, 24)
    with Image.open(tmp_path / "a.jpg") as image:
        np.testing.assert_array_equal(picture.rgb, np.asarray(ImageOps.exif_transpose(image)))


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
    with pytest.raises(InvalidInputError, match=r'image ".*a\.tif" stores numbers that have no agreed white: save it'):
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


# --- arrays and PIL images ---------------------------------------------------------------------------------------


def test_arrays(rgb: np.ndarray) -> None:
    picture = images.read(rgb)
    np.testing.assert_array_equal(picture.rgb, rgb)
    assert (picture.name, picture.path, picture.alpha) == ("an array", None, None)
    assert not np.shares_memory(picture.rgb, rgb)
    three = np.repeat(rgb[..., :1], 3, axis=2)
    np.testing.assert_array_equal(images.read(rgb[..., 0]).rgb, three)
    np.testing.assert_array_equal(images.read(rgb[..., :1]).rgb, three)
    np.testing.assert_array_equal(images.read(rgb[..., 0] > 99).rgb, np.where(three > 99, 255, 0))
    assert images.read(rgb.astype(np.int64)).rgb.dtype == np.uint8
    np.testing.assert_array_equal(images.read(rgb.astype(np.int64)).rgb, rgb)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_are_taken_as_they_are(dtype: type) -> None:
    array = np.linspace(-20, 300, 8 * 9 * 3).reshape(8, 9, 3).astype(dtype)
    picture = images.read(array)
    assert picture.rgb.dtype == np.float32
    np.testing.assert_array_equal(picture.rgb, array.astype(np.float32))


def test_pil_images_of_many_modes(rgb: np.ndarray) -> None:
    image = Image.fromarray(rgb)
    picture = images.read(image)
    np.testing.assert_array_equal(picture.rgb, rgb)
    assert (picture.name, picture.path) == ("a PIL image", None)
    for mode in ("I", "F"):
        wide = images.read(Image.fromarray(rgb[..., 0]).convert(mode))
        np.testing.assert_array_equal(wide.rgb, np.repeat(rgb[..., :1], 3, axis=2))
    assert np.abs(images.read(image.convert("YCbCr")).rgb.astype(int) - rgb).max() <= 3  # 8-bit YCbCr itself


def test_a_picture_is_passed_on(rgb: np.ndarray) -> None:
    picture = images.read(rgb)
    assert images.read(picture) is picture


def test_luminance(rgb: np.ndarray) -> None:
    weights = np.array([0.299, 0.587, 0.114])
    grey = images.read(rgb, grey=True).rgb
    assert grey.dtype == np.uint8
    np.testing.assert_array_equal(grey[..., 1], np.asarray(Image.fromarray(rgb).convert("L")))
    assert np.abs(grey - (rgb @ weights)[..., None]).max() <= 0.51
    floats = images.read(images.read(rgb.astype(np.float32)), grey=True).rgb
    np.testing.assert_allclose(floats, np.repeat((rgb @ weights)[..., None], 3, axis=2), atol=1e-3)


# --- bad input ---------------------------------------------------------------------------------------------------


def test_a_missing_file(tmp_path: Path, rgb: np.ndarray) -> None:
    Image.fromarray(rgb).save(tmp_path / "Painting.JPG", "JPEG")
    with pytest.raises(
        MissingFileError, match=r'content image ".*paintng\.jpg" does not exist: did you .*Painting\.JPG"'
    ):
        images.read(tmp_path / "paintng.jpg", what="content image")
    with pytest.raises(MissingFileError, match=r"does not exist: check the name, and that it is in"):
        images.read(tmp_path / "zzz")
    with pytest.raises(MissingFileError, match=r'does not exist: there is no folder ".*nowhere"'):
        images.read(tmp_path / "nowhere" / "a.jpg")
    with pytest.raises(MissingFileError, match=r"does not exist: there is no folder"):
        images.read(tmp_path / "Painting.JPG" / "a.jpg")


def test_what_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("Dear diary,\n" * 50)
    (tmp_path / "empty.png").touch()
    os.mkfifo(tmp_path / "pipe.png")
    for name, message in (
        (".", r"is a folder: name a picture file"),
        (
            "text.jpg",
            r'style image ".*text\.jpg" is not a picture that can be read: use JPEG, PNG, WEBP, TIFF, GIF, BMP',
        ),
        ("empty.png", r"is empty \(0 bytes\): get or save it again"),
        ("pipe.png", r"is not a regular file"),
        ("x" * 300 + ".png", r"cannot be opened: File name too long"),
    ):
        with pytest.raises(InvalidInputError, match=message) as caught:
            images.read(tmp_path / name, what="style image")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", ["jpg", "png", "gif", "bmp", "tif", "webp"])
def test_truncated_files(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, suffix))
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    with pytest.raises(InvalidInputError, match=r'image ".*" is (damaged or cut short \(.+\)|not a picture)') as caught:
        images.read(path)
    assert "\n" not in str(caught.value)


def test_a_truncated_sixteen_bit_tiff(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", sixteen((64, 64, 3)), photometric="rgb")
    (tmp_path / "b.tif").write_bytes((tmp_path / "a.tif").read_bytes()[:-9000])
    with pytest.raises(InvalidInputError, match="is damaged or cut short"):
        images.read(tmp_path / "b.tif")


def test_damage_is_told_once(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.tif").write_bytes(b"II*\0" + b"garbage" * 50)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(InvalidInputError, match="is not a picture that can be read"):
            images.read(tmp_path / "a.tif")
    assert not caught
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 10000), (10000, 1), (7, 100)])
def test_too_small(tmp_path: Path, rows: int, columns: int) -> None:
    array = np.zeros((rows, columns, 3), np.uint8)
    Image.fromarray(array).save(tmp_path / "a.png")
    for source in (array, tmp_path / "a.png", Image.fromarray(array)):
        with pytest.raises(
            InvalidInputError, match=rf"too small: {rows} rows by {columns} columns, .* at least 8 pixels"
        ):
            images.read(source, what="content image")
    with pytest.raises(InvalidInputError, match="too small"):
        images.read_record(tmp_path / "a.png")


def test_the_size_limit_is_ours_and_not_pillows(
    tmp_path: Path, rgb: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.fromarray(rgb).save(tmp_path / "a.png")
    for limit in (10, 100):  # 192 pixels: an error and a warning of Pillow's own
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        np.testing.assert_array_equal(images.read(tmp_path / "a.png").rgb, rgb)
        assert limit == Image.MAX_IMAGE_PIXELS
    assert images.MAX_PIXELS == 500_000_000
    monkeypatch.setattr(images, "MAX_PIXELS", 191)
    with pytest.raises(InvalidInputError, match=r"too large: 12 rows by 16 columns, more than .* megapixels; make it"):
        images.read(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((3, 20, 20)), r"content \(an array\) must be \(rows, columns\) or .* last\. Received: \(3, 20, 20\)"),
        (np.zeros((1, 20, 20, 3)), r"Received: \(1, 20, 20, 3\)"),
        (np.zeros((20, 20, 2), np.uint8), r"Received: \(20, 20, 2\)"),
        (np.zeros(20), r"Received: \(20,\)"),
        (np.array(5.0), r"Received: \(\)"),
        (np.zeros((0, 20, 3)), r"too small: 0 rows"),
        (np.full((9, 9), np.nan), r"NaN or infinite values: every value must be finite, in 0\.\.255"),
        (np.full((9, 9), 1e300), r"NaN or infinite"),
        (np.full((9, 9), 256), r"must lie in 0\.\.255\. Received: int64 in 256\.\.256"),
        (np.full((9, 9), -1, np.int8), r"Received: int8 in -1\.\.-1"),
        (np.zeros((9, 9), complex), r"must hold numbers in 0\.\.255\. Received: dtype complex128"),
        (np.zeros((9, 9), object), r"Received: dtype object"),
        (np.full((9, 9, 4), 300.0), r"alpha must lie in 0\.\.255\. Received: 300\.0\.\.300\.0"),
    ],
)
def test_arrays_that_are_no_pictures(array: np.ndarray, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        images.read(array, what="content")


def test_other_objects_are_refused() -> None:
    for source, name in ((None, "NoneType"), (b"a.png", "bytes"), ([[1]], "list")):
        with pytest.raises(InvalidInputError, match=f"expected a path, a PIL image or an array. Received: {name}"):
            images.read(source)  # type: ignore[arg-type]


# --- resizing ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", images.METHODS)
def test_resize_is_pillows(rgb: np.ndarray, method: str) -> None:
    resample = getattr(Image.Resampling, method.upper())
    np.testing.assert_array_equal(
        images.resize(rgb, (7, 29), method=method), np.asarray(Image.fromarray(rgb).resize((29, 7), resample))
    )
    np.testing.assert_array_equal(
        images.resize(rgb[..., 0], (7, 29), method=method),
        np.asarray(Image.fromarray(rgb[..., 0]).resize((29, 7), resample)),
    )
    floats = images.resize(rgb.astype(np.float32) - 40.25, (7, 29), method=method)
    assert floats.dtype == np.float32
    channel = Image.fromarray(rgb[..., 2].astype(np.float32) - 40.25).resize((29, 7), resample)
    np.testing.assert_array_equal(floats[..., 2], np.asarray(channel))


def test_resize_by_hand() -> None:
    """Bilinear, doubled: Pillow's triangle filter weights the two nearest pixels 3/4 and 1/4, the border alone."""
    row = np.array([[0.0, 100.0]], np.float32)
    np.testing.assert_allclose(images.resize(row, (1, 4)), [[0, 25, 75, 100]])
    halves = np.arange(16, dtype=np.float32).reshape(4, 4)
    np.testing.assert_allclose(images.resize(halves, (2, 2), method="box"), [[2.5, 4.5], [10.5, 12.5]])


def test_resize_to_the_same_size_is_the_same_array(rgb: np.ndarray) -> None:
    assert images.resize(rgb, (12, 16), method="lanczos") is rgb


def test_resize_refuses(rgb: np.ndarray) -> None:
    with pytest.raises(InvalidInputError, match=r'unknown resize method "bilnear": did you mean "bilinear"\?'):
        images.resize(rgb, (9, 9), method="bilnear")
    with pytest.raises(InvalidInputError, match=r"at least one row and one column\. Received: size=\(0, 9\)"):
        images.resize(rgb, (0, 9))


# --- writing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", images.SUFFIXES)
def test_written_pictures_are_read_back(tmp_path: Path, smooth: np.ndarray, suffix: str) -> None:
    path = tmp_path / f"out{suffix.upper()}"
    images.write(path, smooth)
    tolerance = {".png": 0, ".tif": 0, ".tiff": 0, ".jpg": 4, ".jpeg": 4, ".webp": 12}[suffix]
    assert np.abs(images.read(path).rgb.astype(int) - smooth).max() <= tolerance
    assert images.read_record(path) is None
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_jpegs_keep_full_colour_resolution(tmp_path: Path, smooth: np.ndarray) -> None:
    images.write(tmp_path / "a.jpg", smooth)
    with Image.open(tmp_path / "a.jpg") as image:
        assert {layer[1:3] for layer in image.layer} == {(1, 1)}  # type: ignore[attr-defined]
        assert image.quantization[0][0] == 2  # ITU T.81 table K.1 begins with 16, a tenth of it at quality 95


def test_floats_are_clipped_and_rounded(tmp_path: Path) -> None:
    values = np.tile(np.array([-3.0, 0.4, 0.6, 254.4, 254.6, 400.0, 7.0, 8.0])[:, None, None], (1, 9, 3))
    images.write(tmp_path / "a.png", values)
    assert images.read(tmp_path / "a.png").rgb[:, 0, 0].tolist() == [0, 0, 1, 254, 255, 255, 7, 8]


@pytest.mark.parametrize("suffix", WRITABLE)
def test_alpha_is_written_where_the_format_has_it(tmp_path: Path, smooth: np.ndarray, suffix: str) -> None:
    alpha = np.repeat(np.linspace(0, 255, 24).astype(np.uint8)[:, None], 32, axis=1)
    images.write(tmp_path / f"a{suffix}", smooth, alpha=alpha, record=RECORD)
    picture = images.read(tmp_path / f"a{suffix}")
    if suffix == ".jpg":
        assert picture.alpha is None
    else:
        np.testing.assert_array_equal(picture.alpha, alpha)
    opacity = alpha[..., None] / 255
    assert np.abs(picture.rgb - (smooth * opacity + 255 * (1 - opacity))).max() <= (
        0.5 if suffix in (".png", ".tif") else 12
    )
    assert images.read_record(tmp_path / f"a{suffix}") == RECORD


@pytest.mark.parametrize("record", [RECORD, "{}", RECORD * 400], ids=["non-ascii", "short", "long"])
@pytest.mark.parametrize("suffix", WRITABLE)
def test_records_are_read_back(tmp_path: Path, smooth: np.ndarray, suffix: str, record: str) -> None:
    images.write(tmp_path / f"a{suffix}", smooth, record=record)
    assert images.read_record(tmp_path / f"a{suffix}") == record
    assert images.read(tmp_path / f"a{suffix}").size == (24, 32)


def test_a_name_that_is_not_utf8_is_escaped_as_json_does(tmp_path: Path, smooth: np.ndarray) -> None:
    for suffix in WRITABLE:
        images.write(tmp_path / f"a{suffix}", smooth, record='"caf\udce9"')
        assert images.read_record(tmp_path / f"a{suffix}") == '"caf\\udce9"'


def test_a_record_too_long_for_a_jpeg(tmp_path: Path, smooth: np.ndarray) -> None:
    record = "x" * 70_000
    with pytest.warns(UserWarning, match=r"a JPEG has no room for a record of 70000 bytes; written without it"):
        images.write(tmp_path / "a.jpg", smooth, record=record)
    assert images.read_record(tmp_path / "a.jpg") is None
    for suffix in (".png", ".webp", ".tif"):
        images.write(tmp_path / f"a{suffix}", smooth, record=record)
        assert images.read_record(tmp_path / f"a{suffix}") == record


def test_a_description_of_somebody_else_is_no_record(tmp_path: Path, smooth: np.ndarray) -> None:
    exif = Image.Exif()
    exif[270] = "Ünser Hund".encode()
    Image.fromarray(smooth).save(tmp_path / "a.jpg", exif=exif)
    assert images.read_record(tmp_path / "a.jpg") is None


def test_records_of_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("hello, hello")
    with pytest.raises(InvalidInputError, match="is not a picture that can be read"):
        images.read_record(tmp_path / "text.png")
    with pytest.raises(MissingFileError, match=r'does not exist: did you mean ".*text\.png"'):
        images.read_record(tmp_path / "test.png")


def test_nothing_is_overwritten(tmp_path: Path, smooth: np.ndarray) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"precious")
    for call in (lambda: images.check_output(path, overwrite=False), lambda: images.write(path, smooth)):
        with pytest.raises(
            InvalidInputError, match=r'"\S+a\.png" exists: choose another .* overwrite=True / --overwrite'
        ):
            call()
    assert path.read_bytes() == b"precious"
    images.check_output(path, overwrite=True)
    assert path.read_bytes() == b"precious"
    images.write(path, smooth, overwrite=True)
    np.testing.assert_array_equal(images.read(path).rgb, smooth)


def test_a_file_that_appears_during_the_run_is_kept(
    tmp_path: Path, smooth: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"precious")
    monkeypatch.setattr(images, "check_output", lambda *args, **kwargs: None)
    with pytest.raises(InvalidInputError, match="exists: choose another name"):
        images.write(path, smooth)
    assert path.read_bytes() == b"precious"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.png"]


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    (tmp_path / "old.png").write_bytes(b"precious")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))  # the file system says no after 4 kB, for real
    try:
        for name in ("new.png", "old.png"):
            with pytest.raises(InvalidInputError, match=rf'output ".*{name}" cannot be written: File too large'):
                images.write(tmp_path / name, noise, overwrite=name == "old.png")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [entry.name for entry in tmp_path.iterdir()] == ["old.png"]
    assert (tmp_path / "old.png").read_bytes() == b"precious"


def test_what_no_format_can_hold(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r'output ".*a\.webp" cannot be written: '):
        images.write(tmp_path / "a.webp", np.zeros((8, 20_000, 3), np.uint8))
    with pytest.raises(InvalidInputError, match=r"NaN or infinite values and cannot be written"):
        images.write(tmp_path / "a.png", np.full((9, 9, 3), np.nan))
    with pytest.raises(InvalidInputError, match=r"a picture is \(rows, columns, 3\)\. Received: \(9, 9\)"):
        images.write(tmp_path / "a.png", np.zeros((9, 9), np.uint8))
    with pytest.raises(InvalidInputError, match=r"alpha must be uint8 of shape \(9, 9\)\. Received: float64 \(9, 8\)"):
        images.write(tmp_path / "a.png", np.zeros((9, 9, 3), np.uint8), alpha=np.zeros((9, 8)))
    assert not list(tmp_path.iterdir())


def test_outputs_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.png").mkdir()
    for name, message in (
        ("out", r'output ".*out" has no suffix: name the format, as in out\.png'),
        ("out.pgn", r'unknown suffix "\.pgn": did you mean "\.png"\?'),
        ("out.xyzzy", r"choose one of: \.png, \.jpg, \.jpeg, \.webp, \.tif, \.tiff"),
        ("folder.png", r"folder\.png\" is a folder: choose another name"),
        ("file/out.png", r'cannot be written: ".*/file" is a file, not a folder'),
        ("file/deeper/out.png", r'cannot be written: ".*/file" is a file, not a folder'),
        ("/proc/out.png", r'output "/proc/out\.png" cannot be written: '),
        ("/proc/new/out.png", r'output "/proc/new/out\.png" cannot be written: '),
        ("x" * 300 + ".png", r"cannot be written: File name too long"),
    ):
        with pytest.raises(InvalidInputError, match=message) as caught:
            images.check_output(tmp_path / name, overwrite=False)
        assert "\n" not in str(caught.value)


def test_parent_folders_are_made_and_the_probe_is_removed(tmp_path: Path) -> None:
    images.check_output(tmp_path / "a" / "b" / "out.png", overwrite=False)
    assert not list((tmp_path / "a" / "b").iterdir())


def test_other_outputs_can_be_checked_too(tmp_path: Path) -> None:
    images.check_output(tmp_path / "run.json", overwrite=False, suffixes=[".json"], what="record")
    with pytest.raises(InvalidInputError, match=r'record ".*run\.png" has the unknown suffix "\.png"'):
        images.check_output(tmp_path / "run.png", overwrite=False, suffixes=[".json"], what="record")


# --- animations --------------------------------------------------------------------------------------------------


def test_an_animation(tmp_path: Path) -> None:
    colours = np.array([[200, 30, 30], [30, 200, 30], [30, 30, 200]])
    frames = [np.full((8 * scale, 10 * scale, 3), colour) for scale, colour in zip((1, 2, 2), colours, strict=True)]
    images.write_animation(tmp_path / "a.gif", [frames[0].astype(np.float32) + 0.3, *frames[1:]], milliseconds=90)
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.size == (20, 16)
        assert gif.n_frames == 3  # type: ignore[attr-defined]
        assert gif.info["loop"] == 0
        for index, colour in enumerate(colours):
            gif.seek(index)
            gif.load()
            assert gif.info["duration"] == [90, 90, 1500][index]
            assert np.abs(np.asarray(gif.convert("RGB")) - colour).max() <= 1
    with pytest.raises(InvalidInputError, match="exists: choose another name"):
        images.write_animation(tmp_path / "a.gif", frames)
    images.write_animation(tmp_path / "a.gif", frames[:1], overwrite=True)


def test_animations_that_cannot_be(tmp_path: Path, smooth: np.ndarray) -> None:
    with pytest.raises(InvalidInputError, match=r'animation ".*a\.png" has the unknown suffix "\.png": .*\.gif'):
        images.write_animation(tmp_path / "a.png", [smooth])
    with pytest.raises(InvalidInputError, match="has no frames: give at least one"):
        images.write_animation(tmp_path / "a.gif", [])


# --- the module --------------------------------------------------------------------------------------------------


def test_importing_it_starts_nothing_heavy() -> None:
    code = (
        "import sys, neural_style.images; heavy = {'keras', 'tensorflow', 'skimage', 'tifffile', 'scipy'};"
        "print(sorted({name.split('.')[0] for name in sys.modules} & heavy))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_reading_does_not_warn(tmp_path: Path, smooth: np.ndarray) -> None:
    images.write(tmp_path / "a.jpg", smooth, record=RECORD)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        images.read(tmp_path / "a.jpg")
    assert not caught
