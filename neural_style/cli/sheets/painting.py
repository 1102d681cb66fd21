"""Paints and measures the cells of a contact sheet."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import cast

import numpy as np

from neural_style import images, metrics
from neural_style.cli.folder_files import report_warning
from neural_style.cli.place import work
from neural_style.cli.progress import Bar, report_error
from neural_style.cli.sheets.combinations import Combination
from neural_style.engines.interface import Engine
from neural_style.engines.painting import to_send
from neural_style.engines.process import Process
from neural_style.engines.transfer import TransferTask
from neural_style.errors import InvalidInputError, explanation
from neural_style.images.transparency import over_white, without_white
from neural_style.metrics.judgement import SCALES
from neural_style.metrics.measurement import layer_mean
from neural_style.network import TransferTechnique
from neural_style.runs.outputs import Output
from neural_style.runs.result import Result
from neural_style.runs.settings import Run, RunSettings

Measured = Callable[[np.ndarray, Combination], dict[str, float]]
"""Measures the picture of a cell."""


def paint_all(combinations: Sequence[Combination], output: Output, bar: Bar) -> None:
    """Paint and measure every cell; one that fails is reported and keeps the reason."""
    measured = measuring([each.settings for each in combinations])
    before = 0.0
    for each in combinations:
        run = Run(**each.run)
        bar.begin(each.name, before, run)
        before += work(run)
        started = time.perf_counter()
        try:
            result = each.settings.transfer(
                each.content, each.styles, **each.run, progress=bar.advance, on_step=bar.before(lambda _: None)
            )
            if result.error is not None:  # a picture of a smaller size, or of fewer iterations, compares with no other
                raise result.error
        except Exception as error:  # also an unforeseen one: the other cells do not depend on it
            each.problem = explanation(error)
            report_error(each.problem, about=each.name)
            continue
        if result.is_interrupted:
            raise KeyboardInterrupt
        finish(each, result, time.perf_counter() - started, output, measured)


def paint_by(
    engine: Engine, combinations: Sequence[Combination], output: Output, bar: Bar, *, device: str | None
) -> None:
    """As `paint_all`, by other processes of that device."""
    measured = measuring([each.settings for each in combinations])
    tasks = ((index, _task(each)) for index, each in enumerate(combinations))
    bar.begin(engine.description, 0)
    with closing(engine.outcomes(tasks, Process(device))) as outcomes:
        for done, (index, outcome) in enumerate(outcomes):
            each = combinations[index]
            for line in outcome.warnings:
                report_warning(line, each.name)
            if outcome.error:
                each.problem = outcome.error
                report_error(each.problem, about=each.name)
            else:
                result, seconds = outcome.value
                finish(each, result, seconds, output, measured)
            bar.advance(done + 1, note=each.name)


def _task(each: Combination) -> TransferTask:
    """The transfer of a cell, for another process."""
    run = to_send(cast(RunSettings, dict(each.run)))
    return TransferTask(each.settings, each.settings.inputs(each.content, each.styles), run)


def finish(each: Combination, result: Result, seconds: float, output: Output, measured: Measured) -> None:
    """Give a cell its picture and its results, without a loss where nothing was minimised."""
    picture = output.rescaled(result.image, each.content.picture)
    loss = {"loss": result.loss, "losses": dict(result.losses)} if result.history else {}
    each.results = {
        **loss,
        "metrics": measured(picture, each),
        "seconds": round(seconds, 3),
        "stopped": result.stopped,
        "weights_sha256": result.record["weights_sha256"],
    }
    if result.alpha is not None:
        alpha = images.resize(result.alpha, picture.shape[:2])
        picture = over_white(without_white(picture, alpha), alpha)
    each.picture = picture


def measuring(techniques: Sequence[TransferTechnique]) -> Measured:
    """The function that measures all pictures with one network, so that the numbers can be compared.

    The network is that of the first technique, at the layers of all that have the same network.
    """
    first = techniques[0]
    network = first.model, first.weights
    alike = [each for each in techniques if (each.model, each.weights) == network]
    known = first.architecture.layers
    of_styles = {layer for settings in alike for layers in settings.style_coefficients() for layer in layers}
    of_contents = {layer for settings in alike for layer in settings.content_targets}
    style_layers = [layer for layer in known if layer in of_styles]
    content_layers = [layer for layer in known if layer in of_contents] or style_layers[-1:]

    stride = first.architecture.stride((*content_layers, *style_layers))

    def measured(picture: np.ndarray, each: Combination) -> dict[str, float]:
        scales = [scale for scale in SCALES if scale == 1 or min(picture.shape[:2]) >= stride * scale]
        try:
            found = metrics.measure(
                picture,
                each.content.picture,
                [replace(style, mask=None) for style in each.styles],
                model=first.model,
                weights=first.weights,
                pooling=first.pooling,
                content_layers=content_layers,
                style_layers=style_layers,
                scales=scales,
                padding=first.resolved_padding,
            )
        except InvalidInputError:  # the picture is too narrow for SSIM, or the painting has no features
            return {}
        means = {
            short: layer_mean(found, short) for short in ("content", "gram", *(f"gram/{scale}" for scale in scales[1:]))
        }
        return {**means, **{name: found[name] for name in ("ssim", "tv", "clipped")}}

    return measured
