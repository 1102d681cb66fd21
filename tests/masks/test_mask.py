"""One rule for every mask, against pixels painted by hand and the golden numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neural_style.errors import InvalidInputError, MissingFileError
from neural_style.masks.mask import Mask, read_mask

LEVELS = np.arange(256, dtype=np.uint8).reshape(16, 16)
"""Every grey level once."""


@pytest.mark.parametrize("mask", ["mask_u8", "mask_half_u8"])
def test_at_titu1994_is_the_reference(golden: Mapping[str, np.ndarray], mask: str) -> None:
    layer = golden[f"load_{mask}_7x9x5"]
    found = read_mask(golden[mask]).at_titu1994((7, 9))
    assert found.dtype == np.float32
    for channel in range(5):
        np.testing.assert_array_equal(found, layer[..., channel])


def test_128_is_white_and_127_is_not() -> None:
    np.testing.assert_array_equal(read_mask(LEVELS).at((16, 16)), LEVELS >= 128)


def test_128_is_half_white_for_the_reference_only() -> None:
    found = read_mask(LEVELS).at_titu1994((16, 16))
    np.testing.assert_array_equal(found, np.where(LEVELS == 128, np.float32(128 / 255), LEVELS > 128))


def test_a_soft_mask_keeps_its_greys() -> None:
    np.testing.assert_allclose(read_mask(LEVELS, soft=True).at((16, 16)), LEVELS / 255, rtol=1e-6)


@pytest.mark.parametrize("method", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(3, 5), (40, 31)])
@pytest.mark.parametrize("soft", [False, True])
def test_at_any_size_values_are_in_0_to_1(size: tuple[int, int], soft: bool, method: str) -> None:
    grey = np.random.default_rng(0).integers(0, 2, (12, 16), dtype=np.uint8) * 255
    found = read_mask(grey, soft=soft).at(size, method=method)
    assert found.shape == size
    assert found.dtype == np.float32
    assert 0 <= found.min() < found.max() <= 1
    assert soft or set(np.unique(found)) == {0, 1}


def test_half_of_a_picture_is_half_of_a_layer() -> None:
    grey = np.zeros((64, 64), np.uint8)
    grey[:, 32:] = 255
    np.testing.assert_array_equal(read_mask(grey).at((4, 4)), [[0, 0, 1, 1]] * 4)


@pytest.mark.parametrize("soft", [False, True])
def test_a_speck_is_not_lost_at_a_deep_layer(soft: bool) -> None:
    grey = np.zeros((320, 320), np.uint8)
    grey[170:174, 250:254] = 255  # in row 5, column 7 of 10; lost in a bilinear resize and a threshold
    found = read_mask(grey, soft=soft).at((10, 10))
    assert divmod(int(found.argmax()), 10) == (5, 7)
    assert found[5, 7] == (pytest.approx(16 / 32**2, rel=0.5) if soft else 1)
    assert soft or found.sum() == 1


def test_where_nothing_is_lost_only_the_threshold_counts() -> None:
    grey = np.zeros((16, 16), np.uint8)
    grey[:4], grey[12:, :2] = 255, 255
    found = read_mask(grey).at((4, 4))
    np.testing.assert_array_equal(found[0], 1)
    assert found.sum() == 4  # half of the corner is white, and less than half after the smooth resize


@pytest.mark.parametrize("soft", [False, True])
def test_an_all_black_mask_is_an_error_that_names_it(tmp_path: Path, soft: bool) -> None:
    path = tmp_path / "dark.png"
    Image.fromarray(np.full((9, 9), 127, np.uint8)).save(path)
    with pytest.raises(InvalidInputError, match=r'content mask "\S+dark.png" is all black: no pixel .* largest is 127'):
        read_mask(path, soft=soft, what="content mask")


@pytest.mark.parametrize("dtype", [np.float64, np.int32])
@pytest.mark.parametrize("soft", [False, True])
def test_an_array_of_0_and_1_is_not_taken_for_black_and_white(dtype: type, soft: bool) -> None:
    with pytest.raises(InvalidInputError, match=r"(multiply it|must be bool, or multiplied) by 255"):
        read_mask(np.eye(9, dtype=dtype), soft=soft)


def test_numbers_of_regions_are_no_mask() -> None:
    with pytest.raises(
        InvalidInputError, match=r"number 4 regions \(0, 1, 2 \.\.\.\): make a mask of one of them, such as"
    ):
        read_mask(np.arange(100, dtype=np.uint8).reshape(10, 10) % 4)


def test_a_mask_that_the_reference_would_lose_is_an_error() -> None:
    grey = np.zeros((320, 320), np.uint8)
    grey[170, 250] = 255
    with pytest.raises(InvalidInputError, match="all black once it is resized to 10 x 10"):
        read_mask(grey).at_titu1994((10, 10))


def test_every_kind_of_source_is_read_the_same(tmp_path: Path) -> None:
    white = np.random.default_rng(3).random((9, 11)) > 0.5
    grey = white.astype(np.uint8) * 255
    Image.fromarray(grey).save(tmp_path / "grey.png")
    Image.fromarray(np.repeat(grey[..., None], 3, axis=2)).save(tmp_path / "rgb.png")
    Image.fromarray(white).save(tmp_path / "one_bit.png")
    Image.fromarray(white.astype(np.uint16) * 65535).save(tmp_path / "sixteen.png")
    files = [tmp_path / f"{name}.png" for name in ("grey", "rgb", "one_bit", "sixteen")]
    arrays = [white, grey, grey.astype(np.float64), white.astype(np.uint16) * 65535, np.repeat(grey[..., None], 3, 2)]
    for source in [*files, *arrays, Image.fromarray(grey), read_mask(grey)]:
        np.testing.assert_array_equal(read_mask(source).grey, grey)


def test_what_is_transparent_does_not_act() -> None:
    rgba = np.full((9, 9, 4), 255, np.uint8)
    rgba[:, 5:, 3] = 0  # white paint on nothing
    np.testing.assert_array_equal(read_mask(Image.fromarray(rgba)).at((9, 9))[0], [1] * 5 + [0] * 4)


def painted(colour: tuple[int, ...] | np.ndarray) -> np.ndarray:
    """Paint on transparency: the first five columns of nine."""
    rgba = np.zeros((9, 9, 4), np.uint8)
    rgba[:, :5, :3], rgba[:, :5, 3] = colour, 255
    return rgba


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 0, 90), (255, 255, 255)], ids=["red", "dark blue", "white"])
def test_paint_on_transparency_acts_where_it_is(colour: tuple[int, ...], soft: bool) -> None:
    for source in (painted(colour), Image.fromarray(painted(colour)), painted(colour).astype(np.float32)):
        np.testing.assert_array_equal(read_mask(source, soft=soft).at((9, 9))[0], [1] * 5 + [0] * 4)


def test_a_photo_that_was_cut_out_acts_where_it_is() -> None:
    photo = np.random.default_rng(4).integers(0, 256, (9, 5, 3))
    with pytest.warns(UserWarning, match="has several colours on transparency: it acts wherever it can be seen"):
        found = read_mask(painted(photo))
    np.testing.assert_array_equal(found.at((9, 9))[0], [1] * 5 + [0] * 4)


def test_partly_transparent_paint_is_partly_white() -> None:
    rgba = painted((255, 0, 0))
    rgba[:, 2:5, 3] = 102
    np.testing.assert_array_equal(read_mask(rgba, soft=True).grey[0], [255] * 2 + [102] * 3 + [0] * 4)


def test_black_paint_alone_is_refused_and_beside_white_it_does_not_act() -> None:
    for level in (0, 100):
        with pytest.raises(InvalidInputError, match=r"style mask .* is black paint on transparency, of which"):
            read_mask(painted((level,) * 3), what="style mask")
    rgba = painted((0, 0, 0))
    rgba[:, :2, :3] = 255
    np.testing.assert_array_equal(read_mask(rgba).at((9, 9))[0], [1] * 2 + [0] * 7)


def test_a_wholly_transparent_mask_is_all_black(tmp_path: Path) -> None:
    rgba = np.zeros((9, 9, 4), np.uint8)
    rgba[..., :3] = np.random.default_rng(5).integers(0, 256, (9, 9, 3))
    Image.fromarray(rgba).save(tmp_path / "a.png")
    with pytest.raises(InvalidInputError, match="is all black"):
        read_mask(tmp_path / "a.png")


def test_a_colour_counts_by_its_luminance() -> None:
    rgb = np.zeros((9, 9, 3), np.uint8)
    rgb[:3], rgb[3:6] = (255, 255, 0), (0, 0, 255)
    np.testing.assert_array_equal(read_mask(rgb).at((9, 9))[:, 0], [1, 1, 1, 0, 0, 0, 0, 0, 0])


def test_a_missing_or_tiny_mask_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r'style mask 2 ".*none.png" does not exist'):
        read_mask(tmp_path / "none.png", what="style mask 2")
    with pytest.raises(InvalidInputError, match=r"mask .* is too small"):
        read_mask(np.full((4, 4), 255, np.uint8))


def test_a_black_mask_cannot_be_made_by_hand_either() -> None:
    with pytest.raises(InvalidInputError, match="all black"):
        Mask(np.zeros((9, 9), np.uint8), soft=False, name="by hand")
