"""Gradients and compilation, for TensorFlow and JAX: the only module that knows which of them runs.

Keras chooses the backend by `KERAS_BACKEND` before its first import. Everything else is written with `keras.ops`,
which has all the library needs but one thing: gradients.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from neural_style.errors import InvalidInputError, OutOfMemoryError

try:
    import keras
except (ImportError, ValueError) as error:  # a backend that is not installed, or that Keras does not know
    raise InvalidInputError(
        f'Keras cannot start (KERAS_BACKEND is "{os.environ.get("KERAS_BACKEND", "not set")}"): {error}; '
        "set KERAS_BACKEND to tensorflow or jax, and install it"
    ) from error

Tensor = Any
"""A tensor of the running backend. Neither backend's type can be named without importing it."""

NAME: str = keras.backend.backend()

if NAME == "tensorflow":
    import tensorflow as tf

    # TensorFloat-32 has ten bits of mantissa: not the float32 that is promised.
    tf.config.experimental.enable_tensor_float_32_execution(False)
    for _gpu in tf.config.list_physical_devices("GPU"):
        # Without growth TensorFlow takes all memory of the GPU at the first operation.
        tf.config.experimental.set_memory_growth(_gpu, True)
elif NAME == "jax":
    import jax

    jax.config.update("jax_default_matmul_precision", "highest")
else:
    raise InvalidInputError(f'KERAS_BACKEND is "{NAME}": set it to "tensorflow" or "jax" before Keras is imported')

_EXHAUSTED: type[Exception] = tf.errors.ResourceExhaustedError if NAME == "tensorflow" else jax.errors.JaxRuntimeError


def value_and_grad(
    function: Callable[[Tensor, Any], tuple[Tensor, Any]],
) -> Callable[[Tensor, Any], tuple[Tensor, Any, Tensor]]:
    """Turn `function(x, constants) -> (value, auxiliary)` into `(x, constants) -> (value, auxiliary, d value / d x)`.

    The result is not compiled, so that it may become part of a larger program; see `compiled`.

    Args:
        function: `x` is a float tensor of any shape, or a nest of them, and the gradient is what `x` is; `value` is a
            scalar, `constants` a tensor or a nest of tensors.
    """
    if NAME == "tensorflow":

        def evaluate(x: Tensor, constants: Any) -> tuple[Tensor, Any, Tensor]:
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(x)
                value, auxiliary = function(x, constants)
            return value, auxiliary, tape.gradient(value, x, unconnected_gradients="zero")

        return evaluate

    def evaluate_jax(x: Tensor, constants: Any) -> tuple[Tensor, Any, Tensor]:
        (value, auxiliary), gradient = jax.value_and_grad(function, has_aux=True)(x, constants)
        return value, auxiliary, gradient

    return evaluate_jax


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function of tensors, and nests of them, as a program for the device; one for each set of shapes.

    Whatever is large and constant is to be passed and not captured: the compiler would bake it into the program.

    Raises:
        OutOfMemoryError: by the result, when the device has no memory left.
    """
    if NAME == "jax":
        return explain_out_of_memory(jax.jit(function))
    # A plain graph and not XLA: on CPUs oneDNN's convolutions are faster (benchmarks/RESULTS.md).
    # Without AutoGraph, which would raise errors of the function as another type.
    graph = tf.function(function, autograph=False)
    traced: dict[tuple[Any, ...], Any] = {}

    def call(*arguments: Any) -> Any:
        # Called as they are, the functions of many objectives look to TensorFlow like one that is traced too often, and
        # it warns.
        shapes = tuple((tuple(tensor.shape), tensor.dtype) for tensor in tf.nest.flatten(arguments))
        if shapes not in traced:
            traced[shapes] = graph.get_concrete_function(*arguments)
        return traced[shapes](*arguments)

    return explain_out_of_memory(call)


def check_precision(name: str) -> None:
    """Raise `InvalidInputError` if this backend would compute in less than the named precision."""
    if name == "float64" and NAME == "jax" and not jax.config.jax_enable_x64:
        raise InvalidInputError("JAX computes in float32 only: set JAX_ENABLE_X64=1 before it is imported, for float64")


def fast_precision() -> str:
    """`bfloat16` where this device computes faster in it, otherwise `float32`.

    Decided by what the device says of itself and not by a stopwatch, so that it is the same in every run: GPUs have
    bfloat16 from NVIDIA's compute capability 8.0 on, CPUs with AVX512-BF16 or AMX, where TensorFlow uses them and JAX
    does not.
    """
    if device_name() == "gpu":
        if NAME == "tensorflow":
            details = tf.config.experimental.get_device_details(tf.config.get_visible_devices("GPU")[0])
            capability = details.get("compute_capability", (0, 0))
        else:
            device = jax.config.jax_default_device or jax.devices()[0]
            match = re.fullmatch(r"(\d+)\.(\d+)", str(getattr(device, "compute_capability", "")))  # not so on ROCm
            capability = (int(match[1]), int(match[2])) if match else (0, 0)
        return "bfloat16" if capability >= (8, 0) else "float32"
    try:
        flags = set(Path("/proc/cpuinfo").read_text().split())
    except OSError:  # not Linux
        return "float32"
    return "bfloat16" if NAME == "tensorflow" and flags & {"avx512_bf16", "amx_bf16"} else "float32"


def explain_out_of_memory(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, which says what to do when the device has no memory left.

    Of programs nobody need think; what is computed operation by operation, such as targets, is to be called through it.

    Raises:
        OutOfMemoryError: by the result, when the device has no memory left.
    """

    def call(*arguments: Any) -> Any:
        try:
            return function(*arguments)
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


class Gpu(NamedTuple):
    """The GPU that computations run on.

    Attributes:
        number: as CUDA counts those that this process may see.
        held: bytes that the backend has taken there, at least.
        limit: bytes that it takes there at most; None for all that are free.
    """

    number: int
    held: int
    limit: int | None


def gpu() -> Gpu:
    """The GPU in use, where `device_name` says that there is one."""
    if NAME == "tensorflow":
        used = tf.config.get_visible_devices("GPU")[0]
        number = tf.config.list_physical_devices("GPU").index(used)
        return Gpu(number, int(tf.config.experimental.get_memory_info("GPU:0")["peak"]), None)
    device = jax.config.jax_default_device or jax.devices()[0]
    statistics = device.memory_stats() or {}  # JAX takes three quarters of a GPU at once, and never more
    held = max(statistics.get("bytes_in_use", 0), statistics.get("pool_bytes", 0))
    return Gpu(int(device.local_hardware_id), held, statistics.get("bytes_limit"))


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
