"""Warping error and drift of clips computed by hand."""

import numpy as np
import pytest

from neural_style import InvalidInputError, metrics

FLAT = np.full((6, 8, 3), 100.0)


def test_noise_has_its_deviation_times_the_root_of_two():
    noise = np.random.default_rng(0).normal(0, 8, (6, 60, 80, 3))
    found = metrics.warping_error(128 + noise, np.zeros((5, 60, 80, 2)))
    assert found == pytest.approx(np.sqrt(2) * 8 / 255, rel=0.01)


def test_only_valid_pixels_inside_the_frame_count():
    after = FLAT.copy()
    after[:, :2] += 200
    flow = np.zeros((1, 6, 8, 2))
    assert metrics.warping_error([FLAT, after], flow) > 0.3
    flow[..., :2, 0] = -3  # the changed columns come from outside
    assert metrics.warping_error([FLAT, after], flow) == 0
    valid = np.ones((1, 6, 8), bool)
    valid[..., :2] = False
    assert metrics.warping_error([FLAT, after], np.zeros((1, 6, 8, 2)), valid) == 0


def test_a_slow_darkening_is_drift():
    """The largest change counts, and a camera that moves changes nothing."""
    assert metrics.drift([FLAT, FLAT - 3, FLAT - 1]) == pytest.approx(3)
    slope = np.broadcast_to(np.arange(20.0)[None, :, None] * 5, (6, 20, 3))
    frames = [slope[:, i : i + 8] for i in range(4)]
    flows = np.zeros((3, 6, 8, 2))
    flows[..., 0] = 1
    assert metrics.drift(frames, flows) == 0
    assert metrics.drift(frames) == pytest.approx(15)


def test_numbers_that_do_not_match_are_refused():
    with pytest.raises(InvalidInputError, match="2 frames, 2 flows"):
        metrics.warping_error([FLAT, FLAT], np.zeros((2, 6, 8, 2)))
    with pytest.raises(InvalidInputError, match="no pixel"):
        metrics.warping_error([FLAT, FLAT], np.full((1, 6, 8, 2), 99.0))
    with pytest.raises(InvalidInputError, match="1 frames"):
        metrics.drift([FLAT])
