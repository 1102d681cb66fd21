"""Numbers about panels: what charts are drawn of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from neural_style.figures.panels import Painted, Picture

if TYPE_CHECKING:
    from neural_style.figures.workshop import Workshop

Numbers = dict[str, Any]

SPARSE = 0.01
"""Entries of a Gram matrix below this part of its root mean square count as empty."""


def loss_by_evaluations(workshop: Workshop, panel: Painted) -> Numbers:
    """The lowest loss so far in parts of the first one, over the number of evaluations."""
    curve = np.asarray(workshop.told(panel)["curve"])
    return {"x": list(range(1, len(curve) + 1)), "y": (curve / curve[0]).tolist()}


def gram_by_evaluations(workshop: Workshop, panel: Painted) -> Numbers:
    """The relative Gram error, of plain activations and meant over layers, after each iteration of a traced run.

    It is the same yardstick for all objectives, whatever they minimise.
    """
    trace = workshop.told(panel)["trace"]
    errors = [float(np.mean([value for name, value in entry.items() if name.startswith("gram.0.")])) for entry in trace]
    return {"x": [entry["evaluations"] for entry in trace], "y": errors}


def gram_sparsity(workshop: Workshop, picture: Picture, *, shift: float, normalised: bool, rows: int) -> Numbers:
    """The share of entries of each layer's Gram matrix that are smaller than `SPARSE` of its root mean square.

    Args:
        workshop: whose network looks.
        picture: at what.
        shift: added to every activation first (Novak & Nikulin 2016, section 3.3).
        normalised: whether the network is the one in which every filter's mean activation is one.
        rows: of the picture as it is looked at.
    """
    from neural_style.eye import open_eye
    from neural_style.figures.study import NORMALISED

    study, layers = workshop.study, workshop.study.judge[1]
    source = workshop.weights_of(NORMALISED if normalised else study.weights, "max")
    features = open_eye(study.model, source, layers).features(workshop.sized(picture, rows), layers)
    shares = []
    for layer in layers:
        flat = features[layer].reshape(-1, features[layer].shape[-1]).astype(np.float64) + shift
        gram = flat.T @ flat / len(flat)
        shares.append(float(np.mean(np.abs(gram) < SPARSE * np.sqrt(np.mean(gram**2)))))
    return {"x": list(layers), "y": shares}


COUNTS: dict[str, Callable[..., Numbers]] = {
    function.__name__: function for function in (loss_by_evaluations, gram_by_evaluations, gram_sparsity)
}
