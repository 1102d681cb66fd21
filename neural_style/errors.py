"""What is said when the input is wrong: one line with what was received and what to do."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable


class NeuralStyleError(Exception):
    """Base of every error that this library raises on purpose; the command line prints its text and exits with 2."""


class InvalidInputError(NeuralStyleError, ValueError):
    """A value, an image or a file that cannot be used as it is."""


class MissingFileError(NeuralStyleError, FileNotFoundError):
    """A file that was named and is not there."""


class BrokenRunError(NeuralStyleError, ArithmeticError):
    """A loss or a gradient that is not a number."""


class OutOfMemoryError(NeuralStyleError, MemoryError):
    """The device has no memory left for an image of this size."""


def did_you_mean(name: object, options: Iterable[str]) -> str:
    """`did you mean "vgg19"?` when a close name exists, otherwise the list of what is possible."""
    options = list(options)
    close = difflib.get_close_matches(str(name), options, n=len(options) or 1)
    # Of equally close names the one that begins like what was written: conv1_3 is a slip for conv1_2, not for conv5_3.
    close.sort(key=lambda option: _common_beginning(option, str(name)), reverse=True)
    return f'did you mean "{close[0]}"?' if close else f"choose one of: {', '.join(options)}"


def _common_beginning(one: str, other: str) -> int:
    """Number of letters that both begin with."""
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def check_choice(what: str, name: object, options: Iterable[str]) -> None:
    """Raise `InvalidInputError` unless `name` is one of `options`."""
    options = list(options)
    if name not in options:
        raise InvalidInputError(f'unknown {what} "{name}": {did_you_mean(name, options)}')


def reason(error: Exception) -> str:
    """What the system says of an error, without its number and the file's name."""
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
