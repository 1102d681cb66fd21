"""Reading of a checkpoint's file, which may come from anywhere: everything in it is checked before use."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from neural_style import images
from neural_style.errors import InvalidInputError, reason
from neural_style.features.npz import Archive, ArrayHeader
from neural_style.images.picture import MAX_PIXELS
from neural_style.runs import schema

FORMAT = 4
"""Version of the file format; other versions are refused."""

LARGEST_HEADER = images.LONGEST_RECORD
"""Bytes of the header at most."""


class Stored(NamedTuple):
    """The content of a checkpoint.

    Attributes:
        header: identity and progress of the run; see `neural_style.runs.schema.CHECKPOINT`.
        arrays: the best picture `image`, float (H, W, 3), and the state of the solver; empty before the first
            iteration is done.
    """

    header: dict[str, Any]
    arrays: dict[str, np.ndarray]


def read(path: Path, where: str) -> Stored:
    """The content of a checkpoint.

    Args:
        path: of the file.
        where: name of the file in messages.

    Raises:
        InvalidInputError: it is no checkpoint, is one of another version, is damaged, or cannot be read.
    """
    try:
        if not zipfile.is_zipfile(path):  # reads the end of the file, where a truncated one has no index
            raise _damaged(where) if _begins_like_ours(path) else foreign(where)
        with path.open("rb") as file:
            archive = Archive(file)
            header = _header(archive, where)
            headers = {name: archive.header(name) for name in archive.entries if name != "header"}
            _check_arrays(header, headers, where)
            arrays = {name: archive.read(name) for name in headers}
            if not np.isfinite(arrays.get("image", 0)).all():
                raise _damaged(where)
            return Stored(header, arrays)
    except InvalidInputError:
        raise
    except MemoryError as error:
        raise InvalidInputError(f"{where} does not fit into memory: close other programs") from error
    except OSError as error:
        raise InvalidInputError(f"{where} cannot be read: {reason(error)}") from error
    except Exception as error:  # zipfile and zlib raise whatever the damage looks like to them
        raise _damaged(where) from error


def foreign(where: str) -> InvalidInputError:
    """The error for a file that is no checkpoint."""
    return InvalidInputError(f"{where} is no checkpoint of neural_style: choose another name")


def _header(archive: Archive, where: str) -> dict[str, Any]:
    if "header" not in archive.entries:
        raise foreign(where)
    kind = archive.header("header")
    if kind.dtype != np.uint8 or len(kind.shape) != 1 or kind.bytes > LARGEST_HEADER:
        raise foreign(where)
    try:
        header = schema.parsed(archive.read("header").tobytes().decode(errors="replace"))
        if not isinstance(header, dict) or "neural_style_checkpoint" not in header:
            raise foreign(where)
        if header["neural_style_checkpoint"] != FORMAT:
            raise InvalidInputError(f"{where} is of another version of neural_style: start a new run")
        schema.CHECKPOINT(header, "it")
    except schema.Mismatch as error:
        raise InvalidInputError(
            f"{where} is damaged and cannot be resumed ({error}): delete it and start a new run"
        ) from error
    return dict(header)


def _check_arrays(header: dict[str, Any], headers: dict[str, ArrayHeader], where: str) -> None:
    """Raise `InvalidInputError` unless the arrays are those of a run with so much progress."""
    progress = header["progress"]
    if not progress["history"]:
        if headers or progress["level"]:
            raise _damaged(where)
        return
    image = headers.get("image")
    is_picture = image is not None and _is_picture(image) and image.dtype.kind == "f"
    names = [name for name in headers if name != "image" and not name.startswith("solver.")]
    is_native = all(each.dtype.isnative for each in headers.values())
    if not is_picture or names or not is_native or set(progress["level"]) != set(schema.LEVEL):
        raise _damaged(where)


def _is_picture(header: ArrayHeader) -> bool:
    shape = header.shape
    return len(shape) == 3 and shape[2] == 3 and 0 < shape[0] * shape[1] <= MAX_PIXELS


def _damaged(where: str) -> InvalidInputError:
    return InvalidInputError(f"{where} is damaged and cannot be resumed: delete it and start a new run")


def _begins_like_ours(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"
