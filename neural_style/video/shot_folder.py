"""The frames of a shot and their paintings between passes, as files: memory holds a few, whatever the shot's length.

Each file appears complete or not at all, so that a killed run loses one painting at most. Paintings are stored as they
are, in 12 bytes a pixel, and frames in 3.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neural_style import files
from neural_style.errors import InvalidInputError
from neural_style.features.npz import Archive
from neural_style.video.state import DAMAGED

Array = np.ndarray[Any, Any]

OWN = r"frame\d{6,}\.npz|painting\d{6,}\.npz|shot\.npz"
"""Names of the files, for `neural_style.video.work`."""

SHOT = "shot.npz"
"""The file of the state of a shot."""


class ShotFolder:
    """Frames of a film from the first on that is not finished, numbered from 0.

    Attributes:
        first: the number of that frame.
        end: the number behind the last frame that is stored.
    """

    def __init__(self, path: Path, first: int) -> None:
        """
        Args:
            path: an existing folder.
            first: as above; frames before it, and paintings without frames, which a killed run left, are deleted.

        Raises:
            InvalidInputError: frames between others are missing.
        """
        self._path, self.first = path, first
        numbers = {kind: self._numbers(kind) for kind in ("frame", "painting")}
        kept = sorted(index for index in numbers["frame"] if index >= first)
        self.end = first + len(kept)
        if kept != list(range(first, self.end)):
            raise InvalidInputError(DAMAGED)
        for index in numbers["frame"].union(numbers["painting"]).difference(kept):
            self._delete(index)

    def add(self, frame: Array, *, begins: bool) -> None:
        """Store the next frame, uint8 (H, W, 3), and whether a shot begins with it."""
        self._write(f"frame{self.end:06d}.npz", {"frame": frame, "begins": np.array(begins)})
        self.end += 1

    def frame(self, index: int) -> Array:
        """A stored frame."""
        return self._read(f"frame{index:06d}.npz", "frame")["frame"]

    def begins(self, index: int) -> bool:
        """Whether a shot begins with a stored frame."""
        return bool(self._read(f"frame{index:06d}.npz", "begins")["begins"])

    def paint(self, index: int, painting: Array, turn: int) -> None:
        """Store the painting of a frame, float32 (H, W, 3), of a pass, counted from 1; it replaces the last one."""
        self._write(f"painting{index:06d}.npz", {"painting": painting, "turn": np.array(turn)})

    def painting(self, index: int) -> Array:
        """The painting of a frame."""
        return self._read(f"painting{index:06d}.npz", "painting")["painting"]

    def turn(self, index: int) -> int:
        """The pass of the painting of a frame; 0 where there is none."""
        name = f"painting{index:06d}.npz"
        return int(self._read(name, "turn")["turn"]) if (self._path / name).exists() else 0

    def save_state(self, state: Mapping[str, Array]) -> None:
        """Store the state of a shot; it replaces the last one."""
        self._write(SHOT, state)

    def state(self) -> dict[str, Array]:
        """The last state of a shot; empty before the first."""
        return self._read(SHOT) if (self._path / SHOT).exists() else {}

    def forget(self, before: int) -> None:
        """Delete the frames before one, and their paintings: they are in finished segments."""
        for index in range(self.first, before):
            self._delete(index)
        self.first = max(self.first, before)

    def _numbers(self, kind: str) -> set[int]:
        """The numbers of the stored frames, or paintings."""
        found = (re.fullmatch(rf"{kind}(\d{{6,}})\.npz", name) for name in os.listdir(self._path))
        return {int(match[1]) for match in found if match}

    def _delete(self, index: int) -> None:
        for name in ("painting", "frame"):  # the frame last: by it a resumed run finds what is left
            (self._path / f"{name}{index:06d}.npz").unlink(missing_ok=True)

    def _write(self, name: str, arrays: Mapping[str, Array]) -> None:
        with files.atomic_write(self._path / name, f'frame "{self._path / name}"', overwrite=True) as target:
            np.savez(target, **dict[str, Any](arrays))

    def _read(self, name: str, *entries: str) -> dict[str, Array]:
        """Arrays of a file, by default all."""
        try:
            with (self._path / name).open("rb") as file:
                archive = Archive(file)
                return {each: archive.read(each) for each in entries or archive.entries}
        except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
            raise InvalidInputError(DAMAGED) from error
