"""The optional packages of video: PyAV, which reads and writes files, and OpenCV, which estimates motion."""

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
    package = _optional("av", "films need the package av")
    package.logging.set_level(package.logging.PANIC)  # damage is counted and reported once, not line by line
    return package


def opencv() -> Any:
    """OpenCV, imported when a flow is first estimated.

    Raises:
        InvalidInputError: it is not installed.
    """
    return _optional("cv2", "optical flow needs OpenCV")


def _optional(name: str, need: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise InvalidInputError(f"{need}, which is missing: {INSTALL}") from error
