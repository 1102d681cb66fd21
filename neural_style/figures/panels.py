"""What a figure is made of: pictures that are given, derived or painted, and numbers counted on them.

A panel is data. It says what it depends on and makes nothing; that is the work of `neural_style.figures.builder`.
Panels are nested: what is painted has a content that may be derived from what was painted before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from neural_style.runs.settings import Run
from neural_style.technique import Technique

Settings = tuple[tuple[str, Any], ...]
"""Keywords of a function, so that a panel can be hashed."""


@dataclass(frozen=True)
class InputPanel:
    """A picture that the figure was given, by the name that its recipe has for it."""

    name: str


@dataclass(frozen=True)
class TransformPanel:
    """A picture computed from others in an instant.

    Attributes:
        how: a function of `neural_style.figures.transforms`.
        of: its pictures.
        settings: its keywords.
    """

    how: str
    of: tuple[Picture, ...]
    settings: Settings = ()


@dataclass(frozen=True)
class StyleInput:
    """A painting as a style; see `neural_style.Style`.

    Attributes:
        picture: the painting.
        weight: of this style.
        mask: where it acts in the pastiche.
        scale: size of its strokes.
        label_map: its regions, for a doodle.
    """

    picture: Picture
    weight: float = 1.0
    mask: Picture | None = None
    scale: float = 1.0
    label_map: Picture | None = None


@dataclass(frozen=True)
class TransferPanel:
    """A picture that a technique makes.

    Attributes:
        technique: with all settings.
        content: its content; None for a doodle without a photo.
        styles: its styles.
        run: how it is run; its image_size, or the last of its sizes, is that of the content.
        init: the picture to start from, in place of the run's.
        traced: whether the picture is judged after every iteration, too.
        label_map: the regions of the pastiche, for a doodle.
        may_break: whether a run that breaks down before anything is won stands for itself, by the picture that it
            began with and the reason in its `stopped`; otherwise it is an error.
    """

    technique: Technique
    content: Picture | None = None
    styles: tuple[StyleInput, ...] = ()
    run: Run = field(default_factory=Run)
    init: Picture | None = None
    label_map: Picture | None = None
    traced: bool = False
    may_break: bool = False


@dataclass(frozen=True)
class Measurement:
    """Numbers about pictures.

    Attributes:
        how: a function of `neural_style.figures.measurements`.
        of: its pictures.
        settings: its keywords.
    """

    how: str
    of: tuple[Picture, ...]
    settings: Settings = ()


Picture = InputPanel | TransformPanel | TransferPanel
Panel = Picture | Measurement


def parts_of(panel: Panel) -> tuple[Picture, ...]:
    """The pictures that a panel depends on, directly."""
    match panel:
        case InputPanel():
            return ()
        case TransformPanel() | Measurement():
            return panel.of
        case TransferPanel():
            styles = (part for style in panel.styles for part in (style.picture, style.mask, style.label_map))
            others = (panel.content, panel.label_map, *styles, panel.init)
            return tuple(part for part in others if part is not None)


def within(*panels: Panel) -> Iterator[Panel]:
    """All panels that must be made for these, each once, what others depend on first."""
    seen: set[Panel] = set()

    def visit(panel: Panel) -> Iterator[Panel]:
        if panel not in seen:
            seen.add(panel)
            for part in parts_of(panel):
                yield from visit(part)
            yield panel

    for panel in panels:
        yield from visit(panel)
