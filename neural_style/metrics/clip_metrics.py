"""Metrics of clips: flicker along the motion, and drift."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from neural_style.errors import InvalidInputError
from neural_style.images import LUMA
from neural_style.images.warping import inside, warp

Array = np.ndarray[Any, Any]


def warping_error(
    frames: Sequence[Array] | Array, flows: Sequence[Array] | Array, valid: Sequence[Array] | Array | None = None
) -> float:
    """`E_warp`: how much a clip changes along its motion, the mean over neighbouring frames of

        sqrt(mean over valid pixels and channels of (x_i - w(x_(i-1)))^2) / 255,

    with w the bilinear warp to frame i (Lai et al. 2018, arXiv:1808.00449, equation 8, of which this is the root).
    Interpolation alone has 0.001 to 0.03, noise of 8 grey levels about 0.04: compare with the source clip's own. A slow
    change of brightness hardly shows; see `drift`.

    Example:
        >>> import numpy as np
        >>> from neural_style import metrics
        >>> flat = np.full((1, 8, 8, 3), 100.0)
        >>> metrics.warping_error(np.concatenate([flat, flat + 51]), np.zeros((1, 8, 8, 2)))
        0.2

    Args:
        frames: (H, W, 3), RGB in 0..255, at least two.
        flows: (H, W, 2) for each frame but the first: to the frame before, see `neural_style.images.warping.warp`.
        valid: bool (H, W) for each of these, where the pixel can be seen in the frame before; by default everywhere.
            Pixels that the flow takes out of the frame never count.

    Returns:
        In parts of 255.

    Raises:
        InvalidInputError: the numbers do not match, or no pixel is valid.
    """
    _check_counts(frames, flows, valid)
    errors = []
    for index, flow in enumerate(flows):
        seen = inside(flow) if valid is None else inside(flow) & valid[index]
        if not seen.any():
            continue
        change = np.asarray(frames[index + 1], np.float64) - warp(frames[index], flow)
        errors.append(float(np.sqrt(np.square(change[seen]).mean())) / 255)
    if not errors:
        raise InvalidInputError("no pixel of these frames can be seen in the frame before: check flows and masks")
    return float(np.mean(errors))


def drift(frames: Sequence[Array] | Array, flows: Sequence[Array] | Array | None = None) -> float:
    """The largest change of the mean luminance of a scene since the first frame, in grey levels.

    The first frame is warped to each later one, and the means over what can still be seen of it are compared.

    Example:
        >>> import numpy as np
        >>> from neural_style import metrics
        >>> flat = np.full((8, 8, 3), 100.0)
        >>> metrics.drift([flat, flat + 1, flat + 3])
        3.0

    Args:
        frames: (H, W, 3), RGB in 0..255, at least two.
        flows: as in `warping_error`; None for a still camera.

    Raises:
        InvalidInputError: the numbers do not match.
    """
    size = np.shape(frames[0])[:2]
    steps = np.zeros((len(frames) - 1, *size, 2), np.float32) if flows is None else flows
    _check_counts(frames, steps, None)
    total = np.zeros((*size, 2), np.float32)
    largest = 0.0
    for frame, flow in zip(frames[1:], steps, strict=True):
        total = flow + warp(total, flow)  # from this frame to the first, by way of the one before
        seen = inside(total)
        if not seen.any():
            break
        change = (np.asarray(frame, np.float64) - warp(frames[0], total)) @ LUMA
        largest = max(largest, abs(float(change[seen].mean())))
    return round(largest, 9)


def _check_counts(frames: Sequence[Array] | Array, flows: Sequence[Array] | Array, valid: Any) -> None:
    wanted = len(frames) - 1
    if wanted < 1 or len(flows) != wanted or (valid is not None and len(valid) != wanted):
        received = f"{len(frames)} frames, {len(flows)} flows"
        raise InvalidInputError(
            f"a clip has at least two frames, and a flow and a mask for each but the first, received {received}"
            + ("" if valid is None else f" and {len(valid)} masks")
        )
