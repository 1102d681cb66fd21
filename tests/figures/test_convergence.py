"""Convergence with and without an activation shift: real runs of one iteration, and counts by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from neural_style.figures.builder import PanelBuilder
from neural_style.figures.convergence import first_below, shift_ratios, style_error_by_evaluations
from neural_style.figures.panels import Measurement
from neural_style.inetwork import INetwork
from tests.figures.small_figure import PAINTING, PHOTO


def test_the_error_is_that_of_unshifted_activations(builder: PanelBuilder) -> None:
    """The same measure for both: it starts at the photo's, and the last value is that of the objective without a
    shift; a shift changes the way there."""
    settings: dict[str, Any] = {"solver": "lbfgs", "normalised": False, "rows": 16, "evaluations": 6}
    plain, shifted = (
        style_error_by_evaluations(builder, PHOTO, PAINTING, shift=shift, **settings)["y"] for shift in (0.0, -1.0)
    )
    for errors in (plain, shifted):
        assert len(errors) == 6
        assert errors[0] == 1
        assert errors == sorted(errors, reverse=True)
        assert errors[-1] < 0.9
    assert plain != shifted
    technique = INetwork(
        model="mini",
        weights="random",
        pooling="ave",
        variant="novak2016",
        activation_shift=0.0,
        geometric_weights=False,
        chain=False,
        content_weight=0.0,
        total_variation_weight=0.0,
    )
    start = builder.picture_at(PHOTO, 16).astype(np.float32)
    objective = technique.objective(start, builder.picture(PAINTING), image_size=16)
    at_once = style_error_by_evaluations(builder, PHOTO, PAINTING, shift=-1.0, **{**settings, "evaluations": 1})
    assert at_once["y"] == [1]
    assert objective.value_and_grad(start)[0] > 0


def test_evaluations_to_a_level() -> None:
    """By hand, between evaluations on a logarithmic scale."""
    assert first_below([1, 0.1, 0.01], 0.1) == 2
    assert first_below([1, 0.1, 0.01], 10**-1.5) == pytest.approx(2.5)
    assert first_below([0.5, 0.1], 0.7) == 1
    assert math.isnan(first_below([1, 0.2], 0.1))


class MadeRuns:
    """Errors of finished runs by shift."""

    def __init__(self, plain: list[float], shifted: list[float]) -> None:
        self.errors = {0.0: plain, -1.0: shifted}

    def numbers(self, panel: Measurement) -> dict[str, Any]:
        return {"y": self.errors[dict(panel.settings)["shift"]]}


def test_ratios_of_evaluations() -> None:
    """To 10 % the shifted run takes 2 evaluations instead of 3; one of them never reaches 3 %."""
    made = MadeRuns([1, 0.5, 0.1, 0.01], [1, 0.1, 0.05])
    found = shift_ratios(made, PHOTO, PAINTING, name="here", runs=())
    assert found["ratios"] == [pytest.approx(2 / 3)]
    assert not found["holds"]
    equal = MadeRuns([1, 0.1, 0.01], [1, 0.1, 0.01])
    assert shift_ratios(equal, PHOTO, PAINTING, name="here", runs=())["holds"]
