"""Distances between distributions against NumPy and SciPy, and the laws they obey."""

import numpy as np
import pytest
from keras import ops
from scipy.linalg import sqrtm

from neural_style import InvalidInputError, backend, metrics
from neural_style.losses.wasserstein import (
    channel_distance,
    channel_moments,
    gaussian_distance,
    joint_moments,
    orthonormal_basis,
    sliced_distance,
    sorted_projections,
)

DTYPE = "float64" if backend.NAME == "tensorflow" else "float32"
FLOOR = 1e-3
BASIS = orthonormal_basis(5, seed=1)


def features(size, seed):
    """Positive, of unequal channels that are correlated, and one of them dead."""
    rng = np.random.default_rng(seed)
    return np.abs(rng.standard_normal((1, *size, 5)) @ rng.standard_normal((5, 5))) * [1, 3, 2, 0, 0.5]


def gaussian(one, other):
    return gaussian_distance(joint_moments(one), joint_moments(other))


def channels(one, other):
    return channel_distance(channel_moments(one), channel_moments(other))


def sliced(one, other):
    count = one.shape[1] * one.shape[2]
    basis = ops.convert_to_tensor(BASIS, dtype=DTYPE)
    return sliced_distance(sorted_projections(one, basis), sorted_projections(other, basis, count=count))


DISTANCES = pytest.mark.parametrize("distance", [gaussian, channels, sliced])


def value(distance, one, other):
    (found,) = np.asarray(distance(*(ops.convert_to_tensor(each, dtype=DTYPE) for each in (one, other))))
    return float(found)


def with_floor(covariance, style):
    return covariance + FLOOR * np.trace(style) / len(style) * np.eye(len(style))


def test_distance_of_gaussians_is_scipys():
    one, other = features((6, 7), 0), features((5, 4), 1)
    (m, c), (n, d) = ((flat.mean(0), np.cov(flat.T, bias=True)) for flat in (one.reshape(-1, 5), other.reshape(-1, 5)))
    c, d = with_floor(c, d), with_floor(d, d)
    root = sqrtm(d)
    expected = np.square(m - n).sum() + np.trace(c + d - 2 * sqrtm(root @ c @ root)).real
    assert value(gaussian, one, other) == pytest.approx(expected, rel=1e-9 if DTYPE == "float64" else 1e-3)


def test_distance_of_channels_is_numpys():
    one, other = features((6, 7), 0), features((5, 4), 1)
    floor = FLOOR * other.var((0, 1, 2)).mean()
    deviations = np.sqrt(one.var((0, 1, 2)) + floor) - np.sqrt(other.var((0, 1, 2)) + floor)
    expected = np.square(one.mean((0, 1, 2)) - other.mean((0, 1, 2))).sum() + np.square(deviations).sum()
    assert value(channels, one, other) == pytest.approx(expected, rel=1e-9 if DTYPE == "float64" else 1e-3)


def test_sliced_distance_is_that_of_the_metric():
    """Of sets of one size, along another basis: in five dimensions each has all directions, so means agree exactly."""
    one, other = features((6, 7), 0), features((6, 7), 1)
    projected = (np.sort(each.reshape(-1, 5) @ BASIS, axis=0) for each in (one, other))
    assert value(sliced, one, other) == pytest.approx(np.square(np.subtract(*projected)).mean(0).sum(), rel=1e-5)
    moved = one + np.array([0, 3, 0, 0, 4])
    assert value(sliced, one, moved) == pytest.approx(25, rel=1e-5)
    assert metrics.sliced_wasserstein_distance(one, moved) * 5 == pytest.approx(25)


def test_quantiles_of_another_number_are_interpolated():
    line = ops.convert_to_tensor(np.array([4.0, 0.0, 2.0])[None, None, :, None], dtype=DTYPE)
    one = ops.convert_to_tensor(np.ones((1, 1)), dtype=DTYPE)
    np.testing.assert_allclose(np.asarray(sorted_projections(line, one, count=5))[0, 0], [0, 1, 2, 3, 4], atol=1e-6)
    np.testing.assert_allclose(np.asarray(sorted_projections(line, one, count=2))[0, 0], [0, 4], atol=1e-6)
    point = line[:, :, :1]
    np.testing.assert_allclose(np.asarray(sorted_projections(point, one, count=3))[0, 0], [4, 4, 4])


@DISTANCES
def test_zero_for_permuted_positions(distance):
    style = features((6, 7), 0)
    permuted = np.random.default_rng(2).permutation(style.reshape(-1, 5)).reshape(style.shape)
    scale = np.square(style).sum(-1).mean()
    assert abs(value(distance, permuted, style)) < 1e-5 * scale
    assert value(distance, permuted + 1, style) > 0.1


@DISTANCES
def test_symmetric_up_to_the_floor_and_growing_with_the_square(distance):
    one, other = features((6, 7), 0), features((6, 7), 1)
    assert value(distance, one, other) == pytest.approx(value(distance, other, one), rel=2e-2)
    assert value(distance, 3 * one, 3 * other) == pytest.approx(9 * value(distance, one, other), rel=1e-3)


@pytest.mark.parametrize("level", [0.0, 3.0])
def test_the_gaussian_of_one_colour_has_a_slope(level):
    """Without covariances the distance of Gaussians is that of channels."""
    one, flat = (
        ops.convert_to_tensor(each, dtype=DTYPE) for each in (features((6, 7), 0), np.full((1, 5, 4, 5), level))
    )
    found, _, gradient = backend.value_and_grad(lambda x, _: (ops.sum(gaussian(x, flat)), 0.0))(one, 0.0)
    assert float(found) == pytest.approx(value(channels, one, flat), rel=0.02)
    assert np.isfinite(np.asarray(gradient)).all()
    assert abs(value(gaussian, flat, flat)) < 1e-6
    for distance in (gaussian, channels):  # whose roots have no slope at a variance of zero
        _, _, gradient = backend.value_and_grad(lambda x, _, of=distance: (ops.sum(of(x, flat)), 0.0))(flat, 0.0)
        assert np.abs(np.asarray(gradient)).max() < 1e-3


@DISTANCES
def test_gradient_is_that_of_finite_differences(distance):
    if DTYPE == "float32":
        pytest.skip("finite differences need float64")
    one, other = (ops.convert_to_tensor(features(size, seed)) for size, seed in (((6, 7), 0), ((5, 4), 1)))
    _, _, gradient = backend.value_and_grad(lambda x, _: (ops.sum(distance(x, other)), 0.0))(one, 0.0)
    direction, step = np.random.default_rng(3).standard_normal(one.shape), 1e-6
    ahead, behind = (value(distance, np.asarray(one) + s * step * direction, other) for s in (1, -1))
    assert (np.asarray(gradient) * direction).sum() == pytest.approx((ahead - behind) / (2 * step), rel=1e-5)


@pytest.mark.parametrize("moments", [joint_moments, channel_moments])
def test_moments_are_sums_over_weighted_positions(moments):
    """Those of parts add up, and weights of one and zero leave positions out."""
    whole = ops.convert_to_tensor(features((6, 7), 0), dtype=DTYPE)
    mask = ops.convert_to_tensor(np.arange(7)[None, None, :, None] < 4, dtype=DTYPE) * ops.ones_like(whole[..., :1])
    np.testing.assert_allclose(np.asarray(moments(whole, mask)), np.asarray(moments(whole[:, :, :4])), rtol=1e-5)
    parts = np.asarray(moments(whole[:, :, :4])) + np.asarray(moments(whole[:, :, 4:]))
    np.testing.assert_allclose(np.asarray(moments(whole)), parts, rtol=1e-5)


def test_wrong_shapes_are_refused():
    one = ops.convert_to_tensor(features((6, 7), 0))
    with pytest.raises(InvalidInputError, match="features must have shape"):
        joint_moments(one[0])
    with pytest.raises(InvalidInputError, match="the target of joint moments"):
        gaussian_distance(joint_moments(one), joint_moments(one[..., :3]))
    with pytest.raises(InvalidInputError, match="the target of quantiles"):
        sliced_distance(sorted_projections(one, BASIS), sorted_projections(one, BASIS, count=5))
