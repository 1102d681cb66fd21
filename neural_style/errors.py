"""What is said when the input is wrong: one line with what was received and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class NeuralStyleError(Exception):
    """Base of every error that this library raises on purpose; the command line prints its text and exits with 2."""


class InvalidInputError(NeuralStyleError, ValueError):
    """A value, an image or a file that cannot be used as it is."""


class MissingFileError(NeuralStyleError, FileNotFoundError):
    """A file that was named and is not there."""


def did_you_mean(name: object, options: Iterable[str]) -> str:
    """`did you mean "vgg19"?` when a close name exists, otherwise the list of what is possible."""
    options = list(options)
    close = difflib.get_close_matches(str(name), options, n=1)
    return f'did you mean "{close[0]}"?' if close else f"choose one of: {', '.join(options)}"


def check_choice(what: str, name: object, options: Iterable[str]) -> None:
    """Raise `InvalidInputError` unless `name` is one of `options`."""
    options = list(options)
    if name not in options:
        raise InvalidInputError(f'unknown {what} "{name}": {did_you_mean(name, options)}')
