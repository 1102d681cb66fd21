"""Windows of a picture: they cover it once, each value sees its surroundings, and sums are those of the whole."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops

from neural_style.feedforward.parts import HALO, Tiles, picture_map, windows


@pytest.mark.parametrize(("size", "tile"), [((96, 200), 64), ((64, 64), 64), ((136, 72), 72), ((40, 504), 128)])
def test_tiles_cover_a_picture_once_and_windows_have_one_shape(size: tuple[int, int], tile: int) -> None:
    counted = np.zeros(size, int)
    shapes = set()
    for window in windows(size, tile):
        counted[window.tile] += 1
        shapes.add(tuple(each.stop - each.start for each in window.around))
        for inner, outer, extent in zip(window.tile, window.around, size, strict=True):
            assert outer.start <= max(0, inner.start - HALO)
            assert outer.stop >= min(extent, inner.stop + HALO)
            assert outer.start % 8 == outer.stop % 8 == 0
    assert (counted == 1).all()
    assert len(shapes) == 1


def test_sums_over_tiles_are_those_of_the_whole() -> None:
    rgb = np.random.default_rng(0).uniform(0, 255, (96, 136, 3)).astype(np.float32)
    parts = Tiles((96, 136), 64)
    halved = parts.kept(parts.each(lambda x: ops.average_pool(x, 2, 2), picture_map(rgb)), exactly=True)
    expected = rgb.reshape(48, 2, 68, 2, 3).mean((1, 3))
    assert halved.stored is not None
    np.testing.assert_allclose(halved.stored[0], expected, rtol=1e-5)
    mean, variance = (ops.convert_to_numpy(each)[0, 0, 0] for each in parts.spread(halved))
    np.testing.assert_allclose(mean, expected.mean((0, 1)), rtol=1e-5)
    np.testing.assert_allclose(variance, expected.var((0, 1)), rtol=1e-3)
    found = parts.all_moments(lambda window: {"rgb": picture_map(rgb).at(window)})["rgb"]
    flat = rgb.reshape(-1, 3)
    np.testing.assert_allclose(ops.convert_to_numpy(found[0])[0, 0], flat.mean(0), rtol=1e-5)
    np.testing.assert_allclose(ops.convert_to_numpy(found[1])[0], np.cov(flat.T, bias=True), atol=0.5)
