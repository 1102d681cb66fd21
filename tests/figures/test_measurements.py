"""Measurements of Gram matrices against each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neural_style.figures.builder import PanelBuilder
from neural_style.figures.measurements import gram_matrix, gram_sparsity
from tests.figures.small_figure import PAINTING


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
