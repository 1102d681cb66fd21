"""Files of trained networks: a `.keras` archive with one more member, `neural_style.json`, about its making."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from neural_style import backend
from neural_style.errors import InvalidInputError, MissingFileError, first_line
from neural_style.features.sent_files import at_hand, is_at_hand
from neural_style.feedforward import layers  # noqa: F401 - whose classes Keras must know to load a network
from neural_style.files import atomic_write

METADATA = "neural_style.json"
"""Member of the `.keras` file, which is a zip archive, with the settings and the styles of the training."""


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
        with backend.without_deprecations():
            network.save(made)
        with zipfile.ZipFile(made, "a") as archive:
            archive.writestr(METADATA, json.dumps(dict(metadata), indent=1))
        with made.open("rb") as source, atomic_write(path, f'network "{path}"', overwrite=True) as file:
            shutil.copyfileobj(source, file)


def read_metadata(path: Path) -> Mapping[str, Any]:
    """The metadata in a `.keras` file; empty if it has none.

    Raises:
        InvalidInputError, MissingFileError: the file is no `.keras` file, or not there.
    """
    if not is_at_hand(path):
        raise MissingFileError(f"no network {path}: check the path")
    try:
        with at_hand(path) as place, zipfile.ZipFile(place) as archive:
            return dict(json.loads(archive.read(METADATA))) if METADATA in archive.namelist() else {}
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise InvalidInputError(f"{path} is damaged or no .keras file ({error}): save it again") from error


def load(path: Path) -> keras.Model:
    """The network in a `.keras` file, which Keras loads in its safe mode.

    Raises:
        InvalidInputError: Keras cannot load it; or see `neural_style.backend.check_process`.
    """
    backend.check_process()
    try:
        with backend.without_deprecations(), at_hand(path) as place:
            return keras.models.load_model(place, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises many types for a file that it cannot read
        raise InvalidInputError(f"{path} cannot be loaded as a Keras network: {first_line(error)}") from error
