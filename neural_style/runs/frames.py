"""Frames of an animation beside a checkpoint: each is appended once, so that an iteration writes its own only.

The file is `<checkpoint>.frames`: a mark, and the pixels of each frame one after the other. The checkpoint has their
sizes; what a killed run has appended after its last checkpoint is overwritten by the resumed one.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from neural_style import files, interruption
from neural_style.errors import InvalidInputError

MARK = b"neural_style frames\n"

Size = tuple[int, int]


class FrameFile:
    """The frames of one run, uint8 (H, W, 3).

    Attributes:
        path: of the file, which exists once there is a frame.
    """

    def __init__(self, checkpoint: Path) -> None:
        self.path = checkpoint.with_name(f"{checkpoint.name}.frames")
        self._sizes: list[Size] = []

    def check(self) -> None:
        """Raise `InvalidInputError` where a file of somebody else's has the name."""
        where = f'"{self.path}"'
        with files.writing(where):
            if os.path.lexists(self.path) and not self._is_own():
                raise InvalidInputError(f"{where} is no file of neural_style: choose another name for the checkpoint")

    def read(self, sizes: Sequence[Sequence[int]]) -> list[np.ndarray]:
        """The frames of these sizes; none where the file lacks one of them."""
        self._sizes = [(int(rows), int(columns)) for rows, columns in sizes]
        lengths = [3 * rows * columns for rows, columns in self._sizes]
        if not self._sizes or not self._is_own() or self.path.stat().st_size < len(MARK) + sum(lengths):
            self._sizes = []
            return []
        with self.path.open("rb") as file:
            file.seek(len(MARK))
            pixels = (np.frombuffer(file.read(length), np.uint8) for length in lengths)
            return [each.reshape(*size, 3) for each, size in zip(pixels, self._sizes, strict=True)]

    def append(self, frames: Sequence[np.ndarray]) -> list[Size]:
        """Write those of a run's frames that the file lacks; returns the sizes of all.

        Raises:
            InvalidInputError: they cannot be written.
        """
        sizes = [(frame.shape[0], frame.shape[1]) for frame in frames]
        kept = len(self._sizes) if sizes[: len(self._sizes)] == self._sizes else 0
        if len(sizes) > kept:
            with interruption.held(), files.writing(f'frames "{self.path}"'):
                number = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o666)
                with os.fdopen(number, "wb") as file:
                    file.write(MARK)
                    file.seek(sum(3 * rows * columns for rows, columns in sizes[:kept]), os.SEEK_CUR)
                    for frame in frames[kept:]:
                        file.write(frame.tobytes())
                    file.truncate()
                    file.flush()
                    os.fsync(file.fileno())  # before the checkpoint that counts them
        self._sizes = sizes
        return sizes

    def delete(self) -> None:
        """Delete the file."""
        if self._is_own():
            self.path.unlink()

    def _is_own(self) -> bool:
        if not self.path.is_file():
            return False
        with self.path.open("rb") as file:
            return MARK.startswith(file.read(len(MARK)))  # the rest is missing where the disk was full
