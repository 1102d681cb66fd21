"""Figures of the papers, each made by one command: `neural-style figure gatys2015-3 --draft`.

A recipe (one module a paper in `neural_style.figures.papers`) builds a figure for a `Setup`. A `PanelBuilder` makes its
panels and stores them, and `page` draws them. Drawing needs matplotlib: the extra `figures`.

Example:
    >>> from neural_style import figures
    >>> setup, figure = figures.plan("gatys2016-4", scale="draft")
    >>> figures.cost(figure).evaluations
    640
    >>> setup.differences["conv5_1"]
    'conv3_4 instead of conv5_1'
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from neural_style import files, images, interruption
from neural_style.engines.interface import Engine
from neural_style.errors import InvalidInputError
from neural_style.features import vgg
from neural_style.features.weights import layers_in
from neural_style.figures.builder import PanelBuilder, Progress, Sample
from neural_style.figures.by_panels import paint_by
from neural_style.figures.estimate import cost, transfer_panels
from neural_style.figures.page import SUFFIXES, check_matplotlib, draw
from neural_style.figures.panels import TransferPanel
from neural_style.figures.papers import (
    champandard2016,
    color2016,
    control2017,
    gatys2015,
    gatys2016,
    li2016,
    losses,
    novak2016,
    titu1994,
)
from neural_style.figures.recipe import Cell, Chart, Figure, Recipe
from neural_style.figures.setup import SCALES, Setup
from neural_style.images import ImageSource
from neural_style.images.opening import check_name
from neural_style.runs import records
from neural_style.validation import check_choice, check_count, did_you_mean

RECIPES: dict[str, Recipe] = {
    name: recipe
    for paper in (gatys2015, gatys2016, novak2016, color2016, control2017, li2016, champandard2016, titu1994, losses)
    for name, recipe in paper.FIGURES.items()
}
"""All figures by name: the paper's first author and year, and the figure's number or subject; `losses` is ours."""

__all__ = ["RECIPES", "cost", "make", "plan"]


def make(
    name: str,
    output: str | Path,
    *,
    scale: str = "usual",
    model: str | None = None,
    weights: str | None = None,
    image_size: int | None = None,
    iterations: int | None = None,
    inputs: Mapping[str, ImageSource] | None = None,
    panels: str | Path = "panels",
    seed: int = 0,
    precision: str = "float32",
    overwrite: bool = False,
    progress: Progress | None = None,
    prepare: Callable[[], None] | None = None,
    engine: Engine | None = None,
    device: str | None = None,
) -> Figure:
    """Make a figure, and beside it a `.json` with every setting, metric and time; returns what was drawn.

    Args:
        name: a name in `RECIPES`.
        output: a `.png` or `.pdf` file.
        scale: `draft`, `usual` or `paper`; see `neural_style.figures.setup.SCALES`.
        model: `vgg16`, `vgg19` or `mini`; by default mini for a draft and the paper's network otherwise.
        weights: see `neural_style.features.weights.load`; by default the model's own. Layers that a file lacks are
            replaced by shallower ones, and the caption lists them.
        image_size: rows of a picture, in place of the scale's.
        iterations: iterations of 20 evaluations, in place of the scale's.
        inputs: input pictures by the recipe's names; the others are samples.
        panels: folder that stores finished panels. An interrupted figure resumes from it, and figures share panels.
        seed: seed of the noise.
        precision: `float32`, `bfloat16` or `auto`, of the features in a run; metrics are in float32 throughout.
        overwrite: whether the output may replace a file.
        progress: called after every evaluation, see `neural_style.figures.builder.Progress`.
        prepare: called after all checks, before work begins.
        engine: paints panels in other processes, such as `neural_style.engines.local.Local(4)`; the figure is the same.
        device: of these processes, as in `neural_style.backend.choose_device`.

    Raises:
        InvalidInputError, MissingFileError: an input cannot be used, with what to do; before any work is done.
        PanelsFailedError: panels could not be painted by the engine; the others are stored.
    """
    source: dict[str, Any] = {"model": model, "weights": weights, "precision": precision}
    setup, figure = plan(name, scale=scale, image_size=image_size, iterations=iterations, seed=seed, **source)
    check_name(output, "figure")
    check_name(panels, "the folder of panels")
    recipe, output, given = RECIPES[name], Path(output), dict(inputs or {})
    _check_inputs(name, recipe, given, output)
    _check_output(output, overwrite=overwrite)
    builder = _builder(setup, recipe, given, Path(panels))
    if prepare is not None:
        prepare()
    figure = _resolved(figure, setup, recipe)
    seconds = _make_panels(figure, builder, progress, engine, device)
    caption = _caption(recipe, setup, figure, builder, list(given))
    summary = {"figure": name, "caption": caption, "seconds": seconds, **_summary(recipe, setup, figure, builder)}
    _write(figure, builder, f"{caption} {_legend(setup, figure)}{recipe.source}.", summary, output, overwrite=overwrite)
    return figure


def plan(
    name: str,
    *,
    scale: str = "usual",
    model: str | None = None,
    weights: str | None = None,
    image_size: int | None = None,
    iterations: int | None = None,
    seed: int = 0,
    precision: str = "float32",
) -> tuple[Setup, Figure]:
    """Plan a figure without making its panels: its setup and its layout. Arguments are those of `make`.

    A precision of `auto` stays, since no backend is started that knows what it stands for.

    Raises:
        InvalidInputError, MissingFileError: an argument cannot be used.
    """
    check_choice("figure", name, RECIPES)
    check_choice("scale", scale, SCALES)
    if weights is not None:
        check_name(weights, "weights")
    check_count("seed", seed, at_least=0)
    chosen = SCALES[scale]
    if image_size is not None:
        check_count("image_size", image_size, at_least=16)
        chosen = replace(chosen, rows=image_size)
    if iterations is not None:
        check_count("iterations", iterations, at_least=1)
        chosen = replace(chosen, iterations=iterations)
    check_choice("precision", precision, ("float32", "bfloat16", "auto"))
    table = vgg.architecture(model or ("mini" if chosen.name == "draft" else RECIPES[name].model))
    source = weights or table.weights
    setup = Setup(table.name, source, layers_in(table, source), chosen, seed, precision)
    return setup, RECIPES[name].build(setup)


def _resolved(figure: Figure, setup: Setup, recipe: Recipe) -> Figure:
    """The figure, and its setup, with the precision that `auto` stands for on the device in use.

    No panel has `auto`: stored panels may come from another machine, and captions name the precision.
    """
    if setup.precision != "auto":
        return figure
    from neural_style import backend

    setup.precision = backend.resolve_precision(setup.precision)
    setup.differences.clear()
    return recipe.build(setup)


def _make_panels(
    figure: Figure, builder: PanelBuilder, progress: Progress | None, engine: Engine | None, device: str | None
) -> float:
    """Make all panels, painted ones by the engine if there is one; returns the seconds."""
    started = time.perf_counter()
    if engine is not None:
        titles = {slot.picture: slot.title for slot in figure.slots() if isinstance(slot, Cell) and slot.title}
        paint_by(engine, builder, figure.panels(), titles=titles, progress=progress, device=device)
    builder.make(figure.panels(), progress)
    return time.perf_counter() - started


def _write(
    figure: Figure, builder: PanelBuilder, text: str, summary: Mapping[str, Any], output: Path, *, overwrite: bool
) -> None:
    """Write the figure with the text below it, and the `.json`."""
    with interruption.held():
        draw(figure, builder, text, output, overwrite=overwrite)
        with files.atomic_write(_json_file(output), f'file "{_json_file(output)}"', overwrite=overwrite) as file:
            file.write((json.dumps(summary, indent=1) + "\n").encode())


def _check_inputs(name: str, recipe: Recipe, given: Mapping[str, ImageSource], output: Path) -> None:
    """Raise `InvalidInputError` for an input that the recipe lacks, or that an output would replace."""
    for unknown in given.keys() - recipe.inputs.keys():
        raise InvalidInputError(f'{name} has no picture "{unknown}": {did_you_mean(unknown, recipe.inputs)}')
    for path in (each for each in given.values() if isinstance(each, str | Path)):
        if any(
            place.exists() and Path(path).exists() and place.samefile(path) for place in (output, _json_file(output))
        ):
            raise InvalidInputError(f'the figure would replace its own picture "{path}": choose another output')


def _check_output(output: Path, *, overwrite: bool) -> None:
    """Raise `InvalidInputError` where figure or `.json` cannot be written, or matplotlib is missing."""
    images.check_output(output, overwrite=overwrite, suffixes=SUFFIXES, what="figure")
    files.check_place(_json_file(output), f'file "{_json_file(output)}"', overwrite=overwrite)
    check_matplotlib()
    files.remove_leftovers(output.parent)


def _json_file(output: Path) -> Path:
    return output.with_suffix(".json")


def _builder(setup: Setup, recipe: Recipe, given: Mapping[str, ImageSource], folder: Path) -> PanelBuilder:
    """A builder with all inputs read and the weights checked."""
    samples = {slot: Sample(default) for slot, default in recipe.inputs.items()}
    builder = PanelBuilder(setup, {**samples, **given}, folder)
    if setup.weights != "imagenet":  # which may need a download, after all checks
        builder.judge.check_weights()
    return builder


def _caption(recipe: Recipe, setup: Setup, figure: Figure, builder: PanelBuilder, given: list[str]) -> str:
    """The caption of the recipe with findings and differences from the paper."""
    claims = [builder.numbers(claim)["text"] for claim in figure.claims]
    measured = [f"measured: {'; '.join(claims)}"] if claims else []
    texts = [*measured, *(builder.numbers(finding)["text"] for finding in figure.findings), *figure.departures]
    sentences = [text[0].upper() + text[1:] + ("" if text.endswith(".") else ".") for text in texts if text]
    return " ".join([figure.caption, *sentences, setup.differences_text(list(recipe.inputs), given)])


def _summary(recipe: Recipe, setup: Setup, figure: Figure, builder: PanelBuilder) -> dict[str, Any]:
    """Every setting, metric and time, for the file beside the figure."""
    return {
        "source": recipe.source,
        "title": figure.title,
        "planned": figure.caption,
        "scale": setup.scale.name,
        "model": setup.model,
        "weights": setup.weights,
        "claims": [builder.numbers(claim) for claim in figure.claims],
        "findings": [builder.numbers(finding) for finding in figure.findings],
        "differences": [*figure.departures, *setup.differences.values()],
        "library": records.library_version(),
        "made": builder.made,
        "panels": {builder.key(panel): builder.report(panel) for panel in transfer_panels(figure)},
        "cells": [
            {"title": slot.title, "panel": builder.key(slot.picture)}
            for slot in figure.slots()
            if isinstance(slot, Cell)
        ],
        "charts": [
            {"title": slot.title, "curves": {label: builder.numbers(measured) for label, measured in slot.curves}}
            for slot in figure.slots()
            if isinstance(slot, Chart)
        ],
    }


def _legend(setup: Setup, figure: Figure) -> str:
    """The meaning of the numbers below pictures, if there are any."""
    cells = (slot for slot in figure.slots() if isinstance(slot, Cell))
    if not any(cell.show_metrics and isinstance(cell.picture, TransferPanel) for cell in cells):
        return ""
    content, styles = setup.metric_layers
    return (
        f"Numbers: relative content error at {content}, SSIM with the content, total variation, clipped pixels; "
        f"relative Gram error and sliced Wasserstein distance at {', '.join(styles)}. "
    )
