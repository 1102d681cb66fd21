"""Opening of files, and the reasons why one cannot be used, each in one line."""

from __future__ import annotations

import contextlib
import difflib
import io
import logging
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from neural_style.errors import InvalidInputError, MissingFileError, reason
from neural_style.files import why_not_local


def check_name(name: str | os.PathLike[str], what: str) -> None:
    """Raise `InvalidInputError` for an empty name, often a variable of the shell that is not set.

    `Path("")` is the current folder, which nobody meant.
    """
    if not os.fspath(name).strip():
        raise InvalidInputError(f'{what} has an empty name, received "{os.fspath(name)}": name a file')


@contextlib.contextmanager
def explained(where: str, *, is_file: bool = False) -> Iterator[None]:
    """Turn what Pillow's decoders raise into one line; `is_file` for a file, which nobody else can have closed."""
    try:
        yield
    except InvalidInputError:
        raise
    except MemoryError as error:
        raise InvalidInputError(f"{where} does not fit into memory: make it smaller first") from error
    except Image.DecompressionBombError as error:  # from within a decoder: some check the size once more
        raise InvalidInputError(
            f"{where} has more pixels than PIL.Image.MAX_IMAGE_PIXELS allows: make it smaller first"
        ) from error
    except UnidentifiedImageError as error:
        raise InvalidInputError(f"{where} is {error}") from error
    except Exception as error:  # decoders meet damage with OSError, SyntaxError, ValueError, struct.error and more
        text = " ".join(str(error).split()) or type(error).__name__
        if not is_file and (
            "closed" in text or isinstance(error, AssertionError)
        ):  # Pillow asserts that its file is open
            raise InvalidInputError(f"{where} has been closed: open it again, or load() it before it is closed") from (
                error
            )
        raise InvalidInputError(f"{where} is damaged or cut short ({text}): get or save it again") from error


@contextlib.contextmanager
def opened(path: Path, where: str) -> Iterator[io.BufferedReader]:
    """The file, open for reading, with every reason why it cannot be explained."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingFileError(f"{where} does not exist: {_advice(path)}") from error
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"{where} cannot be opened: {reason(error)}") from error
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise InvalidInputError(f"{where} is {kind}: name a picture file")
    if status.st_size == 0:
        raise InvalidInputError(f"{where} is empty (0 bytes): get or save it again")
    try:
        file = path.open("rb")
    except OSError as error:
        raise InvalidInputError(f"{where} cannot be opened: {reason(error)}") from error
    with file, explained(where, is_file=True), silenced("PIL.TiffImagePlugin"):
        yield file


@contextlib.contextmanager
def silenced(name: str) -> Iterator[None]:
    """Keep what this thread logs under a name from the log: our own message follows."""
    logger, thread = logging.getLogger(name), threading.get_ident()

    def is_of_others(record: logging.LogRecord) -> bool:
        return record.thread != thread

    logger.addFilter(is_of_others)
    try:
        yield
    finally:
        logger.removeFilter(is_of_others)


def _advice(path: Path) -> str:
    if path.is_symlink():
        return f'it is a link to "{path.readlink()}", which is not there: mend the link'
    if why := why_not_local(path, remedy="download the picture first, and name the file"):
        return why
    if not path.parent.is_dir():
        return f'there is no folder "{path.parent}"'
    names: dict[str, str] = {}
    with contextlib.suppress(OSError):  # a folder may be entered and yet not be listed
        names = {entry.name.lower(): entry.name for entry in path.parent.iterdir()}
    close = difflib.get_close_matches(path.name.lower(), names, n=1)
    if close:
        return f'did you mean "{path.parent / names[close[0]]}"?'
    return f'check the name, and that it is in "{path.parent.resolve()}"'
