"""Total variation: the penalty on differences between neighbouring pixels."""

from __future__ import annotations

from keras import ops

from neural_style.backend import Tensor, part_of
from neural_style.losses.shapes import check_axes

EXPONENT = 1.25
"""Exponent of the reference scripts: 0.5 is total variation proper and 1 a quadratic penalty; 1.25 is harder still on
single outlying pixels and softer on faint texture."""


def total_variation(image: Tensor, *, exponent: float = EXPONENT) -> Tensor:
    """`sum ((x[i,j] - x[i+1,j])^2 + (x[i,j] - x[i,j+1])^2)^exponent` over pixels and channels.

    The sum leaves out the last row and the last column, as in titu1994/Neural-Style-Transfer. The form with exponent
    beta/2 is that of Mahendran & Vedaldi 2015 (arXiv:1412.0035, equation 5).

    Args:
        image: x, (N, H, W, C), in grey levels; adding a constant to a channel changes nothing.
        exponent: 1.25 in the reference scripts.

    Returns:
        (N,), in grey levels to the power of twice the exponent; zero for an image of one colour; grows with the number
        of pixels.

    Raises:
        InvalidInputError: the shape is not this.
    """
    check_axes("the image", image, ("N", "H", "W", "C"))
    rows, columns = image.shape[1] - 1, image.shape[2] - 1
    corner = part_of(image, slice(0, rows), slice(0, columns))
    down = ops.square(corner - part_of(image, slice(1, rows + 1), slice(0, columns)))
    right = ops.square(corner - part_of(image, slice(0, rows), slice(1, columns + 1)))
    return ops.sum(ops.power(down + right, exponent), axis=(1, 2, 3))
