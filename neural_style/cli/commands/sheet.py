"""`neural-style sheet photo.jpg painting.jpg --vary style_weight 0.1 1 10`: compares values of one or two flags."""

from __future__ import annotations

import itertools
import shlex
import sys
import warnings
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

import numpy as np

from neural_style import images, interruption
from neural_style.cli.commands import network
from neural_style.cli.commands.inetwork import add_technique_flag, chosen_technique
from neural_style.cli.engine_flags import add_engine_flags, engine_of
from neural_style.cli.flags import Parser
from neural_style.cli.groups import add_machine_flags
from neural_style.cli.place import work
from neural_style.cli.progress import Bar
from neural_style.cli.session import FAILED, start_backend
from neural_style.cli.sheets import one_pass
from neural_style.cli.sheets.combinations import (
    ITERATIONS,
    Combination,
    all_combinations,
    by_network,
    check_weights,
    difference_of_size,
    named,
)
from neural_style.cli.sheets.painting import paint_all, paint_by
from neural_style.cli.sheets.varied import Axis, read_axes
from neural_style.engines.interface import Engine
from neural_style.errors import InvalidInputError
from neural_style.images import grid
from neural_style.images.picture import to_uint8
from neural_style.inputs import columns_at
from neural_style.network import TransferTechnique
from neural_style.runs import records
from neural_style.runs.outputs import Output, record_in
from neural_style.runs.settings import Run
from neural_style.validation import check_count

DESCRIPTION = """\
Make a contact sheet: the photo painted small with every combination of the values of one or two flags, labelled. The
command that paints each picture in full size is printed. All other flags are those of the varied command, and apply to
every picture."""

EPILOG = """\
examples:
  neural-style sheet photo.jpg painting.jpg --model mini --vary style_weight 0.1 1 10
  neural-style sheet photo.jpg painting.jpg out.png --vary style_weight 0.1 1 10 --vary content_layer conv3_3 conv4_2
  neural-style sheet photo.jpg painting.jpg out.png --vary style_layers conv1_1 conv1_1,conv2_1 --rows 256
  neural-style sheet photo.jpg painting.jpg --fast --vary stroke_scale 0.5 1 2
  neural-style sheet photo.jpg painting.jpg --technique inetwork --vary variant titu1994 novak2016 --vary chain yes no

numbers below a picture:
  content  relative error of the photo's activations, over all content layers of the sheet; 0 is the photo itself
  Gram     relative error of the painting's Gram matrices, over all style layers of the sheet; then the same with
           the picture and the painting reduced to a half and a quarter: there strokes count, and grain does not
  SSIM     structural similarity to the photo; 1 is the photo itself
  TV       mean difference between neighbouring pixels, in grey levels: grain
  clipped  share of pixels that are fully dark or fully bright
"""

DEFAULT_NAME = "sheet.png"
ROWS = 128
FEWEST_ROWS = 32
"""Rows of a picture at least: in fewer nothing can be recognised."""

EMPTY = 0xEC
"""Grey level of a cell without a picture."""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    technique, own = chosen_technique(arguments)
    command = network.parser(technique.name, technique, "", own=own)
    flags = _parser(technique, own)
    found = flags.read(arguments)
    name = found.styles.pop() if len(found.styles) > 1 else DEFAULT_NAME
    check_count("rows", found.rows, at_least=FEWEST_ROWS)
    axes = read_axes(found.vary, command, found)
    output = Output.from_prefix(name, save_every=0, record=True, overwrite=found.overwrite)
    named_files = [("content", found.content), *(("style", style) for style in found.styles)]
    inputs = [images.read(path, what=what, frame=found.frame) for what, path in named_files]
    engine = engine_of(found, is_folder=True)
    if found.fast:
        one_pass.check(axes, found, flags.given(found))
    networks = "" if found.fast else " and ".join(check_weights(found, technique, axes))
    start_backend(found.device, "" if found.quiet else networks)  # the memory that a size needs depends on it
    combinations = all_combinations(found, technique, command, axes, output.prefix, inputs)
    _check_output(output, combinations, [found.content, *found.styles])
    is_interrupted = _painted(combinations, output, found, engine)
    try:
        with interruption.held():
            sheet, places = _drawn(combinations, axes, inputs, found.rows)
            words = shlex.join(["neural-style", "sheet", *arguments])
            record = records.to_json(_record(combinations, places, words, found, axes, inputs))
            images.write(output.final, sheet, record=record, overwrite=output.overwrite)
            output.write_record(record)
    except KeyboardInterrupt:  # when both were written
        is_interrupted = True
    if not found.quiet:
        _print_summary(combinations, axes, found, output)
    if is_interrupted:
        print("neural-style: interrupted; the sheet has the pictures so far", file=sys.stderr)
        return interruption.exit_status()
    return FAILED if any(each.problem for each in combinations) else 0


def _painted(combinations: Sequence[Combination], output: Output, found: Namespace, engine: Engine | None) -> bool:
    """Paint the cells; returns whether that was interrupted, after a picture or more."""
    in_order = by_network(combinations)
    works = [1.0 if found.fast or engine else work(Run(**each.run)) for each in combinations]
    for each in [] if found.fast else in_order:
        with named(each.texts), warnings.catch_warnings(action="ignore"):  # the run itself will warn
            each.settings.steps(each.content, each.styles, **each.run)
    with Bar(sum(works), quiet=found.quiet) as bar:
        try:
            if found.fast:
                one_pass.paint_all(in_order, output, bar)
            elif engine is not None:
                paint_by(engine, in_order, output, bar, device=found.device)
            else:
                paint_all(in_order, output, bar)
        except KeyboardInterrupt:
            if all(each.picture is None for each in combinations):
                raise
            return True
    return False


def _parser(technique: type[TransferTechnique], own: Sequence[str]) -> Parser:
    parser = network.parser("sheet", technique, DESCRIPTION, own=own, paints=False)
    parser.usage = "neural-style sheet content style [style ...] [sheet.png] --vary NAME VALUE ... [flags]"
    parser.epilog = EPILOG
    parser.set_defaults(iterations=None)
    for name, text in {
        "styles": "one or more paintings, whose textures are blended; of several names the last is the sheet's "
        f"(default: {DEFAULT_NAME}). A .json of the same name contains all settings and numbers",
        "image_size": f"rows in the printed commands; --rows is for the sheet's pictures (default: {Run.image_size})",
        "sizes": "rows of each level of a pyramid in the printed commands; the sheet's pictures have the same levels, "
        "made smaller",
        "iterations": "iterations at each size; one is 20 evaluations of the loss "
        f"(default: {ITERATIONS}, and {Run.iterations} in the printed commands)",
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
        help="a flag and its values. Given once they make a row, which is wrapped if it is long; given twice they make "
        "the rows and the columns of the sheet. Join the values of a flag that takes several by commas: "
        "conv1_1,conv2_1. A single style_weight is that of the first style. image_size and sizes are used as they are",
    )
    sheet.add_argument(
        "--rows", type=int, default=ROWS, metavar="N", help=f"rows of each picture in the sheet (default: {ROWS})"
    )
    sheet.add_argument(
        "--fast",
        action="store_true",
        help="paint the sheet's pictures in one pass of the embedded feed-forward network, without an optimisation and "
        f"a download: previews of {', '.join(one_pass.VARIABLE[:2])}, preserve_color, seed or image_size",
    )
    add_technique_flag(sheet)
    add_engine_flags(parser)
    sheet.add_argument("--overwrite", action="store_true", help="replace an existing sheet")
    add_machine_flags(parser, quiet="print errors and warnings only, and no commands")
    return parser


def _check_output(output: Output, combinations: Sequence[Combination], inputs: Sequence[str]) -> None:
    """Check that the sheet can be written, and that it replaces no picture other than a sheet."""
    output.check(0, sources=[*(source for each in combinations for source in each.sources), *inputs])
    if output.overwrite and output.final.exists() and "cells" not in (record_in(output.final) or {}):
        raise InvalidInputError(
            f'"{output.final}" is not a contact sheet, and would be replaced: of several names the last is the '
            "sheet's; name another one, or delete the file first"
        )


def _print_summary(combinations: Sequence[Combination], axes: Sequence[Axis], found: Namespace, output: Output) -> None:
    for each in combinations:
        print(f"{each.name}: {each.command}")
    print(f"wrote {output.final}, {output.record_file}")
    if not found.fast and (note := difference_of_size(combinations, axes, found)):
        print(note)


def _drawn(
    combinations: Sequence[Combination], axes: Sequence[Axis], inputs: Sequence[images.Picture], rows: int
) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """The sheet, and the top row and left column of each picture in it."""
    size = rows, max(1, columns_at(rows, inputs[0].size))
    columns = axes[-1]
    count = grid.cells_in_a_row(len(combinations), size[1]) if len(axes) == 1 else len(columns.texts)
    cells = []
    for index, each in enumerate(combinations):
        label = grid.Label(columns.name, each.texts[-1]) if len(axes) == 1 or index < count else None
        if each.picture is None:
            empty = np.full((*size, 3), EMPTY, np.uint8)
            cells.append(grid.Cell(empty, label, inside=(each.problem or "not painted").split()))
        else:
            cells.append(grid.Cell(images.resize(each.picture, size, method="lanczos"), label, _note(each)))
    sheet, places = grid.draw(
        [cells[start : start + count] for start in range(0, len(cells), count)],
        beside=[grid.Label(axes[0].name, text) for text in axes[0].texts] if len(axes) == 2 else (),
        corner=[to_uint8(each.rgb, each.name) for each in inputs],
    )
    return sheet, list(itertools.chain(*places))


def _note(each: Combination) -> list[str]:
    """The numbers below a picture."""
    found = each.results["metrics"]
    if not found:
        return []
    return [
        f"content {_short(found['content'])}",
        " ".join(["Gram", *(_short(found[name]) for name in ("gram", "gram/2", "gram/4") if name in found)]),
        f"SSIM {found['ssim']:.2f}",
        f"TV {_short(found['tv'])}",
        f"clipped {found['clipped']:.0%}",
    ]


def _short(value: float) -> str:
    """At least two digits, so that notes of neighbours have the same length."""
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
        "run": {"seconds": round(sum(each.results.get("seconds", 0) for each in combinations), 3)},
        "versions": records.versions(),
        "cells": [
            {
                "values": {axis.name: text for axis, text in zip(axes, each.texts, strict=True)},
                "command": each.command,
                "place": list(place),
                **({"problem": each.problem or "not painted"} if each.picture is None else each.results),
            }
            for each, place in zip(combinations, places, strict=True)
        ],
    }
