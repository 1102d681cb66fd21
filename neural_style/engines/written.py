"""Files that a task writes, as its outcome."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

from neural_style.engines.interface import Outcome
from neural_style.errors import explanation


def outcome_of(write: Callable[[Path], str], last: str) -> Outcome:
    """The files that a function writes, with the warnings and the error that came up meanwhile.

    Args:
        write: writes into a folder that is deleted afterwards, and returns the error that left its files unfinished, if
            any.
        last: name of the file that comes last, the finished picture.
    """
    with warnings.catch_warnings(record=True) as warned, tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("default")
        try:
            error = write(Path(folder))
        except Exception as problem:
            error = explanation(problem)
        found = sorted(Path(folder).iterdir(), key=lambda path: path.name == last)
        files = {path.name: path.read_bytes() for path in found if path.suffix != ".part"}
    return Outcome(files, warnings=lines(warned), error=error)


def lines(warned: Iterable[warnings.WarningMessage]) -> tuple[str, ...]:
    """The texts of warnings, each once."""
    return tuple(dict.fromkeys(str(each.message) for each in warned))
