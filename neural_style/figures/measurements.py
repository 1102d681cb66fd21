"""Numbers computed from panels, for charts and captions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from neural_style.figures.judge import Judge
from neural_style.figures.panels import Measurement, Picture, TransferPanel

Array = np.ndarray[Any, Any]
Numbers = dict[str, Any]

NEAR_ZERO = 0.01
"""An entry of a Gram matrix counts as near zero below this fraction of the matrix's root mean square."""


class MadePanels(Protocol):
    """The finished panels that a measurement reads; `neural_style.figures.builder.PanelBuilder` is one."""

    judge: Judge

    def report(self, panel: TransferPanel) -> dict[str, Any]:
        """Settings, losses and metrics of a painted picture."""

    def picture(self, panel: Picture) -> Array:
        """A picture (H, W, 3), RGB in 0..255."""

    def picture_at(self, panel: Picture, rows: int) -> Array:
        """A picture (rows, W, 3), RGB in 0..255."""

    def numbers(self, panel: Measurement) -> Numbers:
        """The result of another measurement."""


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
    """The mean of `gram_sparsity` over layers, without a shift and with a shift of -1; `name` is the network's.

    `holds` says whether the shift removes a tenth of the near-zero entries of the normalised network, and less of the
    network's as it is.
    """
    shares = [
        float(np.mean(gram_sparsity(made, picture, shift=shift, normalised=normalised, rows=rows)["y"]))
        for shift in (0.0, -1.0)
    ]
    text = f"{name}: {shares[0]:.1%} of the entries are near zero without the shift and {shares[1]:.1%} with it"
    removed = 1 - shares[1] / max(shares[0], 1e-9)
    claim = f"near-zero entries without the shift and with it, {name}"
    return {
        "claim": claim,
        "shares": shares,
        "holds": (removed > 0.1) == normalised,
        "text": f"{text}, averaged over layers",
    }


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


MEASUREMENTS: dict[str, Callable[..., Numbers]] = {
    function.__name__: function
    for function in (
        early_stops,
        gram_sparsity,
        sparsity_comparison,
        gram_matrix,
    )
}
