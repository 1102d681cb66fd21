"""Gradients and compilation."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import keras

from neural_style.backend.cache import GRAPHS, SHAPES, Cache
from neural_style.backend.devices import device_name
from neural_style.backend.forks import check_origin, check_process
from neural_style.backend.framework import NAME, Tensor, jax, tf
from neural_style.backend.precision import full_float32
from neural_style.backend.xla import by_xla_where_faster
from neural_style.errors import OutOfMemoryError

Parameters = ParamSpec("Parameters")
Returned = TypeVar("Returned")

_EXHAUSTED: type[Exception] = tf.errors.ResourceExhaustedError if NAME == "tensorflow" else jax.errors.JaxRuntimeError


def value_and_grad(
    function: Callable[[Tensor, Any], tuple[Tensor, Any]],
) -> Callable[[Tensor, Any], tuple[Tensor, Any, Tensor]]:
    """Turn `function(x, constants) -> (value, auxiliary)` into `(x, constants) -> (value, auxiliary, d value / d x)`.

    The result is not compiled, so that it may become part of a larger program; see `compiled`.

    Args:
        function: `x` is a float tensor of any shape, or a nest of them, and the gradient has its form; `value` is a
            scalar, `constants` a tensor or a nest of tensors.
    """
    if NAME == "tensorflow":

        def evaluate(x: Tensor, constants: Any) -> tuple[Tensor, Any, Tensor]:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(x)
                value, auxiliary = function(x, constants)
            return value, auxiliary, tape.gradient(value, x, unconnected_gradients="zero")

        return by_xla_where_faster(evaluate)

    def evaluate_jax(x: Tensor, constants: Any) -> tuple[Tensor, Any, Tensor]:
        (value, auxiliary), gradient = jax.value_and_grad(function, has_aux=True)(x, constants)
        return value, auxiliary, gradient

    return evaluate_jax


COMPILES_OPERATIONS = NAME == "jax"
"""Whether the backend compiles each operation that is computed outside a program, and keeps it for good."""


def compiled(
    function: Callable[..., Any], *, is_run_once: bool = False, flexible: Sequence[int] = ()
) -> Callable[..., Any]:
    """The same function of tensors, and nests of them, as a program for the device: a graph for each set of shapes.

    Whatever is large and constant is to be passed and not captured: the compiler would bake it into the graph. Products
    are computed in float32, see `full_float32`. Graphs are dropped with the program, and before that by their budget,
    see `neural_style.backend.cache`.

    Args:
        function: see above.
        is_run_once: for each picture, as for targets. TensorFlow then computes operation by operation, since a graph
            takes longer to make than to run; JAX, which would compile each operation alone and keep it for good (40 MB
            for each size of a picture), makes a graph all the same.
        flexible: positions of arguments (N, H, W, C) whose N, H and W are left open: TensorFlow then makes one graph
            for pictures of all sizes. XLA, and so JAX, makes one for each.

    Raises:
        OutOfMemoryError: by the result, when the device has no memory left.
        InvalidInputError: by the result, in a process that was forked since.
    """
    if is_run_once and not COMPILES_OPERATIONS:
        return eager(function)
    graphs: Cache[Callable[..., Any]] = Cache(GRAPHS, SHAPES)
    process = os.getpid()

    def call(*arguments: Any) -> Any:
        check_origin(process)
        signature = list(arguments)
        for position in () if COMPILES_OPERATIONS else flexible:
            tensor = arguments[position]
            signature[position] = tf.TensorSpec((None, None, None, tensor.shape[-1]), tensor.dtype)
        shapes = tuple((tuple(tensor.shape), tensor.dtype) for tensor in _leaves(signature))
        return graphs.get(shapes, lambda: _graph(function, signature))(*arguments)

    return eager(call)


def eager(function: Callable[Parameters, Returned]) -> Callable[Parameters, Returned]:
    """The same function, computed operation by operation as `compiled` computes a program.

    Products are computed in float32, see `full_float32`. For what is computed once, such as targets.

    Raises:
        OutOfMemoryError: by the result, when the device has no memory left.
        InvalidInputError: by the result, in a forked child that cannot compute, see `check_process`.
    """

    @wraps(function)
    def call(*arguments: Parameters.args, **named: Parameters.kwargs) -> Returned:
        check_process()  # here, where every computation passes, so that no caller can forget it
        try:
            with full_float32():
                return function(*arguments, **named)
        except _EXHAUSTED as error:
            if NAME == "jax" and "RESOURCE_EXHAUSTED" not in str(error):
                raise
            shapes = (getattr(each, "shape", ()) for each in keras.tree.flatten(arguments))
            size = next((shape[:2] for shape in shapes if len(shape) == 3), None)
            where = f" at {size[0]} x {size[1]} pixels" if size else ""
            raise OutOfMemoryError(
                f"the memory of the {device_name()} is exhausted{where}: "
                "choose a smaller image_size, a smaller tile, or a memory_limit"
            ) from error

    return call


def _leaves(arguments: Any) -> list[Tensor]:
    found: list[Tensor] = tf.nest.flatten(arguments) if NAME == "tensorflow" else jax.tree_util.tree_leaves(arguments)
    return found


def _graph(function: Callable[..., Any], arguments: Sequence[Any]) -> Callable[..., Any]:
    """The function compiled for the shapes of these arguments and no others.

    Both frameworks keep a graph of their own for each set of shapes, without bound, as long as the function that they
    wrap; so each graph has a wrapper of its own.
    """
    if NAME == "jax":
        return jax.jit(lambda *given: function(*given))  # type: ignore[no-any-return]
    # Without AutoGraph, which would raise errors of the function as another type.
    return tf.function(function, autograph=False).get_concrete_function(*arguments)  # type: ignore[no-any-return]
