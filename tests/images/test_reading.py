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


class Symbolic:
    def __array__(self) -> np.ndarray:
        raise TypeError("no values here\nand more")


class OfPyTorch:
    """As `torch.Tensor` behaves that is on a GPU and needs a gradient."""

    def __init__(self, array: np.ndarray, dtype: str, state: str = "on the GPU, in a graph") -> None:
        self.array, self.dtype, self.state = array, dtype, state

    def detach(self) -> OfPyTorch:
        return OfPyTorch(self.array, self.dtype, self.state.removesuffix(", in a graph"))

    def cpu(self) -> OfPyTorch:
        return OfPyTorch(self.array, self.dtype, self.state.removeprefix("on the GPU"))

    def float(self) -> OfPyTorch:
        return OfPyTorch(self.array, "torch.float32", self.state)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if self.state or self.dtype == "torch.bfloat16":
            raise TypeError(f"cannot convert a tensor {self.state} of {self.dtype}")
        return self.array


def test_tensors_are_arrays(rgb: np.ndarray) -> None:
    tf, jnp = pytest.importorskip("tensorflow"), pytest.importorskip("jax.numpy")
    rounded = (rgb // 2 * 2).astype(np.float32)  # which bfloat16 can hold
    for tensor, expected in (
        (tf.constant(rgb), rgb),
        (tf.Variable(rounded), rounded),
        (tf.cast(rounded, tf.bfloat16), rounded),
        (jnp.asarray(rgb), rgb),
        (jnp.asarray(rounded, "bfloat16"), rounded),
        (OfPyTorch(rgb, "torch.uint8"), rgb),
        (OfPyTorch(rounded, "torch.bfloat16"), rounded),
    ):
        found = images.read(tensor).rgb
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


def test_tensors_that_are_no_pictures(rgb: np.ndarray) -> None:
    with pytest.raises(
        InvalidInputError, match=r"^content: a Symbolic without values is no picture \(no values here\)"
    ):
        images.read(Symbolic(), what="content")
    with pytest.raises(InvalidInputError, match=r"channels last, received \(3, 12, 16\)"):
        images.read(OfPyTorch(rgb.transpose(2, 0, 1), "torch.uint8"))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((3, 20, 20)), r"content \(an array\) must be \(rows, columns\) or .* last\, received \(3, 20, 20\)"),
        (np.zeros((1, 20, 20, 3)), r"received \(1, 20, 20, 3\)"),
        (np.zeros((20, 20, 2), np.uint8), r"received \(20, 20, 2\)"),
        (np.zeros(20), r"received \(20,\)"),
        (np.array(5.0), r"received \(\)"),
        (np.zeros((0, 20, 3)), r"too small: 0 rows"),
        (np.full((9, 9), np.nan), r"NaN or infinite values: every value must be finite, in 0\.\.255"),
        (np.full((9, 9), 1e300), r"NaN or infinite"),
        (np.full((9, 9), 256), r"must lie in 0\.\.255\, received int64 in 256\.\.256"),
        (np.full((9, 9), -1, np.int8), r"received int8 in -1\.\.-1"),
        (np.zeros((9, 9), complex), r"must hold numbers in 0\.\.255\, received dtype complex128"),
        (np.zeros((9, 9), object), r"received dtype object"),
        (np.full((9, 9, 4), 300.0), r"alpha must lie in 0\.\.255\, received 300\.0\.\.300\.0"),
    ],
)
def test_arrays_that_are_no_pictures(array: np.ndarray, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        images.read(array, what="content")


def test_other_objects_are_refused() -> None:
    for source, name in ((None, "NoneType"), (b"a.png", "bytes"), ([[1]], "list")):
        with pytest.raises(InvalidInputError, match=f"expected a path, a PIL image or an array, received {name}"):
            images.read(source)
