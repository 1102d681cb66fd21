"""Videos by optimisation: each frame starts from the last result, warped to it, and is held to it by a temporal term.

Ruder, Dosovitskiy & Brox 2016 (arXiv:1604.08610). The first frame of a shot converges over a pyramid of sizes; each
next one minimises

    L(x) + gamma L_1 / 100 * mean c (x - w)^2

with the technique's loss L, the first frame's final loss L_1, and the earlier results w that are warped to this frame
where they can be trusted, c. So gamma has no unit: at 1, a difference of 10 grey levels from the last frame costs as
much as the loss of the first frame.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

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
from neural_style.runs.memory_plan import fit_run
from neural_style.runs.settings import LevelPlan, Run, RunSettings, sizes_for
from neural_style.validation import check_count, check_weight, documented, setting
from neural_style.video.coherence import (
    Motion,
    filled,
    long_term_target,
    long_term_weights,
    motion,
    relative_weight,
    without_drift,
)
from neural_style.video.flow import Flow, flow_named
from neural_style.video.state import DAMAGED, FrameSize, History

if TYPE_CHECKING:
    from neural_style.objectives.objective import Objective, Term
    from neural_style.objectives.transfer_objective import StyleTerms
    from neural_style.runs.level import Level

Array = np.ndarray[Any, Any]


@documented
@dataclass(frozen=True, kw_only=True)
class Coherence:
    """How the frames of a video are held together.

    Raises:
        InvalidInputError: by the constructor, where a value is impossible.
    """

    temporal_weight: float = setting(
        1.0,
        "gamma: at 1, a difference of 10 grey levels from the last frame costs as much as the loss of the first frame; "
        "0 leaves the warped start alone.",
    )
    next_iterations: int = setting(
        3, "iterations of every frame but the first of a shot; one is 20 evaluations of the loss."
    )
    history: tuple[int, ...] = setting(
        (1,),
        "frames back that a frame is compared with: 1 2 4 also finds again what was hidden for three frames, at two "
        "estimates of the flow for each.",
    )
    hold_colors: bool = setting(
        True, "hold the mean colour of what can be followed, unless that of the video changes: against drift."
    )
    flow: str | Flow = setting("dis", "optical flow: `dis`, or a function of two frames.")

    def __post_init__(self) -> None:
        check_weight("temporal_weight", self.temporal_weight)
        check_count("next_iterations", self.next_iterations, at_least=1)
        object.__setattr__(self, "history", tuple(self.history))
        for back in self.history:
            check_count("each of history", back, at_least=1)
        if list(self.history) != sorted(set(self.history)) or self.history[:1] != (1,):
            raise InvalidInputError(f"history must begin with 1 and grow, such as (1, 2, 4), received {self.history}")


class _Warped(NamedTuple):
    """Earlier results on the grid of a frame.

    Attributes:
        target: w, float32 (H, W, 3), where it is trusted.
        weights: c, float32 (H, W).
        start: where the optimisation starts.
    """

    target: Array
    weights: Array
    start: Array


class Optimised:
    """Frames by optimisation, as a `neural_style.video.method.FrameMethod`.

    Example:
        >>> from neural_style import Network
        >>> from neural_style.samples import sample
        >>> from neural_style.samples.clips import clip
        >>> from neural_style.video.optimised import Coherence, Optimised
        >>> net = Network(model="mini", weights="random", content_layer="conv1_2", style_layers="conv1_1")
        >>> film = clip(sample("cat"), "still", frames=2, size=(24, 36))
        >>> still = Coherence(next_iterations=1, flow=lambda first, second: film.flows[0])
        >>> method = Optimised(net, sample("night"), still, iterations=1)
        >>> [method.transfer(frame).shape for frame in film.frames]
        [(24, 36, 3), (24, 36, 3)]
    """

    def __init__(
        self,
        technique: TransferTechnique,
        styles: Sequence[Style | ImageSource] | Style | ImageSource,
        coherence: Coherence | None = None,
        **run: Unpack[RunSettings],
    ) -> None:
        """
        Args:
            technique: `Network` or `INetwork`, such as `neural_style.painting.technique_for` makes.
            styles: one or more paintings.
            coherence: how frames are held together.
            run: settings of the first frame of a shot; see `neural_style.runs.settings.Run`. Sizes follow from the
                frames.

        Raises:
            InvalidInputError, MissingFileError: a setting or a painting cannot be used, or OpenCV is missing.
        """
        technique.check_run_names(run)
        if {"sizes", "image_size", "maintain_aspect_ratio"} & run.keys():
            raise InvalidInputError("a frame keeps its size: reduce the video by work_size, not by image_size or sizes")
        self.technique, self.coherence, self.run = technique, coherence or Coherence(), Run(**run)
        self.styles = as_styles(styles)
        self._flow = flow_named(self.coherence.flow)
        self._size, self._history = FrameSize(), History(max(self.coherence.history))
        self._first: Array | None = None  # of the shot, where paintings take its colours
        self._shot_styles: tuple[Style, ...] = self.styles
        self._style_terms: StyleTerms = {}
        self._reference = 0.0
        self._plans: list[LevelPlan] = []

    def transfer(self, frame: Array) -> Array:
        """Paint the next frame; see `neural_style.video.method.FrameMethod`.

        Raises:
            InvalidInputError: the frame has another size than those before.
            KeyboardInterrupt: an optimisation was interrupted; the frame is not counted.
        """
        self._size.check(frame)
        inputs = Inputs(Content(frame).read(), self.styles)
        if not self._plans:
            self._plans = self._fitted(inputs)
        colors, grey = ColorPreservation(inputs.content, self.run), Greyness(inputs, None, self.run)
        steps = self._steps(frame)
        painted = self._next(frame, inputs, grey, steps) if steps else self._first_of_shot(frame, inputs, grey)
        self._history.add(frame, painted)
        return images.to_uint8(colors.recolored(painted))

    def _first_of_shot(self, frame: Array, inputs: Inputs, grey: Greyness) -> Array:
        """A frame that follows none: float32."""
        self._history.clear()
        if self._is_recoloring:
            self._begin_shot(frame)
        level = self._minimised(inputs, grey, None, self._plans[:-1], self.run.iterations)
        self._reference = abs(level.loss)
        return grey.image(level.image)

    def _next(self, frame: Array, inputs: Inputs, grey: Greyness, steps: Mapping[int, Motion]) -> Array:
        """A frame that follows those from which there is a motion: float32."""
        warped = self._warped(frame, steps)
        level = self._minimised(inputs, grey, warped, self._plans[-1:], self.coherence.next_iterations)
        painted = grey.image(level.image)
        if not self.coherence.hold_colors:
            return painted
        earlier = warp(self._history.frames[0], steps[1].flow)
        return without_drift(painted, warped.target, frame, earlier, steps[1].followed)

    def state(self) -> dict[str, Array]:
        """See `neural_style.video.method.FrameMethod`."""
        if not self._history.frames:
            return {}
        plans = [[*plan.size, plan.tile or 0, plan.memory] for plan in self._plans]
        state = {"reference": np.array(self._reference), "plans": np.array(plans, np.int64)}
        if self._first is not None:
            state["first"] = self._first.copy()
        return {**self._history.state(), **state}

    def load_state(self, state: Mapping[str, Array]) -> None:
        """See `neural_style.video.method.FrameMethod`."""
        self._history.load_state(state)
        if not self._history.frames:
            return
        self._size.check(self._history.frames[0])
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
            self._size.check(first)
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

    def _steps(self, frame: Array) -> dict[int, Motion]:
        """The motion from each frame of the history; none at the beginning of a shot."""
        frames = self._history.frames
        if not frames:
            return {}
        last = motion(frame, frames[0], self._flow)
        if last.is_cut:
            return {}
        further = [back for back in self.coherence.history if 1 < back <= len(frames)]
        return {1: last, **{back: motion(frame, frames[back - 1], self._flow) for back in further}}

    def _warped(self, frame: Array, steps: Mapping[int, Motion]) -> _Warped:
        """What earlier results make of this frame."""
        weights = long_term_weights([step.followed for step in steps.values()])
        moved = [warp(self._history.results[back - 1], step.flow) for back, step in steps.items()]
        target, total = long_term_target(moved, weights)
        return _Warped(target, total, filled(target, total > 0, frame))

    def _fitted(self, inputs: Inputs) -> list[LevelPlan]:
        """The levels of the first frame of a shot, and at the end the one of all others."""
        rows, content = inputs.content.picture.size[0], inputs.content.canvas
        runs = [replace(self.run, sizes=sizes_for(rows))]
        runs.append(replace(self.run, image_size=rows, iterations=self.coherence.next_iterations))
        return [plan for run in runs for plan in fit_run(self.technique.extractor_spec, content, inputs.styles, run)]

    def _minimised(
        self, inputs: Inputs, grey: Greyness, warped: _Warped | None, plans: Sequence[LevelPlan], iterations: int
    ) -> Level:
        """The last level of a run, with the paintings of the shot.

        Raises:
            KeyboardInterrupt: it was interrupted.
        """
        import neural_style.backend  # noqa: F401  (before all other modules that import Keras: silently)
        from neural_style.objectives.transfer_objective import objective_at
        from neural_style.runs.pyramid import Pyramid

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
        return pyramid.level

    def _with_temporal_term(
        self, of_frame: Any, warped: _Warped | None, size: tuple[int, int], tile: int | None = None
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
        start = self.technique.initial_picture(inputs, run)
        if start is None:
            return np.random.default_rng(run.seed).uniform(0, 255, (*size, 3)).astype(np.float32)
        return images.resize(start.rgb, size).astype(np.float32)
