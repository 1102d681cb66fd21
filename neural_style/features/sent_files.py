"""Files of weights that this process was sent, since the user's may lie on another machine.

Such a file is known by the user's name for it, so that settings, records and messages are those of the user's machine.
Its content stays in memory, and is a file only while it is read: nothing is left behind, however the process ends.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

ENDINGS = (".h5", ".npz", ".keras")
"""Files of weights and networks."""


class SentFile(NamedTuple):
    """A file.

    Attributes:
        content: its bytes, uint8.
        sha256: of them.
    """

    content: np.ndarray
    sha256: str


_sent: dict[str, SentFile] = {}


def is_file_to_send(name: str | os.PathLike[str] | None) -> bool:
    """Whether this names a file of weights that exists, and not weights such as `imagenet`."""
    return name is not None and os.fspath(name).lower().endswith(ENDINGS) and Path(name).is_file()


def receive(name: str, file: SentFile) -> None:
    """Use a file in place of the one of that name."""
    _sent[str(Path(name))] = file


def received(path: Path) -> SentFile | None:
    """The file that was sent for one of that name."""
    return _sent.get(str(path))


def is_at_hand(path: Path) -> bool:
    """Whether there is such a file, here or sent."""
    return received(path) is not None or path.is_file()


@contextmanager
def at_hand(path: Path) -> Iterator[Path]:
    """The path itself, or that of a temporary copy of the file that was sent for it."""
    if (sent := received(path)) is None:
        yield path
        return
    with TemporaryDirectory(prefix="neural-style-") as folder:
        copy = Path(folder) / path.name
        copy.write_bytes(sent.content.data)
        yield copy
