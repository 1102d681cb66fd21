"""Runs an objective with a solver over a pyramid of sizes."""

from __future__ import annotations

import os
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import numpy as np

from neural_style import images, solvers
from neural_style.color_transfer import color_transfer, match_colors
from neural_style.errors import InvalidInputError, NeuralStyleError, check_choice
from neural_style.images import ImageSource, Picture
from neural_style.inputs import Content, Style, as_content, as_styles
from neural_style.runs import records
from neural_style.runs.checkpoint import Checkpoint
from neural_style.runs.level import Progress
from neural_style.runs.memory_plan import (
    ExtractorSpec,
    MemoryEstimate,
    available_memory,
    describe_change,
    estimates,
    fit_to_memory,
)
from neural_style.runs.pyramid import Pyramid
from neural_style.runs.settings import INITIAL_IMAGES, Run

if TYPE_CHECKING:
    from neural_style.objectives.objective import Objective

CheckpointSource = str | os.PathLike[str] | Checkpoint
"""A path, or a checkpoint that was opened already."""


@dataclass(frozen=True, eq=False)
class Step:
    """The state of a run after an iteration.

    Attributes:
        iteration: from 1, counted over all sizes.
        evaluations: of the objective so far, over all sizes.
        loss: the lowest so far at this size.
        losses: the terms of that loss by name.
        improvement: percent by which the loss fell in this iteration; None in the first one at a size.
        image: the picture with that loss, uint8 (H, W, 3), RGB.
        seconds: since the start of the run.
        stopped: why the run ends here and not later; empty otherwise.
    """

    iteration: int
    evaluations: int
    loss: float
    losses: Mapping[str, float]
    improvement: float | None
    image: np.ndarray = field(repr=False)
    seconds: float
    stopped: str = ""


@dataclass(frozen=True, eq=False)
class Result:
    """A finished picture and how it came about.

    Attributes:
        image: uint8 (H, W, 3), RGB.
        alpha: uint8 (H, W), of the content, or None where it is opaque.
        losses: the terms of the loss by name.
        history: one entry an iteration: iteration, evaluations, image_size, loss, seconds; and tile and
            memory, where they are not what was asked for.
        stopped: why the run ended early; empty if it did not.
        record: everything that is needed to make the picture again, as stored in the file; see
            `neural_style.runs.records`.
    """

    image: np.ndarray = field(repr=False)
    alpha: np.ndarray | None = field(repr=False)
    losses: Mapping[str, float]
    history: Sequence[Mapping[str, Any]] = field(repr=False)
    stopped: str
    record: Mapping[str, Any] = field(repr=False)

    @property
    def loss(self) -> float:
        """The lowest loss that was found."""
        return float(self.history[-1]["loss"])

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write the picture, with its record inside, in the format that the file's ending names.

        Raises:
            InvalidInputError: the file exists and `overwrite` is False, or it cannot be written.
        """
        images.check_output(Path(path), overwrite=overwrite)
        images.write(Path(path), self.image, alpha=self.alpha, record=records.to_json(self.record), overwrite=overwrite)


class ObjectiveAt(Protocol):
    """Makes the objective for a pastiche of `size` rows and columns, looked at as a whole or by tiles of that side."""

    def __call__(self, size: tuple[int, int], tile: int | None = None) -> Objective: ...


class Technique(ABC):
    """What builds an objective from inputs, and can therefore be run. Techniques are frozen dataclasses of settings."""

    name: ClassVar[str]

    @abstractmethod
    def resolved(self) -> Self:
        """The same settings with the defaults that depend on the model written out."""

    def recorded(self) -> dict[str, Any]:
        """The settings as a record keeps them, from which the technique can be made again."""
        return records.plain(self.resolved())

    @property
    @abstractmethod
    def extractor_spec(self) -> ExtractorSpec:
        """Which network looks, and at what."""

    def inputs(
        self, content: Content | ImageSource, styles: Sequence[Style | ImageSource] | Style | ImageSource
    ) -> tuple[Content, tuple[Style, ...]]:
        """Content and styles read into memory, whatever they were given as.

        Raises:
            InvalidInputError, MissingFileError: they cannot be read, or are not what the technique needs.
        """
        return as_content(content), as_styles(styles)

    @abstractmethod
    def objective_at(self, content: Content, styles: Sequence[Style]) -> ObjectiveAt:
        """What makes the objective at any size.

        The network is loaded here, once for all sizes. `content` and `styles` have been read.
        """

    def objective(
        self,
        content: Content | ImageSource,
        styles: Sequence[Style | ImageSource] | Style | ImageSource = (),
        *,
        image_size: int = Run.image_size,
        maintain_aspect_ratio: bool = Run.maintain_aspect_ratio,
        tile: int | None = Run.tile,
    ) -> Objective:
        """The function of the pastiche that a transfer minimises, at one size.

        Args:
            content: a `Content`, or an image as a path, a PIL image or an array.
            styles: one or more `Style` or images.
            image_size: rows of the pastiche; its columns follow from the content. Arrays that have the working size
                already are taken as they are.
            maintain_aspect_ratio: False works on a square.
            tile: side of the tiles by which the pastiche is looked at; None chooses by what memory is free.

        Raises:
            InvalidInputError, MissingFileError: an input cannot be used, with what to do.
        """
        run = Run(image_size=image_size, maintain_aspect_ratio=maintain_aspect_ratio, tile=tile)
        transfer = _Transfer(self, content, styles, run)
        return transfer.objective_at(transfer.sizes[0], transfer.estimates[0].tile)

    def steps(
        self,
        content: Content | ImageSource,
        styles: Sequence[Style | ImageSource] | Style | ImageSource = (),
        *,
        progress: Progress | None = None,
        checkpoint: CheckpointSource | None = None,
        resume: bool = False,
        **settings: Any,
    ) -> Iterator[Step]:
        """A transfer as an iterator over its iterations, for notebooks, live views and early stops.

        `settings` are the fields of `Run`, as keywords of `transfer`; errors are those of `transfer`. Inputs are
        checked before the first step is asked for. A resumed run yields the steps that are left; the checkpoint of a
        step is written when the next one is asked for.
        """
        return _Transfer(self, content, styles, Run(**settings), checkpoint, resume).steps(progress)

    def transfer(
        self,
        content: Content | ImageSource,
        styles: Sequence[Style | ImageSource] | Style | ImageSource = (),
        *,
        image_size: int = Run.image_size,
        sizes: Sequence[int] = Run.sizes,
        maintain_aspect_ratio: bool = Run.maintain_aspect_ratio,
        iterations: int = Run.iterations,
        init: ImageSource = Run.init,
        solver: str = Run.solver,
        memory: int = Run.memory,
        tile: int | None = Run.tile,
        memory_limit: float | None = Run.memory_limit,
        seed: int = Run.seed,
        min_improvement: float = Run.min_improvement,
        preserve_color: str = Run.preserve_color,
        color_when: str = Run.color_when,
        progress: Progress | None = None,
        on_step: Callable[[Step], None] | None = None,
        checkpoint: CheckpointSource | None = None,
        resume: bool = False,
    ) -> Result:
        """Make a pastiche.

        Args:
            content: a `Content`, or an image as a path, a PIL image or an array (H, W, 3), RGB in 0..255.
            styles: one or more `Style` or images.
            image_size: rows of the pastiche.
            sizes: rows of each level of a pyramid, coarse to fine; replaces `image_size`.
            maintain_aspect_ratio: False works on a square.
            iterations: at each size; one iteration is 20 evaluations.
            init: the first pastiche: `content`, `noise` (uniform in 0..255, seeded), `gray` (the content without its
                colours; the target keeps them, unlike in the reference scripts), or a picture.
            solver: `lbfgs` (preconditioned, on the device), `scipy_lbfgs` or `adam`.
            memory: number of steps that the two L-BFGS remember; each takes the memory of two pictures.
            tile: side of the tiles by which a picture is looked at that is too large for the memory; None chooses by
                what is free, warns where it takes tiles, and looks at the picture as a whole where that fits.
            memory_limit: GiB that the run may take; None is what the machine has free.
            seed: of the noise.
            min_improvement: percent; a size is left when an iteration lowers the loss by less, from the second on.
            preserve_color: `none`, or how the content's colours are kept: `luminance`, `histogram`, `cholesky`, `pca`
                or `monge_kantorovich`; see `neural_style.color_transfer`.
            color_when: `after` recolours the pictures, where `Content.color_mask` is white, `before` the styles.
            progress: called after every evaluation with how many there were and the lowest loss so far.
            on_step: called after every iteration.
            checkpoint: a file that keeps the run, written before the first iteration and after every one (and after
                `on_step`), for the solvers lbfgs and adam. It stays when the run ends.
            resume: go on with the run in the checkpoint, to the picture of an unbroken run; from the beginning where
                there is no such file yet. All settings must be the same, but that `iterations` may be more.

        Returns:
            The best picture of the last size. A run that is interrupted (Ctrl-C) or that breaks down ends with the
            best picture so far, and says so in `Result.stopped`.

        Raises:
            InvalidInputError, MissingFileError: an input cannot be used, with what to do; before any work is done.
        """
        run = Run(
            image_size=image_size,
            sizes=sizes,
            maintain_aspect_ratio=maintain_aspect_ratio,
            iterations=iterations,
            init=init,
            solver=solver,
            memory=memory,
            tile=tile,
            memory_limit=memory_limit,
            seed=seed,
            min_improvement=min_improvement,
            preserve_color=preserve_color,
            color_when=color_when,
        )
        return _Transfer(self, content, styles, run, checkpoint, resume).result(progress, on_step)


class _Transfer:
    """One technique with its inputs: checked when it is made, run when it is asked to."""

    def __init__(
        self,
        technique: Technique,
        content: Content | ImageSource,
        styles: Sequence[Style | ImageSource] | Style | ImageSource,
        run: Run,
        checkpoint: CheckpointSource | None = None,
        resume: bool = False,
    ) -> None:
        self.technique, self.run = technique, run
        self.checkpoint = _opened(checkpoint, resume, run)
        self.content, self.styles = technique.inputs(content, styles)
        self.estimates = self._fitted()
        self.sizes = [estimate.size for estimate in self.estimates]
        self.start = self._initial_picture()
        if self.content.color_mask is not None and run.preserve_color == "none":
            raise InvalidInputError("a color_mask needs preserve_color: name a method, such as luminance")
        saved = None
        if self.checkpoint is not None:
            self._identity = records.of_run(technique, self.content, self.styles, run, start=self.start)
            saved = self.checkpoint.progress(self._identity)
        self.objective_at = technique.objective_at(self.content, [self._recolored_style(s) for s in self.styles])
        self.pyramid = Pyramid(self.objective_at, run, self.estimates, self._initial_image(self.sizes[0]))
        if saved is not None:
            self.pyramid.load_state(*saved)

    def steps(self, progress: Progress | None = None) -> Iterator[Step]:
        """Run the pyramid from coarse to fine, from where it is."""
        self._keep()
        try:
            for _ in self.pyramid.iterations(progress):
                yield self._step()
                self._keep()
        except BaseException:
            if self.checkpoint is not None and self.checkpoint.found is None and not self.pyramid.history:
                self.checkpoint.delete()  # there is nothing to go on with, nor any picture that it would answer for
            raise

    def result(self, progress: Progress | None, on_step: Callable[[Step], None] | None) -> Result:
        """Run to the end and gather what happened."""
        last = self._step() if self.pyramid.history else None
        done = len(self.pyramid.history)
        try:
            for last in self.steps(progress):
                if on_step is not None:
                    on_step(last)
            stopped = self.pyramid.stopped
        except (KeyboardInterrupt, NeuralStyleError) as error:  # while the next size is prepared, or at its start
            is_interrupt = isinstance(error, KeyboardInterrupt)
            if last is None or not (is_interrupt or len(self.pyramid.history) > done):
                raise
            stopped = "interrupted" if is_interrupt else str(error)
            if not is_interrupt:
                warnings.warn(f"{error}; the best picture so far is kept", RuntimeWarning, stacklevel=3)
        assert last is not None, "a run has at least one iteration"
        alpha = self.content.picture.alpha
        return Result(
            image=last.image,
            alpha=None if alpha is None else images.resize(alpha, last.image.shape[:2]),
            losses=last.losses,
            history=self.pyramid.history,
            stopped=stopped,
            record=records.make(
                self.technique,
                self.content,
                self.styles,
                self.run,
                start=self.start,
                weights_sha256=self.pyramid.weights_sha256,
                losses=last.losses,
                history=self.pyramid.history,
                stopped=stopped,
            ),
        )

    def _step(self) -> Step:
        """What the last iteration has come to."""
        level, entry = self.pyramid.level, self.pyramid.history[-1]
        return Step(
            iteration=entry["iteration"],
            evaluations=entry["evaluations"],
            loss=level.loss,
            losses=level.losses,
            improvement=level.improvement,
            image=to_uint8(self._recolored(level.image)),
            seconds=self.pyramid.seconds,
            stopped=self.pyramid.stopped,
        )

    def _keep(self) -> None:
        """Write the checkpoint, if there is one. An iteration that was interrupted is not kept but done again."""
        if self.checkpoint is not None and self.pyramid.level.stopped != "interrupted":
            self.checkpoint.write(self._identity, *self.pyramid.state(), is_finished=self.pyramid.is_over)

    def _fitted(self) -> list[MemoryEstimate]:
        """What each size asks of the machine, by tiles or with fewer steps where memory is short, which is told.

        Raises:
            InvalidInputError: a size fits in no way.
        """
        available, found = available_memory(self.run), []
        for estimate in estimates(self.technique.extractor_spec, self.content, self.styles, self.run):
            found.append(fit_to_memory(estimate, available))
            if told := describe_change(estimate, found[-1], available):
                warnings.warn(told, stacklevel=5)
        return found

    def _recolored(self, image: np.ndarray) -> np.ndarray:
        """The picture in the colours of the content, if that is asked for; the pastiche itself stays as it is."""
        if self.run.preserve_color == "none" or self.run.color_when == "before":
            return image
        clipped = Picture(np.clip(image, 0, 255), None, "the pastiche", None)
        return color_transfer(
            self.content.picture, clipped, method=self.run.preserve_color, mask=self.content.color_mask
        )

    def _recolored_style(self, style: Style) -> Style:
        """The painting in the colours of the content, if that is asked for."""
        if self.run.preserve_color == "none" or self.run.color_when == "after":
            return style
        rgb = match_colors(
            style.picture,
            self.content.picture,
            method=self.run.preserve_color,
            reference_mask=self.content.color_mask,
        )
        return replace(style, image=replace(style.picture, rgb=rgb))

    def _initial_picture(self) -> Picture | None:
        """The picture to start from, None for noise."""
        init = self.run.init
        if self.run.init_is_named:
            if init == "noise":
                return None
            return images.read(self.content.picture, grey=init == "gray")
        if isinstance(init, str) and not Path(init).suffix and not Path(init).exists():
            check_choice("initial image", init, INITIAL_IMAGES)
        return images.read(init, what="initial image")

    def _initial_image(self, size: tuple[int, int]) -> np.ndarray:
        if self.start is None:
            return np.random.default_rng(self.run.seed).uniform(0, 255, (*size, 3)).astype(np.float32)
        return images.resize(self.start.rgb, size).astype(np.float32)


def _opened(source: CheckpointSource | None, resume: bool, run: Run) -> Checkpoint | None:
    """The checkpoint, read if it is there.

    Raises:
        InvalidInputError: this run can have none; and as in `Checkpoint.opened`.
    """
    if source is None:
        if resume:
            raise InvalidInputError("resume needs a checkpoint: name the file of the run that is to go on")
        return None
    if run.solver not in solvers.RESUMABLE:
        raise InvalidInputError(
            f"the solver {run.solver} cannot be taken up again: with a checkpoint use {' or '.join(solvers.RESUMABLE)}"
        )
    return source if isinstance(source, Checkpoint) else Checkpoint.opened(source, resume=resume)


def to_uint8(image: np.ndarray) -> np.ndarray:
    """Clip to 0..255 and round to the nearest grey level (the reference scripts truncate)."""
    rounded: np.ndarray = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    return rounded
