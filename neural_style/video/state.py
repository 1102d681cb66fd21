"""What methods remember of the frames before: in memory, and as arrays from which a film is resumed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neural_style.errors import InvalidInputError

Array = np.ndarray[Any, Any]

DAMAGED = "the state of the film is damaged, or of other settings: start it anew"
"""The message for arrays that are no state."""


class FrameSize:
    """The size that all frames of a film have."""

    def __init__(self) -> None:
        self.size: tuple[int, int] | None = None

    def check(self, frame: Array) -> None:
        """Raise `InvalidInputError` unless it is a frame, and of the size of the first."""
        if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
            raise InvalidInputError(f"a frame is uint8 (H, W, 3), received {frame.dtype} {frame.shape}")
        size = frame.shape[0], frame.shape[1]
        if self.size not in (None, size):
            raise InvalidInputError(f"all frames of a film have one size, {self.size}, received {size}")
        self.size = size


class History:
    """The last frames of a shot, and what they became, newest first.

    Attributes:
        frames: uint8 (H, W, 3).
        results: float32 (H, W, 3).
    """

    def __init__(self, length: int) -> None:
        """`length` is the number of frames that are kept."""
        self._length = length
        self.frames: list[Array] = []
        self.results: list[Array] = []

    def add(self, frame: Array, result: Array) -> None:
        self.frames = [frame.copy(), *self.frames][: self._length]
        self.results = [np.asarray(result, np.float32), *self.results][: self._length]

    def clear(self) -> None:
        self.frames, self.results = [], []

    def state(self) -> dict[str, Array]:
        """Copies, `frames` and `results`; empty before the first frame."""
        return {"frames": np.stack(self.frames), "results": np.stack(self.results)} if self.frames else {}

    def load_state(self, state: Mapping[str, Array]) -> None:
        """Take over a `state`.

        Raises:
            InvalidInputError: the arrays are none.
        """
        self.clear()
        if not state:
            return
        frames, results = state.get("frames"), state.get("results")
        if (
            frames is None
            or results is None
            or frames.shape != results.shape
            or frames.ndim != 4
            or (frames.dtype, results.dtype) != (np.uint8, np.float32)
            or not 1 <= len(frames) <= self._length
        ):
            raise InvalidInputError(DAMAGED)
        self.frames, self.results = list(frames), list(results)
