"""Painted panels of a figure by other processes: a panel is a task, with the pictures that it is made from.

Panels that are made from a painted one follow in a further round. Measurements and the page are made here.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from neural_style.engines.interface import Engine, Outcome
from neural_style.engines.parts import finished_parts
from neural_style.engines.written import outcome_of
from neural_style.errors import NeuralStyleError
from neural_style.figures.builder import PanelBuilder, Progress
from neural_style.figures.keys import Keys
from neural_style.figures.panels import Panel, Picture, TransferPanel, dependencies, in_order
from neural_style.figures.setup import NORMALISED, Setup

Array = np.ndarray[Any, Any]


class PanelsFailedError(NeuralStyleError):
    """Panels that could not be painted; the others are stored.

    Attributes:
        failed: the title of each with its error.
    """

    def __init__(self, failed: Sequence[tuple[str, str]]) -> None:
        self.failed = tuple(failed)
        super().__init__("; ".join(f"{title}: {error}" for title, error in self.failed))


@dataclass(frozen=True)
class SentFigure:
    """What all panels of a command share.

    Attributes:
        setup: scale and network.
        inputs: as in `neural_style.figures.keys.Keys`.
        key: of the command, by which a process recognises it, with the networks that it has loaded.
    """

    setup: Setup = field(compare=False)
    inputs: Mapping[str, str] = field(compare=False)
    key: str


@dataclass(frozen=True)
class PanelTask:
    """A panel that another process paints.

    Attributes:
        figure: shared by all panels.
        panel: to paint.
        key: of the panel.
        pictures: those that it is made from, each with its pixels, and with its report if it is painted.
        normalised: the file of the normalised weights, if the panel needs it.
    """

    figure: SentFigure
    panel: TransferPanel
    key: str
    pictures: Sequence[tuple[Picture, Array, dict[str, Any] | None]]
    normalised: str | None

    @property
    def weights(self) -> tuple[str, ...]:
        """See `neural_style.engines.interface.Task`."""
        named = self.figure.setup.weights, self.panel.technique.weights, self.normalised
        return tuple(each for each in named if each is not None)

    def run(self) -> Outcome:
        """Paint, and return the files of the panel, the report last."""
        return outcome_of(self._paint, last=f"{self.key}.json")

    def _paint(self, folder: Path) -> str:
        builder = _builder(self.figure)
        builder.folder = folder
        if self.normalised is not None:
            builder.judge.take_normalised(self.panel.technique.pooling, self.normalised)
        for each in self.pictures:
            builder.take(*each)
        builder.report(self.panel)
        return ""


@lru_cache(maxsize=1)
def _builder(figure: SentFigure) -> PanelBuilder:
    """The builder of this process, whose folder is that of a task, and whose pictures come with the tasks."""
    builder = PanelBuilder(figure.setup, {}, Path(tempfile.gettempdir()))
    builder.keys = Keys(figure.inputs, builder.judge)
    return builder


def paint_by(
    engine: Engine,
    builder: PanelBuilder,
    panels: Iterable[Panel],
    *,
    titles: Mapping[Picture, str],
    progress: Progress | None,
    device: str | None,
) -> None:
    """Paint the painted panels that are not stored yet, and those that panels are made from.

    Args:
        engine: paints them.
        builder: stores them.
        panels: of the figure.
        titles: of panels, for errors.
        progress: called when a panel is painted.
        device: of the processes, as in `neural_style.backend.choose_device`.

    Raises:
        PanelsFailedError: after all others are painted.
    """
    shared = SentFigure(builder.setup, builder.keys.inputs, secrets.token_hex(8))
    painted = [each for each in in_order(*panels) if isinstance(each, TransferPanel)]
    waiting = dict.fromkeys(each for each in painted if not builder.is_stored(each))
    failed: dict[TransferPanel, str] = {}
    while ready := [each for each in waiting if each not in failed and waiting.keys().isdisjoint(_behind(each))]:
        tasks = _tasks(shared, builder, ready)
        with closing(finished_parts(engine, tasks, failed, device=device)) as parts:
            for panel, files in parts:
                builder.accept(panel, files)
                del waiting[panel]
                if progress is not None:
                    curve = builder.report(panel)["curve"]
                    progress(builder.key(panel), len(curve), min(curve, default=0.0))
    if failed:
        named = ((titles.get(panel, f"panel {builder.key(panel)}"), error) for panel, error in failed.items())
        raise PanelsFailedError(list(named))


def _behind(panel: TransferPanel) -> set[Panel]:
    """The panels that a panel is made from, and those behind them."""
    return set(in_order(*dependencies(panel)))


def _tasks(
    shared: SentFigure, builder: PanelBuilder, panels: Iterable[TransferPanel]
) -> Iterator[tuple[TransferPanel, PanelTask]]:
    for panel in panels:
        pictures = [
            (each, builder.picture(each), builder.report(each) if isinstance(each, TransferPanel) else None)
            for each in dependencies(panel)
        ]
        weights = panel.technique.weights
        normalised = builder.judge.weights_for(weights, panel.technique.pooling) if weights == NORMALISED else None
        yield panel, PanelTask(shared, panel, builder.key(panel), pictures, normalised)
