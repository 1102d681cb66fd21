"""TensorFlow and JAX, each in a process of its own, since Keras is bound to one at its first import."""

import os
import subprocess
import sys

import numpy as np
import pytest

from neural_style import InvalidInputError, Reconstruction, backend
from neural_style.errors import OutOfMemoryError

PROBLEM = """
import sys
import numpy as np
from neural_style import INetwork, Network, Style

rng = np.random.default_rng(0)
content, style = rng.uniform(0, 255, (40, 53, 3)), rng.uniform(0, 255, (33, 41, 3))
values = {}
mask = np.zeros((40, 53), bool)
mask[:, :20] = True
styles = [Style(style), Style(style, scale=0.7, mask=mask)]
settings = {"model": "mini", "weights": "random", "pooling": "ave", "mask_normalization": "gatys2017"}
techniques = {
    "network": Network(**settings),
    "gatys2016": Network(normalization="gatys2016", **settings),
    "inetwork": INetwork(variant="titu1994", **settings),
    "novak2016": INetwork(variant="novak2016", **settings),
}
x = rng.uniform(0, 255, (40, 53, 3))
for name, technique in techniques.items():
    objective = technique.objective(content, styles, image_size=40)
    values[name], values[name + "_gradient"] = objective.value_and_grad(x)
network = Network(model="mini", weights="random")
for solver in ("lbfgs", "scipy_lbfgs", "adam"):
    values[solver] = network.transfer(content, style, image_size=24, iterations=1, solver=solver).loss
np.savez(sys.argv[1], **values)
"""


def run(code, backend_name, *arguments):
    environment = {**os.environ, "KERAS_BACKEND": backend_name, "TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu"}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_tensorflow_and_jax_agree(tmp_path):
    pytest.importorskip("jax")
    found = {}
    for name in ("tensorflow", "jax"):
        done = run(PROBLEM, name, str(tmp_path / f"{name}.npz"))
        assert done.returncode == 0, done.stderr
        found[name] = np.load(tmp_path / f"{name}.npz")
    for problem in ("network", "gatys2016", "inetwork", "novak2016"):
        one, other = (found[name][problem] for name in found)
        assert one == pytest.approx(other, rel=1e-4)
        one, other = (found[name][f"{problem}_gradient"] for name in found)
        assert np.linalg.norm(one - other) < 1e-4 * np.linalg.norm(one)
    # Rounding sends the solvers different ways after a while; they must arrive at equally good pictures.
    for solver in ("lbfgs", "scipy_lbfgs", "adam"):
        assert found["tensorflow"][solver] == pytest.approx(found["jax"][solver], rel=0.05)


def test_another_backend_is_refused_in_one_line():
    code = "import os, keras; keras.backend.backend = lambda: 'torch'; import neural_style.backend"
    done = run(code, "tensorflow")
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
    technique = Reconstruction(of=of, model="mini", weights="random", layers=("conv1_1",))
    with pytest.raises(OutOfMemoryError, match=r"^the memory of the .pu is exhausted at 16 x 19 pixels: choose a sm"):
        technique.objective(photo, image_size=16)


def test_importing_the_package_starts_no_backend():
    code = (
        "import sys, neural_style, neural_style.cli; neural_style.Network(model='mini');"
        "print(sorted({'keras', 'tensorflow', 'jax', 'scipy', 'skimage', 'h5py'} & set(sys.modules)))"
    )
    assert run(code, "tensorflow").stdout.strip() == "[]"
