"""Forked children of a process in which the backend has computed.

Threads do not survive a fork, and the backend would wait for its own forever. TensorFlow with one thread gets a new
context in the child, whose networks and programs are made again. That cannot be done with several threads, on a GPU, or
with JAX; it is an error there, and so is the use of what was made before the fork: its tensors belong to the old
context.
"""

from __future__ import annotations

import os
import threading

from neural_style.backend.cache import clear_caches
from neural_style.backend.devices import device_name
from neural_style.backend.framework import NAME, tf
from neural_style.errors import InvalidInputError

_REMEDY = (
    "start processes by spawn (multiprocessing.get_context('spawn')), or import neural_style and paint only in the "
    "child"
)


class _Process:
    """The process that the backend computes in.

    Attributes:
        number: of the process; None before the first computation.
    """

    number: int | None = None


_process, _lock = _Process(), threading.RLock()
os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


def check_process() -> None:
    """Make the backend ready for this process, to be called before networks are opened or tensors are made.

    Raises:
        InvalidInputError: the process was forked after the backend had computed, and lacks its threads.
    """
    with _lock:
        if _process.number not in (None, os.getpid()):
            if NAME == "jax" or device_name() == "gpu" or not _has_one_thread():
                raise InvalidInputError(
                    f"this process was forked after {NAME} had started, whose threads it lacks: {_REMEDY}"
                )
            from tensorflow.python.eager import context

            context._reset_context()  # TensorFlow has no public function for this
            clear_caches()
        _process.number = os.getpid()


def _has_one_thread() -> bool:
    """Whether TensorFlow computes in the thread that calls it; otherwise its threads are the same in every context."""
    chosen = tf.config.threading.get_intra_op_parallelism_threads() or os.environ.get("TF_NUM_INTRAOP_THREADS", "")
    return str(chosen) == "1"


def check_origin(process: int) -> None:
    """Raise `InvalidInputError` for what was made in another process: that of the number, before a fork."""
    if process != os.getpid():
        raise InvalidInputError(
            f"this process was forked after {NAME} had started: make objectives and painters again in it, or start it "
            "by spawn (multiprocessing.get_context('spawn'))"
        )
