"""The tests of what solvers promise to users, once more on JAX, which Keras chooses at its first import."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from neural_style import backend

FILES = ("test_minimum.py", "test_nothing_left.py")
CHOSEN = "2-float64 or shape3 or scalar or dead or pyramid"
"""One of each kind: XLA takes seconds to compile a step of lbfgs."""


@pytest.mark.skipif(backend.NAME == "jax", reason="they run on JAX already")
def test_on_jax():
    pytest.importorskip("jax")
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "JAX_ENABLE_X64": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", CHOSEN, *FILES]
    done = subprocess.run(
        command, cwd=Path(__file__).parent, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "10 passed" in done.stdout
