"""A figure as data: its panels in rows and columns, labels and caption, and its source in the paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from neural_style.figures.panels import Measurement, Panel, Picture
from neural_style.figures.setup import Setup


@dataclass(frozen=True)
class Cell:
    """A picture in a figure.

    Attributes:
        picture: the panel.
        title: text above it.
        inset: a picture drawn small in its lower left corner, as the papers do with the style.
        show_metrics: whether metrics stand below a painted picture.
        show_time: whether the evaluations and seconds stand there, too, including those of its initial picture.
    """

    picture: Picture
    title: str = ""
    inset: Picture | None = None
    show_metrics: bool = True
    show_time: bool = False


@dataclass(frozen=True)
class Chart:
    """Curves, bars or a matrix of measurements.

    Attributes:
        curves: measurements by label of the legend; each has its own `x`.
        title: text above it.
        x, y: labels of the axes.
        kind: `line`, `bar`, or `matrix`, which draws the `values` of one curve, rows and columns of 0..1.
        logarithmic: whether the y axis is logarithmic.
    """

    curves: tuple[tuple[str, Measurement], ...]
    title: str = ""
    x: str = "x"
    y: str = "y"
    kind: str = "line"
    logarithmic: bool = False


Slot = Cell | Chart | None
"""A place in the grid; None leaves it empty."""


@dataclass(frozen=True)
class Figure:
    """The layout and the texts of a figure.

    Attributes:
        title: title of the figure.
        rows: the grid.
        caption: what the pictures show, and with which settings; differences from the paper are appended to it.
        row_labels, column_labels: labels beside and above the grid, or none.
        inputs: pictures shown small above the grid, from which the others were made.
        departures: sentences on differences from the paper that the setup does not record.
        findings: measurements whose `text` is appended to the caption once the panels are made.
        claims: what the caption claims, as numbers (`neural_style.figures.claims.claim`); appended likewise.
    """

    title: str
    rows: tuple[tuple[Slot, ...], ...]
    caption: str
    row_labels: tuple[str, ...] = ()
    column_labels: tuple[str, ...] = ()
    inputs: tuple[Cell, ...] = ()
    departures: tuple[str, ...] = ()
    findings: tuple[Measurement, ...] = ()
    claims: tuple[Measurement, ...] = ()

    def slots(self) -> Iterator[Cell | Chart]:
        """All places that are not empty, from top to bottom."""
        yield from self.inputs
        yield from (slot for row in self.rows for slot in row if slot is not None)

    def panels(self) -> Iterator[Panel]:
        """All panels in these places, the findings and the claims."""
        for slot in self.slots():
            if isinstance(slot, Chart):
                yield from (measurement for _, measurement in slot.curves)
            else:
                yield slot.picture
                if slot.inset is not None:
                    yield slot.inset
        yield from self.findings
        yield from self.claims


@dataclass(frozen=True)
class Recipe:
    """A figure that can be made at any scale, with any network.

    Attributes:
        summary: one line for the list of figures.
        source: paper and number of the figure.
        inputs: names of its input pictures, each with the sample used by default.
        build: makes the figure from a setup, which provides layers, sizes and lengths of runs in place of the paper's
            and records each difference.
        model: the paper's network.
    """

    summary: str
    source: str
    inputs: Mapping[str, str]
    build: Callable[[Setup], Figure]
    model: str = "vgg19"
