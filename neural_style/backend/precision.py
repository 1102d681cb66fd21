"""Precision of features, and of the products in float32."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator

from neural_style.backend.devices import device_name, processor_flags
from neural_style.backend.framework import NAME, jax, tf
from neural_style.errors import InvalidInputError


def check_precision(name: str) -> None:
    """Raise `InvalidInputError` if this backend would compute in less than the named precision."""
    if name == "float64" and NAME == "jax" and not jax.config.jax_enable_x64:
        raise InvalidInputError("JAX computes in float32 only: set JAX_ENABLE_X64=1 before it is imported, for float64")


def fast_precision() -> str:
    """`bfloat16` where this device computes faster in it, otherwise `float32`.

    The device's own description decides and not a stopwatch, so that the answer is the same in every run: GPUs have
    bfloat16 from NVIDIA's compute capability 8.0 on, CPUs with AVX512-BF16 or AMX, which TensorFlow uses and JAX does
    not.
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
    return "bfloat16" if NAME == "tensorflow" and processor_flags() & {"avx512_bf16", "amx_bf16"} else "float32"


def resolve_precision(name: str) -> str:
    """The precision that `auto` stands for on this machine; the others unchanged.

    Raises:
        InvalidInputError: the backend would compute in less.
    """
    check_precision(name)
    return fast_precision() if name == "auto" else name


@contextlib.contextmanager
def full_float32() -> Iterator[None]:
    """Compute products of float32 in float32, not in TensorFloat-32, whose mantissa has ten bits.

    GPUs use the latter by default. The switch is the host program's and is put back: on JAX it belongs to the
    thread and to what is traced meanwhile, on TensorFlow to the process and to the kernels started meanwhile, in
    whichever thread.
    """
    if NAME == "jax":
        with jax.default_matmul_precision("highest"):
            yield
        return
    _TENSOR_FLOAT_32.exclude()
    try:
        yield
    finally:
        _TENSOR_FLOAT_32.allow()


def products_beside(precision: str) -> contextlib.AbstractContextManager[None]:
    """What products of float32 beside features of this precision are computed in, while a program is traced on JAX.

    Beside bfloat16 it is TensorFloat-32, on GPUs that have it. Its mantissa of ten bits holds a bfloat16 exactly, so
    Gram matrices of such features are the same but for the order of the sum, and the picture keeps eighths of a grey
    level. TensorFlow has no switch for a part of a program, and computes them in float32.
    """
    if NAME == "jax" and precision == "bfloat16":
        return jax.default_matmul_precision("tensorfloat32")  # type: ignore[no-any-return]
    return contextlib.nullcontext()


class _TensorFloat32:
    """TensorFlow's switch, off from the first thread that needs it off to the last, and then as it was before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._was_allowed = False

    def exclude(self) -> None:
        with self._lock:
            if not self._users:
                self._was_allowed = tf.config.experimental.tensor_float_32_execution_enabled()
                tf.config.experimental.enable_tensor_float_32_execution(False)
            self._users += 1

    def allow(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                tf.config.experimental.enable_tensor_float_32_execution(self._was_allowed)


_TENSOR_FLOAT_32 = _TensorFloat32()
