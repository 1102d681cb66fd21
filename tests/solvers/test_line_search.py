"""The host's decisions between evaluations."""

import numpy as np
import pytest

from neural_style.solvers import NO_DESCENT
from neural_style.solvers.line_search import SHORTENINGS, Evaluation, LineSearch, StepCommand, decide

BEFORE = LineSearch(done=9, pairs=2, command=StepCommand(True, True, 1.0, 1.0), lowest=10.0, is_fresh=False)
"""A search in full run, whose next evaluation is a whole step ahead."""


@pytest.mark.parametrize(
    ("value", "length"),
    [
        (12.0, 1 / 3),  # 10 - 4 t + 6 t^2
        (10.0, 1 / 2),  # 10 - 4 t + 4 t^2
        (9.9999, 0.5),  # the minimum lies beyond
        (1000.0, 0.1),  # or much nearer
        (np.inf, 0.1),
        (np.nan, 0.1),
    ],
)
def test_a_rejected_step_is_shortened_to_the_minimum_of_the_parabola(value, length):
    search = decide(BEFORE, Evaluation(value, slope=-4.0, slope_ahead=1.0, largest=1.0, origin=-4.0), memory=3)
    assert search.command == (False, False, 0.0, pytest.approx(length, rel=1e-4))
    assert (search.done, search.tries, search.lowest, search.stopped) == (10, 1, 10.0, "")


@pytest.mark.parametrize(("value", "accepted"), [(10 - 5e-4, True), (10 - 3e-4, False), (10.0, False), (11.0, False)])
def test_a_step_must_bring_a_ten_thousandth_of_what_the_slope_promises(value, accepted):
    search = decide(BEFORE, Evaluation(value, slope=-4.0, slope_ahead=1.0, largest=1.0, origin=-4.0), memory=3)
    assert search.command.accept == accepted
    assert search.lowest == (value if accepted else 10)


def test_a_pair_without_positive_curvature_is_not_remembered():
    for slope_ahead, remembered in ((-3.0, True), (-4.0, False), (-5.0, False)):
        search = decide(
            BEFORE, Evaluation(5.0, slope=-4.0, slope_ahead=slope_ahead, largest=1.0, origin=-4.0), memory=3
        )
        assert search.command == (True, remembered, 1.0, 1.0)


def test_a_failed_line_search_clears_the_memory_and_a_second_one_ends_the_run():
    search = BEFORE
    for _ in range(SHORTENINGS):
        assert not search.is_fresh
        search = decide(search, Evaluation(11.0, slope=-4.0, slope_ahead=1.0, largest=1.0, origin=-4.0), memory=3)
    assert (search.is_fresh, search.pairs, search.command) == (True, 0, (True, False, 0.0, 1.0))
    for _ in range(SHORTENINGS):
        assert not search.stopped
        search = decide(search, Evaluation(11.0, slope=-4.0, slope_ahead=1.0, largest=1.0, origin=-4.0), memory=3)
    assert search.stopped == NO_DESCENT


def test_a_direction_that_leads_up_is_given_up_at_once():
    for slope in (0.0, 1.0, np.nan):
        search = decide(BEFORE, Evaluation(9.0, slope, slope_ahead=1.0, largest=1.0, origin=slope), memory=3)
        assert (search.is_fresh, search.pairs, search.command.accept) == (True, 0, True)
