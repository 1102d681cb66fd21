"""tools/paint_style.py: the painted style pictures."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

PROGRAM = Path(__file__).parents[2] / "tools" / "paint_style.py"
HEIGHT, WIDTH = 96, 128


def load_program() -> ModuleType:
    specification = importlib.util.spec_from_file_location("paint_style", PROGRAM)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


program = load_program()


@pytest.fixture(scope="module", params=["night", "harvest"])
def palette(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def picture(palette: str) -> np.ndarray:
    return program.paint_style(HEIGHT, WIDTH, seed=0, palette=palette)


def test_picture_is_an_image_array(picture):
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert picture.dtype == np.uint8


def test_same_seed_paints_the_same_picture(picture, palette):
    np.testing.assert_array_equal(program.paint_style(HEIGHT, WIDTH, seed=0, palette=palette), picture)


def test_other_seed_paints_another_picture(picture, palette):
    other = program.paint_style(HEIGHT, WIDTH, seed=1, palette=palette)
    assert np.abs(other.astype(float) - picture).mean() > 10


def test_palettes_differ():
    night, harvest = (program.paint_style(HEIGHT, WIDTH, palette=palette).mean((0, 1)) for palette in program.MOTIFS)
    assert night[2] > night[0]  # blue
    assert harvest[0] > harvest[2]  # warm


def test_colours_use_the_whole_range(picture):
    assert np.percentile(picture, 1) < 30
    assert np.percentile(picture, 99) > 230
    red, blue = picture[..., 0].astype(int), picture[..., 2].astype(int)
    assert ((red - blue) > 60).mean() > 0.05  # both sides of the complementary pair
    assert ((blue - red) > 60).mean() > 0.05


def test_strokes_leave_no_flat_area():
    picture = program.paint_style(256, 320).mean(-1)
    window = 25
    mean = ndimage.uniform_filter(picture, window)
    deviation = np.sqrt(np.maximum(ndimage.uniform_filter(picture**2, window) - mean**2, 0))
    assert deviation.min() > 4


def test_strokes_run_along_the_stream():
    """In a scene whose stream is level, the picture changes less along the strokes than across them."""
    scene = program.Scene(HEIGHT, WIDTH, np.random.default_rng(0))
    colour = scene.random.random((HEIGHT, WIDTH, 3)).astype(np.float32)
    scene.lay(scene.down > -1, colour, scene.down)
    canvas = np.zeros((2 * HEIGHT, 2 * WIDTH, 3), np.float32)
    start = scene.random.uniform(0, (HEIGHT, WIDTH), (2000, 2)).astype(np.float32)
    program.brush(scene, canvas, np.zeros(canvas.shape[:2], np.float32), 5.0, 20.0, start)
    assert np.abs(np.diff(canvas, axis=0)).mean() > 2 * np.abs(np.diff(canvas, axis=1)).mean()


def test_strokes_stay_in_their_body():
    scene = program.Scene(HEIGHT, WIDTH, np.random.default_rng(0))
    scene.lay(scene.down > -1, np.zeros_like(scene.colour), scene.across)
    scene.lay(scene.down > 0.5, np.ones_like(scene.colour), scene.across)
    path, inside = program.trace(scene, np.array([[40.0, 64.0]], np.float32), 32.0)
    np.testing.assert_allclose(np.ptp(path[0], axis=0), [32.0, 0.0], atol=1e-4)
    np.testing.assert_array_equal(inside[0], path[0, :, 0] < HEIGHT / 2)


def test_program_writes_and_does_not_overwrite(tmp_path, monkeypatch, capsys, picture, palette):
    output = tmp_path / "painting.png"
    arguments = ["paint_style.py", str(output), "--size", str(HEIGHT), str(WIDTH), "--palette", palette]
    monkeypatch.setattr(sys, "argv", arguments)
    program.main()
    with Image.open(output) as image:
        np.testing.assert_array_equal(np.asarray(image), picture)
    with pytest.raises(SystemExit):
        program.main()
    assert "--overwrite" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", [*arguments, "--overwrite", "--seed", "1"])
    program.main()
    with Image.open(output) as image:
        assert not np.array_equal(np.asarray(image), picture)
