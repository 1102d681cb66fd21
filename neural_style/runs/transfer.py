"""Minimisation of an objective over a pyramid of sizes, with checkpoints, from a start picture to a result."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from neural_style import images, solvers
from neural_style.errors import InvalidInputError, NeuralStyleError, explanation
from neural_style.images import ImageSource
from neural_style.objectives.objective import ObjectiveAt
from neural_style.runs import records
from neural_style.runs.checkpoint import Checkpoint
from neural_style.runs.level import Progress
from neural_style.runs.memory_plan import ExtractorSpec, fit_run
from neural_style.runs.pyramid import Pyramid
from neural_style.runs.result import Result, Step
from neural_style.runs.settings import LevelPlan, Run

CheckpointSource = str | os.PathLike[str] | Checkpoint
"""A path, or a checkpoint that was opened already."""

CUSTOM = "custom"
"""The technique's name in the record of a run that `minimise` made."""


class Minimisation:
    """A run that is ready to start: `steps` iterates over it, `result` runs it to the end."""

    def __init__(
        self,
        objective_at: ObjectiveAt,
        start: np.ndarray,
        run: Run,
        plans: Sequence[LevelPlan],
        *,
        identity: records.Record,
        checkpoint: Checkpoint | None = None,
        finish: Callable[[np.ndarray], np.ndarray] | None = None,
        alpha: np.ndarray | None = None,
    ) -> None:
        """
        Args:
            objective_at: makes the objective at a size.
            start: the initial image at the first size, float32 (H, W, 3).
            run: the settings.
            plans: size, tiles and memory of each level.
            identity: what two runs to the same picture have in common; see `neural_style.runs.records.identity`.
            checkpoint: the opened file of the run.
            finish: applied to every picture that leaves the run, such as the recolouring of `preserve_color`.
            alpha: of the finished pictures, (H, W) uint8 of any size.

        Raises:
            InvalidInputError: the checkpoint is of another run.
        """
        self.checkpoint, self._identity = checkpoint, identity
        self._finish, self._alpha = finish or (lambda image: image), alpha
        state = None if checkpoint is None else checkpoint.progress(identity)
        self.pyramid = Pyramid(objective_at, run, plans, start)
        if state is not None:
            self.pyramid.load_state(*state)

    def steps(self, progress: Progress | None = None) -> Iterator[Step]:
        """Run the pyramid from coarse to fine; a resumed run starts where its checkpoint was written."""
        self._write_checkpoint()
        try:
            for _ in self.pyramid.iterations(progress):
                yield self._step()
                self._write_checkpoint()
        except BaseException:
            if self.checkpoint is not None and self.checkpoint.found is None and not self.pyramid.history:
                self.checkpoint.delete()  # nothing to resume, and no picture that it would belong to
            raise
        finally:
            if self.checkpoint is not None and self.checkpoint.ends_with_run:
                self.checkpoint.release()

    def result(self, progress: Progress | None = None, on_step: Callable[[Step], None] | None = None) -> Result:
        """Run to the end; an interrupted or broken run ends with the best picture so far.

        Any error keeps the picture, whatever raised it, except one of the caller's own in `progress` or `on_step`.
        """
        last = self._step() if self.pyramid.history else None
        done = len(self.pyramid.history)
        callbacks = _Callbacks(progress, on_step)
        broken: Exception | None = None
        try:
            for last in self.steps(callbacks.progress):
                callbacks.on_step(last)
            stopped = self.pyramid.stopped
        except KeyboardInterrupt:  # while the next size is prepared, or at its start
            if last is None:
                raise
            stopped = records.INTERRUPTED
        except Exception as error:
            if last is None or error is callbacks.error or len(self.pyramid.history) == done:
                raise
            broken, stopped = error, f"{records.BROKEN_OFF}{explanation(error)}"
            warnings.warn(f"{explanation(error)}; the best picture so far is kept", RuntimeWarning, stacklevel=3)
        assert last is not None, "a run has at least one iteration"
        return Result(
            image=last.image,
            alpha=last.alpha,
            losses=last.losses,
            history=self.pyramid.history,
            stopped=stopped,
            record=records.finished(
                self._identity,
                weights_sha256=self.pyramid.weights_sha256,
                losses=last.losses,
                history=self.pyramid.history,
                stopped=stopped,
            ),
            error=broken,
        )

    def _step(self) -> Step:
        """The state after the last iteration."""
        level, entry = self.pyramid.level, self.pyramid.history[-1]
        image = images.to_uint8(self._finish(level.image))
        return Step(
            iteration=entry["iteration"],
            evaluations=entry["evaluations"],
            loss=level.loss,
            losses=level.losses,
            improvement=level.improvement,
            image=image,
            seconds=self.pyramid.seconds,
            alpha=None if self._alpha is None else images.resize(self._alpha, image.shape[:2]),
            history=tuple(self.pyramid.history),
            stopped=self.pyramid.stopped,
        )

    def _write_checkpoint(self) -> None:
        """Write the checkpoint, if there is one. An interrupted iteration is not stored; a resumed run repeats it."""
        if self.checkpoint is not None and self.pyramid.level.stopped != records.INTERRUPTED:
            self.checkpoint.write(self._identity, *self.pyramid.state(), is_finished=self.pyramid.is_over)


class _Callbacks:
    """The caller's functions.

    Attributes:
        error: what one of them raised, unless it is an error of the library's: it leaves the run as it is.
    """

    def __init__(self, progress: Progress | None, on_step: Callable[[Step], None] | None) -> None:
        self._progress, self._on_step = progress, on_step
        self.error: Exception | None = None

    def progress(self, evaluations: int, loss: float) -> None:
        if self._progress is not None:
            with self._noting():
                self._progress(evaluations, loss)

    def on_step(self, step: Step) -> None:
        if self._on_step is not None:
            with self._noting():
                self._on_step(replace(step, image=step.image.copy()))  # the caller may draw on it

    @contextlib.contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.error = None if isinstance(error, NeuralStyleError) else error
            raise


def minimise(
    objective_at: ObjectiveAt,
    start: ImageSource,
    run: Run | None = None,
    *,
    extractor_spec: ExtractorSpec | None = None,
    identity: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    on_step: Callable[[Step], None] | None = None,
    checkpoint: CheckpointSource | None = None,
    resume: bool = False,
) -> Result:
    """Minimise an objective of your own over a pyramid of sizes, by tiles if need be, with a checkpoint if wanted.

    Example:
        >>> import numpy as np
        >>> from neural_style import Network, minimise
        >>> from neural_style.runs.settings import LevelPlan, Run
        >>> from neural_style.samples import sample
        >>> net = Network(model="mini", weights="random", content_layer="conv1_2", style_layers="conv1_1")
        >>> objective_at = net.objective_at(net.inputs(sample("cat"), sample("night")))
        >>> result = minimise(objective_at, sample("cat"), Run(image_size=24, iterations=1))
        >>> result.image.shape
        (24, 36, 3)

    Args:
        objective_at: a function `(size, tile)` that returns the `Objective` for a pastiche of `size` rows and columns,
            processed in tiles of that side (None for the whole). `Technique.objective_at` makes one, and
            `Objective.with_terms` adds terms to it; see examples/custom_loss.py.
        start: the initial image: a path, a PIL image or an array (H, W, 3), RGB in 0..255. It gives the pastiche its
            shape; `run.init` is not used, nor are `preserve_color`, `color_when` and `keep_grey`.
        run: sizes, iterations, solver, tiles, seed and so on; by default those of `Run`.
        extractor_spec: network and layers in use, such as `Technique.extractor_spec`: the run is then fitted into
            memory. Without it, tiles and memory are taken as `run` has them.
        identity: settings that distinguish this run from others, as plain data: kept in the record, and compared when a
            checkpoint is resumed.
        progress: called after every evaluation with the number of evaluations and the loss of what is kept so far.
        on_step: called after every iteration.
        checkpoint: a file that stores the run, written before the first iteration and after every one.
        resume: resume the run in the checkpoint; start afresh if the file does not exist.

    Returns:
        The picture of the last size with the lowest loss; with an average, the last one.

    Raises:
        InvalidInputError, MissingFileError: an input cannot be used, before any work is done.
    """
    run = run or Run()
    file = open_checkpoint(checkpoint, resume, run)
    picture = images.read(start, what="start")
    plans = fit_run(extractor_spec, picture, (), run)
    return Minimisation(
        objective_at,
        images.resize(picture.rgb, plans[0].size).astype(np.float32),
        run,
        plans,
        identity=records.identity(CUSTOM, dict(identity or {}), None, run, start=picture),
        checkpoint=file,
        alpha=picture.alpha,
    ).result(progress, on_step)


def open_checkpoint(source: CheckpointSource | None, resume: bool, run: Run) -> Checkpoint | None:
    """The checkpoint of a run, read if it exists.

    Raises:
        InvalidInputError: this run can have none; and as in `Checkpoint.opened`.
    """
    if source is None:
        if resume:
            raise InvalidInputError("resume needs a checkpoint: name the file of the run that is to be resumed")
        return None
    if run.solver not in solvers.RESUMABLE:
        raise InvalidInputError(
            f"the solver {run.solver} cannot be resumed: with a checkpoint use {' or '.join(solvers.RESUMABLE)}"
        )
    if isinstance(source, Checkpoint):
        return source
    checkpoint = Checkpoint.opened(source, resume=resume)
    checkpoint.ends_with_run = True
    return checkpoint
