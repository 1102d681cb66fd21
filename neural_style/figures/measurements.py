"""Numbers computed from panels, for charts and captions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from neural_style.figures.judge import Judge
from neural_style.figures.panels import Picture, TransferPanel

Array = np.ndarray[Any, Any]
Numbers = dict[str, Any]

NEAR_ZERO = 0.01
"""An entry of a Gram matrix counts as near zero below this fraction of the matrix's root mean square."""

CONVERGED = 0.99
"""A run counts as converged after this fraction of its loss's total decrease."""


class MadePanels(Protocol):
    """The finished panels that a measurement reads; `neural_style.figures.builder.PanelBuilder` is one."""

    judge: Judge

    def report(self, panel: TransferPanel) -> dict[str, Any]:
        """Settings, losses and metrics of a painted picture."""

    def picture_at(self, panel: Picture, rows: int) -> Array:
        """A picture (rows, W, 3), RGB in 0..255."""


def loss_by_evaluations(made: MadePanels, panel: TransferPanel) -> Numbers:
    """The lowest loss so far, as a fraction of the first one, by number of evaluations."""
    curve = np.asarray(made.report(panel)["curve"])
    return {"x": list(range(1, len(curve) + 1)), "y": (curve / curve[0]).tolist()}


def gram_by_evaluations(made: MadePanels, panel: TransferPanel) -> Numbers:
    """The relative Gram error after each iteration of a traced run, of plain activations, averaged over layers.

    It compares runs of different objectives by one measure.
    """
    trace = made.report(panel)["trace"]
    errors = [float(np.mean([value for name, value in entry.items() if name.startswith("gram.0.")])) for entry in trace]
    return {"x": [entry["evaluations"] for entry in trace], "y": errors}


def shift_comparison(made: MadePanels, plain: TransferPanel, shifted: TransferPanel, *, name: str) -> Numbers:
    """Evaluations that runs without and with an activation shift need to reach the same ends.

    Their losses belong to two objectives with different minima, so each run is compared with itself: evaluations until
    `CONVERGED` of its own decrease. The Gram error of plain activations is one measure for both: evaluations until each
    first reaches the lowest level that both reach, and twice that level.

    Args:
        made: the finished panels.
        plain, shifted: the runs, both traced.
        name: name of the network, for the text.

    Returns:
        `loss`, `gram`, `twice`: evaluations of both runs; `level`: the lowest common Gram error; `text`.
    """
    panels = (plain, shifted)
    losses = [loss_by_evaluations(made, panel) for panel in panels]
    to_loss = [_first_below(curve, 1 - CONVERGED * (1 - curve["y"][-1])) for curve in losses]
    errors = [gram_by_evaluations(made, panel) for panel in panels]
    level = max(min(curve["y"]) for curve in errors)
    to_level, to_twice = ([_first_below(curve, factor * level) for curve in errors] for factor in (1, 2))
    text = (
        f"{name}: {CONVERGED:.0%} of the loss's decrease takes {_compared(to_loss)}; a plain Gram error of "
        f"{level:.2g}, the lowest that both runs reach, takes {_compared(to_level)}; twice that error takes "
        f"{_compared(to_twice)}"
    )
    return {"loss": to_loss, "gram": to_level, "twice": to_twice, "level": level, "text": text}


def _compared(counts: list[float]) -> str:
    plain, shifted = counts
    return f"{shifted:.0f} evaluations with the shift and {plain:.0f} without it ({shifted / plain:.2f} times)"


def early_stops(made: MadePanels, *panels: TransferPanel, names: tuple[str, ...]) -> Numbers:
    """The runs that stopped before their last iteration, and the reasons; `text` is empty where none did."""
    reports = [made.report(panel) for panel in panels]
    stops = {
        name: {"evaluations": len(report["curve"]), "stopped": report["stopped"]}
        for name, report in zip(names, reports, strict=True)
        if report["stopped"]
    }
    text = "; ".join(
        f"{name} stopped after {each['evaluations']} evaluations ({each['stopped']})" for name, each in stops.items()
    )
    return {"stops": stops, "text": text}


def gram_sparsity(made: MadePanels, picture: Picture, *, shift: float, normalised: bool, rows: int) -> Numbers:
    """The fraction of near-zero entries in each layer's Gram matrix; see `NEAR_ZERO`.

    Args:
        made: the finished panels, with the network.
        picture: the picture whose features are taken.
        shift: added to every activation first (Novak & Nikulin 2016, section 3.3).
        normalised: whether to use the normalised network, with a mean activation of one in every filter.
        rows: rows of the picture.
    """
    _, layers = made.judge.setup.metric_layers
    grams = _grams(made, picture, layers, shift=shift, normalised=normalised, rows=rows)
    fractions = [float(np.mean(np.abs(gram) < NEAR_ZERO)) for gram in grams.values()]
    return {"x": list(grams), "y": fractions}


def sparsity_comparison(made: MadePanels, picture: Picture, *, name: str, normalised: bool, rows: int) -> Numbers:
    """The mean of `gram_sparsity` over layers, without a shift and with a shift of -1; `name` is the network's."""
    shares = [
        float(np.mean(gram_sparsity(made, picture, shift=shift, normalised=normalised, rows=rows)["y"]))
        for shift in (0.0, -1.0)
    ]
    text = f"{name}: {shares[0]:.1%} of the entries are near zero without the shift and {shares[1]:.1%} with it"
    return {"shares": shares, "text": f"{text}, averaged over layers"}


def gram_matrix(
    made: MadePanels, picture: Picture, *, layer: str, shift: float, normalised: bool, rows: int, filters: int
) -> Numbers:
    """The Gram matrix of a layer's first filters as a picture: magnitudes of entries on a logarithmic scale.

    `values` run from 0 for an entry that is near zero (see `NEAR_ZERO`) to 1 for ten times the root mean square and
    more. Arguments are those of `gram_sparsity`.
    """
    gram = _grams(made, picture, (layer,), shift=shift, normalised=normalised, rows=rows)[layer]
    powers = np.log10(np.maximum(np.abs(gram[:filters, :filters]), NEAR_ZERO)) - np.log10(NEAR_ZERO)
    return {"values": np.round(np.clip(powers / 3, 0, 1), 3).tolist()}


def _grams(
    made: MadePanels, picture: Picture, layers: tuple[str, ...], *, shift: float, normalised: bool, rows: int
) -> dict[str, Array]:
    """Gram matrices (C, C) of shifted activations, each divided by its root mean square."""
    features = made.judge.features(made.picture_at(picture, rows), layers, normalised=normalised)
    found = {}
    for layer in layers:
        flat = features[layer].reshape(-1, features[layer].shape[-1]).astype(np.float64) + shift
        gram = flat.T @ flat
        found[layer] = gram / np.sqrt(np.mean(gram**2))
    return found


def _first_below(curve: Numbers, level: float) -> float:
    """The first x at which a curve reaches a level, linear between its points."""
    x, y = np.asarray(curve["x"], float), np.asarray(curve["y"], float)
    after = int(np.argmax(y <= level))
    if after == 0:
        return float(x[0])
    return float(np.interp(level, y[[after, after - 1]], x[[after, after - 1]]))


MEASUREMENTS: dict[str, Callable[..., Numbers]] = {
    function.__name__: function
    for function in (
        loss_by_evaluations,
        gram_by_evaluations,
        shift_comparison,
        early_stops,
        gram_sparsity,
        sparsity_comparison,
        gram_matrix,
    )
}
