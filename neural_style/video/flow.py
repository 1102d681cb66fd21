"""Optical flow between two frames: DIS by OpenCV, or any function of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neural_style.errors import InvalidInputError
from neural_style.validation import check_choice
from neural_style.video.packages import opencv

Array = np.ndarray[Any, Any]

Flow = Callable[[Array, Array], Array]
"""Maps two frames, uint8 (H, W, 3), to the flow from the first to the second, float32 (H, W, 2): the scene at pixel
(x, y) of the first is at (x + u, y + v) of the second."""

SMALLEST = 16
"""Fewest rows and columns of a frame: DIS compares patches of 8 x 8 at two scales."""


def flow_named(name: str | Flow) -> Flow:
    """The flow of a name in `FLOWS`; a function is returned as it is.

    Raises:
        InvalidInputError: there is no flow of that name, or its package is not installed.
    """
    if callable(name):
        return name
    check_choice("flow", name, FLOWS)
    opencv()
    return FLOWS[name]


def dis(first: Array, second: Array) -> Array:
    """DIS (Kroeger, Timofte, Dai & Van Gool 2016, arXiv:1603.03590) by OpenCV, with its `MEDIUM` preset, down to single
    pixels.

    The preset stops at half of the resolution; the last scale makes the end-point error half as large, in twice the
    time (benchmarks/RESULTS.md).

    Args:
        first, second: uint8 (H, W, 3), RGB.

    Returns:
        float32 (H, W, 2), see `Flow`.

    Raises:
        InvalidInputError: OpenCV is not installed, or the frames are smaller than `SMALLEST`.
    """
    cv2 = opencv()
    if min(first.shape[:2]) < SMALLEST:
        raise InvalidInputError(
            f"optical flow needs frames of at least {SMALLEST} x {SMALLEST} pixels, received {first.shape[:2]}"
        )
    grey = [cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY) for frame in (first, second)]
    estimator = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    estimator.setFinestScale(0)
    found: Array = np.asarray(estimator.calc(*grey, None), np.float32)
    return found


FLOWS: dict[str, Flow] = {"dis": dis}
"""Flows by name."""
