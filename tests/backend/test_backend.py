"""TensorFlow and JAX: equal numbers, devices, and errors. Keras is bound to one of them at its first import."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from neural_style import InvalidInputError, Reconstruction, backend
from neural_style.errors import OutOfMemoryError
from tests.backend import agreement


def run(backend_name, *arguments):
    environment = {**os.environ, "KERAS_BACKEND": backend_name, "TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu"}
    return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False)


def test_tensorflow_and_jax_agree(tmp_path):
    """JAX in a process of its own, at a size that is used in earnest."""
    pytest.importorskip("jax")
    if backend.NAME != "tensorflow":
        pytest.skip("compares TensorFlow here with JAX there")
    done = run("jax", str(Path(__file__).with_name("agreement.py")), str(tmp_path / "jax.npz"))
    assert done.returncode == 0, done.stderr
    ours, theirs = agreement.found(), np.load(tmp_path / "jax.npz")
    assert set(ours) == set(theirs.files)
    np.testing.assert_array_equal(ours["patches in float64"], theirs["patches in float64"])
    for name in (*agreement.objectives(), agreement.POOLED):
        assert ours[name] == pytest.approx(theirs[name], rel=1e-4), name
        one, other = (found[f"{name}, gradient"] for found in (ours, theirs))
        assert np.linalg.norm(one - other) < 1e-3 * np.linalg.norm(one), name
    # Rounding sends the solvers different ways after a while; they must arrive at equally good pictures.
    for solver in ("lbfgs", "scipy_lbfgs", "adam"):
        assert ours[solver] == pytest.approx(theirs[solver], rel=0.05), solver


def test_another_backend_is_refused_in_one_line():
    code = "import os, keras; keras.backend.backend = lambda: 'torch'; import neural_style.backend"
    done = run("tensorflow", "-c", code)
    assert 'KERAS_BACKEND is "torch": set it to "tensorflow" or "jax"' in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("name", ["tpu", "gpu:x", "", "cuda"])
def test_unknown_devices(name):
    with pytest.raises(InvalidInputError, match="unknown device"):
        backend.choose_device(name)


def test_a_gpu_that_is_not_there():
    with pytest.raises(InvalidInputError, match=r'device "gpu:99" was asked for and \w+ sees \d+ GPU'):
        backend.choose_device("gpu:99")


@pytest.mark.parametrize("of", ["content", "style"])
def test_memory_that_targets_exhaust_is_told_in_one_line(photo, monkeypatch, of):
    """They are computed operation by operation, and not by a program."""
    errors = pytest.importorskip("tensorflow").errors

    def exhausted(_):
        raise errors.ResourceExhaustedError(None, None, "OOM when allocating tensor with shape[1,16,19,64]")

    monkeypatch.setattr("neural_style.features.extractor.preprocess", exhausted)
    technique = Reconstruction(of=of, model="mini", weights="random", layers=("conv1_1",), padding="none")
    with pytest.raises(OutOfMemoryError, match=r"^the memory of the .pu is exhausted at 16 x 19 pixels: choose a sm"):
        technique.objective(photo, image_size=16)


def test_importing_the_package_starts_no_backend():
    code = (
        "import sys, neural_style, neural_style.cli; neural_style.Network(model='mini');"
        "print(sorted({'keras', 'tensorflow', 'jax', 'scipy', 'skimage', 'h5py'} & set(sys.modules)))"
    )
    assert run("tensorflow", "-c", code).stdout.strip() == "[]"
