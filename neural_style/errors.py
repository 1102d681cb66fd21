"""Exceptions; each message states what was received and how to fix it, in one or two lines."""

from __future__ import annotations


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


def reason(error: Exception) -> str:
    """What the system says of an error, without its number and the file's name."""
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
