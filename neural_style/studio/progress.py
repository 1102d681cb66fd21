"""What an execution is, and who is shown how far it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from neural_style.runs.result import Result
from neural_style.studio.limits import Limits

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Progress:
    """How far a picture is.

    Attributes:
        iteration: finished ones, counted over all sizes.
        of: their number where none ends early.
        done: share of the work, 0 to 1.
        losses: the loss after each iteration.
        rows: of the picture at each of these losses; losses at different sizes do not compare.
    """

    iteration: int = 0
    of: int = 0
    done: float = 0.0
    losses: tuple[float, ...] = ()
    rows: tuple[int, ...] = ()


class Watch(Protocol):
    """Whoever is shown a picture that is being painted.

    Attributes:
        folder: where an execution that makes no picture writes its result.
    """

    folder: Path

    def show(
        self, image: Array, alpha: Array | None = None, *, is_sketch: bool = False, is_result: bool = True
    ) -> None:
        """A picture, uint8 (H, W, 3); a sketch is no state of the run, and a frame of a film is no result."""

    def advance(self, progress: Progress) -> None:
        """Called often; it may raise KeyboardInterrupt, which ends the run with its best picture."""


class Execution(ABC):
    """A request that is ready to be carried out."""

    @abstractmethod
    def check(self, limits: Limits) -> None:
        """Check everything that needs no backend.

        Raises:
            InvalidInputError, MissingFileError: an input or a setting cannot be used.
        """

    @abstractmethod
    def execute(self, watch: Watch) -> Result | None:
        """Paint; None where the result is no picture and is written already.

        Raises:
            KeyboardInterrupt: it was stopped before there was a picture.
        """
