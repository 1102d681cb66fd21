"""The framework that Keras runs on: TensorFlow or JAX, chosen by `KERAS_BACKEND` before Keras is first imported.

This package is the only place that imports either of them. Everything else is written with `keras.ops`, which has all
that the library needs but gradients, compilation and devices.
"""

from __future__ import annotations

import os
from typing import Any

from neural_style.backend.noise import without_noise
from neural_style.errors import InvalidInputError, first_line

_SIGNS_OF_LITTLE_MEMORY = "failed to map segment", "cannot allocate memory", "cannot create shared object"
"""Of the dynamic linker's messages, in lower case (glibc)."""


def _not_started(error: Exception) -> InvalidInputError:
    """The reason why Keras or its backend cannot be imported, in one line with the remedy."""
    text = first_line(error)
    if any(sign in text.lower() for sign in _SIGNS_OF_LITTLE_MEMORY):
        return InvalidInputError(
            f"Keras cannot start: the memory limit of this process is too low ({text}): raise it ('ulimit -v'; at "
            "least 2 GiB)"
        )
    return InvalidInputError(
        f'Keras cannot start (KERAS_BACKEND is "{os.environ.get("KERAS_BACKEND", "not set")}"): {text}; '
        "set KERAS_BACKEND to tensorflow or jax, and install it"
    )


try:
    with without_noise():
        import keras
except (ImportError, ValueError, MemoryError) as error:  # not installed, unknown to Keras, or too large
    raise _not_started(error) from error

Tensor = Any
"""A tensor of the running backend. Neither backend's type can be named without importing it."""

NAME: str = keras.backend.backend()

tf: Any = None
"""TensorFlow where Keras runs on it, otherwise None."""

jax: Any = None
"""JAX where Keras runs on it, otherwise None."""

if NAME == "tensorflow":
    with without_noise():
        import tensorflow

        tf = tensorflow
        tf.config.list_physical_devices("GPU")  # looks for CUDA's driver, and complains once where there is none
elif NAME == "jax":
    import jax as installed_jax

    jax = installed_jax
else:
    raise InvalidInputError(f'KERAS_BACKEND is "{NAME}": set it to "tensorflow" or "jax" before Keras is imported')


def check_eager() -> None:
    """Raise `InvalidInputError` where TensorFlow builds a graph instead of computing, as TensorFlow 1 did."""
    if tf is not None and not tf.executing_eagerly():
        raise InvalidInputError(
            "TensorFlow does not compute here, since eager execution is disabled: leave out "
            "tf.compat.v1.disable_eager_execution() (or disable_v2_behavior), and call this outside of tf.Graph and "
            "tf.function"
        )


def version() -> str:
    """Name and version of the running backend, for records."""
    return f"{NAME} {(tf or jax).__version__}"


def start_copies(values: Any) -> None:
    """Let the device send the small tensors of a nest to the host as they are ready, so that reading waits but once.

    On TensorFlow nothing is done: it offers no such order.
    """
    if jax is None:
        return
    for tensor in jax.tree_util.tree_leaves(values):
        if isinstance(tensor, jax.Array) and tensor.size <= SMALL:
            tensor.copy_to_host_async()


SMALL = 4096
"""Most elements of a tensor that `start_copies` sends."""
