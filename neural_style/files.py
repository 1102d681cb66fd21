"""Atomic writes: a file is complete or absent, even if the run is killed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from neural_style.errors import InvalidInputError, reason

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/{1,2}[^/]", re.IGNORECASE)
"""Start of a URL, also where a `Path` has taken one of its slashes away."""


@contextlib.contextmanager
def atomic_write(path: Path, where: str, *, overwrite: bool) -> Iterator[BinaryIO]:
    """Open a temporary file beside `path`, which replaces it when the block ends without an error.

    Without `overwrite` the file is hard-linked to its name, which fails without loss if the name is taken.

    Args:
        path: the file.
        where: name of the file in messages.
        overwrite: whether an existing file may be replaced.

    Raises:
        InvalidInputError: the file cannot be written, or exists already.
    """
    temporary = _temporary(path)
    with writing(where):
        try:
            with temporary.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())  # otherwise a power cut may keep the name and lose the bytes
            if overwrite or not _link(temporary, path):
                os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def elsewhere(path: Path, *, remedy: str) -> str:
    """Why a name is of no file on this machine, and what to do: an address, or "~"; empty for all others.

    Args:
        path: the name.
        remedy: what to do with an address.
    """
    if _ADDRESS.match(str(path)):
        return f"it is an address, and only files are read and written: {remedy}"
    first = path.parts[0] if path.parts else ""
    if first.startswith("~") and not Path(first).exists():
        with contextlib.suppress(RuntimeError):  # no such user
            return f'"~" is expanded by shells only: write "{path.expanduser()}"'
    return ""


def check_place(path: Path, where: str, *, overwrite: bool) -> None:
    """Raise `InvalidInputError` if no file can be written at `path`, which is tried out; creates missing folders.

    An existing file is an error, too, unless `overwrite`.
    """
    with writing(where):
        if path.is_dir():
            raise InvalidInputError(f"{where} is a folder: choose another name")
        if os.path.lexists(path) and not overwrite:
            raise FileExistsError
        if why := elsewhere(path, remedy="name a file, and upload it afterwards"):
            raise InvalidInputError(f"{where} cannot be written: {why}")
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
    """Delete temporary files that a killed run left beside `path`."""
    for leftover in path.parent.glob(f"{_prefix(path)}*.part"):
        leftover.unlink(missing_ok=True)


@contextlib.contextmanager
def writing(where: str) -> Iterator[None]:
    """Convert errors of the system to one line that starts with `where`."""
    try:
        yield
    except InvalidInputError:  # which is a ValueError, too
        raise
    except FileExistsError as error:
        raise InvalidInputError(f"{where} exists: choose another name, or pass overwrite=True / --overwrite") from error
    except (OSError, ValueError) as error:
        raise InvalidInputError(f"{where} cannot be written: {reason(error)}") from error


def _link(temporary: Path, path: Path) -> bool:
    """Link the temporary file to a free name; False if the file system (FAT, some network shares) has no links."""
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
    return path.with_name(f"{_prefix(path)}{secrets.token_hex(8)}.part")


def _prefix(path: Path) -> str:
    """Prefix of the temporary files of `path`, short enough for any file system."""
    return f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}."
