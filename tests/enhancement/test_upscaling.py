"""The embedded upscaler, and other steps that change the size."""

from __future__ import annotations

from importlib import resources

import numpy as np
import pytest
from PIL import Image

from neural_style import images
from neural_style.enhancement import sizes
from neural_style.enhancement.network import pixel_shuffle, pixel_unshuffle
from neural_style.samples import sample

LUMA = np.array([0.299, 0.587, 0.114])


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.asarray(sample("cat"))[60:252, 100:292]


def decibels(found: np.ndarray, wanted: np.ndarray) -> float:
    difference = (found.astype(float) - wanted)[8:-8, 8:-8] @ LUMA
    return float(10 * np.log10(255**2 / np.mean(difference**2)))


@pytest.mark.parametrize(("scale", "gain"), [(2, 0.6), (4, 0.3)])
def test_more_detail_than_bicubic(photo: np.ndarray, scale: int, gain: float) -> None:
    """A soft photo that was not among those of the training; benchmarks/RESULTS.md has the 30 held out."""
    side = len(photo) // scale
    small = np.asarray(Image.fromarray(photo).resize((side, side), Image.Resampling.BICUBIC))
    bicubic = np.asarray(Image.fromarray(small).resize(photo.shape[:2], Image.Resampling.BICUBIC))
    assert decibels(sizes.enlarged(small, scale), photo) > decibels(bicubic, photo) + gain


@pytest.mark.parametrize("scale", [2, 4])
def test_tiles_have_no_seams(photo: np.ndarray, scale: int) -> None:
    small = photo[:50, :70].astype(np.float32)
    whole, tiled = (sizes.enlarged(small, scale, side=side) for side in (256, 32))
    np.testing.assert_allclose(tiled, whole, atol=1e-3)


def test_brightness_is_kept(photo: np.ndarray) -> None:
    """Details depend on differences alone, so that a brighter picture is the same one, and a flat one stays flat."""
    small = 60 + 0.4 * photo[:30, :40].astype(np.float32)
    np.testing.assert_allclose(sizes.enlarged(small + 20, 2), sizes.enlarged(small, 2) + 20, atol=1e-2)
    flat = np.full((9, 11, 3), (3, 137, 250), np.uint8)
    np.testing.assert_array_equal(sizes.enlarged(flat, 4), np.full((36, 44, 3), (3, 137, 250)))


def test_transparency_is_bicubic_and_hidden_colours_do_not_count(photo: np.ndarray) -> None:
    alpha = np.full((24, 32), 255, np.uint8)
    alpha[:, 16:] = 0
    found = []
    for hidden in (0, 255):
        colors = photo[:24, :32].copy()
        colors[:, 16:] = hidden
        result = sizes.upscale(images.read(np.dstack([colors, alpha])), 2)
        assert result.alpha is not None
        expected = Image.fromarray(alpha).resize((64, 48), Image.Resampling.BICUBIC)
        np.testing.assert_array_equal(result.alpha, np.asarray(expected))
        found.append(result.colors)
    np.testing.assert_array_equal(*found)


def test_16_bits_are_kept(photo: np.ndarray) -> None:
    deep = images.read(photo[:20, :20].astype(np.uint16) * 257 + 64)
    result = sizes.upscale(deep, 2).rgb
    assert result.dtype == np.float32
    assert np.abs(result - np.rint(result)).max() > 0.1


@pytest.mark.parametrize(("pooling", "expected"), [("average", np.mean), ("max", np.max)])
def test_pooling_is_numpys(photo: np.ndarray, pooling: str, expected: np.ufunc) -> None:
    result = sizes.reduce(images.read(photo.astype(np.float32)), 4, pooling).rgb
    blocks = photo.reshape(48, 4, 48, 4, 3).astype(float)
    np.testing.assert_allclose(result, expected(blocks, axis=(1, 3)), atol=1e-3)


def test_periodic_shuffling() -> None:
    """Channel scale i + j is the pixel in row i and column j of those that a pixel becomes."""
    details = np.arange(2 * 3 * 4).reshape(1, 2, 3, 4)
    found = pixel_shuffle(details, 2)
    np.testing.assert_array_equal(found[0, :2, :2], [[0, 1], [2, 3]])
    np.testing.assert_array_equal(pixel_unshuffle(found, 2), details)


def test_the_embedded_file_is_small() -> None:
    """60 kB for both scales."""
    assert len((resources.files("neural_style.enhancement") / sizes.FILE).read_bytes()) < 60_000
