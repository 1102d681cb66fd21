"""examples/lbfgs_keras_model.py at a tiny size."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neural_style import images
from neural_style.samples import sample

PROGRAM = Path(__file__).parents[2] / "examples" / "lbfgs_keras_model.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("lbfgs_keras_model", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_photo_is_found_again_from_the_output(example, tmp_path, capsys):
    output = tmp_path / "found.png"
    minimum = example.main(["--size", "16", "--evaluations", "80", "--output", str(output)])
    assert minimum.value < 1e-3 * minimum.history[0]
    # The same error from the model's outputs, in NumPy.
    photo = images.resize(sample("cat"), (16, 16)).astype("float32")
    outputs, target = (np.asarray(example.small_model(16, 0)(x[None])) for x in (minimum.x, photo))
    assert minimum.value == pytest.approx(np.square(outputs - target).sum() / np.square(target).sum(), rel=1e-3)
    with Image.open(output) as picture:
        difference = np.abs(np.asarray(picture, "float32") - photo).mean()
    assert difference < 25  # of 70 at the start
    printed = capsys.readouterr().out
    assert f"{minimum.value:.3g} after {minimum.evaluations} evaluations" in printed
    assert example.main(["--size", "16", "--evaluations", "80"]).value == minimum.value
