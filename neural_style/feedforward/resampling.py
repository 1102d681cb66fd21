"""Smooth changes of resolution, under which a picture follows its photo when that moves by a pixel.

After Zhang 2019 (arXiv:1904.11486): pooling takes the maximum at every position and a binomial mean before it drops
three of four; enlarging is linear. Every border is padded by reflection, so that no frame appears.
"""

from __future__ import annotations

from keras import ops
from keras.backend import backend

from neural_style.backend import Tensor

POOLS = backend() == "tensorflow"
"""Whether they are made of pooling, which TensorFlow has fast programs for, or of slices, which XLA fuses: the values
are the same, and the time of the wrong choice is ten times that of the right one."""


def pad(x: Tensor, width: int = 1) -> Tensor:
    """(N, H, W, C) with a border of that width, reflected."""
    return ops.pad(x, [[0, 0], [width, width], [width, width], [0, 0]], mode="reflect")


def halved(x: Tensor) -> Tensor:
    """(N, H, W, C) with a border of one to (N, H/2 - 1, W/2 - 1, C): weights 1 2 1 around every second position."""
    if POOLS:
        x = ops.average_pool(x, 2, 1, padding="valid", data_format="channels_last")
        return ops.average_pool(x, 2, 2, padding="valid", data_format="channels_last")
    x = 0.25 * (x[:, :-2:2] + x[:, 2::2]) + 0.5 * x[:, 1:-1:2]
    return 0.25 * (x[:, :, :-2:2] + x[:, :, 2::2]) + 0.5 * x[:, :, 1:-1:2]


def pooled(x: Tensor) -> Tensor:
    """Maxima of 2x2 at every position, blurred, of which every fourth is kept: (N, H, W, C) to (N, H/2, W/2, C)."""
    x = pad(x)
    if POOLS:
        return halved(ops.max_pool(x, 2, 1, padding="valid", data_format="channels_last"))
    x = ops.maximum(x[:, 1:], x[:, :-1])
    return halved(ops.maximum(x[:, :, 1:], x[:, :, :-1]))


def shrunk(x: Tensor) -> Tensor:
    """Means with weights 1 3 3 1: (N, H, W, C) to (N, H/2, W/2, C), centred as `pooled` is."""
    x = pad(x)
    if POOLS:
        return halved(ops.average_pool(x, 2, 1, padding="valid", data_format="channels_last"))
    x = 0.5 * (x[:, 1:] + x[:, :-1])
    return halved(0.5 * (x[:, :, 1:] + x[:, :, :-1]))


def enlarged(x: Tensor) -> Tensor:
    """Linear interpolation, (N, H, W, C) to (N, 2 H, 2 W, C): values repeated, then blurred by 1 2 1."""
    if POOLS:
        shape, channels = ops.shape(x), x.shape[-1]
        x = ops.tile(x[:, :, None, :, None], (1, 1, 2, 1, 2, 1))
        x = ops.reshape(x, (shape[0], 2 * shape[1], 2 * shape[2], channels))
        x = ops.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="symmetric")
        for _ in range(2):
            x = ops.average_pool(x, 2, 1, padding="valid", data_format="channels_last")
        return x
    for axis in (1, 2):
        x = ops.repeat(x, 2, axis=axis)
        border = [[0, 0]] * 4
        border[axis] = [1, 1]
        x = ops.pad(x, border, mode="symmetric")
        if axis == 1:
            x = 0.25 * (x[:, :-2] + x[:, 2:]) + 0.5 * x[:, 1:-1]
        else:
            x = 0.25 * (x[:, :, :-2] + x[:, :, 2:]) + 0.5 * x[:, :, 1:-1]
    return x


def grain_of(noise: Tensor) -> Tensor:
    """Noise (N, H, W, C) at a quarter of the size, again with a deviation of 1."""
    noise = ops.pad(noise, [[0, 0], [2, 2], [2, 2], [0, 0]], mode="reflect")
    return 8 * ops.average_pool(noise, 8, 4, padding="valid", data_format="channels_last")
