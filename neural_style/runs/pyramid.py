"""A pyramid of sizes, coarse to fine, and the progress of a run through it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.runs.level import Level, Progress
from neural_style.runs.memory_plan import remembered
from neural_style.runs.settings import LevelPlan, Run

if TYPE_CHECKING:
    from neural_style.objectives.objective import Objective, ObjectiveAt

ENLARGE = "bicubic"
"""Interpolation to the next size: smooth, without the ringing of Lanczos."""


class Pyramid:
    """The levels of a run.

    Attributes:
        level: the current one.
        history: one entry an iteration: iteration, evaluations, image_size, loss, losses by term, seconds; and
            tile, if there is one.
        weights_sha256: fingerprint of the network's weights; empty until an objective is made.
    """

    def __init__(
        self,
        objective_at: ObjectiveAt,
        run: Run,
        plans: Sequence[LevelPlan],
        start: np.ndarray,
    ) -> None:
        """
        Args:
            objective_at: makes the objective.
            run: the settings.
            plans: size, tiles and memory of each level.
            start: float32 (H, W, 3).
        """
        self._objective_at, self._run, self._plans = objective_at, run, plans
        self._index = self._evaluations_before = 0
        self._seconds = 0.0
        self._started = time.monotonic()
        self.level = self._level(start)
        self.history: list[dict[str, Any]] = []
        self.weights_sha256 = ""

    @property
    def evaluations(self) -> int:
        """Evaluations so far, over all sizes."""
        return self._evaluations_before + self.level.evaluations

    @property
    def seconds(self) -> float:
        """Seconds since the start, without the time between a run and its resumption."""
        return self._seconds + time.monotonic() - self._started

    @property
    def stopped(self) -> str:
        """The reason for which the run ends here and not later; empty otherwise."""
        return self.level.stopped if self.level.broken or self._is_last else ""

    @property
    def is_over(self) -> bool:
        """Whether no iteration is left at any size."""
        return self.level.broken or (self._is_last and self.level.is_over)

    def iterations(self, progress: Progress | None) -> Iterator[None]:
        """Run to the end from the current state, yielding after every iteration."""
        self._started = time.monotonic()
        while True:
            for _ in self.level.run_iterations(progress, self._evaluations_before):
                plan = self._plans[self._index]
                fewer = 0 < plan.memory < remembered(self._run)
                self.history.append(
                    {
                        "iteration": len(self.history) + 1,
                        "evaluations": self.evaluations,
                        "image_size": list(self.level.image.shape[:2]),
                        **({"tile": plan.tile} if plan.tile else {}),
                        **({"memory": plan.memory} if fewer else {}),
                        "loss": self.level.loss,
                        "losses": dict(self.level.losses),
                        "seconds": round(self.seconds, 3),
                    }
                )
                yield
            if self.level.broken or self._is_last:
                return
            self._evaluations_before += self.level.evaluations
            self._index += 1
            self.level = self._level(self.level.image)

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Everything that `load_state` needs: values for JSON, and arrays by name."""
        scalars, arrays = self.level.state() if self.history else ({}, {})
        return {
            "level": scalars,
            "index": self._index,
            "evaluations_before": self._evaluations_before,
            "seconds": self.seconds,
            "history": self.history,
            "weights_sha256": self.weights_sha256,
        }, arrays

    def load_state(self, scalars: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Resume from a `state` of a run with the same settings; only the number of iterations may differ.

        Raises:
            InvalidInputError: there are fewer sizes than it has, or its picture has another size.
        """
        self.history = list(scalars["history"])
        self.weights_sha256 = scalars["weights_sha256"]
        self._index, self._evaluations_before = scalars["index"], scalars["evaluations_before"]
        self._seconds = scalars["seconds"]
        if self.history:
            index, image = self._index, arrays["image"]
            if index >= len(self._plans) or image.shape != (*self._plans[index].size, 3):
                raise InvalidInputError("the checkpoint is damaged, as its picture has another size: start a new run")
            self.level = self._level(image)
            self.level.load_state(scalars["level"], arrays)

    @property
    def _is_last(self) -> bool:
        return self._index + 1 == len(self._plans)

    def _level(self, pastiche: np.ndarray) -> Level:
        plan = self._plans[self._index]
        run = replace(self._run, memory=plan.memory or self._run.memory)
        return Level(partial(self._objective, plan), run, images.resize(pastiche, plan.size, method=ENLARGE))

    def _objective(self, plan: LevelPlan) -> Objective:
        objective = self._objective_at(plan.size, plan.tile)
        if self.weights_sha256 not in ("", objective.weights_sha256):
            raise InvalidInputError(
                "the network's weights are not those of the checkpoint: name the same, or choose another checkpoint"
            )
        self.weights_sha256 = objective.weights_sha256
        return objective
