"""What an engine is given and what it returns: tasks, their outcomes, and the engine itself."""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from neural_style.engines.process import Process
from neural_style.errors import explanation

TRIES = 3
"""Processes that may die of a task before it has failed."""

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Outcome:
    """What became of a task.

    Attributes:
        files: content of each file by its name, the finished picture last.
        value: what else it returns.
        warnings: one line each.
        error: one line; empty where the task has succeeded.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    value: Any = None
    warnings: tuple[str, ...] = ()
    error: str = ""


class Task(Protocol):
    """One picture to be made. It is sent to another process, and holds everything that it takes but files of weights.

    Attributes:
        weights: names of weights, of which those that are files must be at hand where it runs.
    """

    @property
    def weights(self) -> tuple[str, ...]: ...

    def run(self) -> Outcome:
        """Do the task; an error becomes an outcome."""


class Engine(Protocol):
    """Runs tasks in other processes."""

    @property
    def description(self) -> str:
        """Where the tasks run, for a line at the start."""

    def outcomes(
        self, tasks: Iterable[tuple[Key, Task]], process: Process | None = None
    ) -> Generator[tuple[Key, Outcome]]:
        """The outcome of each task, as soon as there is one.

        Tasks are taken from the iterable when there is a process for them, so that few are in memory at a time. A task
        whose process dies is given to another one, and fails after `TRIES` of them. Closing the iterator ends all
        processes at once.

        Args:
            tasks: each with a key of the caller's.
            process: settings of the processes; None for tasks that compute nothing with the backend.
        """


def done(task: Task, process: Process | None) -> Outcome:
    """The outcome of a task in the process that runs this, after it has got its settings."""
    try:
        if process is not None:
            process.take()
    except Exception as error:
        return Outcome(error=explanation(error))
    return task.run()


def died(how: str) -> Outcome:
    """The outcome of a task of which `TRIES` processes have died, the last one as `how` states."""
    return Outcome(
        error=f"{TRIES} processes died of it, the last one {how}: if memory is short, run fewer at once, or choose a "
        "smaller size"
    )
