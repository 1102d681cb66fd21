"""Weights of equal content errors, on errors whose weights are known."""

from __future__ import annotations

import numpy as np
import pytest

from neural_style.figures.balance import RUNS, TOLERANCE, balanced_weight


@pytest.mark.parametrize("power", [-0.15, -0.3, -0.8])
def test_the_weight_has_the_wanted_error(power: float) -> None:
    """An error that is a power of the weight, as runs nearly have: four runs at most."""
    weights: list[float] = []

    def error_at(weight: float) -> float:
        weights.append(weight)
        return 2 * weight**power

    found = balanced_weight(error_at, 0.7, 0.05)
    assert found == weights[-1]
    assert len(weights) < RUNS
    assert error_at(found) == pytest.approx(0.7, rel=TOLERANCE)


def test_an_error_that_rises_on_the_way_is_reached_between_others() -> None:
    """Errors of a column of the ablation with mini, 96 rows and 60 evaluations; secant steps alone end 12 % off."""
    weights = np.log([0.0003217, 0.00457, 0.03217, 0.05, 0.457])
    errors = [1.4368, 1.3473, 0.9592, 0.9973, 0.4159]

    def error_at(weight: float) -> float:
        return float(np.interp(np.log(weight), weights, errors))

    assert error_at(balanced_weight(error_at, 1.1384, 0.05)) == pytest.approx(1.1384, rel=TOLERANCE)


def test_one_run_where_the_wanted_error_is_none() -> None:
    """Such as that of a run that shows the photo itself."""
    weights: list[float] = []

    def error_at(weight: float) -> float:
        weights.append(weight)
        return 0.5

    assert balanced_weight(error_at, 0.0, 0.05) == 0.05
    assert weights == [0.05]


def test_the_closest_is_taken_where_none_is_equal() -> None:
    """An error that never falls below 1, like one of a run that breaks down."""
    weights: list[float] = []

    def error_at(weight: float) -> float:
        weights.append(weight)
        return 1 + weight**-0.5

    assert balanced_weight(error_at, 0.7, 0.05) == max(weights)
    assert len(weights) == RUNS


def test_a_broken_run_ends_the_search() -> None:
    assert balanced_weight(lambda weight: 0.0, 0.7, 0.05) == 0.05
