"""The interfaces between files and methods: frames in, painted frames out, and a state to resume from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np


class FrameMethod(Protocol):
    """Paints the frames of one film in display order; it finds the shots itself."""

    def transfer(self, frame: np.ndarray) -> np.ndarray:
        """Paint the next frame.

        Args:
            frame: uint8 (h, w, 3), RGB. All frames of a film have one size.

        Returns:
            uint8 (h, w, 3), of the same size.
        """
        ...

    def state(self) -> dict[str, np.ndarray]:
        """Everything that the next frames depend on: a film resumed from it equals the unbroken one to the bit.

        The arrays are copies, which later frames leave as they are; empty before the first frame.
        """
        ...

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Resume behind the frame after which `state` was called, of a method with the same settings.

        Raises:
            InvalidInputError: the arrays are not those of such a state.
        """
        ...


@runtime_checkable
class SeparateShots(Protocol):
    """What a method has whose shots do not depend on one another, so that other processes can paint them.

    It can be pickled; a `FrameMethod` begins a shot with `load_state({})`.
    """

    def begins_shot(self, frame: np.ndarray, earlier: np.ndarray) -> bool:
        """Whether a frame, uint8 (h, w, 3), begins a shot, given the one before it."""
        ...


@runtime_checkable
class ShotMethod(Protocol):
    """Paints whole shots, whose frames it sees several times; it finds the shots itself."""

    def paint_shots(
        self,
        frames: Callable[[int], Iterator[np.ndarray]],
        folder: Path,
        finished: Callable[[], int],
        advance: Callable[[float, float], object],
    ) -> Iterator[np.ndarray]:
        """Paint the frames of one film, and yield them in display order, uint8 (h, w, 3) like the frames.

        Args:
            frames: the frames of the film, uint8 (h, w, 3), from a number on, counted from 0.
            folder: for files of its own, named as in `neural_style.video.shot_folder`, by which a film is resumed: the
                result equals the unbroken one to the bit.
            finished: the number of frames that are safe in the film, and whose files may be deleted; the painted frames
                begin with the first that is not.
            advance: called with the number of frames that are painted, in all and in this run; one that is painted in
                some of the passes counts in part.

        Raises:
            InvalidInputError: a frame has another size than those before, or the files are damaged.
            KeyboardInterrupt: an optimisation was interrupted.
        """
        ...
