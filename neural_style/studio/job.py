"""A job as a page sees it, and the states that it goes through."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from neural_style.studio.request import Request

STATES = ("waiting", "running", "finished", "stopped", "failed", "interrupted")
"""`stopped` by its owner; `interrupted` by the end of the server."""

OVER = STATES[2:]
"""States after which nothing more comes."""


@dataclass(frozen=True)
class Stored:
    """The part of a job's state that is stored; the attributes are those of `Job`."""

    state: str = "waiting"
    iteration: int = 0
    of: int = 0
    losses: tuple[float, ...] = ()
    rows: tuple[int, ...] = ()
    message: str = ""
    notes: tuple[str, ...] = ()
    is_sketch: bool = False


@dataclass(frozen=True)
class Job:
    """The state of a job at one moment.

    Attributes:
        id: which nobody can guess.
        request: with the job's own copies of the files.
        state: one of `STATES`.
        created: seconds since 1970.
        place: jobs before it, 0 for the one that is painted; None for one that is over.
        iteration, of: finished ones of all sizes, and their number where none ends early.
        losses: the loss after each iteration.
        rows: of the picture at each of these losses; losses at different sizes do not compare.
        seconds_left: an estimate; None where none can be made yet.
        message: one line about what happened; empty while all is well.
        notes: warnings of the library.
        preview: a small picture of the state, where there is one.
        is_sketch: the preview was painted in one pass, before the run has a picture of its own.
        result: the finished picture, or the best one so far.
        folder: of all its files.
    """

    id: str
    request: Request
    state: str
    created: float
    place: int | None
    iteration: int
    of: int
    losses: tuple[float, ...]
    rows: tuple[int, ...]
    seconds_left: float | None
    message: str
    notes: tuple[str, ...]
    preview: Path | None
    is_sketch: bool
    result: Path | None
    folder: Path

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes."""
        return self.state in OVER
