"""`neural-style sheet photo.jpg painting.jpg --vary style_weight 0.1 1 10`: what a flag does, seen at a glance."""

from __future__ import annotations

import itertools
import shlex
import sys
import time
import warnings
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from neural_style import files, images, metrics
from neural_style.cli.checkpoints import record_in
from neural_style.cli.commands import network
from neural_style.cli.commands.inetwork import add_technique_flag, technique_named
from neural_style.cli.flags import Parser
from neural_style.cli.progress import Bar
from neural_style.cli.session import INTERRUPTED, Output, evaluations, start_backend
from neural_style.cli.sheets import contact
from neural_style.cli.sheets.combinations import (
    ITERATIONS,
    Combination,
    all_combinations,
    by_network,
    difference_of_size,
    named,
)
from neural_style.cli.sheets.contact import Cell, Label
from neural_style.cli.sheets.varied import Axis, read_axes
from neural_style.errors import InvalidInputError, NeuralStyleError
from neural_style.images.picture import over_white, to_uint8
from neural_style.inputs import columns_at
from neural_style.network import TransferTechnique
from neural_style.runs import records
from neural_style.runs.settings import Run
from neural_style.validation import check_count

DESCRIPTION = """\
Make a contact sheet: the photo painted small with every combination of the values of one or two flags, labelled, and
with the command that paints each in full size. All other flags are those of the command that is varied, and the same
for all pictures."""

EPILOG = """\
examples:
  neural-style sheet photo.jpg painting.jpg --model mini --vary style_weight 0.1 1 10
  neural-style sheet photo.jpg painting.jpg out.png --vary style_weight 0.1 1 10 --vary content_layer conv3_3 conv4_2
  neural-style sheet photo.jpg painting.jpg out.png --vary style_layers conv1_1 conv1_1,conv2_1 --rows 256
  neural-style sheet photo.jpg painting.jpg --technique inetwork --vary variant titu1994 novak2016 --vary chain yes no

numbers under a picture:
  content  relative error of the photo's activations, over all content layers of the sheet; 0 is the photo
  Gram     the same of the painting's Gram matrices, over all style layers of the sheet
  SSIM     how much of the photo's drawing is left; 1 is all
  TV       grey levels from pixel to pixel: grain
  clipped  share of pixels that are as dark or as bright as can be
"""

DEFAULT_NAME = "sheet.png"
ROWS = 128
FEWEST_ROWS = 32
"""Of a cell: in fewer there is nothing to be seen."""

WIDEST = 1400
"""Columns of pixels after which a single row of cells is wrapped: what a screen shows."""

FAILED = 1


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    technique, own = technique_named(arguments)
    command = network.parser(technique.name, technique, "", own=own)
    found = _parser(technique, own).read(arguments)
    name = found.styles.pop() if len(found.styles) > 1 else DEFAULT_NAME
    check_count("rows", found.rows, at_least=FEWEST_ROWS)
    axes = read_axes(found.vary, command, found)
    output = Output.of(name, save_every=0, record=True, overwrite=found.overwrite)
    inputs = [images.read(found.content, what="content"), *(images.read(p, what="style") for p in found.styles)]
    start_backend(found.device)  # what a size needs depends on it
    combinations = all_combinations(found, technique, command, axes, output.prefix, inputs)
    sources = (source for each in combinations for source in each.sources)
    output.check(0, inputs=[*sources, found.content, *found.styles])
    if found.overwrite and output.final.exists() and "cells" not in (record_in(output.final) or {}):
        raise InvalidInputError(
            f'"{output.final}" is no contact sheet, and would be replaced: the last of several names is that of the '
            "sheet; name another one, or delete it first"
        )
    in_order = by_network(combinations)
    for each in in_order:
        with named(each.texts), warnings.catch_warnings(action="ignore"):  # the run itself will warn
            each.settings.steps(each.content, each.styles, **each.run)
    is_interrupted = False
    with Bar(sum(evaluations(Run(**each.run)) for each in combinations), quiet=found.quiet) as bar:
        try:
            _paint_all(in_order, output, bar)
        except KeyboardInterrupt:
            is_interrupted = True
            if all(each.picture is None for each in combinations):
                raise
    sheet, places = _drawn(combinations, axes, inputs, found.rows)
    words = shlex.join(["neural-style", "sheet", *arguments])
    record = _record(combinations, places, words, found, axes, inputs)
    written = _write(output, sheet, record)
    if not found.quiet:
        for each in combinations:
            print(f"{each.name}: {each.command}")
        print("wrote " + ", ".join(map(str, written)))
        if note := difference_of_size(combinations, axes, found):
            print(note)
    if is_interrupted:
        print("neural-style: interrupted; the sheet has the pictures so far", file=sys.stderr)
        return INTERRUPTED
    return FAILED if any(each.problem for each in combinations) else 0


def _parser(technique: type[TransferTechnique], own: Sequence[str]) -> Parser:
    parser = network.parser("sheet", technique, DESCRIPTION, own=own, paints=False)
    parser.usage = "neural-style sheet content style [style ...] [sheet.png] --vary NAME VALUE ... [flags]"
    parser.epilog = EPILOG
    parser.set_defaults(iterations=None)
    for name, text in {
        "styles": "one or more paintings whose texture is taken, together; the last of several names is that of the "
        f"sheet, which is called {DEFAULT_NAME} otherwise; all is told in a .json beside it",
        "image_size": f"rows in the printed commands; those of the sheet's pictures are --rows (default: "
        f"{Run.image_size})",
        "sizes": "rows of each level of a pyramid in the printed commands; the sheet's pictures have the same levels, "
        "made smaller",
        "iterations": f"number of iterations; one is 20 evaluations of the loss (default: {ITERATIONS}, and "
        f"{Run.iterations} in the printed commands)",
    }.items():
        action = parser.flag(name)
        assert action is not None
        action.help = text
    sheet = parser.add_argument_group("sheet")
    sheet.add_argument(
        "--vary",
        nargs="+",
        action="append",
        metavar=("NAME", "VALUE"),
        help="a flag and its values: given once they make a row, which is wrapped when it is long, given twice the "
        "rows and the columns of the sheet. Commas join what is one value of a flag that takes several: "
        "conv1_1,conv2_1. style_weight is that of the first style. image_size and sizes are not made smaller here",
    )
    sheet.add_argument(
        "--rows", type=int, default=ROWS, metavar="N", help=f"rows of each picture in the sheet (default: {ROWS})"
    )
    add_technique_flag(sheet)
    sheet.add_argument("--overwrite", action="store_true", help="replace a sheet that exists already")
    machine = parser.add_argument_group("machine")
    machine.add_argument("--device", metavar="NAME", help="cpu, gpu or gpu:<n> (default: a GPU if there is one)")
    machine.add_argument("--quiet", action="store_true", help="print errors and warnings only, and no commands")
    return parser


def _paint_all(combinations: Sequence[Combination], output: Output, bar: Bar) -> None:
    """Paint and measure; a cell that fails is told and keeps the reason."""
    measured = _judge(combinations)
    before = 0
    for each in combinations:
        bar.begin(each.name, before)
        before += evaluations(Run(**each.run))
        started = time.perf_counter()
        try:
            result = each.settings.transfer(each.content, each.styles, **each.run, progress=bar.advance)
        except NeuralStyleError as error:
            each.problem = str(error)
            bar.tell(f"neural-style: error: {each.name}: {error}")
            continue
        if result.stopped == "interrupted":
            raise KeyboardInterrupt
        seconds = time.perf_counter() - started
        picture = output.rescaled(result.image, each.content.picture)
        each.told = {
            "loss": result.loss,
            "losses": dict(result.losses),
            "metrics": measured(picture, each),
            "seconds": round(seconds, 3),
            "stopped": result.stopped,
            "weights_sha256": result.record["weights_sha256"],
        }
        if result.alpha is not None:
            picture = over_white(picture, images.resize(result.alpha, picture.shape[:2]))
        each.picture = picture


def _judge(combinations: Sequence[Combination]) -> Callable[[np.ndarray, Combination], dict[str, float]]:
    """What measures all pictures in one extractor, or else the numbers under them could not be compared.

    It is the first cell's network, and looks at the layers of all cells that have the same.
    """
    first = combinations[0].settings
    network = first.model, first.weights
    alike = [each.settings for each in combinations if (each.settings.model, each.settings.weights) == network]
    known = first.extractor_spec.architecture.layers
    looked_at = {layer for settings in alike for layers in settings.style_coefficients() for layer in layers}
    kept = {layer for settings in alike for layer in settings.extractor_spec.content_layers}
    style_layers = [layer for layer in known if layer in looked_at]
    content_layers = [layer for layer in known if layer in kept] or style_layers[-1:]

    def measured(picture: np.ndarray, each: Combination) -> dict[str, float]:
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
            )
        except InvalidInputError:  # a picture that is too narrow for SSIM, or a painting without any features
            return {}
        means = {
            short: float(np.mean([value for name, value in found.items() if name.startswith(f"{short}.")]))
            for short in ("content", "gram")
        }
        return {**means, **{name: found[name] for name in ("ssim", "tv", "clipped")}}

    return measured


def _drawn(
    combinations: Sequence[Combination], axes: Sequence[Axis], inputs: Sequence[images.Picture], rows: int
) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """The sheet, and the top and left of each picture in it."""
    size = rows, max(1, columns_at(rows, inputs[0].size))
    columns = axes[-1]
    if len(axes) == 1:
        most = max(1, WIDEST // max(size[1], contact.NARROWEST))
        count = ceil(len(combinations) / ceil(len(combinations) / most))  # rows of equal length, as far as possible
    else:
        count = len(columns.texts)
    cells = [
        Cell(
            each.picture,
            _note(each),
            Label(columns.name, each.texts[-1]) if len(axes) == 1 or index < count else None,
        )
        for index, each in enumerate(combinations)
    ]
    grid = [cells[start : start + count] for start in range(0, len(cells), count)]
    beside = [Label(axes[0].name, text) for text in axes[0].texts] if len(axes) == 2 else []
    sheet, places = contact.draw(grid, beside, [to_uint8(each.rgb, each.name) for each in inputs], size)
    return sheet, list(itertools.chain(*places))


def _note(each: Combination) -> list[str]:
    """What stands under a picture, or in its place."""
    if each.picture is None:
        return (each.problem or "not painted").split()
    found = each.told["metrics"]
    if not found:
        return []
    return [
        f"content {_short(found['content'])}",
        f"Gram {_short(found['gram'])}",
        f"SSIM {found['ssim']:.2f}",
        f"TV {_short(found['tv'])}",
        f"clipped {found['clipped']:.0%}",
    ]


def _short(value: float) -> str:
    """Two digits or more, so that notes of neighbours are equally long."""
    return f"{value:.0f}" if value >= 10 else f"{value:#.2g}"


def _record(
    combinations: Sequence[Combination],
    places: Sequence[tuple[int, int]],
    command: str,
    found: Namespace,
    axes: Sequence[Axis],
    inputs: Sequence[images.Picture],
) -> dict[str, Any]:
    """The record of the sheet: its command, the inputs, and each cell with its place, its command and its numbers."""
    content, *styles = map(records.describe_picture, inputs)
    return {
        "neural_style": records.library_version(),
        "technique": "sheet",
        "settings": {
            "command": command,
            "technique": found.technique,
            "rows": found.rows,
            **{f"vary {axis.name}": list(axis.texts) for axis in axes},
        },
        "content": content,
        "styles": styles,
        "run": {"seconds": round(sum(each.told.get("seconds", 0) for each in combinations), 3)},
        "versions": records.versions(),
        "cells": [
            {
                "values": {axis.name: text for axis, text in zip(axes, each.texts, strict=True)},
                "command": each.command,
                "place": list(place),
                **({"problem": each.problem or "not painted"} if each.picture is None else each.told),
            }
            for each, place in zip(combinations, places, strict=True)
        ],
    }


def _write(output: Output, sheet: np.ndarray, record: Mapping[str, Any]) -> list[Path]:
    text = records.to_json(record)
    images.write(output.final, sheet, record=text, overwrite=output.overwrite)
    path = output.record_file
    with files.atomic_write(path, f'record "{path}"', overwrite=output.overwrite) as file:
        file.write((text + "\n").encode("utf-8", "backslashreplace"))
    return [output.final, path]
