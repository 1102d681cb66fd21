"""The preview of `paint`: the photo painted in one pass, in a file beside the result while the optimisation runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from neural_style.cli.progress import report
from neural_style.errors import explanation
from neural_style.inputs import Content, Inputs
from neural_style.runs.outputs import Output
from neural_style.runs.settings import Run

ROWS = 400
"""Rows of a preview at most, which takes two or three seconds, one of them for the program."""


@contextmanager
def preview(inputs: Inputs, run: Run, output: Output, *, strength: float) -> Iterator[None]:
    """Paint a preview, and delete it after the block, when the finished picture takes its place.

    None is painted where a file of its name exists, or where a style acts in a part of the photo only, as feed-forward
    networks have no masks. A preview that fails is reported, and of no concern to the run.

    Args:
        inputs: of the run, in memory.
        run: its settings.
        output: its files; the preview is `output.preview`.
        strength: of `paint`.
    """
    masks = [inputs.content.mask, *(style.mask for style in inputs.styles)]
    if output.preview.exists() or any(mask is not None for mask in masks):
        yield
        return
    try:
        try:
            _write(inputs, run, output, strength)
            report(f"{output.preview} is a preview, painted in one pass, until {output.final} is finished")
        except Exception as error:
            report(f"no preview: {explanation(error)}")
        yield
    finally:  # also where a signal arrives while it is written
        output.preview.unlink(missing_ok=True)


def _write(inputs: Inputs, run: Run, output: Output, strength: float) -> None:
    from neural_style.feedforward import Painter  # here, for it starts the backend

    painter, content = Painter(), inputs.content
    result = painter.paint(
        Content(content.picture, color_mask=content.color_mask),
        painter.style(*inputs.styles),
        strength=min(1.0, strength),
        preserve_color=run.preserve_color,
        size=min(run.levels[-1], ROWS),
        seed=run.seed,
    )
    result.save(output.preview)
