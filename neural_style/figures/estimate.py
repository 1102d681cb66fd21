"""Estimated cost of a figure, before it is made."""

from __future__ import annotations

from dataclasses import dataclass

from neural_style.features import vgg
from neural_style.figures.panels import TransferPanel, in_order
from neural_style.figures.recipe import Figure
from neural_style.runs.settings import EVALUATIONS_PER_ITERATION

OPERATIONS_PER_SECOND = 150e9
"""Floating-point operations of two CPU cores on small pictures."""

SECONDS_PER_PANEL = 3.0
"""Time for targets and compilation, besides the evaluations."""

STYLE_LOSSES = {"wasserstein": (0.035, 1), "sliced": (0.52, 1), "neighbours": (0.27, 2), "patches": (0.35, 2)}
"""Seconds of an evaluation that a style loss takes besides the network, at `MEASURED` pixels, and the power of the
number of pixels in it: half of those of one core with mini in docs/techniques/style-losses.md. Others take next
to none."""

MEASURED = 256 * 341

BALANCED_RUNS = 4
"""Runs until a content error is equal to that of another picture; see `neural_style.figures.balance`."""


@dataclass(frozen=True)
class Cost:
    """Cost of a figure of which no panel is stored yet.

    Attributes:
        panels: number of painted pictures.
        evaluations: evaluations of all of them.
        seconds: estimated time on two CPU cores.
    """

    panels: int
    evaluations: int
    seconds: float


def cost(figure: Figure) -> Cost:
    """The cost of a figure's panels, from networks, sizes and lengths of runs."""
    panels = transfer_panels(figure)
    evaluations, operations, seconds = 0, 0.0, SECONDS_PER_PANEL * len(panels)
    for panel in panels:
        table = vgg.architecture(panel.technique.model)
        runs = 1 if panel.content_like is None else BALANCED_RUNS
        for rows in panel.run.levels:
            count = runs * EVALUATIONS_PER_ITERATION * panel.run.iterations
            evaluations += count
            operations += count * _operations(table, panel.technique.used_layers, rows)
            seconds += count * _seconds_of_style_loss(panel, rows)
    return Cost(len(panels), evaluations, seconds + operations / OPERATIONS_PER_SECOND)


def transfer_panels(figure: Figure) -> list[TransferPanel]:
    """All painted pictures of a figure, dependencies first."""
    return [panel for panel in in_order(*figure.panels()) if isinstance(panel, TransferPanel)]


def _seconds_of_style_loss(panel: TransferPanel, rows: int) -> float:
    """Seconds of an evaluation in the style loss, of a picture with half as many columns again as rows."""
    default = "patches" if getattr(panel.technique, "variant", "") == "patches" else "gram"  # of a doodle
    at_measured, power = STYLE_LOSSES.get(getattr(panel.technique, "style_loss", default), (0.0, 0))
    return at_measured * (rows * rows * 1.5 / MEASURED) ** power


def _operations(table: vgg.Architecture, layers: tuple[str, ...], rows: int) -> float:
    """Operations of one evaluation, forward and backward, on a picture with half as many columns again as rows."""
    total, channels = 0.0, 3
    for layer in table.up_to_deepest(layers):
        height, width = vgg.size_at(layer, (rows, rows * 3 // 2))
        total += 2 * 9 * channels * table.filters[layer] * height * width
        channels = table.filters[layer]
    return 2 * total
