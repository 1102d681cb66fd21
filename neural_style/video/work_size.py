"""Frames painted small and enlarged: the pipeline of uhmwpe/artistic_gen, which paints at 128 rows and enlarges.

Time falls with the pixels. Strokes come out as wide, in pixels of the small frame, as the method paints them, and are
enlarged with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from neural_style import images
from neural_style.enhancement.sizes import POOLINGS, maxima
from neural_style.validation import check_choice, check_count
from neural_style.video.method import FrameMethod

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
        check_count("work_size", rows, at_least=1)
        check_choice("pooling", pooling, POOLINGS)
        self.method, self.rows, self.pooling = method, rows, pooling

    def transfer(self, frame: Array) -> Array:
        """Paint the next frame, see `neural_style.video.method.FrameMethod`; enlarged by Lanczos' filter."""
        height, width = frame.shape[:2]
        if height <= self.rows:
            return self.method.transfer(frame)
        size = self.rows, max(1, round(width * self.rows / height))
        painted = self.method.transfer(reduced(frame, size, self.pooling))
        return images.to_uint8(images.resize(painted, (height, width), method="lanczos"))

    def state(self) -> dict[str, Array]:
        """See `neural_style.video.method.FrameMethod`."""
        return self.method.state()

    def load_state(self, state: Mapping[str, Array]) -> None:
        """See `neural_style.video.method.FrameMethod`."""
        self.method.load_state(state)


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
