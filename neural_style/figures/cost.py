"""What a figure takes, told before it is made."""

from __future__ import annotations

from dataclasses import dataclass

from neural_style.features import vgg
from neural_style.figures.panels import TransferPanel, within
from neural_style.figures.recipe import Figure
from neural_style.runs.settings import EVALUATIONS_PER_ITERATION

OPERATIONS_PER_SECOND = 150e9
"""Of two CPU cores, in floating point and in small pictures."""

SECONDS_PER_PANEL = 3.0
"""Beside its evaluations: targets, and programs to be compiled."""


@dataclass(frozen=True)
class Cost:
    """What making a figure takes, if nothing of it is there yet.

    Attributes:
        panels: pictures that are painted.
        evaluations: of all of them.
        seconds: an estimate for two CPU cores.
    """

    panels: int
    evaluations: int
    seconds: float


def cost(figure: Figure) -> Cost:
    """What the panels of a figure take, from the sizes of networks and runs."""
    painted = painted_in(figure)
    evaluations, operations = 0, 0.0
    for panel in painted:
        table = vgg.architecture(panel.technique.model)
        for rows in panel.run.levels:
            count = EVALUATIONS_PER_ITERATION * panel.run.iterations
            evaluations += count
            operations += count * _operations(table, panel.technique.used_layers, rows)
    return Cost(len(painted), evaluations, operations / OPERATIONS_PER_SECOND + SECONDS_PER_PANEL * len(painted))


def painted_in(figure: Figure) -> list[TransferPanel]:
    """All panels of a figure that take evaluations, what others depend on first."""
    return [panel for panel in within(*figure.panels()) if isinstance(panel, TransferPanel)]


def _operations(table: vgg.Architecture, layers: tuple[str, ...], rows: int) -> float:
    """Of one evaluation on a picture of so many rows, half as wide again: forward, and the same back."""
    total, channels = 0.0, 3
    for layer in table.up_to_deepest(layers):
        height, width = vgg.size_at(layer, (rows, rows * 3 // 2))
        total += 2 * 9 * channels * table.filters[layer] * height * width
        channels = table.filters[layer]
    return 2 * total
