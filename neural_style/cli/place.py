"""The place of a run in its pyramid: size, iteration, and the share of the work that is done."""

from __future__ import annotations

from neural_style.runs.result import Step
from neural_style.runs.settings import EVALUATIONS_PER_ITERATION, Run


def work(run: Run, *, levels: int | None = None) -> float:
    """Work of a run that is not stopped early, in evaluations at its last size.

    An evaluation takes a time in proportion to the pixels, so one at half the rows is a quarter of one at all rows.

    Args:
        run: its settings.
        levels: only that many of its sizes, coarse to fine.

    Example:
        >>> from neural_style.cli.place import work
        >>> from neural_style.runs.settings import Run
        >>> work(Run(sizes=(100, 200, 400), iterations=5))
        131.25
    """
    return sum(_level(run, rows) for rows in run.levels[:levels])


class Place:
    """The current size and iteration of a run, from the number of its evaluations and the history of its steps."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._level = self._before = 0

    def done(self, evaluations: int) -> float:
        """The work that is done after so many evaluations, counted over all sizes."""
        while evaluations - self._before > self._most and self._level + 1 < len(self._run.levels):
            self._before += self._most
            self._level += 1
        share = min(1.0, (evaluations - self._before) / self._most)
        return work(self._run, levels=self._level) + share * _level(self._run, self._run.levels[self._level])

    def text(self, evaluations: int) -> str:
        """Size and iteration in words."""
        self.done(evaluations)
        number = (evaluations - self._before - 1) // EVALUATIONS_PER_ITERATION + 1
        iteration = f"iteration {min(number, self._run.iterations)}/{self._run.iterations}"
        levels = self._run.levels
        size = f"size {self._level + 1}/{len(levels)} ({levels[self._level]} rows), "
        return f"{size if len(levels) > 1 else ''}{iteration}"

    def update(self, step: Step) -> None:
        """Take the place from a finished iteration: the size may have ended early, and the run may be a resumed one."""
        sizes = [tuple(entry["image_size"]) for entry in step.history]
        first = sizes.index(sizes[-1])
        self._level = len(set(sizes)) - 1
        self._before = step.history[first - 1]["evaluations"] if first else 0
        iterations = len(sizes) - first
        has_converged = step.evaluations - self._before < iterations * EVALUATIONS_PER_ITERATION
        is_slow = step.improvement is not None and step.improvement < self._run.min_improvement
        if (has_converged or is_slow) and self._level + 1 < len(self._run.levels):
            self._level, self._before = self._level + 1, step.evaluations

    @property
    def _most(self) -> int:
        """Evaluations at a size at most."""
        return self._run.iterations * EVALUATIONS_PER_ITERATION


def _level(run: Run, rows: int) -> float:
    """Work at one size."""
    return run.iterations * EVALUATIONS_PER_ITERATION * (rows / run.levels[-1]) ** 2
