"""TensorFlow's plain graph or XLA: which of them is chosen, and that it makes no difference but in time."""

import numpy as np
import pytest
from keras import ops

from neural_style import InvalidInputError, Network, backend
from neural_style.backend import xla
from neural_style.losses.wasserstein import _roots
from neural_style.solvers import lbfgs

tf = pytest.importorskip("tensorflow")

OPERATIONS = 2 * (2 * 4 * 5 * 7) * (3 * 3 * 3)
"""Forward and back: 4 x 5 positions, 7 filters, kernels of 3 x 3 x 3."""


def is_by_xla(function, *arguments):
    """Whether a part of the program for a function is compiled by XLA."""
    graph = tf.function(function, autograph=False).get_concrete_function(*arguments)
    return any("_XlaMustCompile" in str(node.attr) for node in graph.graph.as_graph_def().node)


@pytest.fixture
def gradient():
    """That of a convolution of 4 x 5 positions."""
    rng = np.random.default_rng(0)
    image, kernel = (ops.convert_to_tensor(rng.normal(size=s).astype("float32")) for s in ((1, 4, 5, 3), (3, 3, 3, 7)))
    function = backend.value_and_grad(lambda x, k: (ops.sum(ops.square(ops.conv(x, k, padding="same"))), ()))
    return function, image, kernel


def test_operations_of_convolutions(gradient):
    graph = tf.function(gradient[0], autograph=False).get_concrete_function(*gradient[1:])
    assert xla.convolution_operations(graph.graph) == OPERATIONS


@pytest.mark.parametrize(
    ("flags", "device", "setting", "worthwhile", "expected"),
    [
        ({"avx2"}, "cpu", "", OPERATIONS, True),
        ({"avx2"}, "cpu", "", OPERATIONS + 1, False),
        ({"avx2", "avx512f"}, "cpu", "", OPERATIONS, False),
        (set(), "cpu", "", OPERATIONS, False),
        ({"avx2"}, "gpu", "", OPERATIONS, False),
        ({"avx2"}, "cpu", "0", OPERATIONS, False),
        ({"avx2", "avx512f"}, "cpu", "1", OPERATIONS + 1, True),
    ],
)
def test_the_processor_decides_unless_the_environment_does(
    gradient, monkeypatch, flags, device, setting, worthwhile, expected
):
    monkeypatch.setattr(xla, "processor_flags", lambda: flags)
    monkeypatch.setattr(xla, "device_name", lambda: device)
    monkeypatch.setattr(xla, "WORTHWHILE", worthwhile)
    monkeypatch.setenv(xla.SETTING, setting)
    assert is_by_xla(*gradient) == expected


def test_a_gradient_with_an_eigendecomposition_stays_in_the_plain_graph(gradient, monkeypatch):
    monkeypatch.setattr(xla, "processor_flags", lambda: {"avx2"})
    monkeypatch.setattr(xla, "WORTHWHILE", 0)
    monkeypatch.setenv(xla.SETTING, "")

    def loss(x, decompose):
        root, _ = _roots(x[0] @ ops.swapaxes(x[0], 1, 2)) if decompose else (x, None)
        return ops.sum(ops.stop_gradient(root)) * ops.sum(x), ()

    for decompose in (False, True):
        function = backend.value_and_grad(lambda x, _, decompose=decompose: loss(x, decompose))
        assert is_by_xla(function, gradient[1], 0.0) != decompose


def test_an_impossible_setting(gradient, monkeypatch):
    monkeypatch.setenv(xla.SETTING, "yes")
    with pytest.raises(InvalidInputError, match='NEURAL_STYLE_XLA is "yes": set it to 0 or 1'):
        is_by_xla(*gradient)


def test_xla_computes_the_same(photo, painting, monkeypatch):
    x = np.random.default_rng(0).uniform(0, 255, (40, 48, 3)).astype("float32")
    found = []
    for setting in ("0", "1"):
        monkeypatch.setenv(xla.SETTING, setting)
        backend.clear_caches()
        technique = Network(
            model="mini", weights="random", content_layer="conv2_1", style_layers=("conv1_1", "conv2_1")
        )
        objective = technique.objective(photo, painting, image_size=40)
        assert is_by_xla(objective.function.evaluate, ops.convert_to_tensor(x), objective.function.constants) == (
            setting == "1"
        )
        last = list(lbfgs.minimise(objective.function, x, evaluations=4))[-1]
        found.append((objective.evaluate(x), last.value))
    backend.clear_caches()
    (plain, value), (by_xla, other) = found
    assert by_xla.value == pytest.approx(plain.value, rel=1e-5)
    assert by_xla.parts == pytest.approx(plain.parts, rel=1e-4)
    assert np.linalg.norm(by_xla.gradient - plain.gradient) < 1e-4 * np.linalg.norm(plain.gradient)
    assert other == pytest.approx(value, rel=1e-3)
