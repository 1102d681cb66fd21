"""The optional packages of video: PyAV, which reads and writes files."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from neural_style.errors import InvalidInputError

INSTALL = "pip install 'neural-style-keras[video]'"


def pyav() -> Any:
    """The package `av`, imported when a film is first opened.

    Raises:
        InvalidInputError: it is not installed.
    """
    try:
        package = import_module("av")
    except ImportError as error:
        raise InvalidInputError(f"films need the package av, which is missing: {INSTALL}") from error
    package.logging.set_level(package.logging.PANIC)  # damage is counted and reported once, not line by line
    return package
