"""The parts of a figure: pictures that are given, computed or painted, and measurements of them.

A panel is plain data and computes nothing; `neural_style.figures.builder` makes it. Panels nest: the content of a
painted picture may be computed from a picture that was painted before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from neural_style.runs.settings import Run
from neural_style.technique import Technique

Settings = tuple[tuple[str, Any], ...]
"""Keyword arguments as pairs, which can be hashed."""


@dataclass(frozen=True)
class InputPanel:
    """An input picture of the figure, by its name in the recipe."""

    name: str


@dataclass(frozen=True)
class TransformPanel:
    """A picture computed from other pictures, without a solver.

    Attributes:
        function: name of a function in `neural_style.figures.transforms`.
        pictures: its pictures.
        settings: its keyword arguments.
    """

    function: str
    pictures: tuple[Picture, ...]
    settings: Settings = ()


@dataclass(frozen=True)
class StyleInput:
    """A painting as a style; see `neural_style.Style`.

    Attributes:
        picture: the painting.
        weight: weight of this style.
        mask: region of the pastiche that gets this style.
        scale: size of its strokes.
        label_map: regions of the painting, for a doodle.
    """

    picture: Picture
    weight: float = 1.0
    mask: Picture | None = None
    scale: float = 1.0
    label_map: Picture | None = None


@dataclass(frozen=True)
class TransferPanel:
    """A picture painted by a technique.

    Attributes:
        technique: the technique with all its settings.
        content: the content; None for a doodle without a photo.
        styles: the styles.
        run: settings of the run; its `image_size`, or the last of its `sizes`, sets the rows of the content.
        init: the initial picture, in place of the run's.
        label_map: regions of the pastiche, for a doodle.
        content_like: a painted picture whose content error this one is to have: the content weight is found by runs
            with other weights (`neural_style.figures.balance`).
        may_break: whether a run that breaks down at once is shown as its initial picture, with the reason in the
            report's `stopped`; otherwise it raises.
    """

    technique: Technique
    content: Picture | None = None
    styles: tuple[StyleInput, ...] = ()
    run: Run = field(default_factory=Run)
    init: Picture | None = None
    label_map: Picture | None = None
    content_like: TransferPanel | None = None
    may_break: bool = False


@dataclass(frozen=True)
class Measurement:
    """Numbers computed from pictures.

    Attributes:
        function: name of a function in `neural_style.figures.measurements`.
        pictures: its pictures.
        settings: its keyword arguments.
    """

    function: str
    pictures: tuple[Picture, ...]
    settings: Settings = ()


Picture = InputPanel | TransformPanel | TransferPanel
Panel = Picture | Measurement


def dependencies(panel: Panel) -> tuple[Picture, ...]:
    """The pictures that a panel is made from, without their own dependencies."""
    match panel:
        case InputPanel():
            return ()
        case TransformPanel() | Measurement():
            return panel.pictures
        case TransferPanel():
            styles = (part for style in panel.styles for part in (style.picture, style.mask, style.label_map))
            others = (panel.content, panel.label_map, *styles, panel.init, panel.content_like)
            return tuple(part for part in others if part is not None)


def in_order(*panels: Panel) -> Iterator[Panel]:
    """Panels and all their dependencies, each once and after its own dependencies."""
    seen: set[Panel] = set()

    def visit(panel: Panel) -> Iterator[Panel]:
        if panel not in seen:
            seen.add(panel)
            for part in dependencies(panel):
                yield from visit(part)
            yield panel

    for panel in panels:
        yield from visit(panel)
