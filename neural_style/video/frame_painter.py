"""One frame by optimisation: its objective, and what the frames of a shot share.

Ruder, Dosovitskiy & Brox 2016 (arXiv:1604.08610). The first frame of a shot converges over a pyramid of sizes; others
minimise

    L(x) + gamma L_1 / 100 * mean c (x - w)^2

with the technique's loss L, the first frame's final loss L_1, and the results of neighbours w that are warped to this
frame where they can be trusted, c. So gamma has no unit: at 1, a difference of 10 grey levels from the neighbour costs
as much as the loss of the first frame.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.images import ImageSource
from neural_style.images.warping import warp
from neural_style.inputs import Content, Inputs, Style, as_styles
from neural_style.network import TransferTechnique
from neural_style.runs import records
from neural_style.runs.color_preservation import ColorPreservation
from neural_style.runs.greyness import Greyness
from neural_style.runs.initial import start_image
from neural_style.runs.memory_plan import fit_run
from neural_style.runs.settings import LevelPlan, Run, RunSettings, sizes_for
from neural_style.video.coherence import (
    Motion,
    filled,
    long_term_target,
    long_term_weights,
    relative_weight,
    without_drift,
)
from neural_style.video.settings import Coherence
from neural_style.video.state import DAMAGED

if TYPE_CHECKING:
    from neural_style.objectives.objective import Objective, Term
    from neural_style.objectives.transfer_objective import StyleTerms
    from neural_style.runs.level import Level

Array = np.ndarray[Any, Any]


class Neighbour(NamedTuple):
    """Another frame of the shot, and what it became.

    Attributes:
        frame: uint8 (H, W, 3).
        result: float32 (H, W, 3).
        step: the motion from it to the frame that is painted.
    """

    frame: Array
    result: Array
    step: Motion


class Warped(NamedTuple):
    """Results of neighbours on the grid of a frame.

    Attributes:
        target: w, float32 (H, W, 3), where it is trusted.
        weights: c, float32 (H, W).
        start: where the optimisation starts.
    """

    target: Array
    weights: Array
    start: Array

    @classmethod
    def of(cls, frame: Array, near: Sequence[Neighbour]) -> Warped:
        """The results of neighbours, nearest first, with a start from them."""
        moved = [warp(each.result, each.step.flow) for each in near]
        target, total = long_term_target(moved, long_term_weights([each.step.followed for each in near]))
        return cls(target, total, filled(target, total > 0, frame))


class FramePainter:
    """Optimisations of the frames of a film, shot after shot.

    Programs are compiled once for the film, and the statistics of the styles computed once for a shot at most.
    """

    def __init__(
        self,
        technique: TransferTechnique,
        styles: Sequence[Style | ImageSource] | Style | ImageSource,
        coherence: Coherence,
        run: RunSettings,
    ) -> None:
        """
        Args:
            technique: `Network` or `INetwork`.
            styles: one or more paintings.
            coherence: how frames are held together.
            run: settings of the first frame of a shot.

        Raises:
            InvalidInputError, MissingFileError: a setting or a painting cannot be used.
        """
        technique.check_run_names(run)
        if {"sizes", "image_size", "maintain_aspect_ratio"} & run.keys():
            raise InvalidInputError("a frame keeps its size: reduce the video by work_size, not by image_size or sizes")
        self.technique, self.coherence, self.run = technique, coherence, Run(**run)
        technique.check_run(self.run)
        self.styles = as_styles(styles)
        if not self.run.init_is_named:  # in memory like the styles, since another machine may paint
            picture = technique.initial_picture(Inputs(Content(), self.styles), self.run)
            assert picture is not None, "only named ones are drawn"
            self.run = replace(self.run, init=picture)
        self._first: Array | None = None  # of the shot, where paintings take its colours
        self._shot_styles: tuple[Style, ...] = self.styles
        self._style_terms: StyleTerms = {}
        self._reference = 0.0
        self._plans: list[LevelPlan] = []

    def converged(self, frame: Array) -> Array:
        """The first frame of a shot, by itself.

        Args:
            frame: uint8 (H, W, 3).

        Returns:
            float32 (H, W, 3).

        Raises:
            KeyboardInterrupt: the optimisation was interrupted.
        """
        if self._is_recoloring:
            self._begin_shot(frame)
        painted, level = self._minimised(frame, None, self.run.iterations)
        self._reference = abs(level.loss)
        return painted

    def continued(self, frame: Array, warped: Warped, nearest: Neighbour | None, iterations: int) -> Array:
        """Another frame of the shot.

        Args:
            frame: uint8 (H, W, 3).
            warped: its start and its temporal term.
            nearest: whose mean colour is held; None where there is no neighbour.
            iterations: their number.

        Returns:
            float32 (H, W, 3).

        Raises:
            KeyboardInterrupt: the optimisation was interrupted.
        """
        painted, _ = self._minimised(frame, warped, iterations)
        if nearest is None or not self.coherence.hold_colors:
            return painted
        earlier = warp(nearest.frame, nearest.step.flow)
        return without_drift(painted, warped.target, frame, earlier, nearest.step.followed)

    def finished(self, frame: Array, painted: Array) -> Array:
        """A painted frame as it is saved, uint8 (H, W, 3), in the colours of the video if that is asked for."""
        return images.to_uint8(ColorPreservation(Content(frame).read(), self.run).recolored(painted))

    def state(self) -> dict[str, Array]:
        """Everything that further frames of the shot depend on, beside their neighbours; copies."""
        plans = [[*plan.size, plan.tile or 0, plan.memory] for plan in self._plans]
        state = {"reference": np.array(self._reference), "plans": np.array(plans, np.int64)}
        if self._first is not None:
            state["first"] = self._first.copy()
        return state

    def load_state(self, state: Mapping[str, Array]) -> None:
        """Resume the shot in which `state` was called, of a painter with the same settings.

        Raises:
            InvalidInputError: the arrays are not those of such a state.
        """
        reference, plans, first = state.get("reference"), state.get("plans"), state.get("first")
        if (
            reference is None
            or reference.shape != ()
            or plans is None
            or plans.shape[1:] != (4,)
            or self._is_recoloring != (first is not None)
        ):
            raise InvalidInputError(DAMAGED)
        self._reference = float(reference)
        self._plans = [LevelPlan((h, w), tile or None, pairs) for h, w, tile, pairs in plans.tolist()]
        if first is not None:
            self._begin_shot(first)

    @property
    def _is_recoloring(self) -> bool:
        """Whether paintings take the colours of the video."""
        return self.run.preserve_color != "none" and self.run.color_when == "before"

    def _begin_shot(self, first: Array) -> None:
        """Give the paintings the colours of the first frame of a shot; its other frames use them as well."""
        content = Content(first.copy()).read()
        self._first, self._style_terms = first.copy(), {}
        self._shot_styles = ColorPreservation(content, self.run).recolored_styles(Inputs(content, self.styles)).styles

    def _fitted(self, inputs: Inputs) -> list[LevelPlan]:
        """The levels of the first frame of a shot, and at the end the one of all others."""
        rows, content = inputs.content.picture.size[0], inputs.content.canvas
        runs = [replace(self.run, sizes=sizes_for(rows))]
        runs.append(replace(self.run, image_size=rows, iterations=self.coherence.next_iterations))
        return [plan for run in runs for plan in fit_run(self.technique.extractor_spec, content, inputs.styles, run)]

    def _minimised(self, frame: Array, warped: Warped | None, iterations: int) -> tuple[Array, Level]:
        """A painted frame and the last level of its run, with the paintings of the shot.

        Args:
            frame: uint8 (H, W, 3).
            warped: its neighbours; without, the run is a pyramid.
            iterations: at each level.

        Raises:
            KeyboardInterrupt: it was interrupted.
        """
        import neural_style.backend  # noqa: F401  (before all other modules that import Keras: silently)
        from neural_style.objectives.transfer_objective import objective_at
        from neural_style.runs.pyramid import Pyramid

        inputs = Inputs(Content(frame).read(), self.styles)
        if not self._plans:
            self._plans = self._fitted(inputs)
        plans = self._plans[:-1] if warped is None else self._plans[-1:]
        grey = Greyness(inputs, None, self.run)
        run, inputs = replace(self.run, iterations=iterations), replace(inputs, styles=self._shot_styles)
        self.technique.check_inputs(inputs)
        of_frame = objective_at(
            self.technique.transfer_loss, inputs, self.technique.extractor(), style_terms=self._style_terms
        )
        pyramid = Pyramid(
            grey.objective_at(partial(self._with_temporal_term, of_frame, warped)),
            run,
            plans,
            grey.image(self._start(inputs, run, plans[0].size) if warped is None else warped.start),
        )
        for _ in pyramid.iterations(None):
            pass
        if pyramid.level.stopped == records.INTERRUPTED:
            raise KeyboardInterrupt
        return grey.image(pyramid.level.image), pyramid.level

    def _with_temporal_term(
        self, of_frame: Any, warped: Warped | None, size: tuple[int, int], tile: int | None = None
    ) -> Objective:
        """The objective of a frame. The first of a shot has a term of weight 0, so that all frames share programs."""
        from neural_style.objectives import terms

        objective: Objective = of_frame(size, tile)
        target, weights = (warped.target, warped.weights) if warped else (np.zeros((*size, 3)), np.zeros(size))
        weight = relative_weight(self.coherence.temporal_weight, self._reference) if warped else 0.0
        term: Term = terms.temporal(target, weights, weight=weight, canvas=objective.canvas, dtype=objective.dtype)
        return objective.with_terms(term)

    def _start(self, inputs: Inputs, run: Run, size: tuple[int, int]) -> Array:
        """The initial image of the first frame of a shot."""
        return start_image(self.technique.initial_picture(inputs, run), inputs, run, size)
