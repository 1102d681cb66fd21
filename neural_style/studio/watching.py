"""A job in memory, what is written of it while it is painted, and the warnings that come up."""

from __future__ import annotations

import contextlib
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from neural_style.studio.job import Stored
from neural_style.studio.job_folder import JobFolder
from neural_style.studio.progress import Array, Progress, Watch
from neural_style.studio.request import Request


@dataclass
class Entry:
    """A job in memory.

    Attributes:
        size: bytes of its folder.
        done: share of its work.
        pace: seconds that all of its work takes, by its fastest iteration: the first at a size compiles a program.
        iterated: when its last iteration ended, and the share of the work at that time.
        is_stopping: it is to end with its best picture.
    """

    folder: JobFolder
    request: Request
    stored: Stored = field(default_factory=Stored)
    size: int = 0
    done: float = 0.0
    pace: float | None = None
    iterated: tuple[float, float] | None = None
    is_stopping: bool = False


class JobWatch(Watch):
    """Writes what is seen of a running job into its folder, and ends it where it is to end."""

    def __init__(self, entry: Entry, change: Callable[..., None], is_closing: Callable[[], bool]) -> None:
        """
        Args:
            entry: the job.
            change: called with the entry and with new values of the fields of `Stored`.
            is_closing: whether the server ends.
        """
        self._entry, self._change, self._is_closing = entry, change, is_closing
        self.folder = entry.folder.path

    def show(
        self, image: Array, alpha: Array | None = None, *, is_sketch: bool = False, is_result: bool = True
    ) -> None:
        self._entry.folder.show(image, alpha)
        if is_result and not is_sketch:
            self._entry.folder.keep(image, alpha)
        if is_sketch != self._entry.stored.is_sketch:
            self._change(self._entry, is_sketch=is_sketch)

    def advance(self, progress: Progress) -> None:
        entry, stored = self._entry, self._entry.stored
        entry.done = progress.done
        if progress.iteration > stored.iteration:
            self._measure(progress.done)
        if (stored.iteration, stored.of) != (progress.iteration, progress.of):
            self._change(
                entry, iteration=progress.iteration, of=progress.of, losses=progress.losses, rows=progress.rows
            )
        if entry.is_stopping or self._is_closing():
            raise KeyboardInterrupt

    def _measure(self, done: float) -> None:
        """Take the pace from an iteration that has ended."""
        entry, now = self._entry, time.monotonic()
        if entry.iterated is not None and done > entry.iterated[1]:
            pace = (now - entry.iterated[0]) / (done - entry.iterated[1])
            entry.pace = pace if entry.pace is None else min(pace, entry.pace)
        entry.iterated = now, done


@contextlib.contextmanager
def noted() -> Iterator[list[str]]:
    """Collect the warnings of this thread; those of the others are shown as before.

    `warnings.catch_warnings` would take them from all threads.
    """
    thread, shown, found = threading.get_ident(), warnings.showwarning, []

    def note(message: Any, category: type[Warning], *others: Any, **named: Any) -> None:
        if threading.get_ident() != thread:
            shown(message, category, *others, **named)
        elif issubclass(category, UserWarning | RuntimeWarning) and str(message) not in found:
            found.append(" ".join(str(message).split()))

    # Python shows a warning once at each place; a change of the filters lets it come again with the next job.
    warnings.filterwarnings("default", module="neural_style[.]none", append=True)
    warnings.showwarning = note
    try:
        yield found
    finally:
        if warnings.showwarning is note:
            warnings.showwarning = shown
