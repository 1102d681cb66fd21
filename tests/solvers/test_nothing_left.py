"""Runs that begin where the gradient is zero: success, with the start as the result. Runs on the backend in use."""

import numpy as np
import pytest

from neural_style import Network, Reconstruction
from neural_style.backend.program import Evaluated, Function
from neural_style.features.vgg import architecture
from neural_style.features.weights import load
from neural_style.objectives.objective import Auxiliary, Objective
from neural_style.solvers import NOTHING_LEFT, SOLVERS

SETTINGS = {"model": "mini", "weights": "random"}
CONTENT = Reconstruction(layers=("conv1_2",), **SETTINGS)
NETWORK = Network(content_layer="conv1_2", style_layers="conv1_1", **SETTINGS)
WITHOUT_VARIATION = Network(content_layer="conv1_2", style_layers="conv1_1", total_variation_weight=0, **SETTINGS)

PHOTO = np.random.default_rng(0).integers(0, 256, (16, 20, 3), np.uint8)
BLACK = np.zeros_like(PHOTO)
RUNS = {
    "reconstruction of the start": (CONTENT, PHOTO, (), {"init": "content"}),
    "the same in tiles": (CONTENT, np.tile(PHOTO, (5, 1, 1)), (), {"init": "content", "tile": 64}),
    "content equal to style": (WITHOUT_VARIATION, PHOTO, PHOTO, {}),
    "black on black": (NETWORK, BLACK, BLACK, {}),
}


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("name", RUNS)
def test_a_start_without_gradient_is_the_result(name, solver):
    """No warning and no breakdown, even where rounding leaves the gradient another value than zero."""
    technique, content, styles, settings = RUNS[name]
    gradient = objective(technique, content, styles, settings).value_and_grad(content.astype("float32"))[1]
    result = technique.transfer(content, styles, image_size=len(content), iterations=1, solver=solver, **settings)
    assert "finite" not in result.stopped
    if not gradient.any():
        assert (result.stopped, result.history[-1]["evaluations"]) == (NOTHING_LEFT, 1)
        np.testing.assert_array_equal(result.image, content)


def objective(technique, content, styles, settings):
    return technique.objective(content, styles, image_size=len(content), tile=settings.get("tile"))


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_dead_network_leaves_nothing_to_lower(tmp_path, solver):
    """Kernels of zero: features are 1 everywhere, and the gradient is exactly zero on every processor."""
    weights = load(architecture("mini"), "random", ("conv1_1", "conv1_2"))
    dead = {name: np.zeros_like(array) if "kernel" in name else array + 1 for name, array in weights.items()}
    np.savez(tmp_path / "dead.npz", **dead)
    technique = Reconstruction(of="style", layers="conv1_2", model="mini", weights=str(tmp_path / "dead.npz"))
    result = technique.transfer(PHOTO, image_size=16, init="content", solver=solver)
    assert (result.stopped, result.history[-1]["evaluations"]) == (NOTHING_LEFT, 1)
    np.testing.assert_array_equal(result.image, PHOTO)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_pyramid_continues_where_its_next_size_has_a_gradient(monkeypatch, solver):
    original = Objective.__init__

    def replaced(self, *arguments, **settings):
        """`sum (x - 99)^2` at 16 rows, and a constant at 8."""
        original(self, *arguments, **settings)

        def evaluate(image, _):
            difference = (np.asarray(image) - 99) * (image.shape[0] == 16)
            return Evaluated(float(np.square(difference).sum()), 2 * difference, Auxiliary([0.0], True))

        self.function = Function(evaluate, traceable=False)

    monkeypatch.setattr(Objective, "__init__", replaced)
    result = CONTENT.transfer(PHOTO, sizes=(8, 16), init="content", solver=solver, iterations=4)
    (first, *_, last), evaluations = result.history, [entry["evaluations"] for entry in result.history]
    assert (first["image_size"], evaluations[0]) == ([8, 10], 1)
    assert (last["image_size"], evaluations[1]) != ([8, 10], 1)
    assert np.abs(result.image.astype(int) - 99).mean() < (30 if solver == "adam" else 1)
