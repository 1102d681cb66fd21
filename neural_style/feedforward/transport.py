"""Optimal transport between normal distributions, in `keras.ops` and by products of matrices alone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from keras import ops

from neural_style.backend import Tensor

ITERATIONS = 18
"""Of Newton's method for square roots."""

exactly: Callable[[], AbstractContextManager[Any]] = nullcontext
"""Context of the square roots; a program whose products are less precise than float32 must replace it."""


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (N, 1, C) and covariance (N, C, C) of the values of (N, H, W, C) over all positions."""
    flat = ops.reshape(x, (ops.shape(x)[0], -1, x.shape[-1]))
    mean = ops.mean(flat, 1, keepdims=True)
    flat = flat - mean
    return mean, ops.matmul(ops.transpose(flat, (0, 2, 1)), flat) / ops.cast(ops.shape(flat)[1], flat.dtype)


def with_ridge(covariance: Tensor, ridge: float) -> Tensor:
    """C + (ridge tr(C) / n + 1e-6) I for (N, n, n)."""
    n = covariance.shape[-1]
    identity = ops.identity(n, dtype=covariance.dtype)
    trace = ops.sum(covariance * identity, (1, 2), keepdims=True)
    return covariance + (trace * (ridge / n) + 1e-6) * identity


def roots_of(matrix: Tensor, iterations: int = ITERATIONS) -> tuple[Tensor, Tensor]:
    """Square root and inverse square root of symmetric positive definite (N, n, n), by products alone.

    Newton's iteration in the coupled form of Denman & Beavers, with Schulz's inverse (Higham 2008, Functions of
    Matrices, 6.35): Y <- Y (3 I - Z Y) / 2, Z <- (3 I - Z Y) Z / 2 from Y = A / |A|, Z = I. An eigenvalue of Z Y
    grows by 9/4 a step until it is near 1, so that 18 steps suffice for those above 1e-5 |A|; smaller ones come out
    too small in the root and not too large in its inverse, which is what a ridge would do with them.
    """
    identity = ops.identity(matrix.shape[-1], dtype=matrix.dtype)
    norm = ops.sqrt(ops.sum(ops.square(matrix), (1, 2), keepdims=True))
    with exactly():

        def step(_: Tensor, pair: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
            y, z = pair
            t = 1.5 * identity - 0.5 * ops.matmul(z, y)
            return ops.matmul(y, t), ops.matmul(t, z)

        # A loop of the program's own: written out 18 times for each map, it took half of the time of tracing.
        y, z = ops.fori_loop(0, iterations, step, (matrix / norm, ops.zeros_like(matrix) + identity))
    root = ops.sqrt(norm)
    return y * root, z / root


def transport(covariance: Tensor, root: Tensor, ridge: float) -> Tensor:
    """The map T (N, n, n) from covariance C to S, given S^1/2; with a ridge on C."""
    with exactly():
        middle = ops.matmul(ops.matmul(root, with_ridge(covariance, ridge)), root)
        _, inverse = roots_of(with_ridge(middle, 1e-4))
        return ops.matmul(ops.matmul(root, inverse), root)
