"""Convergence of style losses with and without an activation shift, evaluation by evaluation (Novak & Nikulin 2016)."""

from __future__ import annotations

from typing import Any

import numpy as np

from neural_style.figures.measurements import MadePanels, Numbers
from neural_style.figures.panels import Measurement, Picture
from neural_style.figures.setup import NORMALISED
from neural_style.inputs import Style

Array = np.ndarray[Any, Any]

LEVELS = (0.1, 0.03, 0.01)
"""Fractions of the first error that runs are timed to."""

SAVING = 0.1
"""A shift that saves fewer evaluations, as a fraction of those without it, is not seen to speed up convergence."""

PRECISIONS = {"scipy_lbfgs": "float64"}
"""By solver, where it is not float32, in which rounding ends some runs of SciPy's from the photo at once."""

WEIGHT = 1e4
"""Weight of the style: SciPy's first step is the gradient, or of length 1 where that is longer, and there it is."""

POOLING = "ave"


def style_error_by_evaluations(
    made: MadePanels,
    photo: Picture,
    painting: Picture,
    *,
    shift: float,
    solver: str,
    normalised: bool,
    rows: int,
    evaluations: int,
) -> Numbers:
    """The lowest style error so far, as a fraction of the photo's, by evaluations of a run that minimises style only.

    The objective has nothing but the relative errors of Gram matrices at all layers, with the activations shifted. The
    error is that of unshifted activations in the same network with the same pooling, at every evaluation, and so one
    measure for both objectives. Both runs start from the photo.

    Args:
        made: the finished panels, with the network.
        photo, painting: the pictures.
        shift: added to activations before the optimised Gram matrices are computed.
        solver: see `neural_style.solvers`.
        normalised: whether to use the normalised network.
        rows: rows of the photo.
        evaluations: how many.
    """
    # Keras, and with it the backend, starts here and not when the package is imported.
    from neural_style import solvers
    from neural_style.inetwork import INetwork
    from neural_style.runs.level import GREY_LEVELS

    precision = PRECISIONS.get(solver, "float32")
    start, style = made.picture_at(photo, rows).astype(precision), Style(made.picture(painting), weight=WEIGHT)
    setup = made.judge.setup
    weights = made.judge.weights_for(NORMALISED, POOLING) if normalised else setup.weights

    def objective(shift: float) -> Any:
        technique = INetwork(
            model=setup.model,
            weights=weights,
            pooling=POOLING,
            precision=precision,
            variant="novak2016",
            style_layers=setup.layers,
            activation_shift=shift,
            geometric_weights=False,
            chain=False,
            content_weight=0.0,
            total_variation_weight=0.0,
        )
        return technique.objective(start, style, image_size=rows)

    optimised, plain = objective(shift), objective(0.0)
    points = solvers.solver(solver)(optimised.function, start, evaluations=evaluations, bounds=GREY_LEVELS)
    errors = [point.value if shift == 0 else float(sum(plain.parts(np.asarray(point.x)).values())) for point in points]
    lowest = np.minimum.accumulate(errors) / errors[0]
    return {"x": list(range(1, len(lowest) + 1)), "y": lowest.tolist()}


def shift_ratios(made: MadePanels, photo: Picture, *paintings: Picture, name: str, runs: tuple[Any, ...]) -> Numbers:
    """Evaluations with the shift over those without it, until the style error is at each of `LEVELS`.

    Args:
        made: the finished panels.
        photo: the photo.
        paintings: the paintings.
        name: name of network and solver, for the text.
        runs: keyword arguments of `style_error_by_evaluations` but for the shift.

    Returns:
        `ratios` by painting and level, where both runs reach it; `holds`, whether the shift saves at least `SAVING` of
        the evaluations in the median; `text`.
    """
    ratios = []
    for painting in paintings:
        plain, shifted = (
            made.numbers(Measurement("style_error_by_evaluations", (photo, painting), (("shift", shift), *runs)))["y"]
            for shift in (0.0, -1.0)
        )
        ratios += [first_below(shifted, level) / first_below(plain, level) for level in LEVELS]
    found = [ratio for ratio in ratios if np.isfinite(ratio)]
    levels = ", ".join(f"{100 * level:g}" for level in LEVELS)
    claim = f"evaluations with the shift over those without it, {name}"
    if not found:
        return {
            "claim": claim,
            "ratios": [],
            "holds": False,
            "text": f"{name}: no pair of runs reaches {levels} % of the first error",
        }
    text = f"{name} {np.median(found):.2f} ({min(found):.2f} to {max(found):.2f})"
    return {"claim": claim, "ratios": found, "holds": bool(np.median(found) <= 1 - SAVING), "text": text}


def first_below(errors: list[float], level: float) -> float:
    """The evaluation, from 1, at which an error first reaches a level, between two of them on a logarithmic scale; NaN
    where it never does."""
    values = np.log(np.asarray(errors))
    below = np.flatnonzero(values <= np.log(level))
    if not below.size:
        return float("nan")
    after = int(below[0])
    if after == 0:
        return 1.0
    return float(np.interp(np.log(level), values[[after, after - 1]], [after + 1, after]))
