"""Measurements of runs against counts by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neural_style.figures.builder import PanelBuilder
from neural_style.figures.measurements import gram_matrix, gram_sparsity, shift_comparison
from tests.figures.small_figure import PAINTING


class MadeRuns:
    """Finished runs: their losses, and Gram errors after every 20 evaluations."""

    def __init__(self, **runs: tuple[list[float], list[float]]) -> None:
        self.runs = runs

    def report(self, panel: str) -> dict[str, Any]:
        losses, errors = self.runs[panel]
        trace = [{"evaluations": 20 * i, "gram.0.conv1_1": error} for i, error in enumerate(errors, start=1)]
        return {"curve": losses, "trace": trace}


def test_evaluations_to_equal_ends() -> None:
    """By hand: both reach 0.2, one after 60, the other halfway between 20 (0.3) and 40 (0.1).

    One loss has made 99 % of its decrease from 10 to 0 at the fourth value; the other, which ends at 5, at the second.
    """
    made = MadeRuns(plain=([10, 5, 1, 0.1, 0], [0.8, 0.4, 0.2]), shifted=([10, 5.05, 5], [0.3, 0.1, 0.15]))
    found = shift_comparison(made, "plain", "shifted", name="here")
    assert found["level"] == 0.2
    assert found["gram"] == [pytest.approx(60), pytest.approx(30)]
    assert found["twice"] == [pytest.approx(40), 20]
    assert found["loss"] == [pytest.approx(4), pytest.approx(2)]
    assert "(0.50 times)" in found["text"]


def test_near_zero_entries_are_the_white_ones_of_the_matrix(builder: PanelBuilder) -> None:
    """The fraction of one measurement against the picture of the other, of all 64 filters of conv1_1."""
    settings: dict[str, Any] = {"shift": 0.0, "normalised": False, "rows": 32}
    fractions = gram_sparsity(builder, PAINTING, **settings)
    matrix = np.array(gram_matrix(builder, PAINTING, layer="conv1_1", filters=1000, **settings)["values"])
    assert fractions["x"][0] == "conv1_1"
    assert matrix.shape[0] == matrix.shape[1]
    np.testing.assert_array_equal(matrix, matrix.T)
    assert 0 <= matrix.min() <= matrix.max() <= 1
    # Values are rounded to three digits: an entry within 0.4 % above the limit is white, too.
    assert np.mean(matrix == 0) == pytest.approx(fractions["y"][0], abs=0.02)
