"""Numbers about panels: what charts are drawn of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from neural_style.figures.panels import Picture, TransferPanel

if TYPE_CHECKING:
    from neural_style.figures.builder import PanelBuilder

Array = np.ndarray[Any, Any]
Numbers = dict[str, Any]

SPARSE = 0.01
"""Entries of a Gram matrix below this part of its root mean square count as near zero."""

FALL = 0.99
"""The part of a loss's fall at which a run counts as converged."""


def loss_by_evaluations(builder: PanelBuilder, panel: TransferPanel) -> Numbers:
    """The lowest loss so far in parts of the first one, over the number of evaluations."""
    curve = np.asarray(builder.told(panel)["curve"])
    return {"x": list(range(1, len(curve) + 1)), "y": (curve / curve[0]).tolist()}


def gram_by_evaluations(builder: PanelBuilder, panel: TransferPanel) -> Numbers:
    """The relative Gram error, of plain activations and averaged over layers, after each iteration of a traced run.

    It is the same yardstick for all objectives, whatever they minimise.
    """
    trace = builder.told(panel)["trace"]
    errors = [float(np.mean([value for name, value in entry.items() if name.startswith("gram.0.")])) for entry in trace]
    return {"x": [entry["evaluations"] for entry in trace], "y": errors}


def shift_told(builder: PanelBuilder, plain: TransferPanel, shifted: TransferPanel, *, name: str) -> Numbers:
    """How many evaluations two runs, without an activation shift and with one, take to equal ends.

    Their losses are of two objectives with different floors, so of each it is counted when `FALL` of its own fall is
    done. The Gram error of plain activations is one measure for both: counted is when each first comes to the lowest
    level that both reach, and to twice that.

    Args:
        builder: where the runs are made.
        plain, shifted: the runs, both traced.
        name: of the network, for the text.

    Returns:
        `loss`, `gram`, `twice`: evaluations of both; `level`, the lowest Gram error; `text`.
    """
    panels = (plain, shifted)
    losses = [loss_by_evaluations(builder, panel) for panel in panels]
    to_loss = [_first_below(curve, 1 - FALL * (1 - curve["y"][-1])) for curve in losses]
    errors = [gram_by_evaluations(builder, panel) for panel in panels]
    level = max(min(curve["y"]) for curve in errors)
    to_level, to_twice = ([_first_below(curve, factor * level) for curve in errors] for factor in (1, 2))
    text = (
        f"{name}: {FALL:.0%} of the loss's fall takes {_compared(to_loss)}; "
        f"a plain Gram error of {level:.2g}, the lowest that both reach, takes {_compared(to_level)}, and twice that "
        f"error {_compared(to_twice)}"
    )
    return {"loss": to_loss, "gram": to_level, "twice": to_twice, "level": level, "text": text}


def _compared(counts: list[float]) -> str:
    plain, shifted = counts
    return f"{shifted:.0f} evaluations with the shift and {plain:.0f} without ({shifted / plain:.2f} times)"


def ended_early(builder: PanelBuilder, *panels: TransferPanel, names: tuple[str, ...]) -> Numbers:
    """Which runs ended before all their iterations, and why; `text` is empty where none did."""
    told = [builder.told(panel) for panel in panels]
    ended = {
        name: {"evaluations": len(each["curve"]), "stopped": each["stopped"]}
        for name, each in zip(names, told, strict=True)
        if each["stopped"]
    }
    text = "; ".join(f"{name} ended after {e['evaluations']} evaluations ({e['stopped']})" for name, e in ended.items())
    return {"ended": ended, "text": text}


def gram_sparsity(builder: PanelBuilder, picture: Picture, *, shift: float, normalised: bool, rows: int) -> Numbers:
    """The share of entries of each layer's Gram matrix that are smaller than `SPARSE` of its root mean square.

    Args:
        builder: whose network looks.
        picture: at what.
        shift: added to every activation first (Novak & Nikulin 2016, section 3.3).
        normalised: whether the network is the one in which every filter's mean activation is one.
        rows: of the picture as it is looked at.
    """
    grams = _grams(builder, picture, builder.setup.judge[1], shift=shift, normalised=normalised, rows=rows)
    shares = [float(np.mean(np.abs(gram) < SPARSE)) for gram in grams.values()]
    return {"x": list(grams), "y": shares}


def sparsity_told(builder: PanelBuilder, picture: Picture, *, name: str, normalised: bool, rows: int) -> Numbers:
    """The mean of `gram_sparsity` over layers without a shift and with one of -1; `text` has a network's name, too."""
    shares = [
        float(np.mean(gram_sparsity(builder, picture, shift=shift, normalised=normalised, rows=rows)["y"]))
        for shift in (0.0, -1.0)
    ]
    text = f"{name}: {shares[0]:.1%} of the entries are near zero without the shift and {shares[1]:.1%} with it"
    return {"shares": shares, "text": f"{text}, averaged over layers"}


def gram_matrix(
    builder: PanelBuilder, picture: Picture, *, layer: str, shift: float, normalised: bool, rows: int, filters: int
) -> Numbers:
    """The Gram matrix of a layer's first filters as a picture: how large entries are, by powers of ten.

    `values` are 0 for what counts as near zero (see `SPARSE`), 1 for ten times the root mean square and more.
    Arguments are those of `gram_sparsity`.
    """
    gram = _grams(builder, picture, (layer,), shift=shift, normalised=normalised, rows=rows)[layer]
    powers = np.log10(np.maximum(np.abs(gram[:filters, :filters]), SPARSE)) - np.log10(SPARSE)
    return {"values": np.round(np.clip(powers / 3, 0, 1), 3).tolist()}


def _grams(
    builder: PanelBuilder, picture: Picture, layers: tuple[str, ...], *, shift: float, normalised: bool, rows: int
) -> dict[str, Array]:
    """Gram matrices (C, C) of shifted activations, in parts of their root mean squares."""
    from neural_style.features.extractor import feature_extractor
    from neural_style.figures.setup import NORMALISED

    source = builder.judge.weights_of(NORMALISED if normalised else builder.setup.weights, "max")
    features = feature_extractor(builder.setup.model, source, layers).features(builder.sized(picture, rows), layers)
    found = {}
    for layer in layers:
        flat = features[layer].reshape(-1, features[layer].shape[-1]).astype(np.float64) + shift
        gram = flat.T @ flat
        found[layer] = gram / np.sqrt(np.mean(gram**2))
    return found


def _first_below(curve: Numbers, level: float) -> float:
    """The place on the x axis at which a curve first comes to a level, straight between its points."""
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
        shift_told,
        ended_early,
        gram_sparsity,
        sparsity_told,
        gram_matrix,
    )
}
