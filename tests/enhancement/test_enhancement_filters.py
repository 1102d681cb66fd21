"""Noise filters, sharpening and tones: laws, and gains in decibels."""

from __future__ import annotations

import numpy as np
import pytest

from neural_style import InvalidInputError, images
from neural_style.enhancement import filters, tiles, tones
from neural_style.enhancement.steps import enhanced
from neural_style.images import Picture

SIGMA = 0.06 * 255


def scene(rows: int = 120, columns: int = 130) -> np.ndarray:
    """Slopes and edges."""
    row, column = np.mgrid[0:rows, 0:columns]
    disc = (row - rows / 2) ** 2 + (column - columns / 3) ** 2 < 900
    grey = 60 + row * 0.6 + 80 * disc + 30 * (column > 90)
    return np.clip(np.stack([grey, grey * 0.8, 200 - grey * 0.5], axis=-1), 0, 255).astype(np.uint8)


def noisy(clean: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, SIGMA, clean.shape)
    return np.rint(np.clip(clean + noise, 0, 255)).astype(np.uint8)


def decibels(found: np.ndarray, wanted: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((found.astype(float) - wanted) ** 2)))


def test_nl_means_gains_six_decibels_and_total_variation_five() -> None:
    clean = scene()
    picture = images.read(noisy(clean))
    assert filters.noise_of(picture.rgb) == pytest.approx(SIGMA, rel=0.05)
    before = decibels(picture.rgb, clean)
    assert decibels(filters.denoise(picture).rgb, clean) > before + 6
    assert decibels(filters.denoise(picture, "tv").rgb, clean) > before + 5


def test_a_picture_without_noise_is_returned() -> None:
    picture = images.read(scene().astype(np.float32))
    assert filters.denoise(picture) is picture


@pytest.mark.parametrize("steps", ["denoise:nl_means:15", "denoise:tv:15", "median:5", "sharpen", "median sharpen:1"])
def test_tiles_are_the_whole(steps: str, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = images.read(noisy(scene(70, 90)).astype(np.float32))
    whole = enhanced(picture, steps).rgb
    monkeypatch.setattr(tiles, "SIDE", 33)
    tiled = enhanced(picture, steps).rgb
    assert np.abs(whole - picture.rgb).max() > 1
    np.testing.assert_allclose(tiled, whole, atol=1e-3)


def test_median_is_numpys() -> None:
    picture = images.read(noisy(scene(12, 14)))
    padded = np.pad(picture.rgb, ((1, 1), (1, 1), (0, 0)), mode="edge")
    stacked = np.stack([padded[i : i + 12, j : j + 14] for i in range(3) for j in range(3)])
    np.testing.assert_array_equal(filters.median(picture).rgb, np.median(stacked, axis=0))


def test_sharpening_a_point() -> None:
    """x + a (x - G x), where G's largest weight is that of the middle, squared for two axes."""
    point = np.full((21, 21, 3), 100, np.float32)
    point[10, 10] += 50
    weights = np.exp(-0.5 * np.arange(-4, 5) ** 2)
    middle = 1 / weights.sum() ** 2
    found = filters.sharpen(images.read(point), 0.5).rgb
    assert found[10, 10, 0] == pytest.approx(150 + 0.5 * 50 * (1 - middle), rel=1e-6)
    np.testing.assert_allclose(found.mean(), point.mean(), rtol=1e-6)


def test_darker_and_contrast() -> None:
    ramp = np.repeat(np.linspace(100, 180, 40).round().astype(np.uint8)[None, :, None], 10, axis=0).repeat(3, axis=2)
    picture = images.read(ramp)
    assert tones.darker(picture, 2).rgb[0, 0, 0] == round(100**2 / 255)
    stretched = tones.contrast(picture).rgb[..., 0]
    assert (stretched.min(), stretched.max()) == (0, 255)
    assert (np.diff(stretched[0].astype(int)) >= 0).all()
    assert tones.grey(images.read(scene())).is_grey


def test_the_colours_of_invisible_pixels_do_not_count() -> None:
    alpha = np.full((40, 50), 255, np.uint8)
    alpha[:, 20:] = 0
    found = []
    for hidden in (0, 255):
        colors = noisy(scene(40, 50))
        colors[:, 20:] = hidden
        picture = images.read(np.dstack([colors, alpha]))
        result = enhanced(picture, "denoise:nl_means:15 sharpen darker contrast")
        assert isinstance(result, Picture)
        assert result.alpha is not None
        np.testing.assert_array_equal(result.alpha, alpha)
        found.append(result.colors[:, :20])
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("size", [2, 17])
def test_an_impossible_median(size: int) -> None:
    with pytest.raises(InvalidInputError, match="odd, 3 to 15"):
        filters.median(images.read(scene()), size)
