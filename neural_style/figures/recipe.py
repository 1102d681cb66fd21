"""A figure as data: its panels in rows and columns, what is written beside them, and where the paper has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from neural_style.figures.panels import Measurement, Panel, Picture

if TYPE_CHECKING:
    from neural_style.figures.setup import Setup


@dataclass(frozen=True)
class Cell:
    """A picture in a figure.

    Attributes:
        picture: which.
        title: above it.
        inset: a picture that is laid small into its lower left corner, as the papers do with a style.
        judged: whether metrics are written below it, where it was painted.
        timed: whether evaluations and seconds are, too, with those of the picture it started from.
    """

    picture: Picture
    title: str = ""
    inset: Picture | None = None
    judged: bool = True
    timed: bool = False


@dataclass(frozen=True)
class Chart:
    """Curves or bars of counted numbers.

    Attributes:
        curves: what was counted, by what is written in the legend; each is drawn over its own `x`.
        title: above it.
        x, y: what is written along the axes, and the names of the numbers.
        kind: `line`, `bar`, or `matrix`, which is a picture of one curve's `values`, rows and columns of 0..1.
        logarithmic: whether the y axis is.
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
    """What is to be drawn.

    Attributes:
        title: of the figure.
        rows: of the grid.
        caption: what is seen, and how it was set; what differs from the paper is added by the engine.
        row_labels, column_labels: beside and above the grid, or nothing.
        inputs: pictures that are shown small above the grid: what the others were made from.
        departures: sentences on what differs from the paper that the engine cannot know.
        findings: what is only known once the panels are made; the `text` of each is added to the caption.
    """

    title: str
    rows: tuple[tuple[Slot, ...], ...]
    caption: str
    row_labels: tuple[str, ...] = ()
    column_labels: tuple[str, ...] = ()
    inputs: tuple[Cell, ...] = ()
    departures: tuple[str, ...] = ()
    findings: tuple[Measurement, ...] = ()

    def slots(self) -> Iterator[Cell | Chart]:
        """All places that are not empty, from above."""
        yield from self.inputs
        yield from (slot for row in self.rows for slot in row if slot is not None)

    def panels(self) -> Iterator[Panel]:
        """All panels in these places, and what the findings are about."""
        for slot in self.slots():
            if isinstance(slot, Chart):
                yield from (counted for _, counted in slot.curves)
            else:
                yield slot.picture
                if slot.inset is not None:
                    yield slot.inset
        yield from self.findings


@dataclass(frozen=True)
class Recipe:
    """A figure that can be made at any scale, with any network.

    Attributes:
        what: one line for the list.
        source: paper and number.
        inputs: the names of its pictures, each with the sample that stands in where none is given.
        build: makes the figure; it asks the setup for layers, sizes and lengths of runs, which so gets to know what
            the paper has.
        model: the paper's network.
    """

    what: str
    source: str
    inputs: Mapping[str, str]
    build: Callable[[Setup], Figure]
    model: str = "vgg19"
