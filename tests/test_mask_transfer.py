"""Mask transfer: the golden picture, and distances from an edge."""

from __future__ import annotations

from collections.abc import Mapping
from math import erf, sqrt
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from neural_style import InvalidInputError, transfer_mask
from neural_style.mask_transfer import merged
from neural_style.masks.mask import read_mask

ROWS, COLUMNS, EDGE = 30, 60, 32


@pytest.fixture
def black() -> np.ndarray:
    return np.zeros((ROWS, COLUMNS, 3), np.uint8)


@pytest.fixture
def white() -> np.ndarray:
    return np.full((ROWS, COLUMNS, 3), 255, np.uint8)


@pytest.fixture
def right() -> np.ndarray:
    """Black on the left, white on the right."""
    return np.tile(np.arange(COLUMNS) >= EDGE, (ROWS, 1))


@pytest.mark.parametrize("kind", ["array", "png"])
def test_a_hard_edge_is_the_reference(golden: Mapping[str, np.ndarray], tmp_path: Path, kind: str) -> None:
    mask = golden["ct_mask01"].astype(bool)
    Image.fromarray(mask.astype(np.uint8) * 255).save(tmp_path / "mask.png")
    found = transfer_mask(
        golden["ct_content_u8"], golden["ct_generated_u8"], mask if kind == "array" else tmp_path / "mask.png"
    )
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, golden["mt_out"])


def test_128_keeps_the_generated_picture(black: np.ndarray, white: np.ndarray) -> None:
    grey = np.full((ROWS, COLUMNS), 127, np.uint8)
    grey[:, EDGE:] = 128
    found = transfer_mask(black, white, grey)
    np.testing.assert_array_equal(found, np.where((grey == 128)[..., None], white, black))


@pytest.mark.parametrize("radius", [1, 4.5, 12])
def test_a_feathered_edge_ends_at_its_radius(
    black: np.ndarray, white: np.ndarray, right: np.ndarray, radius: float
) -> None:
    found = transfer_mask(black.astype(np.float32), white, right, feather=radius)
    profile = found[ROWS // 2, :, 0]
    np.testing.assert_array_equal(found, np.broadcast_to(profile[:, None], found.shape))
    assert (np.diff(profile) >= 0).all()
    beyond = np.arange(COLUMNS) - (EDGE - 0.5)  # 0.5 for the first pixel on the white side
    distance = np.abs(beyond) + 0.5  # of each pixel to the nearest of the other side
    np.testing.assert_array_equal(profile[distance > radius], 255 * right[0][distance > radius])
    mixed = profile[distance <= radius]
    assert ((mixed > 0) & (mixed < 255)).all()
    if radius > 1:
        gaussian = [0.5 + 0.5 * erf(3 * x / radius / sqrt(2)) for x in beyond]  # three standard deviations
        np.testing.assert_allclose(profile / 255, gaussian, atol=0.01)


def test_a_soft_mask_mixes(black: np.ndarray, white: np.ndarray) -> None:
    ramp = np.tile(np.linspace(0, 255, COLUMNS).astype(np.uint8), (ROWS, 1))
    np.testing.assert_array_equal(transfer_mask(black, white, read_mask(ramp, soft=True))[..., 1], ramp)


def test_the_generated_picture_sets_the_size(photo: np.ndarray, white: np.ndarray) -> None:
    mask = np.zeros((90, 90), np.uint8)
    mask[:, 45:] = 255
    with pytest.warns(UserWarning, match="is stretched to that shape") as found_warnings:
        found = transfer_mask(photo, white, mask)
    assert [str(each.message).split(" is ")[0] for each in found_warnings] == ["the content", "the mask"]
    expected = np.array(Image.fromarray(photo).resize((COLUMNS, ROWS), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(found[:, : COLUMNS // 2], expected[:, : COLUMNS // 2])
    np.testing.assert_array_equal(found[:, COLUMNS // 2 :], 255)


def test_sixteen_bits_are_kept(tmp_path: Path, white: np.ndarray, right: np.ndarray) -> None:
    deep = np.random.default_rng(5).integers(0, 65536, (ROWS, COLUMNS, 3), dtype=np.uint16)
    tifffile.imwrite(tmp_path / "deep.tif", deep, photometric="rgb")
    found = transfer_mask(tmp_path / "deep.tif", white, right)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(np.rint(found[:, :EDGE].astype(np.float64) * 257), deep[:, :EDGE])


def test_transparency_is_that_of_the_picture_at_each_place(black: np.ndarray, right: np.ndarray) -> None:
    """On the left the content, half transparent; on the right the generated picture, of which one row is invisible."""
    content = np.dstack([np.full_like(black, (9, 90, 200)), np.full((ROWS, COLUMNS), 128, np.uint8)])
    generated = np.dstack([np.full_like(black, (200, 30, 40)), np.full((ROWS, COLUMNS), 255, np.uint8)])
    generated[4, :, 3] = 0
    found = merged(content, generated, right)
    expected = np.where(right[..., None], generated, content)
    np.testing.assert_array_equal(found.alpha, expected[..., 3])
    seen = expected[..., 3] > 0
    np.testing.assert_array_equal(found.colors[seen], expected[seen][:, :3])
    np.testing.assert_array_equal(transfer_mask(content, generated, right), found.rgb)


def test_a_picture_without_transparency_has_that_of_the_other(black: np.ndarray, right: np.ndarray) -> None:
    cut = np.dstack([np.full_like(black, (9, 90, 200)), np.full((ROWS, COLUMNS), 255, np.uint8)])
    cut[4:9, :, 3] = 0
    for content, generated in ((cut, black), (black, cut)):
        found = merged(content, generated, right)
        np.testing.assert_array_equal(found.alpha, cut[..., 3])
        expected = np.where(right[..., None], generated[..., :3], content[..., :3])
        seen = cut[..., 3] > 0
        np.testing.assert_array_equal(found.colors[seen], expected[seen])


def test_a_soft_edge_mixes_colours_by_alpha(black: np.ndarray) -> None:
    """Half of red at alpha 1 and half of invisible green is red at alpha 1/2."""
    red = np.dstack([np.full_like(black, (200, 0, 0)), np.full((ROWS, COLUMNS), 255, np.uint8)])
    green = np.dstack([np.full_like(black, (0, 200, 0)), np.zeros((ROWS, COLUMNS), np.uint8)])
    green[0, 0, 3], red[0, 0, 3] = 255, 0  # neither is opaque, nor wholly transparent
    half = read_mask(np.full((ROWS, COLUMNS), 128, np.uint8), soft=True)
    found = merged(green, red, half)
    assert found.alpha is not None
    assert (found.alpha[1:] == 128).all()
    assert (found.colors[1:] == (200, 0, 0)).all()


def test_inputs_are_unchanged(photo: np.ndarray) -> None:
    content, generated = photo.copy(), photo[::-1].copy()
    mask = photo[..., 0] > 90
    transfer_mask(content, generated, mask, feather=3)
    np.testing.assert_array_equal(content, photo)
    np.testing.assert_array_equal(generated, photo[::-1])


def test_an_all_black_mask_is_an_error(photo: np.ndarray) -> None:
    with pytest.raises(InvalidInputError, match="all black"):
        transfer_mask(photo, photo, np.zeros((9, 9), np.uint8))


@pytest.mark.parametrize("radius", [-1, float("nan"), float("inf")])
def test_an_impossible_feather_is_an_error(photo: np.ndarray, radius: float) -> None:
    with pytest.raises(InvalidInputError, match="feather must be a finite number of at least 0"):
        transfer_mask(photo, photo, np.ones((9, 9), bool), feather=radius)
