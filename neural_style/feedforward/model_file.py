"""Files of trained networks: a `.keras` archive with one more member, `neural_style.json`, about its making.

`neural_style.feedforward.trained` reads them.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from neural_style.feedforward.trained import METADATA
from neural_style.files import atomic_write


def write(network: keras.Model, path: Path, metadata: Mapping[str, Any]) -> None:
    """Write a network with its metadata; a file at `path` is replaced at once, or stays as it is.

    Args:
        network: any model of Keras.
        path: ends with `.keras`.
        metadata: what JSON can hold.

    Raises:
        InvalidInputError: the file cannot be written.
    """
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "network.keras"
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of NumPy, by Keras
            network.save(made)
        with zipfile.ZipFile(made, "a") as archive:
            archive.writestr(METADATA, json.dumps(dict(metadata), indent=1))
        with made.open("rb") as source, atomic_write(path, f'network "{path}"', overwrite=True) as file:
            shutil.copyfileobj(source, file)
