"""Ray: all cores or GPUs of this machine, or of a cluster.

One task is one picture, its pixels are part of it, and its files come back as bytes, so that no disk is shared. A
worker process keeps its network for the next task. A picture whose process or node dies is painted by another one; what
a killed command has finished is skipped by the next. The head of the cluster must live.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from neural_style.engines.interface import TRIES, Key, Outcome, Task, died
from neural_style.errors import InvalidInputError, first_line, reason
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
        if find_spec("ray") is None:
            raise InvalidInputError(f"engine ray needs Ray: {INSTALL}")

    @property
    def description(self) -> str:
        """Where the tasks run."""
        return "Ray on this machine" if self.address is None else f"Ray at {self.address}"

    def outcomes(self, tasks: Iterable[tuple[Key, Task]]) -> Generator[tuple[Key, Outcome]]:
        """As in `Engine`.

        Raises:
            InvalidInputError: there is no cluster at the address.
        """
        ray = self._started()
        try:
            run = ray.remote(max_retries=TRIES - 1, num_cpus=1, num_gpus=self.per_task_gpus)(_run)
            remaining = iter(tasks)
            pending: dict[Any, Key] = {}
            while True:
                while len(pending) < self._at_once(ray) and (following := next(remaining, None)) is not None:
                    key, task = following
                    pending[run.remote(library_version(), task)] = key
                if not pending:
                    return
                for reference in ray.wait(list(pending))[0]:
                    yield pending.pop(reference), _outcome(ray, reference)
        finally:
            ray.shutdown()

    def _started(self) -> Any:
        """The module, connected to a cluster or to workers of its own."""
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        if self.address is None:  # its ports are open on every interface: nobody else may use them
            os.environ.setdefault("RAY_AUTH_MODE", "token")
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        else:
            _check_answers(self.address)
        import ray

        own = {"include_dashboard": False, "_node_ip_address": "127.0.0.1"} if self.address is None else {}
        try:
            ray.init(
                self.address,
                log_to_driver=False,
                logging_level="CRITICAL",
                runtime_env={"env_vars": THREADS},
                **own,
            )
        except (ConnectionError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
            raise InvalidInputError(f"{self.description} cannot be used: {first_line(error)}") from error
        return ray

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


def _run(version: str, task: Task) -> Outcome:
    """The task, in a worker."""
    if version != library_version():
        return Outcome(error=f"a worker has neural_style {library_version()}, and this is {version}: install the same")
    return task.run()


def _outcome(ray: Any, reference: Any) -> Outcome:
    """What a worker has returned, or what became of it."""
    try:
        found: Outcome = ray.get(reference)
    except (ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError) as error:
        return died(f"with {type(error).__name__}")
    except ray.exceptions.RayError as error:
        return Outcome(error=first_line(error))
    return found
