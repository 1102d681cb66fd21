"""Exceptions; each message states what was received and how to fix it, in one or two lines."""

from __future__ import annotations

DISTRIBUTION = "neural-style-keras"

LONGEST = 160
"""Letters of an unforeseen error's message that are printed."""


class NeuralStyleError(Exception):
    """Base of all deliberate errors of this library; the command line prints the message and exits with 2."""


class InvalidInputError(NeuralStyleError, ValueError):
    """A value, an image or a file that cannot be used."""


class ExistingFileError(InvalidInputError):
    """A file that exists and may not be replaced."""


class FullDiskError(InvalidInputError):
    """A file that cannot be written because the disk, or the user's share of it, is full."""


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


def first_line(error: Exception) -> str:
    """The first line of an error's message, or its type where it has none."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


GPU_PROBLEMS = {
    "RESOURCE_EXHAUSTED": "the memory of the GPU is exhausted: end other programs that use it, or choose a smaller "
    "image_size, a smaller tile, or a memory_limit",
    "Unable to initialize backend": "JAX cannot start on the GPU, whose memory another program may hold: end that "
    "program, or set JAX_PLATFORMS=cpu",
}
"""What JAX's errors contain, and what to do."""


def explanation(error: Exception) -> str:
    """One line about any error: its own message if it is deliberate, and where to report it if it is unforeseen."""
    if isinstance(error, NeuralStyleError | OSError):
        return str(error)
    text = " ".join(str(error).split())[:LONGEST]
    if isinstance(error, MemoryError):
        return f"not enough memory{f' ({text})' if text else ''}: use smaller pictures or a smaller image_size"
    for sign, remedy in GPU_PROBLEMS.items():
        if sign in text:
            return f"{remedy} ({text.removesuffix('.')})"
    return f"unexpected {type(error).__name__}{f': {text}' if text else ''}; please report it at {_issues()}"


def _issues() -> str:
    """Address for reports, from the metadata of the distribution."""
    from importlib.metadata import PackageNotFoundError, metadata

    try:
        links = metadata(DISTRIBUTION).get_all("Project-URL") or []
    except PackageNotFoundError:
        links = []
    found = (link.partition(", ") for link in links)
    return next((address for name, _, address in found if name == "Issues"), f"the issue tracker of {DISTRIBUTION}")
