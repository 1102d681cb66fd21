"""Export of a trained network of one style, for programs without this library: ONNX, or TensorFlow's SavedModel."""

from __future__ import annotations

import importlib.util
import logging
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from neural_style import backend, files
from neural_style.errors import InvalidInputError
from neural_style.feedforward.trained import TrainedNetwork

ONNX = ".onnx"
PACKAGES = ("onnx", "tf2onnx")


def export(network: TrainedNetwork, path: Path, *, overwrite: bool = False) -> None:
    """Write a network of one style, whose input and output are float32 (N, H, W, 3), RGB in 0..255, of any N, H and W.

    H and W must be multiples of 8, at least 32, and values outside 0..255 are to be clipped: `Painter` pads, crops and
    clips, and the exported network does none of it.

    Args:
        network: of one style.
        path: a file `.onnx`, or a folder for a SavedModel.
        overwrite: whether an existing `.onnx` file may be replaced.

    Raises:
        InvalidInputError: the network has several styles, the backend is not TensorFlow, a package is missing, or the
            output cannot be written.
    """
    if backend.NAME != "tensorflow":
        raise InvalidInputError("networks are exported by TensorFlow: set KERAS_BACKEND=tensorflow")
    if len(network.styles) > 1:
        raise InvalidInputError(f"a network of {len(network.styles)} styles cannot be exported: train one of one style")
    network.network(np.zeros((1, 32, 32, 3), np.float32))  # Keras exports no network that was never called
    where = f'output "{path}"'
    if path.suffix.lower() != ONNX:
        if path.suffix or path.exists():
            raise InvalidInputError(f"{where} must be a file {ONNX}, or a folder that does not exist, for a SavedModel")
        with files.writing(where), _quietly():
            network.network.export(path, format="tf_saved_model", verbose=False)
        return
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise InvalidInputError(
            f'ONNX needs {" and ".join(missing)}: install the extra with pip install "neural-style-keras[export]"'
        )
    files.check_place(path, where, overwrite=overwrite)
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder) / f"network{ONNX}"
        with _quietly():
            network.network.export(temporary, format="onnx", verbose=False)
        with files.atomic_write(path, where, overwrite=overwrite) as file:
            file.write(temporary.read_bytes())


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the notes and deprecations of the converters."""
    logger = logging.getLogger("tf2onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logger.setLevel(level)
