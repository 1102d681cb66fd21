"""What all tests share: the golden numbers, the real weights where they are, and two small pictures."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

# Before TensorFlow is imported, here and in subprocesses.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if "PYTEST_XDIST_WORKER" in os.environ:  # several processes with all threads each are ten times slower
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")

settings.register_profile("few", max_examples=25, deadline=None, derandomize=True, database=None)
settings.register_profile("many", max_examples=2000, deadline=None, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "few"))  # or pytest --hypothesis-profile=many

ROOT = Path(__file__).resolve().parent.parent

SMALL = (
    *("--model", "mini", "--weights", "random", "--content_layer", "conv1_2", "--style_layers", "conv1_1"),
    *("--image_size", "32", "--num_iter", "1"),
)
"""Flags of a run of a second."""


@pytest.fixture(scope="session")
def shared() -> Path:
    """Material next to the checkout that is not part of it: pictures, weights, facts."""
    return ROOT.parent / "shared"


@pytest.fixture(scope="session")
def real_weights(shared: Path) -> Path:
    """Blocks 1 to 3 of the trained VGG-19."""
    path = shared / "weights" / "vgg19_blocks_1_3.npz"
    if not path.is_file():
        pytest.skip(f"needs the trained weights, which are not at {path}")
    return path


@pytest.fixture(scope="session")
def golden() -> Mapping[str, np.ndarray]:
    """Inputs and outputs of the functions of titu1994/Neural-Style-Transfer."""
    with np.load(ROOT / "tests" / "golden" / "titu1994.npz") as file:
        return dict(file)


@pytest.fixture
def photo() -> np.ndarray:
    """40 rows, 48 columns: smooth slopes, an edge, a little noise."""
    row, column = np.mgrid[0:40, 0:48]
    rgb = np.stack([row * 5, column * 4, 200 - row * 2 - column], axis=-1) + (row > 24)[..., None] * 40
    return _uint8(rgb + np.random.default_rng(1).normal(0, 3, rgb.shape))


@pytest.fixture
def painting() -> np.ndarray:
    """36 rows, 30 columns: diagonal strokes in two colours, coarse and fine."""
    row, column = np.mgrid[0:36, 0:30]
    stroke = np.sin((row + column) / 2)[..., None] * [90, 40, -70]
    return _uint8(130 + stroke + np.random.default_rng(2).normal(0, 20, stroke.shape))


@pytest.fixture
def photo_file(tmp_path: Path, photo: np.ndarray) -> Path:
    return _saved(tmp_path / "photo.png", photo)


@pytest.fixture
def painting_file(tmp_path: Path, painting: np.ndarray) -> Path:
    return _saved(tmp_path / "painting.png", painting)


def _uint8(values: np.ndarray) -> np.ndarray:
    clipped: np.ndarray = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return clipped


def _saved(path: Path, rgb: np.ndarray) -> Path:
    Image.fromarray(rgb).save(path)
    return path


class Ran(NamedTuple):
    """What a command did."""

    status: int
    out: str
    err: str

    def assert_refused(self, *parts: str) -> None:
        """Exit status 2, and one line that has all of `parts` in it."""
        assert self.status == 2
        assert self.out == ""
        assert self.err.startswith("neural-style: error: ")
        assert self.err.count("\n") == 1
        assert self.err.endswith("\n")
        assert "Traceback" not in self.err
        for part in parts:
            assert part in self.err


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """No objective may be made."""
    from neural_style.backend.program import Function

    def evaluate(*_: object, **__: object) -> None:
        raise AssertionError("work was done before everything had been checked")

    monkeypatch.setattr(Function, "__init__", evaluate)


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run `neural-style` in this process: `command("show", path)`."""
    from neural_style.cli import main

    def run(*arguments: object) -> Ran:
        capfd.readouterr()
        status = main([str(argument) for argument in arguments])
        return Ran(status, *capfd.readouterr())

    return run


@pytest.fixture
def paint(command: Callable[..., Ran], photo_file: Path, painting_file: Path, tmp_path: Path) -> Callable[..., Ran]:
    """Run `neural-style network` on the two pictures, small and shallow; the prefix is <tmp_path>/made/out.

    Further arguments come after the defaults and so replace them.
    """

    def run(*arguments: object, content: object = photo_file, prefix: object = tmp_path / "made" / "out") -> Ran:
        return command("network", content, painting_file, prefix, *SMALL, *arguments)

    return run
