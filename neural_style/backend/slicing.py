"""Parts of maps, with a fast gradient."""

from __future__ import annotations

from neural_style.backend.framework import NAME, Tensor, tf


def part_of(maps: Tensor, rows: slice, columns: slice) -> Tensor:
    """`maps[:, rows, columns]` of (N, H, W, C), for slices with a start and a stop within the map.

    The gradient of an index takes TensorFlow nine times as long as that of `tf.slice` (64 channels, 264 x 264).
    """
    if NAME != "tensorflow":
        return maps[:, rows, columns]
    extent = rows.stop - rows.start, columns.stop - columns.start
    return tf.slice(maps, (0, rows.start, columns.start, 0), (-1, *extent, -1))
