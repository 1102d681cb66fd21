"""Ray: all cores or GPUs of this machine, or of a cluster.

One task is a picture, a shot or a panel; its pixels are part of it, and its files come back as bytes, so that no disk
is shared. A file of weights is put into Ray's object store once, and taken from there once by each machine. A worker
process keeps its network for the next task. A task whose process or node dies is done by another one; what a killed
command has finished is skipped by the next. The head of the cluster must live.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import signal
import socket
import tempfile
import warnings
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from neural_style.engines.interface import TRIES, Key, Outcome, Task, died, done
from neural_style.engines.process import Process
from neural_style.errors import InvalidInputError, first_line, reason
from neural_style.features.sent_files import SentFile, is_file_to_send, receive, received
from neural_style.runs.records import library_version
from neural_style.validation import check_weight

INSTALL = "pip install 'neural-style-keras[ray]'"

THREADS = dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"), "1")
"""Environment of the workers: a task has one core."""

WAITING = 2
"""Tasks in Ray's hands for each that it can run at once, so that no worker waits for this process."""

PATIENCE = 10.0
"""Seconds in which the head of a cluster must answer."""


@dataclass(frozen=True)
class OnRay:
    """Workers of Ray, as an `Engine`.

    Attributes:
        address: host and port of the head of a cluster; None starts Ray on this machine, for this command only.
        per_task_gpus: GPUs, or the part of one, of each task; with 0 it has a core.
    """

    address: str | None = None
    per_task_gpus: float = 0

    def __post_init__(self) -> None:
        """
        Raises:
            InvalidInputError: a value is impossible, or Ray is not installed.
        """
        check_weight("per_task_gpus", self.per_task_gpus)
        if self.per_task_gpus > 1 and self.per_task_gpus != int(self.per_task_gpus):
            raise InvalidInputError(f"per_task_gpus above 1 must be a whole number, received {self.per_task_gpus}")
        if find_spec("ray") is None:
            raise InvalidInputError(f"engine ray needs Ray: {INSTALL}")

    @property
    def description(self) -> str:
        """Where the tasks run."""
        return "Ray on this machine" if self.address is None else f"Ray at {self.address}"

    def outcomes(
        self, tasks: Iterable[tuple[Key, Task]], process: Process | None = None
    ) -> Generator[tuple[Key, Outcome]]:
        """As in `Engine`.

        Raises:
            InvalidInputError: there is no cluster at the address.
        """
        remaining = iter(tasks)
        if (first := next(remaining, None)) is None:
            return  # Ray takes half a minute to start
        remaining = chain([first], remaining)
        with tempfile.TemporaryDirectory(prefix="neural-style-", ignore_cleanup_errors=True) as folder:
            ray = self._started(folder)
            try:
                self._check_gpus(ray)
                run = ray.remote(max_retries=TRIES - 1, num_cpus=1, num_gpus=self.per_task_gpus)(_run)
                pending: dict[Any, Key] = {}
                store = _Store(ray)
                while True:
                    while len(pending) < self._at_once(ray) and (following := next(remaining, None)) is not None:
                        key, task = following
                        sent = library_version(), task, process, store.references(task.weights)
                        pending[run.remote(*sent)] = key
                    if not pending:
                        return
                    for reference in ray.wait(list(pending))[0]:
                        yield pending.pop(reference), _outcome(ray, reference)
            finally:
                ray.shutdown()

    def _started(self, folder: str) -> Any:
        """The module, connected to a cluster, or to workers of its own, whose temporary files are in `folder`."""
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        if self.address is None:  # its ports are open on every interface: nobody else may use them
            os.environ.setdefault("RAY_AUTH_MODE", "token")
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        else:
            _check_answers(self.address)
        import ray

        is_own = self.address is None
        own = {"include_dashboard": False, "_node_ip_address": "127.0.0.1"} if is_own else {}
        ended_by = signal.getsignal(signal.SIGTERM)
        try:
            ray.init(
                self.address,
                log_to_driver=False,
                logging_level="CRITICAL",
                runtime_env={"env_vars": THREADS | ({"TMPDIR": folder} if is_own else {})},
                **own,
            )
        except (ConnectionError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
            raise InvalidInputError(f"{self.description} cannot be used: {first_line(error)}") from error
        finally:
            if signal.getsignal(signal.SIGTERM) is not ended_by:  # Ray's ends the process without a last line
                signal.signal(signal.SIGTERM, ended_by)
        return ray

    def _check_gpus(self, ray: Any) -> None:
        """Raise `InvalidInputError` where tasks would wait for GPUs for ever; warn where a cluster may still grow."""
        found = ray.cluster_resources().get("GPU", 0)
        if found < self.per_task_gpus:
            text = f"{self.description} has {found:g} GPUs, and per_task_gpus is {self.per_task_gpus:g}"
            if self.address is None:
                raise InvalidInputError(f"{text}: leave it out to paint on cores")
            warnings.warn(f"{text}: tasks wait until the cluster has grown", stacklevel=2)

    def _at_once(self, ray: Any) -> int:
        """Tasks in Ray's hands at most; the cluster may grow and shrink."""
        resources = ray.cluster_resources()
        slots = resources.get("GPU", 0) / self.per_task_gpus if self.per_task_gpus else resources.get("CPU", 1)
        return WAITING * max(1, int(slots))


def _check_answers(address: str) -> None:
    """Raise `InvalidInputError` where nothing listens at HOST:PORT: Ray would try for minutes."""
    host, _, port = address.rpartition(":")
    if not (host and port.isdecimal()):
        raise InvalidInputError(f'address must be HOST:PORT, such as head:6379, received "{address}"')
    try:
        socket.create_connection((host, int(port)), timeout=PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise InvalidInputError(f"Ray at {address} does not answer: {reason(error)}") from error


class _Store:
    """Files of weights in the object store, each put there once."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._references: dict[str, tuple[Any, str]] = {}

    def references(self, weights: Iterable[str]) -> dict[str, tuple[Any, str]]:
        """The reference and the SHA-256 of each of these weights that is a file.

        They are in a tuple, so that Ray does not fetch them for every task.
        """
        found = list(filter(is_file_to_send, weights))
        for name in found:
            if name not in self._references:
                content = np.fromfile(name, np.uint8)
                self._references[name] = self._ray.put(content), hashlib.sha256(content.data).hexdigest()
        return {name: self._references[name] for name in found}


def _run(version: str, task: Task, process: Process | None, references: Mapping[str, tuple[Any, str]]) -> Outcome:
    """The task, in a worker, with files of weights from `_Store`."""
    if version != library_version():
        return Outcome(error=f"a worker has neural_style {library_version()}, and this is {version}: install the same")
    for name, (reference, sha256) in references.items():
        known = received(Path(name))
        if known is None or known.sha256 != sha256:
            import ray

            receive(name, SentFile(ray.get(reference), sha256))  # in memory that the workers of a machine share
    return done(task, process)


def _outcome(ray: Any, reference: Any) -> Outcome:
    """What a worker has returned, or what became of it."""
    try:
        found: Outcome = ray.get(reference)
    except (ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError) as error:
        return died(f"with {type(error).__name__}")
    except ray.exceptions.RayError as error:
        return Outcome(error=first_line(error))
    return found
