"""The temporal loss and the long-term weights by hand, and as a term of an objective."""

import numpy as np
import pytest
from keras import ops

from neural_style import InvalidInputError, Network
from neural_style.losses.temporal import temporal_loss
from neural_style.objectives import terms
from neural_style.video.coherence import long_term_target, long_term_weights, relative_weight

RNG = np.random.default_rng(0)


def test_only_trusted_pixels_count():
    image, warped, weights = np.zeros((1, 2, 2, 3)), np.full((1, 2, 2, 3), 2.0), np.zeros((1, 2, 2, 1))
    weights[0, 0, 0], weights[0, 1, 1] = 1, 0.5
    found = temporal_loss(*(ops.convert_to_tensor(each, dtype="float32") for each in (image, warped, weights)))
    assert np.asarray(found).tolist() == [1.5 * 3 * 4]


def test_wrong_shapes_are_refused():
    with pytest.raises(InvalidInputError, match="weights"):
        temporal_loss(np.zeros((1, 4, 4, 3)), np.zeros((1, 4, 4, 3)), np.zeros((1, 4, 5, 1)))
    with pytest.raises(InvalidInputError, match="frame"):
        temporal_loss(np.zeros((1, 4, 4, 3)), np.zeros((1, 4, 5, 3)), np.zeros((1, 4, 4, 1)))


def test_each_pixel_is_compared_with_the_nearest_frame_that_shows_it():
    """Equation 9 of Ruder et al. 2016 for every combination of three masks."""
    masks = [np.array([bool(n & 1 << j) for n in range(8)], float) for j in range(3)]
    weights = long_term_weights(masks)
    nearest = [next((j for j in range(3) if n & 1 << j), None) for n in range(8)]
    expected = [[float(first == j) for first in nearest] for j in range(3)]
    assert [each.tolist() for each in weights] == expected


def test_several_frames_make_one_target():
    """The sum over frames and the one term differ by a constant, so that differences of the loss are the same."""
    masks = RNG.uniform(0, 1, (3, 4, 5))
    warped, pictures = RNG.uniform(0, 255, (3, 4, 5, 3)), RNG.uniform(0, 255, (2, 4, 5, 3))
    weights = long_term_weights(list(masks))
    target, total = long_term_target(list(warped), weights)
    several = [sum((c[..., None] * (x - w) ** 2).sum() for c, w in zip(weights, warped)) for x in pictures]  # noqa: B905
    one = [(total[..., None] * (x - target) ** 2).sum() for x in pictures]
    assert several[0] - several[1] == pytest.approx(one[0] - one[1], rel=1e-4)


def test_the_term_is_a_mean_over_the_picture_without_its_mirrored_border(photo, painting):
    net = Network(model="mini", weights="random", content_layer="conv2_1", style_layers="conv1_1")
    photo = photo[:37, :45]
    objective = net.objective(photo, painting, image_size=37)
    assert objective.canvas.size((37, 45)) != (37, 45)
    warped, trusted = RNG.uniform(0, 255, photo.shape), RNG.random((37, 45)) < 0.7
    term = terms.temporal(warped, trusted, weight=2.0, canvas=objective.canvas, dtype=objective.dtype)
    found = objective.with_terms(term).evaluate(photo)
    expected = 2 * (trusted[..., None] * (photo.astype(float) - warped) ** 2).mean()
    assert found.parts["temporal"] == pytest.approx(expected, rel=1e-5)
    change = found.gradient - objective.evaluate(photo).gradient
    exact = 4 * trusted[..., None] * (photo - warped) / photo.size
    np.testing.assert_allclose(change, exact, rtol=1e-3, atol=1e-4 * np.abs(exact).max())


def test_relative_units():
    assert relative_weight(1.0, 7.0) * 10**2 == pytest.approx(7.0)
