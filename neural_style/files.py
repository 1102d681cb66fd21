"""Atomic writes: a file is complete or absent, even if the run is killed.

A file is written under a temporary name beside its own, `.<hash>.<random>.part`, and locked while it is. A temporary
file that nobody holds locked was left by a run that was killed, and `remove_leftovers` deletes it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from neural_style import interruption
from neural_style.errors import ExistingFileError, FullDiskError, InvalidInputError, reason

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None  # type: ignore[assignment]

FULL = (errno.ENOSPC, errno.EDQUOT)
"""The disk is full, or the user's share of it."""

LONGEST_NAME = 255
"""Bytes of a name in a folder, of all common file systems."""

BLOCK = 4096
"""Bytes that are written to try a place: a full disk still takes an empty file."""

_ERROR_STREAM = 2
"""The descriptor of the error stream, to which libraries in C write."""

_error_stream = threading.RLock()

_TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.(?:[0-9a-f]{16}|claim)\.part")
"""Names of temporary files and of claims."""

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/{1,2}[^/]", re.IGNORECASE)
"""Start of a URL, also where a `Path` has taken one of its slashes away."""


@contextlib.contextmanager
def atomic_write(path: Path, where: str, *, overwrite: bool) -> Iterator[BinaryIO]:
    """Open a temporary file beside `path`, which replaces it when the block ends without an error.

    Without `overwrite` the file is hard-linked to its name, which fails without loss if the name is taken. A replaced
    file passes on its permissions. Missing folders are made. Signals wait until the file is written.

    Args:
        path: the file.
        where: name of the file in messages.
        overwrite: whether an existing file may be replaced.

    Raises:
        InvalidInputError: the file cannot be written (`FullDiskError`), or exists already (`ExistingFileError`).
    """
    with interruption.held(), writing(where):
        _make_folder(path.parent)
        file, temporary = _create(path)
        try:
            with file:  # closing it drops the lock, so last
                if overwrite:
                    _copy_permissions(path, file)
                yield file
                file.flush()
                os.fsync(file.fileno())  # otherwise a power cut may keep the name and lose the bytes
                if fcntl is None:
                    file.close()  # Windows renames no open file
                if overwrite or not _link(temporary, path):
                    os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(path.parent)


def why_not_local(path: Path, *, remedy: str) -> str:
    """Why a name cannot be a local file (a URL, or "~"), and the remedy; empty for all others.

    Args:
        path: the name.
        remedy: what to do with a URL.
    """
    if _ADDRESS.match(str(path)):
        return f"it is an address, and only files are read and written: {remedy}"
    first = path.parts[0] if path.parts else ""
    if first.startswith("~") and not Path(first).exists():
        with contextlib.suppress(RuntimeError):  # no such user
            return f'"~" is expanded by shells only: write "{path.expanduser()}"'
    return ""


def check_place(path: Path, where: str, *, overwrite: bool) -> None:
    """Raise `InvalidInputError` if no file can be written at `path`, which is tried out; makes no folder.

    An existing file is an error, too, unless `overwrite`.
    """
    with writing(where):
        if path.is_dir():
            raise InvalidInputError(f"{where} is a folder: choose another name")
        if os.path.lexists(path):
            if not overwrite:
                raise FileExistsError
            if path.exists() and not path.is_file():  # a device or a pipe would be replaced by a file
                raise InvalidInputError(f"{where} is not a regular file: choose another name")
        if why := why_not_local(path, remedy="name a file, and upload it afterwards"):
            raise InvalidInputError(f"{where} cannot be written: {why}")
        folder = next(parent for parent in path.parents if os.path.lexists(parent))
        if not folder.is_dir():
            kind = "a file" if folder.exists() else "a link to nothing"
            raise InvalidInputError(f'{where} cannot be written: "{folder}" is {kind}, not a folder')
        with contextlib.suppress(FileNotFoundError):
            path.lstat()
        if any(len(os.fsencode(part)) > LONGEST_NAME for part in path.relative_to(folder).parts):
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        probe = folder / _temporary(path).name
        try:
            with probe.open("xb") as file:
                file.write(bytes(BLOCK))
        finally:
            probe.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Delete the temporary files that killed runs left in a folder, and none that a process is writing."""
    if fcntl is None:
        return
    with contextlib.suppress(OSError):  # there is no such folder, or it may not be listed
        for entry in [each for each in os.scandir(folder) if _TEMPORARY.fullmatch(each.name)]:
            with contextlib.suppress(OSError):
                number = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
                try:
                    fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(entry.path)
                finally:
                    os.close(number)


@contextlib.contextmanager
def claim(path: Path, where: str, *, wait: bool = False) -> Iterator[bool]:
    """Reserve a name among processes that claim it; yields whether it was free.

    The claim ends with the block, and with the process. On file systems without locks every name is free.

    Args:
        path: the name; nothing is written there.
        where: name of the file in messages.
        wait: until the other process gives it up, instead of yielding False.
    """
    place = path.with_name(f"{_prefix(path)}claim.part")
    number = _claimed(place, where, wait=wait)
    try:
        yield number is not None
    finally:
        if number is not None:
            place.unlink(missing_ok=True)
            os.close(number)


def lock(number: int, *, wait: bool = False) -> bool:
    """Lock an open file until it is closed; False where another open file holds the lock.

    Args:
        number: the file's descriptor.
        wait: until the lock is free.
    """
    if fcntl is None:
        return True
    try:
        fcntl.flock(number, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def is_at(number: int, path: Path) -> bool:
    """Whether an open file is still the one of this name."""
    try:
        return os.path.samestat(os.fstat(number), path.stat())
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def writing(where: str) -> Iterator[None]:
    """Convert errors of the system to one line that starts with `where`."""
    try:
        yield
    except InvalidInputError:  # which is a ValueError, too
        raise
    except FileExistsError as error:
        raise ExistingFileError(f"{where} exists: choose another name, or pass overwrite=True") from error
    except (OSError, ValueError) as error:
        kind = FullDiskError if isinstance(error, OSError) and error.errno in FULL else InvalidInputError
        raise kind(f"{where} cannot be written: {reason(error)}") from error


@contextlib.contextmanager
def without_lines(beginnings: re.Pattern[bytes]) -> Iterator[None]:
    """Drop lines with these beginnings that are written to the error stream of the process within.

    Libraries in C write there past `sys.stderr`, and past every setting. All other lines come when the block ends. One
    thread at a time replaces the stream: of two, one would restore that of the other. Without an error stream, or a
    folder for temporary files, nothing is dropped.
    """
    with _error_stream, contextlib.ExitStack() as opened:
        try:
            written = opened.enter_context(tempfile.TemporaryFile())
            kept = os.dup(_ERROR_STREAM)
        except OSError:
            yield
            return
        os.dup2(written.fileno(), _ERROR_STREAM)
        try:
            yield
        finally:
            os.dup2(kept, _ERROR_STREAM)
            os.close(kept)
            written.seek(0)
            with contextlib.suppress(OSError):  # a stream that nobody reads any more
                for line in written:
                    if not beginnings.match(line):
                        os.write(_ERROR_STREAM, line)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None


def _create(path: Path) -> tuple[BinaryIO, Path]:
    """A new temporary file for `path`, locked. Another process may take it for a leftover before it is."""
    while True:
        temporary = _temporary(path)
        file = temporary.open("xb")
        if lock(file.fileno(), wait=True) and is_at(file.fileno(), temporary):
            return file, temporary
        file.close()


def _claimed(place: Path, where: str, *, wait: bool) -> int | None:
    """The open and locked file of a claim; None where another process holds it."""
    while True:
        with writing(where):
            _make_folder(place.parent)
            number = os.open(place, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if not lock(number, wait=wait):
                os.close(number)
                return None
        except BaseException:  # Ctrl-C while it waits
            os.close(number)
            raise
        if is_at(number, place):
            return number
        os.close(number)


def _copy_permissions(path: Path, file: BinaryIO) -> None:
    """Give a file the permissions of the one that it replaces, before it has any content."""
    with contextlib.suppress(OSError, AttributeError):  # there is none; Windows has no fchmod
        status = path.lstat()
        if stat.S_ISREG(status.st_mode):
            os.fchmod(file.fileno(), status.st_mode & 0o777)


def _sync_folder(folder: Path) -> None:
    """Write the names in a folder to the disk, so that no file that is deleted next outlives its successor."""
    with contextlib.suppress(OSError):  # not every file system can
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


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
