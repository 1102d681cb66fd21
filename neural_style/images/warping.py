"""Pictures moved along a flow."""

from __future__ import annotations

from typing import Any

import numpy as np

from neural_style.errors import InvalidInputError

Array = np.ndarray[Any, Any]


def warp(image: Array, flow: Array) -> Array:
    """The picture whose pixel (x, y) is the bilinear value of `image` at (x + u, y + v).

    So the previous frame, warped by the flow from this frame to the previous one, lies on this frame. Beyond the border
    the nearest pixel counts; `inside` says where that is.

    Example:
        >>> import numpy as np
        >>> from neural_style.images.warping import warp
        >>> warp(np.array([[0.0, 10.0, 20.0]]), np.full((1, 3, 2), [0.5, 0.0])).tolist()
        [[5.0, 15.0, 20.0]]

    Args:
        image: (H, W) or (H, W, C), of any type.
        flow: (H, W, 2), u to the right and v down, in pixels.

    Returns:
        float32, of the shape of `image`.

    Raises:
        InvalidInputError: the sizes differ, or the flow is not finite.
    """
    rows, columns = image.shape[:2]
    if flow.shape != (rows, columns, 2):
        raise InvalidInputError(f"the flow of a picture {image.shape} must be ({rows}, {columns}, 2), not {flow.shape}")
    if not np.isfinite(flow).all():
        raise InvalidInputError("the flow has values that are not finite: leave out NaN and infinity")
    return sampled(image, *_sources(flow))


def sampled(image: Array, x: Array, y: Array) -> Array:
    """Bilinear values of a picture at places given in pixels; beyond the border the nearest pixel counts.

    Args:
        image: (H, W) or (H, W, C), of any type.
        x, y: columns and rows, float32, of any one shape S.

    Returns:
        float32, S or S + (C,).
    """
    rows, columns = image.shape[:2]
    x, y = np.clip(x, 0, columns - 1), np.clip(y, 0, rows - 1)
    left, top = np.minimum(x.astype(np.int32), max(columns - 2, 0)), np.minimum(y.astype(np.int32), max(rows - 2, 0))
    right, bottom = np.minimum(left + 1, columns - 1), np.minimum(top + 1, rows - 1)
    shape = x.shape + (1,) * (image.ndim - 2)
    across, down = (x - left).reshape(shape), (y - top).reshape(shape)
    values = np.asarray(image, np.float32)
    upper = values[top, left] * (1 - across) + values[top, right] * across
    lower = values[bottom, left] * (1 - across) + values[bottom, right] * across
    found: Array = upper * (1 - down) + lower * down
    return found


def inside(flow: Array) -> Array:
    """Where a flow (H, W, 2) leads to a place in the picture: bool (H, W)."""
    rows, columns = flow.shape[:2]
    x, y = _sources(flow)
    found: Array = (x >= 0) & (x <= columns - 1) & (y >= 0) & (y <= rows - 1)
    return found


def _sources(flow: Array) -> tuple[Array, Array]:
    """Columns and rows that the flow leads to, float32 (H, W)."""
    rows, columns = flow.shape[:2]
    x = np.arange(columns, dtype=np.float32)[None] + flow[..., 0].astype(np.float32)
    return x, np.arange(rows, dtype=np.float32)[:, None] + flow[..., 1].astype(np.float32)
