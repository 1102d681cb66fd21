"""Exceptions; each message states what was received and how to fix it, in one or two lines."""

from __future__ import annotations


class NeuralStyleError(Exception):
    """Base of all deliberate errors of this library; the command line prints the message and exits with 2."""


class InvalidInputError(NeuralStyleError, ValueError):
    """A value, an image or a file that cannot be used."""


class UnknownSettingError(InvalidInputError, TypeError):
    """A keyword that is no setting; a TypeError as well, as for every call with an unexpected keyword."""


class MissingFileError(NeuralStyleError, FileNotFoundError):
    """A file that does not exist."""


class BrokenRunError(NeuralStyleError, ArithmeticError):
    """A run whose loss or gradient is not finite, or whose objective has no lower bound."""


class OutOfMemoryError(NeuralStyleError, MemoryError):
    """The device has no memory left for an image of this size."""


def reason(error: Exception) -> str:
    """The system's message for an error, without its number and the file's name."""
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
