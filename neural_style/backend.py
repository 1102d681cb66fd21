"""Value and gradient, compiled, for TensorFlow and JAX: the only module that knows which of them runs.

Keras chooses the backend by `KERAS_BACKEND` before its first import. Everything else is written with `keras.ops`,
which has all the library needs but one thing: gradients.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from neural_style.errors import InvalidInputError

Tensor = Any
"""A tensor of the running backend. Neither backend's type can be named without importing it."""

NAME: str = keras.backend.backend()

if NAME == "tensorflow":
    import tensorflow as tf

    for _gpu in tf.config.list_physical_devices("GPU"):
        # Without growth TensorFlow takes all memory of the GPU at the first operation.
        tf.config.experimental.set_memory_growth(_gpu, True)
elif NAME == "jax":
    import jax
else:
    raise InvalidInputError(f'KERAS_BACKEND is "{NAME}": set it to "tensorflow" or "jax" before Keras is imported')


def value_and_grad(
    function: Callable[[Tensor, Any], tuple[Tensor, Any]],
) -> Callable[[Tensor, Any], tuple[Tensor, Any, Tensor]]:
    """Compile `function(x, constants) -> (value, extra)` into `(x, constants) -> (value, extra, d value / d x)`.

    Args:
        function: `x` is a float tensor of any shape, `value` a scalar. `constants` is a tensor or a nest of tensors:
            passed at every call instead of captured, so that new targets of the same shapes need no new compilation.
    """
    if NAME == "tensorflow":

        def evaluate(x: Tensor, constants: Any) -> tuple[Tensor, Any, Tensor]:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(x)
                value, extra = function(x, constants)
            return value, extra, tape.gradient(value, x, unconnected_gradients="zero")

        traced: dict[tuple[int, ...], Any] = {}
        graph = tf.function(evaluate)

        def call(x: Tensor, constants: Any) -> tuple[Tensor, Any, Tensor]:
            # Called as they are, the functions of many objectives look to TensorFlow like one that is traced too often.
            shape = tuple(x.shape)
            if shape not in traced:
                traced[shape] = graph.get_concrete_function(x, constants)
            return traced[shape](x, constants)  # type: ignore[no-any-return]

        return call

    def evaluate_jax(x: Tensor, constants: Any) -> tuple[Tensor, Any, Tensor]:
        (value, extra), gradient = jax.value_and_grad(function, has_aux=True)(x, constants)
        return value, extra, gradient

    return jax.jit(evaluate_jax)  # type: ignore[no-any-return]


def to_numpy(tensor: Tensor) -> np.ndarray:
    """A NumPy array with the values of a tensor, copied only where it must be."""
    return np.asarray(tensor)


def choose_device(name: str) -> None:
    """Run on `cpu`, `gpu` or `gpu:<n>`; to be called before the first tensor is made.

    Raises:
        InvalidInputError: the name is none of these, or the machine has no such GPU.
    """
    match = re.fullmatch(r"(cpu|gpu)(?::(\d+))?", name.lower())
    if match is None:
        raise InvalidInputError(f'unknown device "{name}": use cpu, gpu or gpu:<number>')
    kind, index = match[1], int(match[2] or 0)
    gpus = _gpus()
    if kind == "gpu" and index >= len(gpus):
        raise InvalidInputError(
            f'device "{name}" was asked for and {NAME} sees {len(gpus)} GPU(s): use cpu, or install with the gpu extra'
        )
    if NAME == "tensorflow":
        tf.config.set_visible_devices([] if kind == "cpu" else [gpus[index]], "GPU")
    else:
        jax.config.update("jax_default_device", jax.devices("cpu")[0] if kind == "cpu" else gpus[index])


def device_name() -> str:
    """`gpu` if computations run on one by default, otherwise `cpu`."""
    if NAME == "tensorflow":
        return "gpu" if tf.config.get_visible_devices("GPU") else "cpu"
    device = jax.config.jax_default_device
    return "gpu" if (device.platform if device is not None else jax.default_backend()) == "gpu" else "cpu"


def version() -> str:
    """Name and version of the running backend, for records."""
    return f"{NAME} {tf.__version__ if NAME == 'tensorflow' else jax.__version__}"


def _gpus() -> list[Any]:
    if NAME == "tensorflow":
        return list(tf.config.list_physical_devices("GPU"))
    try:
        return list(jax.devices("gpu"))
    except RuntimeError:  # how JAX says that there is none
        return []
