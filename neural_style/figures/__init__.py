"""Figures of the papers, each made by one command: `neural-style figure gatys2015-3 --draft`.

A figure is a recipe of panels (`neural_style.figures.recipe`, one file a paper), built for a `Setup`, whose panels a
`PanelBuilder` makes and keeps, and which a page draws. matplotlib is needed for the last: the extra `figures`.

Example:
    >>> from neural_style import figures
    >>> setup, figure = figures.planned("gatys2016-4", scale="draft")
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

from neural_style import files, images
from neural_style.errors import InvalidInputError
from neural_style.features import vgg
from neural_style.features.weights import layers_in
from neural_style.figures.builder import PanelBuilder, Progress, Sample
from neural_style.figures.cost import cost, painted_in
from neural_style.figures.page import SUFFIXES, check_matplotlib, draw
from neural_style.figures.panels import TransferPanel
from neural_style.figures.papers import (
    champandard2016,
    color2016,
    control2017,
    gatys2015,
    gatys2016,
    novak2016,
    titu1994,
)
from neural_style.figures.recipe import Cell, Figure, Recipe
from neural_style.figures.setup import SCALES, Setup
from neural_style.images import ImageSource
from neural_style.runs import records
from neural_style.validation import check_choice, check_count, did_you_mean

RECIPES: dict[str, Recipe] = {
    name: recipe
    for paper in (gatys2015, gatys2016, novak2016, color2016, control2017, champandard2016, titu1994)
    for name, recipe in paper.FIGURES.items()
}
"""All figures by name: the paper's first author and year, and the number of the figure, or what it shows."""

__all__ = ["RECIPES", "cost", "make", "planned"]


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
    overwrite: bool = False,
    progress: Progress | None = None,
    prepare: Callable[[], None] | None = None,
) -> Figure:
    """Make a figure, and beside it a `.json` with every setting, metric and time.

    Args:
        name: of `RECIPES`.
        output: `.png` or `.pdf`.
        scale: `draft`, `usual` or `paper`: how large pictures are and how long they are worked on.
        model: `vgg16`, `vgg19` or `mini`; None is mini for a draft and the paper's otherwise.
        weights: see `neural_style.features.weights.load`; None is the model's own. A file may end before the
            deepest block: layers that it lacks are replaced, which the caption tells.
        image_size: rows of a picture, in place of the scale's.
        iterations: of 20 evaluations, in place of the scale's.
        inputs: pictures of the user's by the recipe's names; samples stand in for the others.
        panels: folder in which finished panels are kept. A figure that was interrupted goes on there, and figures
            share what they have in common.
        seed: of noise.
        overwrite: whether the output may replace a file.
        progress: called after every evaluation with the key of a panel, how many there were, and the lowest loss.
        prepare: called once everything is checked, before work begins.

    Returns:
        The figure as it was drawn.

    Raises:
        InvalidInputError, MissingFileError: something cannot be used, with what to do; before any work is done.
    """
    setup, figure = planned(
        name,
        scale=scale,
        model=model,
        weights=weights,
        image_size=image_size,
        iterations=iterations,
        seed=seed,
    )
    recipe, output, given = RECIPES[name], Path(output), dict(inputs or {})
    for unknown in given.keys() - recipe.inputs.keys():
        raise InvalidInputError(f'{name} has no picture "{unknown}": {did_you_mean(unknown, recipe.inputs)}')
    beside = output.with_suffix(".json")
    for path in (each for each in given.values() if isinstance(each, str | Path)):
        if any(place.exists() and Path(path).exists() and place.samefile(path) for place in (output, beside)):
            raise InvalidInputError(f'the figure would replace its own picture "{path}": choose another output')
    images.check_output(output, overwrite=overwrite, suffixes=SUFFIXES, what="figure")
    files.check_place(beside, f'file "{beside}"', overwrite=overwrite)
    check_matplotlib()
    samples = {slot: Sample(default) for slot, default in recipe.inputs.items()}
    builder = PanelBuilder(setup, {**samples, **given}, Path(panels))
    files.check_place(builder.folder / "made.json", f'folder "{panels}"', overwrite=True)
    if setup.weights != "imagenet":  # which may have to be downloaded first
        builder.judge.check_weights()
    if prepare is not None:
        prepare()
    started = time.perf_counter()
    builder.make(figure.panels(), progress)
    seconds = time.perf_counter() - started
    differences = setup.told(list(recipe.inputs), list(given))
    found = [builder.numbers(finding)["text"] for finding in figure.findings]
    sentences = [_sentence(text) for text in (*found, *figure.departures) if text]
    caption = " ".join([figure.caption, *sentences, differences])
    draw(figure, builder, f"{caption} {_legend(setup, figure)}{recipe.source}.", output, overwrite=overwrite)
    told = {"figure": name, "caption": caption, "seconds": seconds, **_told(recipe, setup, figure, builder)}
    with files.atomic_write(beside, f'file "{beside}"', overwrite=overwrite) as file:
        file.write((json.dumps(told, indent=1) + "\n").encode())
    return figure


def planned(
    name: str,
    *,
    scale: str = "usual",
    model: str | None = None,
    weights: str | None = None,
    image_size: int | None = None,
    iterations: int | None = None,
    seed: int = 0,
) -> tuple[Setup, Figure]:
    """A figure that nothing is made of yet, with the setup that it was built for; arguments are those of `make`.

    Raises:
        InvalidInputError, MissingFileError: something cannot be used.
    """
    check_choice("figure", name, RECIPES)
    check_choice("scale", scale, SCALES)
    check_count("seed", seed, at_least=0)
    chosen = SCALES[scale]
    if image_size is not None:
        check_count("image_size", image_size, at_least=16)
        chosen = replace(chosen, rows=image_size)
    if iterations is not None:
        check_count("iterations", iterations, at_least=1)
        chosen = replace(chosen, iterations=iterations)
    table = vgg.architecture(model or ("mini" if chosen.name == "draft" else RECIPES[name].model))
    source = weights or table.weights
    setup = Setup(table.name, source, layers_in(table, source), chosen, seed)
    return setup, RECIPES[name].build(setup)


def _told(recipe: Recipe, setup: Setup, figure: Figure, builder: PanelBuilder) -> dict[str, Any]:
    """Every setting, metric and time, for the file beside the figure."""
    return {
        "source": recipe.source,
        "title": figure.title,
        "scale": setup.scale.name,
        "model": setup.model,
        "weights": setup.weights,
        "findings": [builder.numbers(finding) for finding in figure.findings],
        "differences": [*figure.departures, *setup.differences.values()],
        "library": records.library_version(),
        "made": builder.made,
        "panels": {builder.key(panel): builder.told(panel) for panel in painted_in(figure)},
        "cells": [
            {"title": slot.title, "panel": builder.key(slot.picture)}
            for slot in figure.slots()
            if isinstance(slot, Cell)
        ],
        "charts": [
            {"title": slot.title, "curves": {label: builder.numbers(counted) for label, counted in slot.curves}}
            for slot in figure.slots()
            if not isinstance(slot, Cell)
        ],
    }


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _legend(setup: Setup, figure: Figure) -> str:
    """What the numbers below pictures are, if there are any."""
    if not any(
        isinstance(slot, Cell) and slot.judged and isinstance(slot.picture, TransferPanel) for slot in figure.slots()
    ):
        return ""
    content, styles = setup.judge
    return (
        f"Numbers: relative content error at {content}, SSIM with the content, total variation, clipped pixels; "
        f"relative Gram error and sliced Wasserstein distance at {', '.join(styles)}. "
    )
