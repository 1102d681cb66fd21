"""Frames that are painted small: sizes, both poolings, and the state of the method inside."""

import numpy as np
import pytest

from neural_style import InvalidInputError
from neural_style.video.work_size import WorkSize, reduced


class Counted:
    """Returns the frames that it was given, and remembers their sizes."""

    def __init__(self):
        self.sizes = []

    def transfer(self, frame):
        self.sizes.append(frame.shape[:2])
        return frame

    def state(self):
        return {"count": np.array(len(self.sizes))}

    def load_state(self, state):
        self.sizes = [()] * int(state["count"])


def test_a_frame_is_painted_small_and_comes_back_in_its_size():
    inner = Counted()
    method = WorkSize(inner, 12)
    slope = np.broadcast_to(np.arange(0, 240, 5, np.uint8)[None, :, None], (31, 48, 3))
    found = method.transfer(slope)
    assert inner.sizes == [(12, 19)]
    assert found.shape == slope.shape
    assert np.abs(found.astype(int) - slope)[:, 4:-4].max() <= 4
    assert (WorkSize(inner, 40).transfer(slope) == slope).all()


def test_poolings_by_hand():
    frame = np.random.default_rng(0).integers(0, 256, (6, 9, 3), np.uint8)
    blocks = frame.reshape(2, 3, 3, 3, 3)
    assert (reduced(frame, (2, 3), "max") == blocks.max(axis=(1, 3))).all()
    np.testing.assert_allclose(reduced(frame, (2, 3), "average"), blocks.mean(axis=(1, 3)), atol=1.01)  # two roundings
    assert reduced(frame, (4, 7), "max").shape == (4, 7, 3)


def test_the_state_is_that_of_the_method():
    first, second = WorkSize(Counted(), 4), WorkSize(Counted(), 4)
    first.transfer(np.zeros((8, 8, 3), np.uint8))
    second.load_state(first.state())
    assert second.state() == {"count": 1}


def test_impossible_settings_are_refused():
    with pytest.raises(InvalidInputError, match="work_size"):
        WorkSize(Counted(), 0)
    with pytest.raises(InvalidInputError, match="pooling"):
        WorkSize(Counted(), 9, pooling="median")
