"""Transforms against numbers computed here."""

from __future__ import annotations

import numpy as np
import pytest

from neural_style.figures import transforms

WEIGHTS = np.array([0.299, 0.587, 0.114])


@pytest.fixture
def dim(photo: np.ndarray) -> np.ndarray:
    """Colours within a few levels of middle grey, which no map to or from them clips."""
    return (120 + (photo.astype(np.float32) - photo.mean()) / 16).astype(np.float32)


@pytest.fixture
def vivid(painting: np.ndarray) -> np.ndarray:
    return (130 + (painting.astype(np.float32) - painting.mean()) / 4).astype(np.float32)


def covariance(picture: np.ndarray) -> np.ndarray:
    return np.cov(picture.reshape(-1, 3).astype(np.float64), rowvar=False, bias=True)


@pytest.mark.parametrize("method", ["cholesky", "pca", "monge_kantorovich"])
def test_matched_colours_have_the_mean_and_covariance_of_the_reference(
    vivid: np.ndarray, dim: np.ndarray, method: str
) -> None:
    matched = transforms.matched_colours(vivid, dim, method=method)
    assert matched.shape == vivid.shape
    np.testing.assert_allclose(np.mean(matched, (0, 1), np.float64), np.mean(dim, (0, 1), np.float64), atol=1e-3)
    of_style, of_content = covariance(vivid), covariance(dim)
    # The matrix A from pixels alone: x -> A x + b was applied to all of them.
    pixels = np.column_stack([vivid.reshape(-1, 3), np.ones(vivid[..., 0].size)]).astype(np.float64)
    matrix = np.linalg.lstsq(pixels, matched.reshape(-1, 3).astype(np.float64), rcond=None)[0][:3].T
    error = np.linalg.norm(matrix @ of_style @ matrix.T - of_content)
    assert error < 1e-4 * np.linalg.norm(of_content)


def test_recombined_has_the_luminance_of_one_and_the_colours_of_the_other(dim: np.ndarray, vivid: np.ndarray) -> None:
    grey = np.ascontiguousarray(vivid[:, :24].repeat(2, axis=1)[:30])
    both = transforms.recombined(grey, np.ascontiguousarray(dim[:30]))
    np.testing.assert_allclose(both @ WEIGHTS, grey @ WEIGHTS, atol=1e-3)
    # Differences between channels do not depend on luminance.
    np.testing.assert_allclose(np.diff(both, axis=-1), np.diff(dim[:30], axis=-1), atol=1e-3)


def test_recombined_resizes_colours_to_the_size_of_the_luminance() -> None:
    colours = np.full((4, 4, 3), (120, 90, 60), np.uint8)
    both = transforms.recombined(np.full((8, 12, 3), 100, np.uint8), colours)
    level = 0.299 * 120 + 0.587 * 90 + 0.114 * 60
    np.testing.assert_allclose(both, np.broadcast_to(100 - level + np.array([120, 90, 60]), (8, 12, 3)), atol=1e-3)


def test_chroma_and_luminance_make_up_the_picture(dim: np.ndarray) -> None:
    np.testing.assert_allclose(transforms.chroma(dim) - 128 + transforms.luminance(dim), dim, atol=1e-3)
    np.testing.assert_allclose(transforms.chroma(dim) @ WEIGHTS, 128, atol=1e-3)


def test_matched_luminance_has_mean_and_deviation_of_the_content(dim: np.ndarray, vivid: np.ndarray) -> None:
    matched, wanted = transforms.matched_luminance(vivid, dim), dim @ WEIGHTS
    assert (matched == matched[..., :1]).all()
    assert matched.mean() == pytest.approx(wanted.mean(), abs=1e-3)
    assert matched.std() == pytest.approx(wanted.std(), rel=1e-4)
    order = np.argsort((vivid @ WEIGHTS).ravel())
    assert (np.diff(matched[..., 0].ravel()[order]) >= -1e-3).all()  # the order of brightness is kept


def test_matched_luminance_is_clipped() -> None:
    style = np.repeat(np.array([[0.0] * 99 + [255.0]], np.float32)[..., None], 3, axis=-1)
    content = np.repeat(np.array([[0.0, 255.0]], np.float32)[..., None], 3, axis=-1)
    assert transforms.matched_luminance(style, content).max() == 255


def test_matched_luminance_of_a_flat_style_is_the_mean_of_the_content() -> None:
    flat, content = np.full((4, 4, 3), 9, np.uint8), np.full((4, 4, 3), 50, np.uint8)
    np.testing.assert_allclose(transforms.matched_luminance(flat, content), 50, atol=1e-3)


def test_inverted_is_the_complement_of_a_mask() -> None:
    mask = np.array([[[0, 0, 0], [255, 255, 255], [100, 100, 100]]], np.uint8)
    assert transforms.inverted(mask)[..., 0].tolist() == [[255, 0, 155]]


def test_cropped_takes_fractions_of_the_sides() -> None:
    picture = np.arange(10 * 20 * 3).reshape(10, 20, 3)
    np.testing.assert_array_equal(transforms.cropped(picture, box=(0.1, 0.25, 0.5, 0.75)), picture[1:5, 5:15])
