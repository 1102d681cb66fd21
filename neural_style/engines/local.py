"""Several processes of this machine, each with its part of the processor's cores.

A single run does not keep many cores busy: its deep layers have too little work for them. Several processes do, each
with a network of its own, which takes memory.
"""

from __future__ import annotations

import multiprocessing
import os
import secrets
import shutil
import signal
import tempfile
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any

from neural_style import interruption
from neural_style.engines.interface import TRIES, Key, Outcome, Task, died, done
from neural_style.engines.process import Process
from neural_style.runs import free_memory
from neural_style.validation import check_count


@dataclass(frozen=True)
class Local:
    """Processes of this machine, as an `Engine`.

    Attributes:
        jobs: their number; they share cores and free memory equally.
    """

    jobs: int

    def __post_init__(self) -> None:
        check_count("jobs", self.jobs, at_least=1)

    @property
    def description(self) -> str:
        """Where the tasks run."""
        return f"{self.jobs} processes"

    def outcomes(
        self, tasks: Iterable[tuple[Key, Task]], process: Process | None = None
    ) -> Generator[tuple[Key, Outcome]]:
        """As in `Engine`."""
        remaining = iter(tasks)
        workers: list[_Worker] = []
        # Made by the processes, each of which deletes it if this one is killed: before there is one, nothing is left.
        folder = os.path.join(tempfile.gettempdir(), f"neural-style-{secrets.token_hex(8)}")
        try:
            while True:
                while (place := _free_place(workers, self.jobs)) is not None:
                    if (following := next(remaining, None)) is None:
                        break
                    if place == len(workers):
                        workers.append(_Worker(place, self.jobs, folder, process))
                    workers[place].begin(*following)
                busy = {each.connection: each for each in workers if each.is_busy}
                if not busy:
                    return
                for connection in wait(list(busy)):
                    worker = busy[connection]  # type: ignore[index]  # only connections were waited for
                    if (outcome := worker.outcome()) is not None:
                        key, worker.is_busy = worker.key, False
                        yield key, outcome
        finally:
            for worker in workers:
                worker.end()
            shutil.rmtree(folder, ignore_errors=True)


def _free_place(workers: list[_Worker], jobs: int) -> int | None:
    """Index of a worker without a task; of a new one while there are fewer than `jobs`."""
    idle = next((place for place, each in enumerate(workers) if not each.is_busy), None)
    return len(workers) if idle is None and len(workers) < jobs else idle


class _Worker:
    """A process that does one task after the other, and is replaced when it dies."""

    def __init__(self, place: int, jobs: int, folder: str, settings: Process | None) -> None:
        self._place, self._jobs, self._folder, self._settings = place, jobs, folder, settings
        self._start()
        self.key: Any = None
        self.is_busy = False

    def begin(self, key: Any, task: Task) -> None:
        """Give the process a task."""
        self.key, self.is_busy = key, True
        self._task, self._tries = task, 0
        self._try()

    def outcome(self) -> Outcome | None:
        """The outcome of the task; None if the process has died and another one tries it now."""
        try:
            found: Outcome = self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            if self._tries == TRIES:
                found = died(_how(self.process.exitcode))
                self._start()
            else:
                self._start()
                self._try()
                return None
        return found

    def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.join()
        self.connection.close()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")  # a fork of a process with a backend hangs
        self.connection, theirs = context.Pipe()
        given = theirs, self._jobs, self._folder, self._settings
        self.process = context.Process(target=_serve, args=given, daemon=True)
        with _share_of_cores(self._place, self._jobs), _signals_blocked():
            self.process.start()
        theirs.close()

    def _try(self) -> None:
        self._tries += 1
        try:
            self.connection.send(self._task)
        except OSError:  # it has died, which `outcome` finds
            return


def _serve(connection: Connection, jobs: int, folder: str, settings: Process | None) -> None:
    """Do the tasks that come, with temporary files in `folder`, until the other end is closed or its process gone."""
    free_memory.share(jobs)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    tempfile.tempdir = folder
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_end_with, args=(parent.sentinel, folder), daemon=True).start()
    while True:
        try:
            task: Task = connection.recv()
            connection.send(done(task, settings))
        except (EOFError, OSError):
            return


def _end_with(sentinel: Any, folder: str) -> None:
    """End this process with another, which was killed: nobody waits for the task that may take hours.

    Args:
        sentinel: is ready when the other process has ended.
        folder: of temporary files, which that process cannot delete any more.
    """
    wait([sentinel])
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def _how(status: int | None) -> str:
    """How a process ended."""
    if status is not None and status < 0:
        return f"by {signal.Signals(-status).name}"
    return f"with status {status}"


@contextmanager
def _share_of_cores(place: int, jobs: int) -> Iterator[None]:
    """Let processes that are started within run on their part of the cores, for which every library starts threads.

    Systems other than Linux have no such limit; there the threads of all processes compete.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    ordered = sorted(cores)
    own = ordered[place % len(ordered) :: jobs]
    os.sched_setaffinity(0, own)
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Let processes that are started within never get Ctrl-C and its like, which end this one, and it ends them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # its start, which would follow within, unblocks signals before Python 3.13
    before = signal.pthread_sigmask(signal.SIG_BLOCK, interruption.SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
