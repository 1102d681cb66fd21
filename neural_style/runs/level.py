"""One pyramid level: runs a solver and keeps the best image."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from neural_style import interruption, solvers
from neural_style.errors import BrokenRunError
from neural_style.runs.records import INTERRUPTED
from neural_style.runs.settings import EVALUATIONS_PER_ITERATION, Run, check_solver_of_normalized

if TYPE_CHECKING:
    from neural_style.objectives.objective import Objective

Progress = Callable[[int, float], None]
"""Called after every evaluation with the number of evaluations and the loss of the picture that is kept so far: mostly
the lowest; of the last average with adam's `averaging`, and the last one with `normalize_gradients`."""


GREY_LEVELS = (0.0, 255.0)
"""Bounds of a picture: what a file cuts off would change its loss (by a factor of 16 on a strong painting)."""


class Level:
    """One pyramid level: a solver run, and the best image it has found.

    Attributes:
        loss, losses: the lowest so far, and its terms by name.
        evaluations, iterations: done so far at this size.
        improvement: percent by which the loss fell in the last iteration; None in the first.
        stopped: why this size ended before all iterations were done; empty if it did not.
        broken: the whole run ends with this size.
    """

    SCALARS: ClassVar = ("loss", "losses", "evaluations", "iterations", "improvement", "stopped", "broken")

    def __init__(self, make_objective: Callable[[], Objective], run: Run, start: np.ndarray) -> None:
        """`make_objective` is called when the first iteration is requested; `start` is float32 (H, W, 3)."""
        self._make_objective, self.run = make_objective, run
        self._best: Any = start
        self._solver_state: Callable[[], solvers.SolverState] | None = None
        self._breakdown = ""
        self.loss = np.inf
        self.losses: Mapping[str, float] = {}
        self.evaluations = self.iterations = 0
        self.improvement: float | None = None
        self.stopped = ""
        self.broken = False

    @cached_property
    def objective(self) -> Objective:
        with interruption.allowed():
            made = self._make_objective()
        if made.normalize_gradients:
            check_solver_of_normalized(self.run)
        return made

    @property
    def image(self) -> np.ndarray:
        """The best image so far, float32 (H, W, 3)."""
        return np.asarray(self._best)

    @property
    def is_over(self) -> bool:
        """Whether no iteration is left at this size."""
        return bool(self.stopped) or self.iterations >= self.run.iterations

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Everything `load_state` needs, after an iteration: a JSON-compatible dict, and arrays by name."""
        state = self._solver_state() if self._solver_state is not None else {}
        arrays = {f"solver.{name}": value for name, value in state.items()}
        return {name: getattr(self, name) for name in self.SCALARS}, {"image": self.image, **arrays}

    def load_state(self, auxiliary: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Restore the level that returned this `state`; the number of iterations may differ from its own."""
        for name in self.SCALARS:
            setattr(self, name, auxiliary[name])
        self._best = arrays["image"]
        state = {name.removeprefix("solver."): arrays[name] for name in arrays if name.startswith("solver.")}
        self._solver_state = lambda: state
        if not self.is_over:
            self.stopped = self._explain_slowness()

    def run_iterations(self, progress: Progress | None, evaluations_before: int) -> Iterator[None]:
        """Minimise; yields after every iteration, and not at all where none is left."""
        if self.is_over:
            return
        settings: dict[str, Any] = {"memory": self.run.memory} if self.run.solver in solvers.WITH_MEMORY else {}
        if self.run.solver == "adam":
            settings |= {name: getattr(self.run, name) for name in solvers.OF_ADAM}
        settings["bounds"] = GREY_LEVELS if self.run.bounded else None
        if self._solver_state is not None:
            settings["resume"] = self._solver_state()
            self._solver_state = None  # from here on the solver holds the same arrays
        points = solvers.solver(self.run.solver)(
            self.objective.function,
            self.image,
            evaluations=EVALUATIONS_PER_ITERATION * self.run.iterations,
            **settings,
        )
        try:
            while not self.is_over:
                before = self.loss
                stopped = self._advance(points, progress, evaluations_before)
                self.improvement = None if self.iterations == 0 else (before - self.loss) / abs(before or 1) * 100
                self.iterations += 1
                self.stopped = stopped or ("" if self.is_over else self._explain_slowness())
                yield
        finally:
            points.close()

    def _advance(
        self, points: Generator[solvers.Point, None, str], progress: Progress | None, evaluations_before: int
    ) -> str:
        """Run one iteration; returns why this size ends with it, or an empty string."""
        value = before = self.loss
        unbounded = any(term.weight < 0 for term in self.objective.terms)
        for _ in range(EVALUATIONS_PER_ITERATION):
            try:
                with interruption.allowed():
                    image, value, auxiliary, self._solver_state = next(points)
                self.evaluations += 1
                if unbounded and value < 0:
                    return self._explain_unbounded()
                if not (isfinite(value) and auxiliary.gradient_is_finite):
                    self._breakdown = self._breakdown or self._describe_breakdown(
                        value, self.objective.named(auxiliary)
                    )
                else:
                    self._breakdown = ""
                    if self._is_wanted(value):
                        self._best, self.loss, self.losses = image, value, self.objective.named(auxiliary)
                if progress is not None:
                    progress(evaluations_before + self.evaluations, self.loss)
            except StopIteration as end:
                return self._explain_breakdown() if self._breakdown else str(end.value)
            except KeyboardInterrupt:
                if not self.losses:
                    raise
                self.broken = True
                return INTERRUPTED
        if not self.losses:
            return self._explain_breakdown()
        if self.loss == before and value - before > abs(before):
            warnings.warn(
                f"the loss rose from {before:.4g} to {value:.4g} in the last {EVALUATIONS_PER_ITERATION} evaluations; "
                "the best picture is kept, but the solver is diverging: try lbfgs or fewer iterations",
                RuntimeWarning,
                stacklevel=2,
            )
        return ""

    def _is_wanted(self, value: float) -> bool:
        """Whether the picture that has just been evaluated is to be kept, and not the one before.

        Normally that of the lowest loss; the last one where the gradient is not that of the loss; and with an average
        that, which is the last of each iteration.
        """
        if self.run.averaging and self.evaluations >= EVALUATIONS_PER_ITERATION:
            return self.evaluations % EVALUATIONS_PER_ITERATION == 0
        return value < self.loss or self.objective.normalize_gradients

    def _explain_slowness(self) -> str:
        """Why this size ends after too small an improvement; empty if the last iteration improved the loss enough."""
        wanted = self.run.min_improvement
        if not wanted or self.improvement is None or self.improvement >= wanted:
            return ""
        return f"the loss improved by {self.improvement:.3g} %, less than {self.run.min_improvement:g} %"

    def _explain_unbounded(self) -> str:
        """Why the run ends after an objective with negative weights has fallen below zero."""
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

    def _describe_breakdown(self, value: float, parts: Mapping[str, float]) -> str:
        culprits = [name for name, part in parts.items() if not isfinite(part)]
        what = "the loss" if not isfinite(value) else "its gradient"
        where = f" ({', '.join(culprits[:3])})" if culprits else ""
        return f"{what} was no longer finite at evaluation {self.evaluations}{where}"

    def _explain_breakdown(self) -> str:
        """Why the run ends after its solver could not recover from non-finite values."""
        if not self.losses:
            raise BrokenRunError(f"{self._breakdown}, before it was lowered: check weights and images for huge values")
        self.broken = True
        warnings.warn(
            f"{self._breakdown}; the best picture so far is kept: try smaller weights", RuntimeWarning, stacklevel=2
        )
        return self._breakdown
