"""Warps against SciPy's interpolation, and at the border."""

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from neural_style.errors import InvalidInputError
from neural_style.images.warping import inside, warp


def test_bilinear_values_are_those_of_scipy():
    rng = np.random.default_rng(0)
    image, flow = rng.uniform(0, 255, (9, 12, 3)), rng.uniform(-4, 4, (9, 12, 2))
    y, x = np.mgrid[:9, :12]
    places = [y + flow[..., 1], x + flow[..., 0]]
    expected = np.stack([map_coordinates(image[..., c], places, order=1, mode="nearest") for c in range(3)], -1)
    np.testing.assert_allclose(warp(image, flow), expected, atol=1e-3)


def test_no_motion_changes_nothing():
    image = np.arange(24, dtype=np.uint8).reshape(4, 6)
    assert (warp(image, np.zeros((4, 6, 2))) == image).all()


def test_where_a_flow_leaves_the_picture():
    flow = np.zeros((3, 4, 2))
    flow[..., 0] = 1
    assert inside(flow).tolist() == [[True, True, True, False]] * 3


def test_a_flow_of_another_size_is_refused():
    with pytest.raises(InvalidInputError, match=r"must be \(4, 6, 2\)"):
        warp(np.zeros((4, 6)), np.zeros((6, 4, 2)))
