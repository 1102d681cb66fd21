"""Files of trained networks: a `.keras` archive with one more member, `neural_style.json`, about its making."""

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

from neural_style.errors import InvalidInputError, reason
from neural_style.files import atomic_write

MEMBER = "neural_style.json"


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
            archive.writestr(MEMBER, json.dumps(dict(metadata), indent=1))
        with made.open("rb") as source, atomic_write(path, f'network "{path}"', overwrite=True) as file:
            shutil.copyfileobj(source, file)


def load(path: Path) -> keras.Model:
    """A network of `write`.

    Raises:
        InvalidInputError: the file is no network, or has layers that nobody has registered.
    """
    from neural_style.feedforward import layers  # noqa: F401 - whose classes Keras must know by then

    try:
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            return keras.saving.load_model(path, compile=False)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InvalidInputError(f"{path} cannot be read as a network of Keras ({first}): check the name") from error


def read_metadata(path: Path) -> dict[str, Any]:
    """The metadata of a network.

    Raises:
        InvalidInputError: the file is none of this library's.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            found: dict[str, Any] = json.loads(archive.read(MEMBER))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        message = f"{path} is not a network that neural-style train has made ({reason(error)}): check the name"
        raise InvalidInputError(message) from error
    return found
