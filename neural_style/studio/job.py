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
    """The part of a job's state that is stored.

    Attributes:
        state: one of `STATES`.
        iteration, of: finished ones of all sizes, and their number where none ends early.
        losses: the loss after each iteration.
        rows: of the picture at each of these losses; losses at different sizes do not compare.
        message: one line about what happened; empty while all is well.
        notes: warnings of the library.
        is_sketch: the preview was painted in one pass, before the run has a picture of its own.
    """

    state: str = "waiting"
    iteration: int = 0
    of: int = 0
    losses: tuple[float, ...] = ()
    rows: tuple[int, ...] = ()
    message: str = ""
    notes: tuple[str, ...] = ()
    is_sketch: bool = False

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes."""
        return self.state in OVER


@dataclass(frozen=True, kw_only=True)
class Job(Stored):
    """The state of a job at one moment.

    Attributes:
        id: which nobody can guess.
        request: with the job's own copies of the files.
        created: seconds since 1970.
        place: jobs before it, 0 for the one that is painted; None for one that is over.
        seconds_left: an estimate; None where none can be made yet.
        preview: a small picture of the state, where there is one.
        result: the finished picture, or the best one so far.
        can_continue: there is a picture to start from, or an unfinished film.
        folder: of all its files.
    """

    id: str
    request: Request
    created: float
    place: int | None
    seconds_left: float | None
    preview: Path | None
    result: Path | None
    can_continue: bool
    folder: Path
