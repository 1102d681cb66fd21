"""Optical flow between two frames: DIS by OpenCV, or any function of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neural_style.errors import InvalidInputError
from neural_style.images.warping import sampled
from neural_style.validation import check_choice
from neural_style.video.packages import opencv

Array = np.ndarray[Any, Any]

Flow = Callable[[Array, Array], Array]
"""Maps two frames, uint8 (H, W, 3), to the flow from the first to the second, float32 (H, W, 2): the scene at pixel
(x, y) of the first is at (x + u, y + v) of the second."""

SMALLEST = 16
"""Fewest rows and columns of a frame: DIS compares patches of 8 x 8 at two scales."""

STRIDE = 2
"""Pixels from patch to patch, in place of 3: in some frames a square of 19 pixels moved between them unseen."""

DISTANCES, ROUNDS = (8, 4, 2, 1), 2
"""Pixels from which a pixel at the boundary of a motion may take the flow, as DIS blurs boundaries by its patches; and
how often all are tried."""

OTHER_MOTION = 1.0
"""Pixels by which two flows differ at least to be those of two things: a smaller step is left to DIS, which is more
exact within a thing than the colours of 3 x 3 pixels."""

LARGEST_ERROR, SUPPORT = 30.0, 60.0
"""Grey levels of all channels together: the most that a pixel of a patch can speak against a flow, and the difference
of colours at which its weight is 1 / e."""

DOWN, ACROSS = np.repeat([-1, 0, 1], 3), np.tile([-1, 0, 1], 3)
"""Rows and columns of a patch."""

MOST_BOUNDARIES = 0.5
"""Share of pixels near boundaries from which the flow is that of two shots, and nothing can be sharpened."""

AT_ONCE = 1 << 14
"""Patches that are compared at once, for cache and memory."""

GAIN = 1.0
"""Grey levels of all channels together by which another thing's flow has to fit better."""


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
    time (benchmarks/RESULTS.md). Boundaries between motions are sharpened, see `with_sharp_boundaries`.

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
    estimator.setPatchStride(STRIDE)
    return with_sharp_boundaries(first, second, np.asarray(estimator.calc(*grey, None), np.float32))


def with_sharp_boundaries(first: Array, second: Array, flow: Array) -> Array:
    """A flow in which each pixel near the boundary of a motion has that of the thing that it belongs to.

    Patches of DIS that hold parts of two things mix their motions, in a seam of some pixels. There each pixel compares
    its flow w with those of pixels at `DISTANCES` to all four sides, as PatchMatch does (propagation, Barnes et al.
    2009), and takes over the one with the least

        sum_p s(p) min(|first(p) - second(p + w)|, LARGEST_ERROR) / sum_p s(p)

    over 3 x 3 pixels p, where s(p) = exp(-|first(p) - first(x)| / SUPPORT) leaves out what belongs to something else
    (adaptive support weights, Yoon & Kweon 2006). On sample clips of a moving layer pixels with a wrong flow fall from
    2 to 3 % to less than 1 %, and boundaries are where the colours change.

    Args:
        first, second: uint8 (H, W, 3).
        flow: from the first to the second, (H, W, 2).

    Returns:
        float32 (H, W, 2).
    """
    found = np.array(flow, np.float32)
    rows, columns = _boundaries(found)
    if len(rows) > MOST_BOUNDARIES * found[..., 0].size:
        return found
    first, second = first.astype(np.float32), second.astype(np.float32)
    own = _mismatch(first, second, rows, columns, found[rows, columns])
    for distance in DISTANCES * ROUNDS:
        for down, across in ((0, distance), (0, -distance), (distance, 0), (-distance, 0)):
            other = found[np.clip(rows + down, 0, found.shape[0] - 1), np.clip(columns + across, 0, found.shape[1] - 1)]
            (tried,) = np.nonzero(np.square(other - found[rows, columns]).sum(axis=-1) > OTHER_MOTION**2)
            error = _mismatch(first, second, rows[tried], columns[tried], other[tried])
            is_better = error + GAIN < own[tried]
            chosen = tried[is_better]
            found[rows[chosen], columns[chosen]], own[chosen] = other[chosen], error[is_better]
    return found


def _boundaries(flow: Array) -> tuple[Array, Array]:
    """Rows and columns of the pixels that have another motion within those distances, up, down, left or right."""
    is_near = np.zeros(flow.shape[:2], bool)
    for axis in (0, 1):
        lines = np.moveaxis(is_near, axis, 0)
        values = np.moveaxis(flow, axis, 0)
        for distance in DISTANCES:
            is_other = np.square(values[distance:] - values[:-distance]).sum(axis=-1) > OTHER_MOTION**2
            lines[distance:] |= is_other
            lines[:-distance] |= is_other
    rows, columns = np.nonzero(is_near)
    return rows, columns


def _mismatch(first: Array, second: Array, rows: Array, columns: Array, flow: Array) -> Array:
    """The error of a flow for the 3 x 3 pixels around each place, see `with_sharp_boundaries`.

    Args:
        first, second: float32 (H, W, 3).
        rows, columns: (N,).
        flow: (N, 2).
    """
    found = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        y = np.clip(rows[part, None] + DOWN, 0, first.shape[0] - 1)
        x = np.clip(columns[part, None] + ACROSS, 0, first.shape[1] - 1)
        patch = first[y, x]
        there = sampled(second, np.float32(x) + flow[part, :1], np.float32(y) + flow[part, 1:])
        errors = np.minimum(np.abs(there - patch).sum(axis=-1), LARGEST_ERROR)
        support = np.exp(-np.abs(patch - patch[:, [len(DOWN) // 2]]).sum(axis=-1) / SUPPORT)
        found[part] = (support * errors).sum(axis=-1) / support.sum(axis=-1)
    return found


FLOWS: dict[str, Flow] = {"dis": dis}
"""Flows by name."""
