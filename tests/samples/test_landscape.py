"""The painted landscapes."""

import numpy as np
import pytest
from scipy import ndimage

from neural_style.samples import landscape
from neural_style.samples.landscape import MOTIFS, paint_landscape

HEIGHT, WIDTH = 96, 128


@pytest.fixture(scope="module", params=["night", "harvest"])
def motif(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def picture(motif: str) -> np.ndarray:
    return paint_landscape(HEIGHT, WIDTH, seed=0, motif=motif)


def test_picture_is_an_image_array(picture):
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert picture.dtype == np.uint8


def test_same_seed_paints_the_same_picture(picture, motif):
    np.testing.assert_array_equal(paint_landscape(HEIGHT, WIDTH, seed=0, motif=motif), picture)


def test_other_seed_paints_another_picture(picture, motif):
    other = paint_landscape(HEIGHT, WIDTH, seed=1, motif=motif)
    assert np.abs(other.astype(float) - picture).mean() > 10


def test_motifs_differ():
    night, harvest = (paint_landscape(HEIGHT, WIDTH, motif=motif).mean((0, 1)) for motif in MOTIFS)
    assert night[2] > night[0]  # blue
    assert harvest[0] > harvest[2]  # warm


def test_colours_use_the_whole_range(picture):
    assert np.percentile(picture, 1) < 30
    assert np.percentile(picture, 99) > 230
    red, blue = picture[..., 0].astype(int), picture[..., 2].astype(int)
    assert ((red - blue) > 60).mean() > 0.05  # both sides of the complementary pair
    assert ((blue - red) > 60).mean() > 0.05


def test_strokes_leave_no_flat_area():
    picture = paint_landscape(256, 320).mean(-1)
    window = 25
    mean = ndimage.uniform_filter(picture, window)
    deviation = np.sqrt(np.maximum(ndimage.uniform_filter(picture**2, window) - mean**2, 0))
    assert deviation.min() > 4


def test_strokes_run_along_the_stream():
    """In a scene whose stream is level, the picture changes less along the strokes than across them."""
    scene = landscape.Scene(HEIGHT, WIDTH, np.random.default_rng(0))
    colour = scene.random.random((HEIGHT, WIDTH, 3)).astype(np.float32)
    scene.lay(scene.down > -1, colour, scene.down)
    canvas = np.zeros((2 * HEIGHT, 2 * WIDTH, 3), np.float32)
    start = scene.random.uniform(0, (HEIGHT, WIDTH), (2000, 2)).astype(np.float32)
    landscape.brush(scene, canvas, np.zeros(canvas.shape[:2], np.float32), 5.0, 20.0, start)
    assert np.abs(np.diff(canvas, axis=0)).mean() > 2 * np.abs(np.diff(canvas, axis=1)).mean()


def test_strokes_stay_in_their_body():
    scene = landscape.Scene(HEIGHT, WIDTH, np.random.default_rng(0))
    scene.lay(scene.down > -1, np.zeros_like(scene.colour), scene.across)
    scene.lay(scene.down > 0.5, np.ones_like(scene.colour), scene.across)
    path, inside = landscape.trace(scene, np.array([[40.0, 64.0]], np.float32), 32.0)
    np.testing.assert_allclose(np.ptp(path[0], axis=0), [32.0, 0.0], atol=1e-4)
    np.testing.assert_array_equal(inside[0], path[0, :, 0] < HEIGHT / 2)
