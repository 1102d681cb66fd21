"""Files that are complete or not there, at whatever moment a run is killed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from neural_style.errors import InvalidInputError, reason


@contextlib.contextmanager
def atomic_write(path: Path, where: str, *, overwrite: bool) -> Iterator[BinaryIO]:
    """A file to write to, beside `path`, that is moved there whole when the block ends without an error.

    Without `overwrite` the move is a hard link, which is refused, and nothing lost, where the name is taken already.

    Raises:
        InvalidInputError: `where` cannot be written, or exists.
    """
    temporary = _temporary(path)
    with writing(where):
        try:
            with temporary.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())  # or else a power cut may keep the name and lose the bytes
            if overwrite or not _link(temporary, path):
                os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def check_place(path: Path, where: str, *, overwrite: bool) -> None:
    """Raise `InvalidInputError` where no file can be made, which is found out by making one; missing folders are made.

    A file that exists is refused unless `overwrite`.
    """
    with writing(where):
        if path.is_dir():
            raise InvalidInputError(f"{where} is a folder: choose another name")
        if os.path.lexists(path) and not overwrite:
            raise FileExistsError
        blocked = next((parent for parent in path.parents if parent.exists() and not parent.is_dir()), None)
        if blocked:
            raise InvalidInputError(f'{where} cannot be written: "{blocked}" is a file, not a folder')
        path.parent.mkdir(parents=True, exist_ok=True)
        probe = _temporary(path)
        try:
            probe.touch(exist_ok=False)
        finally:
            probe.unlink(missing_ok=True)


def remove_leftovers(path: Path) -> None:
    """Delete what a run that was killed while it wrote `path` has left beside it."""
    for leftover in path.parent.glob(f"{_mark(path)}*.part"):
        leftover.unlink(missing_ok=True)


@contextlib.contextmanager
def writing(where: str) -> Iterator[None]:
    """Errors of the system as one line that names `where`."""
    try:
        yield
    except InvalidInputError:  # is a ValueError itself
        raise
    except FileExistsError as error:
        raise InvalidInputError(f"{where} exists: choose another name, or pass overwrite=True / --overwrite") from error
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"{where} cannot be written: {reason(error)}") from error


def _link(temporary: Path, path: Path) -> bool:
    """Give the file a second name that must be free; False where the file system (FAT, some shares) has no links."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:
        if os.path.lexists(path):
            raise FileExistsError from None
        return False
    return True


def _temporary(path: Path) -> Path:
    return path.with_name(f"{_mark(path)}{secrets.token_hex(8)}.part")


def _mark(path: Path) -> str:
    """What the names of the files that become `path` begin with: of it, and no longer than a name may be."""
    return f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}."
