"""Draws a figure: a grid of pictures and charts, labels, metrics and the caption. Only this module uses matplotlib."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neural_style import files, images
from neural_style.errors import InvalidInputError
from neural_style.figures.builder import PanelBuilder
from neural_style.figures.panels import Picture, TransferPanel
from neural_style.figures.recipe import Cell, Chart, Figure

SUFFIXES = (".png", ".pdf")

CELL = 2.1
"""Width of a picture, in inches."""

GAP, TITLE, MARGIN = 0.1, 0.2, 0.12
"""Gap between cells, height of a title above a picture, margin of the page, in inches."""

NOTE, NOTE_LINE = 0.06, 0.085
"""Space below a picture, height of a line of metrics, in inches."""

AXIS = 0.4
"""Height of the axis below a chart, in inches."""

INPUT_SCALE = 0.5
"""Width of an input picture as a fraction of a cell's."""

LETTERS, TITLE_LETTER = 19, 0.1
"""Letters of the caption per inch; width of a letter of the title, in inches."""

ROW_LABEL, COLUMN_LABEL, HEADING, LINE = 0.25, 0.25, 0.36, 0.129
"""Width of row labels, height of column labels, of the figure's title and of a line of the caption, in inches."""

DPI = 200


def check_matplotlib() -> None:
    """Raise `InvalidInputError` where matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise InvalidInputError("figures need matplotlib, which is not installed: pip install matplotlib") from error


def draw(figure: Figure, builder: PanelBuilder, caption: str, path: Path, *, overwrite: bool) -> None:
    """Draw a figure of finished panels and write it atomically as PNG or PDF.

    Raises:
        InvalidInputError: the file cannot be written, or exists already.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure as Canvas

    heights = [max(_height(slot, builder, CELL) for slot in row) for row in figure.rows]
    strip = max((_height(slot, builder, CELL * INPUT_SCALE) + GAP for slot in figure.inputs), default=0.0)
    columns = max(map(len, figure.rows))
    beside = ROW_LABEL if figure.row_labels else 0.0
    above = HEADING + strip + (COLUMN_LABEL if figure.column_labels else 0.0)
    width = max(2 * MARGIN + beside + columns * CELL + (columns - 1) * GAP, len(figure.title) * TITLE_LETTER)
    lines = textwrap.wrap(caption, width=int((width - 2 * MARGIN) * LETTERS))
    below = LINE * (len(lines) + 0.5)
    height = MARGIN + above + sum(heights) + GAP * (len(heights) - 1) + below + MARGIN
    with rc_context({"font.size": 7, "axes.linewidth": 0.6, "pdf.fonttype": 42}):
        canvas = Canvas(figsize=(width, height))
        canvas.text(MARGIN / width, 1 - MARGIN / height, figure.title, fontsize=10, weight="bold", va="top")
        top = height - MARGIN - HEADING
        for index, cell in enumerate(figure.inputs):
            left = MARGIN + beside + index * (CELL * INPUT_SCALE + GAP)
            _draw_picture(cell, builder, _Box(canvas, left, top - strip, CELL * INPUT_SCALE, strip))
        top = height - MARGIN - above
        for column, label in enumerate(figure.column_labels):
            x = MARGIN + beside + column * (CELL + GAP) + CELL / 2
            canvas.text(x / width, (top + 0.06) / height, label, ha="center", va="bottom", fontsize=8)
        for index, (row, row_height) in enumerate(zip(figure.rows, heights, strict=True)):
            if figure.row_labels:
                y = top - TITLE - (row_height - TITLE) / 2
                place = (MARGIN + 0.02) / width, y / height
                canvas.text(*place, figure.row_labels[index], rotation=90, va="center", ha="left", fontsize=8)
            for column, slot in enumerate(row):
                if slot is None:
                    continue
                left = MARGIN + beside + column * (CELL + GAP)
                box = _Box(canvas, left, top - row_height, CELL, row_height)
                if isinstance(slot, Chart):
                    _draw_chart(slot, builder, box)
                else:
                    _draw_picture(slot, builder, box)
            top -= row_height + GAP
        canvas.text(MARGIN / width, (MARGIN + below - LINE / 2) / height, "\n".join(lines), va="top", linespacing=1.3)
        with files.atomic_write(path, f'output "{path}"', overwrite=overwrite) as file:
            metadata = {"CreationDate": None} if path.suffix.lower() == ".pdf" else {"Software": "neural_style"}
            canvas.savefig(file, format=path.suffix[1:].lower(), dpi=DPI, metadata=metadata)


class _Box:
    """A place on the canvas, in inches from its lower left corner."""

    def __init__(self, canvas: Any, left: float, bottom: float, width: float, height: float) -> None:
        self.canvas, self.left, self.bottom, self.width, self.height = canvas, left, bottom, width, height

    def axes(self, left: float, bottom: float, width: float, height: float) -> Any:
        """Axes in this place."""
        all_width, all_height = self.canvas.get_size_inches()
        place = (self.left + left) / all_width, (self.bottom + bottom) / all_height
        return self.canvas.add_axes((*place, width / all_width, height / all_height))

    def text(self, left: float, bottom: float, text: str, **settings: Any) -> None:
        """Text that starts at a point of this place."""
        all_width, all_height = self.canvas.get_size_inches()
        self.canvas.text((self.left + left) / all_width, (self.bottom + bottom) / all_height, text, **settings)


def metrics_text(metrics: Mapping[str, float]) -> str:
    """Three lines: content error, SSIM, TV and clipping; Gram errors; Wasserstein distances (by layer)."""
    styles = sorted({name.split(".")[1] for name in metrics if name.startswith("gram.")})
    first = [f"content {value:.2g}" for name, value in metrics.items() if name.startswith("content.")]
    if "ssim" in metrics:
        first.append(f"SSIM {metrics['ssim']:.2f}")
    first.append(f"TV {metrics['tv']:.3g}")
    first.append(f"clipped {100 * metrics['clipped']:.2g}%")
    lines = ["  ".join(first)]
    for kind, name in (("gram", "Gram"), ("swd", "SWD")):
        each = [" ".join(_short(v) for k, v in metrics.items() if k.startswith(f"{kind}.{s}.")) for s in styles]
        if each:
            lines.append(f"{name} " + " | ".join(each))
    return "\n".join(lines)


def _short(value: float) -> str:
    """Two digits without a leading zero."""
    return f"{value:.2g}" if value >= 1 or value < 0.001 else f"{value:.2g}".removeprefix("0")


def _height(slot: Cell | Chart | None, builder: PanelBuilder, width: float) -> float:
    if slot is None:
        return 0.0
    if isinstance(slot, Chart):
        return TITLE + 0.8 * width + AXIS
    rows, columns = builder.picture(slot.picture).shape[:2]
    lines = _note(slot, builder).count("\n") + 1 if _note(slot, builder) else 0
    height: float = TITLE + width * rows / columns + (NOTE + NOTE_LINE * lines if lines else 0.0)
    return height


def _note(cell: Cell, builder: PanelBuilder) -> str:
    """The text below a picture: time and metrics."""
    if not cell.show_metrics or not isinstance(cell.picture, TransferPanel):
        return ""
    text = metrics_text(builder.report(cell.picture)["metrics"])
    return f"{_time_text(cell.picture, builder)}\n{text}" if cell.show_time else text


def _time_text(picture: TransferPanel, builder: PanelBuilder) -> str:
    """Evaluations and seconds of a picture, including those of its initial picture."""
    evaluations, seconds = 0, 0.0
    panel: Picture | None = picture
    while isinstance(panel, TransferPanel):
        report = builder.report(panel)
        evaluations, seconds = evaluations + len(report["curve"]), seconds + report["seconds"]
        panel = panel.init
    return f"{evaluations} evaluations  {seconds:.0f} s"


def _draw_picture(cell: Cell, builder: PanelBuilder, box: _Box) -> None:
    picture = images.to_uint8(builder.picture(cell.picture))
    height = box.width * picture.shape[0] / picture.shape[1]
    bottom = box.height - TITLE - height
    axes = box.axes(0, bottom, box.width, height)
    axes.imshow(picture, interpolation="nearest", aspect="auto")
    axes.set_axis_off()
    box.text(0, box.height - TITLE + 0.05, cell.title, va="bottom", ha="left", fontsize=7)
    if cell.inset is not None:
        inset = images.to_uint8(builder.picture(cell.inset))
        inset_height = 0.3 * height
        small = box.axes(0.02, bottom + 0.02, inset_height * inset.shape[1] / inset.shape[0], inset_height)
        small.imshow(inset, aspect="auto")
        small.set_xticks([])
        small.set_yticks([])
        for spine in small.spines.values():
            spine.set_edgecolor("white")
    if note := _note(cell, builder):
        box.text(0, bottom - 0.04, note, va="top", ha="left", fontsize=4.8, color="0.25", linespacing=1.25)


def _draw_chart(chart: Chart, builder: PanelBuilder, box: _Box) -> None:
    axes = box.axes(0.44, AXIS, box.width - 0.5, box.height - TITLE - AXIS)
    box.text(0, box.height - TITLE + 0.05, chart.title, va="bottom", ha="left", fontsize=7)
    axes.set_xlabel(chart.x, labelpad=1)
    axes.set_ylabel(chart.y, labelpad=1)
    axes.tick_params(which="both", labelsize=5.5, length=2, pad=1.5)
    if chart.kind == "matrix":
        ((_, measurement),) = chart.curves
        axes.imshow(builder.numbers(measurement)["values"], cmap="Greys", vmin=0, vmax=1, interpolation="nearest")
        return
    for index, (label, measurement) in enumerate(chart.curves):
        numbers = builder.numbers(measurement)
        if chart.kind == "bar":
            width = 0.8 / len(chart.curves)
            places = np.arange(len(numbers["x"])) + (index - (len(chart.curves) - 1) / 2) * width
            axes.bar(places, numbers["y"], width, label=label)
            axes.set_xticks(range(len(numbers["x"])), numbers["x"], rotation=30, ha="right")
        else:
            axes.plot(numbers["x"], numbers["y"], label=label, linewidth=1)
    if chart.logarithmic:
        axes.set_yscale("log")
    axes.grid(linewidth=0.3, alpha=0.5)
    axes.legend(fontsize=5.5, frameon=False)
