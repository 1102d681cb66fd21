"""Devices: the choice of one, its name, and its memory."""

from __future__ import annotations

import logging
import os
import re
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from neural_style.backend.framework import NAME, jax, tf
from neural_style.errors import InvalidInputError

_log = logging.getLogger(__name__)


class Gpu(NamedTuple):
    """The GPU that computations run on.

    Attributes:
        number: its place among those that CUDA shows this process.
        held: bytes that the backend has taken there, at least.
        limit: bytes that it takes there at most; None for all that are free.
        is_pooled: whether it takes all that is free with the first byte, so that what is left of that is unknown.
    """

    number: int
    held: int
    limit: int | None
    is_pooled: bool = False


def choose_device(name: str) -> None:
    """Run on `cpu`, `gpu` or `gpu:<n>`, for the whole process; to be called before the first tensor is made.

    Raises:
        InvalidInputError: the name is none of these, the machine has no such GPU, or TensorFlow has started on another
            device already.
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
    if NAME == "jax":
        jax.config.update("jax_default_device", jax.devices("cpu")[0] if kind == "cpu" else gpus[index])
        return
    try:
        tf.config.set_visible_devices([] if kind == "cpu" else [gpus[index]], "GPU")
    except RuntimeError as error:
        raise InvalidInputError(
            f'device "{name}" was asked for and TensorFlow has started on {device_name()} already: choose the device '
            "before the first tensor is made"
        ) from error


def grow_memory() -> bool:
    """Let TensorFlow take a GPU's memory as it needs it, for the whole process, and return whether it now does.

    Without growth TensorFlow takes all of it at its first operation, and other programs on that GPU have none. To be
    called before the first tensor is made: a GPU that has started keeps its ways, which is logged. JAX is governed by
    XLA_PYTHON_CLIENT_PREALLOCATE instead.
    """
    if NAME != "tensorflow":
        return False
    for device in _gpus():
        try:
            tf.config.experimental.set_memory_growth(device, True)
        except (RuntimeError, ValueError) as error:  # started already, or cut into parts by the host program
            _log.warning("memory growth of %s stays as it is: %s", device.name, error)
            return False
    return True


@cache
def own_process(device: str | None, threads: int | None = None) -> None:
    """Take the process for this library alone, as commands and their workers do: `grow_memory`, and `choose_device`.

    Args:
        device: None leaves it as it is.
        threads: of TensorFlow's operations, from `thread_count` of another process whose results are to be the same to
            the bit; nothing changes where TensorFlow has started.
    """
    if threads is not None and NAME == "tensorflow":
        with suppress(RuntimeError):
            tf.config.threading.set_intra_op_parallelism_threads(threads)
    grow_memory()
    if device is not None:
        choose_device(device)


def thread_count() -> int:
    """Threads that share an operation. The last bits of TensorFlow's longest sums depend on their number, not on that
    of the cores."""
    given = os.environ.get("TF_NUM_INTRAOP_THREADS", "")
    if given.isdecimal() and int(given):
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def device_name() -> str:
    """`gpu` if computations run on one by default, otherwise `cpu`."""
    if NAME == "tensorflow":
        return "gpu" if tf.config.get_visible_devices("GPU") else "cpu"
    device = jax.config.jax_default_device
    return "gpu" if (device.platform if device is not None else jax.default_backend()) == "gpu" else "cpu"


def gpu() -> Gpu:
    """The GPU in use, where `device_name` is `gpu`."""
    if NAME == "tensorflow":
        used = tf.config.get_visible_devices("GPU")[0]
        number = tf.config.list_physical_devices("GPU").index(used)
        peak = int(tf.config.experimental.get_memory_info("GPU:0")["peak"])
        return Gpu(number, peak, None, is_pooled=not tf.config.experimental.get_memory_growth(used))
    device = jax.config.jax_default_device or jax.devices()[0]
    statistics = device.memory_stats() or {}  # JAX takes three quarters of a GPU at once, and never more
    held = max(statistics.get("bytes_in_use", 0), statistics.get("pool_bytes", 0))
    return Gpu(int(device.local_hardware_id), held, statistics.get("bytes_limit"))


def replicas() -> int:
    """Copies of a model that TensorFlow trains together under a strategy, adding up their gradients; otherwise 1."""
    return int(tf.distribute.get_strategy().num_replicas_in_sync) if NAME == "tensorflow" else 1


@cache
def processor_flags() -> frozenset[str]:
    """Instruction sets of this processor as Linux names them, such as `avx512f`; empty on other systems."""
    try:
        return frozenset(Path("/proc/cpuinfo").read_text().split())
    except OSError:
        return frozenset()


def _gpus() -> list[Any]:
    if NAME == "tensorflow":
        return list(tf.config.list_physical_devices("GPU"))
    try:
        return list(jax.devices("gpu"))
    except RuntimeError:  # raised where there is none
        return []
