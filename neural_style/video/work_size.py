"""Frames painted small and enlarged: the pipeline of uhmwpe/artistic_gen, which paints at 128 rows and enlarges.

Time falls with the pixels. Strokes come out as wide, in pixels of the small frame, as the method paints them, and are
enlarged with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neural_style import images
from neural_style.enhancement.sizes import POOLINGS, maxima
from neural_style.validation import check_choice, check_count
from neural_style.video.method import FrameMethod, ShotMethod

Array = np.ndarray[Any, Any]


class WorkSize:
    """Another method at fewer rows, as a `neural_style.video.method.FrameMethod`.

    Example:
        >>> import numpy as np
        >>> from neural_style.video.work_size import reduced
        >>> frame = np.array([[0, 8], [2, 6]], np.uint8).repeat(3).reshape(2, 2, 3)
        >>> [reduced(frame, (1, 1), pooling)[0, 0, 0].item() for pooling in ("average", "max")]
        [4, 8]
    """

    def __init__(self, method: FrameMethod, rows: int, *, pooling: str = "average") -> None:
        """
        Args:
            method: paints the small frames.
            rows: of a small frame; a film that has no more is painted as it is.
            pooling: `average`, the mean of the pixels that become one, or `max`, the brightest value of each channel,
                as in artistic_gen: brighter, and harder at edges.

        Raises:
            InvalidInputError: a setting is impossible.
        """
        check_size(rows, pooling)
        self.method, self.rows, self.pooling = method, rows, pooling

    def transfer(self, frame: Array) -> Array:
        """Paint the next frame, see `neural_style.video.method.FrameMethod`; enlarged by Lanczos' filter."""
        return enlarged(self.method.transfer(at_rows(frame, self.rows, self.pooling)), frame.shape)

    def state(self) -> dict[str, Array]:
        """See `neural_style.video.method.FrameMethod`."""
        return self.method.state()

    def load_state(self, state: Mapping[str, Array]) -> None:
        """See `neural_style.video.method.FrameMethod`."""
        self.method.load_state(state)


class ShotsAtWorkSize:
    """The same of a `neural_style.video.method.ShotMethod`, as one."""

    def __init__(self, method: ShotMethod, rows: int, *, pooling: str = "average") -> None:
        """As of `WorkSize`."""
        check_size(rows, pooling)
        self.method, self.rows, self.pooling = method, rows, pooling

    def paint_shots(
        self,
        frames: Callable[[int], Iterator[Array]],
        folder: Path,
        finished: Callable[[], int],
        advance: Callable[[float, float], object],
    ) -> Iterator[Array]:
        """See `neural_style.video.method.ShotMethod`."""
        first = next(frames(0), None)
        if first is None:
            return

        def small(skip: int) -> Iterator[Array]:
            return (at_rows(frame, self.rows, self.pooling) for frame in frames(skip))

        for painted in self.method.paint_shots(small, folder, finished, advance):
            yield enlarged(painted, first.shape)


def check_size(rows: int, pooling: str) -> None:
    """Raise `InvalidInputError` for an impossible number of rows or an unknown pooling."""
    check_count("work_size", rows, at_least=1)
    check_choice("pooling", pooling, POOLINGS)


def at_rows(frame: Array, rows: int, pooling: str) -> Array:
    """A frame of so many rows; one that has no more as it is."""
    height, width = frame.shape[:2]
    return frame if height <= rows else reduced(frame, (rows, max(1, round(width * rows / height))), pooling)


def enlarged(painted: Array, shape: tuple[int, ...]) -> Array:
    """A painted frame in the shape of the clip's, uint8, by Lanczos' filter."""
    if painted.shape == shape:
        return painted
    return images.to_uint8(images.resize(painted, (shape[0], shape[1]), method="lanczos"))


def reduced(frame: Array, size: tuple[int, int], pooling: str) -> Array:
    """A frame at fewer rows and columns.

    Args:
        frame: uint8 (H, W, 3).
        size: rows and columns, at most those of the frame.
        pooling: `average` or `max`, see `neural_style.enhancement.sizes.maxima`.
    """
    if pooling == "average":
        return images.to_uint8(images.resize(frame, size, method="box"))
    return maxima(frame, size)
