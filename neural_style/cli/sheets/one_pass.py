"""`sheet --fast`: the cells of a contact sheet as previews by the embedded feed-forward network."""

from __future__ import annotations

import time
from argparse import Action, Namespace
from collections.abc import Sequence

from neural_style.cli.progress import Bar, report_error
from neural_style.cli.sheets.combinations import Combination
from neural_style.cli.sheets.painting import finish, measuring
from neural_style.cli.sheets.varied import Axis
from neural_style.errors import InvalidInputError, explanation
from neural_style.network import Network
from neural_style.runs.outputs import Output
from neural_style.runs.settings import Run

VARIABLE = ("style_weight", "stroke_scale", "resize", "preserve_color", "color_mask", "seed", "image_size")
"""Fields of flags that have an effect in one pass."""


OF_THE_SHEET = ("vary", "rows", "sizes", "fast", "frame", "overwrite", "device", "quiet")
"""Fields of further flags that have an effect with `--fast`."""

OF_THE_COMMANDS = ("technique", "model", "weights")
"""Fields of flags that choose what the printed commands paint with."""


def check(axes: Sequence[Axis], found: Namespace, given: Sequence[Action]) -> None:
    """Check that all flags have an effect in one pass.

    Args:
        axes: the varied flags.
        found: the arguments.
        given: from `Parser.given`.

    Raises:
        InvalidInputError: one has none, or there are masks.
    """
    for axis in axes:
        if axis.field not in VARIABLE:
            raise InvalidInputError(
                f"--vary {axis.name} has no effect with --fast: vary style_weight, stroke_scale or preserve_color, or "
                "leave --fast out"
            )
    if found.style_masks or found.content_mask:
        raise InvalidInputError("a feed-forward network has no masks: leave them out, or --fast")
    for flag in given:
        if flag.dest not in (*VARIABLE, *OF_THE_SHEET, *OF_THE_COMMANDS):
            raise InvalidInputError(f"{flag.option_strings[0]} has no effect with --fast: leave one of the two out")


def paint_all(combinations: Sequence[Combination], output: Output, bar: Bar) -> None:
    """Paint every cell, and measure it with mini; one that fails is reported and keeps the reason."""
    from neural_style.feedforward import Painter

    painter, measured = Painter(), measuring([Network(model="mini")])
    for index, each in enumerate(combinations):
        run, started = Run(**each.run), time.perf_counter()
        try:
            result = painter.paint(
                each.content,
                painter.style(*each.styles),
                size=run.levels[-1],
                seed=run.seed,
                preserve_color=run.preserve_color,
            )
        except Exception as error:  # as in a sheet of runs
            each.problem = explanation(error)
            report_error(each.problem, about=each.name)
        else:
            finish(each, result, time.perf_counter() - started, output, measured)
        bar.begin(each.name, index)
        bar.advance(1)
