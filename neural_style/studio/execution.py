"""Requests carried out: what each mode calls in the library, and what is seen meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, cast

from neural_style import images
from neural_style.color_transfer import recolored
from neural_style.errors import InvalidInputError
from neural_style.features.weights import is_cached
from neural_style.feedforward.fast_run import FastRun
from neural_style.inputs import Content, Inputs, Style, working_size
from neural_style.masks.mask import read_mask
from neural_style.painting import run_for, technique_for
from neural_style.runs.result import Result, Step
from neural_style.runs.settings import EVALUATIONS_PER_ITERATION, Run, RunSettings
from neural_style.studio.limits import Limits
from neural_style.studio.mode import Input
from neural_style.studio.pictures import pictures_of
from neural_style.studio.progress import Execution, Progress, Watch
from neural_style.studio.request import Request
from neural_style.technique import Technique

SKETCH_ROWS = 400
"""Rows at most of the picture that is painted in one pass before an optimisation: three seconds on two cores."""


def check(request: Request, limits: Limits | None = None) -> None:
    """Check everything that needs no backend: files, sizes, and all settings together.

    Raises:
        InvalidInputError, MissingFileError: in one line, with what to do.
    """
    limits = limits or Limits()
    for each in request.of_mode.inputs:
        _check_input(each, request.inputs.get(each.name, ()), limits)
    prepare(request).check(limits)


def _check_input(wanted: Input, given: Sequence[Path | None], limits: Limits) -> None:
    what = wanted.title.lower()
    if wanted.required and not any(given):
        raise InvalidInputError(f"{what}: nothing was given: choose a file")
    if len(given) > 1 and wanted.kind not in ("pictures", "masks"):
        raise InvalidInputError(f"{what}: one file is taken, received {len(given)}")
    if None in given and wanted.kind != "masks":
        raise InvalidInputError(f"{what}: a file is missing: choose one")
    limits.check_number(len(given), what)
    for path in given:
        if path is not None:
            (limits.check_clip if wanted.kind == "clip" else limits.check_picture)(path, what)


def prepare(request: Request) -> Execution:
    """What carries out a request.

    Raises:
        InvalidInputError: its settings are impossible.
    """
    if request.is_film:
        from neural_style.studio.films import FilmPainting  # here, for it needs the extra video

        return FilmPainting(request)
    if request.mode == "fast":
        return OnePass(request)
    if request.mode == "color_transfer":
        return Recolouring(request)
    return Optimisation(request)


class Optimisation(Execution):
    """A run of a technique."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.technique = technique_of(request)
        self.run = run_of(request)

    def inputs(self) -> Inputs:
        """All pictures, in memory."""
        return self.technique.inputs(*pictures_of(self.request))

    def check(self, limits: Limits) -> None:
        model, weights = self.technique.model, self.technique.weights
        if weights in (None, "imagenet") and model != "mini" and not is_cached(model):
            raise InvalidInputError(
                f"the weights of {model} are not on this machine, and the studio downloads nothing: choose mini, or "
                f"run neural-style network once with --model {model}"
            )
        inputs = self.inputs()
        run = self.technique.run_settings(inputs, self.run)
        limits.check_result(*_final_size(inputs, run))
        if "stroke_scale" in self.request.of_mode.settings:
            _check_strokes(inputs.styles, _final_size(inputs, run), limits)
        self.technique.check(inputs, run)

    def execute(self, watch: Watch) -> Result:
        inputs = self.inputs()
        run = self.technique.run_settings(inputs, self.run)
        watch.advance(Progress(of=run.iterations * len(run.levels)))
        if self.request.mode == "paint":
            self._sketch(inputs, run, watch)
        progress = _RunProgress(run, watch)
        return self.technique.transfer(inputs, progress=progress.evaluated, on_step=progress.stepped, **self.run)

    def _sketch(self, inputs: Inputs, run: Run, watch: Watch) -> None:
        """Show what the embedded painter makes of the photo; not where masks limit a style, which it does not know."""
        if any(mask is not None for mask in (inputs.content.mask, *(style.mask for style in inputs.styles))):
            return
        from neural_style.feedforward import Painter  # here, for it starts the backend

        painter, content = Painter(), inputs.content
        result = painter.paint(
            Content(content.picture, color_mask=content.color_mask),
            painter.style(*inputs.styles),
            strength=min(1.0, self.request.value("strength")),
            preserve_color=run.preserve_color,
            size=min(run.levels[-1], SKETCH_ROWS),
            seed=run.seed,
        )
        watch.show(result.image, result.alpha, is_sketch=True)


class _RunProgress:
    """The progress of a run, for a watch."""

    def __init__(self, run: Run, watch: Watch) -> None:
        self._run, self._watch = run, watch
        self._of = run.iterations * len(run.levels)
        self._last = Progress(of=self._of)
        self._level, self._before = 0, 0

    def evaluated(self, evaluations: int, _: float) -> None:
        """After an evaluation."""
        at_level = min(1.0, (evaluations - self._before) / (self._run.iterations * EVALUATIONS_PER_ITERATION))
        done = self._work(self._level) + at_level * (self._work(self._level + 1) - self._work(self._level))
        self._watch.advance(replace(self._last, done=done))

    def stepped(self, step: Step) -> None:
        """After an iteration."""
        sizes = [tuple(entry["image_size"]) for entry in step.history]
        losses = tuple(float(entry["loss"]) for entry in step.history)
        self._last = Progress(step.iteration, self._of, 0, losses, tuple(rows for rows, _ in sizes))
        level, first = len(set(sizes)) - 1, sizes.index(sizes[-1])
        if len(sizes) - first == self._run.iterations and level + 1 < len(self._run.levels):
            level, self._before = level + 1, step.evaluations
        elif level != self._level:  # the size before has ended early
            self._before = step.history[first - 1]["evaluations"] if first else 0
        self._level = level
        self._watch.show(step.image, step.alpha)
        self.evaluated(step.evaluations, step.loss)

    def _work(self, levels: int) -> float:
        """Share of the work that the first sizes take: it grows with the pixels."""
        squares = [rows**2 for rows in self._run.levels]
        return sum(squares[:levels]) / sum(squares)


class OnePass(Execution):
    """A picture by the embedded painter."""

    def __init__(self, request: Request) -> None:
        self.request = request
        names = ("strength", "preserve_color", "tile", "seed")
        self.settings: dict[str, Any] = {name: request.value(name) for name in names}
        self.settings["size"] = request.value("image_size")
        FastRun(**self.settings)

    def check(self, limits: Limits) -> None:
        content, styles = pictures_of(self.request)
        size = working_size(content.picture, self.settings["size"])
        limits.check_result(*size)
        _check_strokes([style.read() for style in styles], size, limits)

    def execute(self, watch: Watch) -> Result:
        from neural_style.feedforward import Painter  # here, for it starts the backend

        watch.advance(Progress(of=1))
        content, styles = pictures_of(self.request)
        painter = Painter()
        result = painter.paint(content, painter.style(*styles), **self.settings)
        watch.show(result.image, result.alpha)
        return result


class Recolouring(Execution):
    """A picture in the colours of another."""

    def __init__(self, request: Request) -> None:
        self.request = request

    def check(self, limits: Limits) -> None:
        _, picture = self._pictures()
        limits.check_result(*picture.size)
        if (mask := self.request.file("mask")) is not None:
            read_mask(mask)

    def execute(self, watch: Watch) -> Result:
        watch.advance(Progress(of=1))
        photo, picture = self._pictures()
        made = recolored(photo, picture, method=self.request.value("method"), mask=self.request.file("mask"))
        image = images.to_uint8(made.rgb)
        watch.show(image, made.alpha)
        return Result(image, made.alpha, losses={}, history=(), stopped="", record={})

    def _pictures(self) -> tuple[images.Picture, images.Picture]:
        photo, picture = (cast(Path, self.request.file(name)) for name in ("photo", "picture"))
        return images.read(photo, what="content"), images.read(picture, what="generated")


def technique_of(request: Request) -> Technique:
    """The technique of a request, with its settings.

    Raises:
        InvalidInputError: they are impossible.
    """
    if request.mode == "paint":
        strength, model, weights = (request.value(name) for name in ("strength", "model", "weights"))
        return technique_for(strength, model=model, weights=weights)
    kind = request.of_mode.technique
    assert kind is not None, "a mode with a technique"
    known = request.of_mode.settings
    return kind(**{each.name: request.value(each.name) for each in fields(kind) if each.init and each.name in known})


def run_of(request: Request) -> RunSettings:
    """The settings of a request's run; those without a value are left to the technique.

    Raises:
        InvalidInputError: they are impossible.
    """
    known = request.of_mode.settings
    named = {each.name: request.value(each.name) for each in fields(Run) if each.name in known}
    given = {name: value for name, value in named.items() if value is not None}
    if (start := request.file("init")) is not None:
        given["init"] = start
    run = cast(RunSettings, given)
    return run_for(run) if request.mode == "paint" else run


def _final_size(inputs: Inputs, run: Run) -> tuple[int, int]:
    return working_size(inputs.content.canvas, run.levels[-1], maintain_aspect_ratio=run.maintain_aspect_ratio)


def _check_strokes(styles: Sequence[Style], size: tuple[int, int], limits: Limits) -> None:
    """Raise `InvalidInputError` for paintings that would be made too large for the strokes that are asked for."""
    for style in styles:
        limits.check_painting(*style.size_at(size))
