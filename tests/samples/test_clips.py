"""Sample clips: their flow is exact, so that a smooth scene warped along it is the next frame."""

import numpy as np
import pytest

from neural_style import metrics
from neural_style.errors import InvalidInputError
from neural_style.images.warping import warp
from neural_style.samples.clips import MOTIONS, clip

SIZE = (32, 48)


def waves() -> np.ndarray:
    """A smooth photo, which interpolation hardly changes."""
    y, x = np.mgrid[:160, :240]
    return np.stack([127 + 100 * np.sin(x / 20), 127 + 100 * np.cos(y / 15), 127 + 100 * np.sin((x + y) / 25)], -1)


@pytest.mark.parametrize("motion", MOTIONS)
def test_the_flow_is_exact(motion):
    found = clip(waves(), motion, frames=4, size=SIZE)
    error = metrics.warping_error(found.frames, found.flows, found.valid)
    assert error < 0.006
    if motion != "still":
        assert metrics.warping_error(found.frames, np.zeros_like(found.flows)) > 4 * error


def test_pixels_that_come_into_view_are_known():
    """Behind the layer, a strip is disoccluded on the side that it leaves."""
    found = clip(waves(), "layer", frames=3, size=SIZE)
    # The square of 10 x 10 moves by (3 + 2.3, 1 + 1.1) over the photo; a row beside it is interpolated with it.
    uncovered = 10**2 - (10 - 5.3) * (10 - 2.1)
    assert found.occluded[0].sum() == pytest.approx(uncovered, abs=8)
    assert not (found.occluded & found.valid).any()
    between = ~found.valid[0] & ~found.occluded[0]
    between[:, -3:] = between[-3:] = False  # what the pan brings in
    assert 0 < between.sum() <= 2 * 2 * 10
    error = np.abs(found.frames[1] - warp(found.frames[0], found.flows[0])).mean(-1)
    assert error[found.occluded[0]].mean() > 5 * error[found.valid[0]].mean()


def test_a_zoom_stays_at_the_middle():
    flow = clip(waves(), "zoom", frames=2, size=(33, 49)).flows[0]
    np.testing.assert_allclose(flow[16, 24], 0, atol=1e-5)
    assert flow[16, 0, 0] > 0 > flow[16, -1, 0]


def test_impossible_clips_are_refused():
    with pytest.raises(InvalidInputError, match="motion"):
        clip(waves(), "spin")
    with pytest.raises(InvalidInputError, match="at least 8 rows"):
        clip(waves(), "pan", size=(4, 4))
