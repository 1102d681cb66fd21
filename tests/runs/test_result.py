"""What notebooks and callers get from a run."""

import io

import numpy as np
import pytest
from PIL import Image

from neural_style import InvalidInputError, Network
from neural_style.images.transparency import over_white

TINY = Network(model="mini", weights="random", content_layer="conv1_2", style_layers=("conv1_1",))
RUN = {"sizes": (12, 16), "iterations": 2}


@pytest.fixture(scope="module")
def steps_and_result():
    rng = np.random.default_rng(0)
    photo, painting = (rng.integers(0, 256, (*size, 3), "uint8") for size in ((40, 48), (36, 30)))
    steps = []
    result = TINY.transfer(photo, painting, on_step=steps.append, **RUN)
    return steps, result


def test_a_notebook_shows_the_picture(steps_and_result, photo, painting):
    steps, result = steps_and_result
    for shown in (steps[-1], result):
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(shown._repr_png_()))), shown.image)
    alpha = np.full((40, 48, 1), 255, "uint8")
    alpha[:20] = 0
    see_through = TINY.transfer(np.concatenate([photo, alpha], axis=-1), painting, image_size=12, iterations=1)
    with Image.open(io.BytesIO(see_through._repr_png_())) as shown:
        assert shown.mode == "RGBA"
        np.testing.assert_array_equal(np.asarray(shown)[..., 3], see_through.alpha)
        assert (
            np.abs(over_white(np.asarray(shown)[..., :3], see_through.alpha).astype(int) - see_through.image)[
                see_through.alpha == 255
            ].max()
            <= 1
        )


def test_history_has_every_term_of_every_iteration(steps_and_result):
    steps, result = steps_and_result
    assert [entry["iteration"] for entry in result.history] == [1, 2, 3, 4]
    for step, entry in zip(steps, result.history, strict=True):
        assert entry["losses"] == step.losses
        assert sum(entry["losses"].values()) == pytest.approx(entry["loss"], rel=1e-5)


def test_losses_are_plotted_by_term_and_size(steps_and_result):
    steps, result = steps_and_result
    axes = result.plot().get_axes()
    assert [each.get_title() for each in axes] == ["12 x 14 pixels", "16 x 19 pixels"]
    lines = {line.get_label(): line for line in axes[1].get_lines()}
    assert set(lines) == {*result.losses, "loss"}
    np.testing.assert_allclose(lines["loss"].get_ydata(), [step.loss for step in steps[2:]])
    np.testing.assert_array_equal(lines["tv"].get_xdata(), [step.evaluations for step in steps[2:]])
    assert len(steps[0].plot().get_axes()) == 1


def test_without_matplotlib_a_plot_names_a_command_that_works(steps_and_result, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    with pytest.raises(InvalidInputError, match=r"pip install matplotlib$"):
        steps_and_result[1].plot()


def test_drawing_on_a_step_changes_nothing_else(photo, painting, steps_and_result):
    def draw(step):
        step.image[:] = 0

    settings = {"image_size": 16, "iterations": 2}
    plain, drawn = (TINY.transfer(photo, painting, on_step=on_step, **settings).image for on_step in (None, draw))
    np.testing.assert_array_equal(plain, drawn)
