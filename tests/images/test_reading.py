"""Files of every kind, arrays and PIL images, against values computed by hand or by NumPy; and bad input."""

from __future__ import annotations

import io
import logging
import os
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from neural_style import images
from neural_style.errors import InvalidInputError, MissingFileError
from neural_style.images import picture, reading


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


def test_files_that_are_no_pictures(tmp_path: Path) -> None:
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


def test_commands_report_damage_once(tmp_path: Path, command: Callable[..., Any]) -> None:
    """The library leaves Pillow's warnings to the filters of the host program; a command is its own."""
    (tmp_path / "a.tif").write_bytes(b"II*\0" + b"garbage" * 50)
    command("show", tmp_path / "a.tif").assert_refused("is not a picture that can be read")


def test_reading_leaves_the_host_program_as_it_is(
    tmp_path: Path, rgb: np.ndarray, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Also while it lasts, for the sake of other threads."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)  # of 192
    before, during = (10, list(warnings.filters)), []
    check = picture.check_extent

    def watched(*arguments: Any) -> None:
        logging.getLogger("tifffile").error("damaged")
        other = threading.Thread(target=logging.getLogger("tifffile").error, args=["of another thread"])
        other.start()
        other.join()
        during.append((Image.MAX_IMAGE_PIXELS, list(warnings.filters)))
        check(*arguments)

    monkeypatch.setattr(reading, "check_extent", watched)
    tifffile.imwrite(tmp_path / "a.tif", rgb.astype(np.uint16) * 257, photometric="rgb")
    np.testing.assert_array_equal(images.read(tmp_path / "a.tif").rgb, rgb)
    Image.fromarray(rgb).save(tmp_path / "a.png")
    np.testing.assert_array_equal(images.read(tmp_path / "a.png").rgb, rgb)
    assert during == [before, before]
    assert caplog.messages == ["of another thread", "damaged", "of another thread"]  # the first of the TIFF is not


def test_an_open_image_stays_open(tmp_path: Path) -> None:
    Image.fromarray(np.arange(0, 65536, 512, dtype=np.uint16).reshape(8, 16)).save(tmp_path / "deep.png")
    with Image.open(tmp_path / "deep.png") as image:
        first, again = images.read(image), images.read(image)
        assert np.array_equal(first.rgb, again.rgb)
        assert image.getpixel((0, 0)) == 0
