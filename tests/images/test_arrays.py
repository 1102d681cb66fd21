"""Arrays, PIL images and tensors as pictures, and objects that are none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from neural_style import images
from neural_style.errors import InvalidInputError


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
