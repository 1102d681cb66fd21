"""Initial images drawn at random: noise in the colours of the paintings."""

import numpy as np
import pytest
from scipy.stats import truncnorm

from neural_style import Content, InvalidInputError, Network, Reconstruction, Style
from neural_style.inputs import Inputs
from neural_style.runs.initial import channel_statistics, start_image, truncated_normal
from neural_style.runs.settings import Run

TINY = Network(model="mini", weights="random", content_layer="conv1_2", style_layers="conv1_1")


def test_statistics_are_weighted_means_of_visible_pixels(photo, painting):
    hidden = np.dstack([painting, np.where(np.arange(30) < 20, 255, 0) * np.ones((36, 1), int)]).astype(np.uint8)
    mean, variance = channel_statistics([Style(photo, weight=3).read(), Style(hidden).read()])
    seen = painting[:, :20].reshape(-1, 3).astype(float)
    every = photo.reshape(-1, 3).astype(float)
    np.testing.assert_allclose(mean, (3 * every.mean(0) + seen.mean(0)) / 4)
    np.testing.assert_allclose(variance, (3 * every.var(0) + seen.var(0)) / 4)


def test_noise_has_the_moments_of_the_truncated_normal_distribution():
    """Those that SciPy has, of a narrow, a wide and an almost constant channel."""
    mean, deviation = np.array([128.0, 30.0, 255.0]), np.array([20.0, 80.0, 0.0])
    drawn = truncated_normal(np.random.default_rng(0), mean, deviation, (200, 200)).reshape(-1, 3)
    for channel in (0, 1):
        m, s = mean[channel], deviation[channel]
        law = truncnorm((0 - m) / s, (255 - m) / s, m, s)
        assert drawn[:, channel].mean() == pytest.approx(law.mean(), abs=4 * law.std() / 200)
        assert drawn[:, channel].std() == pytest.approx(law.std(), rel=0.02)
    np.testing.assert_allclose(drawn[:, 2], 255, atol=0.01)
    assert drawn.min() >= 0
    assert drawn.max() <= 255


def test_a_run_starts_from_it_and_repeats(photo, painting):
    inputs = Inputs(Content(photo).read(), (Style(painting).read(),))
    one, again, other = (start_image(None, inputs, Run(init="style_stats", seed=seed), (40, 48)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).mean() > 0.9
    assert one.mean((0, 1)) == pytest.approx(painting.mean((0, 1)), abs=3)
    result = TINY.transfer(photo, painting, image_size=16, iterations=1, init="style_stats")
    assert result.record["run"]["init"] == "style_stats"


def test_without_a_painting_it_is_refused(photo, painting):
    with pytest.raises(InvalidInputError, match="init style_stats needs a painting"):
        Reconstruction(model="mini", weights="random").transfer(photo, image_size=16, init="style_stats")
    with pytest.raises(InvalidInputError, match="with a weight above 0"):
        TINY.transfer(photo, Style(painting, weight=0), image_size=16, init="style_stats")
