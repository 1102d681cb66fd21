"""Convergence with and without an activation shift: real runs of one iteration, and counts by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from neural_style.figures.builder import PanelBuilder
from neural_style.figures.convergence import first_below, shift_ratios, style_error_by_evaluations
from neural_style.figures.panels import Measurement
from tests.figures.small_figure import PAINTING, PHOTO


def test_the_error_is_that_of_unshifted_activations(builder: PanelBuilder) -> None:
    """A shift that changes next to nothing: its errors, of another objective, are the losses of the plain run."""
    settings: dict[str, Any] = {"solver": "lbfgs", "normalised": False, "rows": 16, "evaluations": 6}
    plain, shifted = (
        style_error_by_evaluations(builder, PHOTO, PAINTING, shift=shift, **settings)["y"] for shift in (0.0, -1e-3)
    )
    assert plain != shifted
    assert shifted == pytest.approx(plain, rel=0.02)
    assert (len(plain), plain[0]) == (6, 1)
    assert plain[-1] < 0.9
    assert plain == sorted(plain, reverse=True)


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
    assert found["holds"]
    equal = MadeRuns([1, 0.1, 0.01], [1, 0.1, 0.01])
    assert not shift_ratios(equal, PHOTO, PAINTING, name="here", runs=())["holds"]
