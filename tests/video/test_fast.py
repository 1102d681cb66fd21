"""Films by the embedded network: less flicker, the statistics of a shot, and resumed to the bit."""

import numpy as np
import pytest

from neural_style import InvalidInputError, metrics
from neural_style.feedforward import Painter
from neural_style.video.fast import Fast
from tests.video.conftest import panned


def film(method, frames):
    return np.stack([method.transfer(frame) for frame in frames])


@pytest.fixture(scope="module")
def alone(night, pan):
    """The frames by themselves."""
    painter = Painter()
    style = painter.style(night)
    return np.stack([painter.paint(frame, style).image for frame in pan.frames])


def test_the_first_frame_is_that_of_the_painter_and_flicker_falls(night, pan, alone):
    found = film(Fast(night, flow=panned), pan.frames)
    assert (found[0] == alone[0]).all()
    errors = [metrics.warping_error(frames, pan.flows, pan.valid) for frames in (alone, found)]
    assert errors[1] < 0.7 * errors[0]


def test_without_blend_and_held_statistics_frames_are_those_of_the_painter(night, pan, alone):
    method = Fast(night, flow=lambda one, other: np.zeros((*one.shape[:2], 2)), blend=0, hold_statistics=False)
    assert (film(method, pan.frames[:2]) == alone[:2]).all()


def test_statistics_are_held_while_the_camera_stands_still(night, pan, alone):
    entered = pan.frames[0].copy()
    entered[:, :12] = 250
    painter, statistics = Painter(), {}
    style = painter.style(night)
    still = [pan.frames[0], entered]
    expected = [painter.paint_batch([each], style, statistics=statistics)[0].image for each in still]
    method = Fast(night, blend=0, flow=lambda one, other: np.zeros((*one.shape[:2], 2), np.float32))
    assert (film(method, still) == expected).all()
    assert (expected[1] != painter.paint(entered, style).image).any()
    assert (film(Fast(night, flow=panned, blend=0), pan.frames) == alone).all()


def test_a_resumed_film_is_the_unbroken_one(night, pan):
    first, second = Fast(night, flow=panned), Fast(night, flow=panned)
    assert first.state() == {}
    film(first, pan.frames[:2])
    second.load_state({name: array.copy() for name, array in first.state().items()})
    assert (film(first, pan.frames[2:]) == film(second, pan.frames[2:])).all()


def test_a_cut_starts_afresh(night, pan, other, alone):
    method = Fast(night, flow=panned)
    film(method, other.frames)
    assert (method.transfer(pan.frames[0]) == alone[0]).all()


def test_what_cannot_be_used_is_refused(night):
    with pytest.raises(InvalidInputError, match="blend"):
        Fast(night, flow=panned, blend=1)
    with pytest.raises(InvalidInputError, match="work_size"):
        Fast(night, flow=panned, size=64)
