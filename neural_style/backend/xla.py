"""The choice between a plain graph of TensorFlow's and XLA, for gradients of networks on a CPU.

With AVX-512 both take the same time, and XLA seconds more to compile. On a processor with AVX2 alone XLA was faster:
VGG-19 to conv5_1, 512 x 512, one evaluation by two cores in 3.1 seconds, and in 3.9 by the plain graph
(benchmarks/RESULTS.md). NEURAL_STYLE_XLA=1 or 0 decides otherwise, for all gradients within a program.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from math import prod
from typing import Any

from neural_style.backend.devices import device_name, processor_flags
from neural_style.backend.framework import tf
from neural_style.errors import InvalidInputError

SETTING = "NEURAL_STYLE_XLA"

WORTHWHILE = 3e10
"""Floating-point operations of a gradient from which on XLA is chosen: a fifth of their time repays its three seconds
of compilation after 50 evaluations. VGG-19 to conv5_1 has them at 140 rows, mini at 300."""

EIGENDECOMPOSITION = "SelfAdjointEigV2"


def by_xla_where_faster(gradient: Callable[..., Any]) -> Callable[..., Any]:
    """The same function of tensors; as a part of a program, compiled by XLA where that is faster."""

    def choose(*arguments: Any) -> Any:
        if tf.executing_eagerly() or not _may_be_faster():
            return gradient(*arguments)
        graph = tf.function(gradient, autograph=False).get_concrete_function(*arguments)
        if _setting() is None and (
            convolution_operations(graph.graph) < WORTHWHILE or has_eigendecomposition(graph.graph)
        ):
            return gradient(*arguments)
        return tf.function(lambda *given: graph(*given), autograph=False, jit_compile=True)(*arguments)

    return choose


def convolution_operations(graph: Any) -> int:
    """Floating-point operations of the convolutions in float32 of a graph, forward and back to their inputs.

    A convolution of h x w x C outputs with kernels of k x l x D has 2 (h w C) (k l D), and so has its gradient.
    """
    total = 0
    for operation in graph.get_operations():
        if operation.type == "Conv2D":
            kernel, outputs = operation.inputs[1], operation.outputs[0]
        elif operation.type == "Conv2DBackpropInput":
            kernel, outputs = operation.inputs[1], operation.inputs[2]
        else:
            continue
        if outputs.dtype == tf.float32 and outputs.shape.is_fully_defined():
            total += 2 * prod(outputs.shape) * prod(kernel.shape[:3])
    return total


def has_eigendecomposition(graph: Any) -> bool:
    """Whether a graph decomposes symmetric matrices, for which XLA has Jacobi rotations and the plain graph LAPACK.

    With 512 channels one takes 3.2 seconds by XLA, and 0.04 by the plain graph: more than a whole evaluation.
    """
    return any(operation.type == EIGENDECOMPOSITION for operation in graph.get_operations())


def _may_be_faster() -> bool:
    setting = _setting()
    if setting is not None:
        return setting
    flags = processor_flags()
    return device_name() == "cpu" and "avx2" in flags and "avx512f" not in flags


def _setting() -> bool | None:
    """What the environment asks for; None where it leaves the choice."""
    value = os.environ.get(SETTING, "")
    if value not in ("", "0", "1"):
        raise InvalidInputError(f'{SETTING} is "{value}": set it to 0 or 1, or leave it out')
    return bool(int(value)) if value else None
