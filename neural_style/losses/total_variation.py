"""What keeps neighbouring pixels alike."""

from __future__ import annotations

from keras import ops

from neural_style.backend import Tensor

EXPONENT = 1.25
"""Exponent of the reference scripts: 0.5 is total variation proper and 1 a quadratic penalty; 1.25 is harder still on
single outlying pixels and softer on faint texture."""


def total_variation(image: Tensor, *, exponent: float = EXPONENT) -> Tensor:
    """`sum ((x[i,j] - x[i+1,j])^2 + (x[i,j] - x[i,j+1])^2)^exponent` over pixels and channels.

    The last row and the last column are no starting points, as in titu1994/Neural-Style-Transfer. The form with
    exponent beta/2 is that of Mahendran & Vedaldi 2015 (arXiv:1412.0035, equation 5).

    Args:
        image: (1, H, W, 3); a constant added to a channel changes nothing.
        exponent: 1.25 in the reference scripts.

    Returns:
        A scalar; zero for an image of one colour; grows with the number of pixels.
    """
    corner = image[:, :-1, :-1]
    down = ops.square(corner - image[:, 1:, :-1])
    right = ops.square(corner - image[:, :-1, 1:])
    return ops.sum(ops.power(down + right, exponent))
