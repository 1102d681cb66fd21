"""Consistency: a painting moves with its photo, learnt from photos alone by motion and noise that are made up.

For a photo c, a network N, a flow w that leads from each pixel to another place of the photo, and a noise e,

    mean over valid pixels and channels of (W(N(c)) - N(W(c) + e))^2 / 100,

where W(x)(p) is the bilinear value of x at p + w(p). It is zero for a network whose strokes follow the picture and that
does not heed the grain. This is the compound regularisation of Wang et al. 2020 (Consistent Video Style Transfer via
Compound Regularization, AAAI), with squares in place of their norm. Its unit is that of `temporal_weight` of films: at
weight 1, a difference of 10 grey levels everywhere costs 1.
"""

from __future__ import annotations

from math import cos, radians, sin

import numpy as np
from keras import ops

from neural_style.backend import Tensor
from neural_style.feedforward.photos import Array, Batch
from neural_style.losses.temporal import UNIT, temporal_loss

SHIFT, DEGREES, ZOOM = 8.0, 2.0, 0.03
"""Of a made-up motion at most, to both sides: pixels, a turn, and a change of size; as from one frame of a film to the
next, of 256 rows."""

NOISE = 4.0
"""Standard deviation of the noise in grey levels, at most: that of a film's grain and its compression."""


def made_up_motion(rng: np.random.Generator, count: int, size: tuple[int, int]) -> Batch:
    """A flow and a noise for each of some photos.

    Returns:
        `flow` (count, H, W, 2), in pixels right and down, and `noise` (count, H, W, 3) in grey levels; float32.
    """
    deviations = rng.uniform(0, NOISE, (count, 1, 1, 1))
    noise = deviations * rng.standard_normal((count, *size, 3))
    flow = np.stack([_affine_flow(rng, size) for _ in range(count)])
    return {"flow": flow.astype(np.float32), "noise": noise.astype(np.float32)}


def _affine_flow(rng: np.random.Generator, size: tuple[int, int]) -> Array:
    """A shift, turn and zoom around the middle, (H, W, 2)."""
    angle, zoom = radians(rng.uniform(-DEGREES, DEGREES)), 1 + rng.uniform(-ZOOM, ZOOM)
    a, b = zoom * cos(angle) - 1, zoom * sin(angle)
    y, x = (axis - (extent - 1) / 2 for axis, extent in zip(np.mgrid[: size[0], : size[1]], size, strict=True))
    return np.stack([a * x - b * y, b * x + a * y], axis=-1) + rng.uniform(-SHIFT, SHIFT, 2)


def moved(pictures: Tensor, flow: Tensor) -> tuple[Tensor, Tensor]:
    """Pictures moved along a flow, as by `neural_style.images.warping.warp`, with a gradient.

    Args:
        pictures: (N, H, W, C).
        flow: (N, H, W, 2), right and down.

    Returns:
        (N, H, W, C), and where the flow leads to a place in the picture, (N, H, W, 1), 1 or 0.
    """
    rows, columns, channels = pictures.shape[1:]
    x = flow[..., 0] + ops.arange(columns, dtype="float32")
    y = flow[..., 1] + ops.arange(rows, dtype="float32")[:, None]
    is_inside = (x >= 0) & (x <= columns - 1) & (y >= 0) & (y <= rows - 1)
    x, y = ops.clip(x, 0, columns - 1), ops.clip(y, 0, rows - 1)
    left, top = ops.minimum(ops.floor(x), columns - 2), ops.minimum(ops.floor(y), rows - 2)
    across, down = ((value - whole)[..., None] for value, whole in ((x, left), (y, top)))
    flat = ops.reshape(pictures, (-1, rows * columns, channels))
    first = ops.reshape(ops.cast(top * columns + left, "int32"), (-1, rows * columns, 1))
    corners = [
        ops.reshape(ops.take_along_axis(flat, first + step, axis=1), (-1, rows, columns, channels))
        for step in (0, 1, columns, columns + 1)
    ]
    upper = corners[0] * (1 - across) + corners[1] * across
    lower = corners[2] * (1 - across) + corners[3] * across
    return upper * (1 - down) + lower * down, ops.cast(is_inside, "float32")[..., None]


def consistency_loss(painted: Tensor, painted_after: Tensor, flow: Tensor) -> Tensor:
    """See the module.

    Args:
        painted: N(c), (N, H, W, C), in grey levels.
        painted_after: N(W(c) + e), likewise.
        flow: w, (N, H, W, 2).

    Returns:
        (N,).
    """
    before, valid = moved(painted, flow)
    return temporal_loss(painted_after, before, valid) / (
        UNIT * painted.shape[-1] * ops.maximum(ops.sum(valid, axis=(1, 2, 3)), 1.0)
    )
