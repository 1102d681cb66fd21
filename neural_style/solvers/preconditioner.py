r"""The inverse Hessian `H_0` that the two-loop recursion of L-BFGS starts from.

Of a picture (H, W, 3), from steps `s_k` and changes of the gradient `y_k`, the last pair being s and y:

    H_0 = (s^T y / y^T M y)^1/2 M,     M = C^T F^-1 diag(h) F C     (C: colour axes, F: Fourier transform of each)

    h(f, c)^2 = sum_k |F C s_k|^2 / (s_k^T y_k)  /  sum_k |F C y_k|^2 / (s_k^T y_k)

with both sums over the pairs k and over the frequencies of an octave around f. The gradient with respect to a picture
is far too strong in high frequencies, and how much too strong depends on the problem, on the colour and on the progress
of the run; h learns it from the pairs. A Hessian that is diagonal, and constant within an octave, is found from one
pair. Equation 7.20 of Nocedal & Wright 2006 has the identity for M, and no root; M without the factor makes steps that
are rejected too often, and M with the whole factor makes them too short.

Of any other array, that equation as it stands:

    H_0 = s^T y / y^T y

Before there is a pair, H_0 is M with h = f^-1/2 (the identity for other arrays), scaled to a first step of a given
length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from keras import ops

from neural_style.backend import Tensor
from neural_style.solvers.interface import is_picture

COLOURS = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3], [2], [6]])
"""C: brightness, red against blue, green against both: nearly the principal axes of the colours of pictures (Ohta,
Kanade & Sakai 1980), made orthonormal."""

ROUNDING = 1e-12
"""Share of the total power below which the power of one octave and colour is rounding of a transform in float32."""

TINY = 1e-35
"""Smallest divisor: a gradient below this counts as zero. Its reciprocal is finite in float32."""


class Preconditioner(NamedTuple):
    """How `H_0` is learned from pairs and applied.

    Attributes:
        bands: returns, for a shape, the array that `powers` and `scaled` need as `bands`; one row for each octave.
        colours: number of colour axes.
        powers: power of an array in each octave and colour, (octaves, colours); the sum is that of its squares.
        scaled: from a vector, the powers of all pairs (pairs, 2, octaves, colours) over their s^T y, whether there is a
            pair, and `bands`: M times the vector, and the factor that makes it H_0 times the vector.
    """

    bands: Callable[[Sequence[int]], np.ndarray]
    colours: int
    powers: Callable[[Tensor, Tensor], Tensor]
    scaled: Callable[[Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]


def preconditioner_of(shape: Sequence[int]) -> Preconditioner:
    """The preconditioner for arrays of this shape: in octaves and colours for (H, W, 3), the identity for others."""
    return PICTURE if is_picture(shape) else IDENTITY


def first_scale(direction: Tensor, first_step: float) -> Tensor:
    """The factor that gives `direction` a root mean square of `first_step`; finite where the direction is zero."""
    peak = ops.maximum(ops.max(ops.abs(direction)), TINY)  # the squares of small values would underflow in float32
    return first_step / ops.maximum(peak * ops.sqrt(ops.mean(ops.square(direction / peak))), TINY)


def octaves(size: Sequence[int]) -> np.ndarray:
    """Share of each frequency of a Fourier transform in each octave, (octaves, rows, columns).

    Octaves are centred at 1/2, 1/4, 1/8 ... cycles per pixel, down to the lowest frequency of `size`. Shares fall off
    linearly, in the logarithm, to the centre of the next octave, and sum to one. The mean belongs to the lowest octave.
    """
    rows, columns = (np.fft.fftfreq(side) for side in size)
    frequency = np.maximum(np.hypot(rows[:, None], columns), 1 / max(size))
    count = max(1, round(np.log2(max(size))))
    octave = np.clip(-np.log2(frequency), 1, count)
    nearness: np.ndarray = np.maximum(0, 1 - np.abs(octave - np.arange(1, count + 1)[:, None, None]))
    return nearness


def _picture_powers(image: Tensor, bands: Tensor) -> Tensor:
    real, imaginary = _transformed(image)
    power = (ops.square(real) + ops.square(imaginary)) / (image.shape[0] * image.shape[1])
    return ops.einsum("ohw,chw->oc", bands, power)


def _picture_scaled(image: Tensor, powers: Tensor, known: Tensor, bands: Tensor) -> tuple[Tensor, Tensor]:
    squared = ops.where(known, _learned(powers), _unlearned(powers))
    energy = ops.sum(ops.sqrt(squared) * powers[-1, 1])  # y^T M y / s^T y by Parseval; 0 for an unusable pair
    scale = ops.where(energy > 0, ops.rsqrt(ops.maximum(energy, TINY)), ops.ones_like(energy))
    response = ops.exp(ops.einsum("ohw,oc->chw", bands, ops.log(squared) / 2))
    real, imaginary = _transformed(image)
    # The response is real and even, so the result is real.
    filtered, _ = ops.ifft2((real * response, imaginary * response))
    return ops.einsum("chw,cd->hwd", filtered, _colours(image)), scale


def _unlearned(powers: Tensor) -> Tensor:
    """`h^2 = 1 / f`, at the centres of the octaves, (octaves, 3)."""
    count = powers.shape[2]
    return ops.convert_to_tensor(np.repeat(2.0 ** np.arange(1, count + 1)[:, None], 3, axis=1), dtype=powers.dtype)


def _learned(powers: Tensor) -> Tensor:
    """`h^2` from the powers of the pairs, (octaves, 3)."""
    steps, changes = (total + ROUNDING * ops.sum(total) for total in ops.unstack(ops.sum(powers, axis=0)))
    return ops.maximum(steps, TINY) / ops.maximum(changes, TINY)


def _transformed(image: Tensor) -> tuple[Tensor, Tensor]:
    """Real and imaginary part of the Fourier transform of each colour, (3, H, W) each."""
    colours = ops.einsum("hwd,cd->chw", image, _colours(image))
    return ops.fft2((colours, ops.zeros_like(colours)))  # type: ignore[no-any-return]


def _colours(image: Tensor) -> Tensor:
    return ops.convert_to_tensor(COLOURS, dtype=image.dtype)


def _identity_powers(array: Tensor, bands: Tensor) -> Tensor:
    return ops.reshape(ops.sum(ops.square(array)), (1, 1))


def _identity_scaled(array: Tensor, powers: Tensor, known: Tensor, bands: Tensor) -> tuple[Tensor, Tensor]:
    energy = powers[-1, 1, 0, 0]  # y^T y / s^T y; 0 for an unusable pair
    one = ops.ones_like(energy)
    return array, ops.where(energy > 0, one / ops.maximum(energy, TINY), one)


PICTURE = Preconditioner(lambda shape: octaves(shape[:2]), 3, _picture_powers, _picture_scaled)
IDENTITY = Preconditioner(lambda shape: np.ones(1), 1, _identity_powers, _identity_scaled)
