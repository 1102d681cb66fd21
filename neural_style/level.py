"""One size of a pyramid: a solver at work on an objective, watched."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Iterator, Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neural_style import solvers
from neural_style.errors import BrokenRunError
from neural_style.run import EVALUATIONS_PER_ITERATION, Run

if TYPE_CHECKING:
    from neural_style.objective import Objective

Progress = Callable[[int, float], None]
"""Called after every evaluation with how many there were and the lowest loss so far."""


class State(NamedTuple):
    """How an iteration ended: percent by which the loss fell (None in the first), and why the size is left, if so."""

    improvement: float | None
    stopped: str


class Level:
    """One size of the pyramid: a solver at work, and the best it has found."""

    def __init__(self, objective: Objective, run: Run, start: np.ndarray) -> None:
        self.objective, self.run = objective, run
        self._best: Any = start
        self.loss = np.inf
        self.losses: Mapping[str, float] = {}
        self.evaluations = 0
        self.broken = False
        self._unbounded = any(term.weight < 0 for term in objective.terms)

    @property
    def image(self) -> np.ndarray:
        """The best image so far, float32 (H, W, 3)."""
        return np.asarray(self._best)

    def iterations(self, progress: Progress | None, evaluations_before: int) -> Iterator[State]:
        """Minimise, and stop to report after every iteration."""
        settings = {"memory": self.run.memory} if self.run.solver in solvers.WITH_MEMORY else {}
        points = solvers.solver(self.run.solver)(
            self.objective.function,
            self.image,
            evaluations=EVALUATIONS_PER_ITERATION * self.run.iterations,
            **settings,
        )
        try:
            for index in range(self.run.iterations):
                before = self.loss
                stopped = self._advance(points, progress, evaluations_before)
                improvement = None if index == 0 else (before - self.loss) / abs(before or 1) * 100
                is_last = index + 1 == self.run.iterations
                if not (stopped or is_last) and improvement is not None and improvement < self.run.min_improvement:
                    stopped = f"the loss improved by {improvement:.3g} %, less than {self.run.min_improvement:g} %"
                yield State(improvement, stopped)
                if stopped:
                    return
        finally:
            points.close()

    def _advance(
        self, points: Generator[solvers.Point, None, str], progress: Progress | None, evaluations_before: int
    ) -> str:
        """One iteration; returns why the run at this size must end with it, or nothing."""
        value = before = self.loss
        for _ in range(EVALUATIONS_PER_ITERATION):
            try:
                image, value, told = next(points)
                self.evaluations += 1
                if self._unbounded and value < 0:
                    return self._explain_unbounded()
                if not (isfinite(value) and told.gradient_is_finite):
                    return self._explain_breakdown(value, self.objective.named(told))
                if value < self.loss:
                    self._best, self.loss, self.losses = image, value, self.objective.named(told)
                if progress is not None:
                    progress(evaluations_before + self.evaluations, self.loss)
            except StopIteration as end:
                return str(end.value)
            except KeyboardInterrupt:
                if not self.losses:
                    raise
                self.broken = True
                return "interrupted"
        if self.loss == before and value - before > abs(before):
            warnings.warn(
                f"the loss rose from {before:.4g} to {value:.4g} in the last {EVALUATIONS_PER_ITERATION} evaluations; "
                "the best picture is kept, but the solver has lost its way: try lbfgs or fewer iterations",
                RuntimeWarning,
                stacklevel=2,
            )
        return ""

    def _explain_unbounded(self) -> str:
        """Why a run ends whose objective, having terms of negative weight, has fallen below zero."""
        culprits = ", ".join(term.name for term in self.objective.terms if term.weight < 0)
        self.broken = True
        why = f"the loss became negative: {culprits} has a negative weight and is driven away from its style"
        if not self.losses:
            raise BrokenRunError(f"{why}, without bound; use chain=False or variant novak2016")
        warnings.warn(
            f"{why}, without bound; the best picture before that is kept: use chain=False or variant novak2016",
            RuntimeWarning,
            stacklevel=2,
        )
        return why

    def _explain_breakdown(self, value: float, parts: Mapping[str, float]) -> str:
        culprits = [name for name, part in parts.items() if not isfinite(part)]
        what = "the loss" if not isfinite(value) else "its gradient"
        where = f" ({', '.join(culprits[:3])})" if culprits else ""
        why = f"{what} was no longer finite at evaluation {self.evaluations}{where}"
        if not self.losses:
            raise BrokenRunError(f"{why}, before it was lowered: check weights and images for huge values")
        self.broken = True
        warnings.warn(f"{why}; the best picture so far is kept: try smaller weights", RuntimeWarning, stacklevel=2)
        return why
