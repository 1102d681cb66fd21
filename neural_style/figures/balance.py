"""Weights at which pictures keep equally much of the photo, so that their styles can be compared."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log

TOLERANCE = 0.03
"""Content errors count as equal within this fraction."""

RUNS = 5
"""Runs at most. Three are mostly enough, as the logarithm of the error is nearly linear in that of the weight."""

SLOPE = -0.3
"""Change of the logarithm of the content error with that of the content weight, for the second run."""

STEP = log(100.0)
"""Largest change of the logarithm of the weight from one run to the next."""


def balanced_weight(error_at: Callable[[float], float], wanted: float, first: float) -> float:
    """The content weight, of those tried, whose content error is closest to the wanted one.

    Secant steps in the logarithms of both.

    Args:
        error_at: makes a run with a content weight and returns its content error.
        wanted: the content error, above 0.
        first: the weight of the first run.
    """
    tried: dict[float, float] = {}
    weight, slope = first, SLOPE
    while weight not in tried and len(tried) < RUNS:
        error = error_at(weight)
        if error <= 0:  # a run that broke down shows the photo itself, whatever the weight
            tried[weight] = float("inf")
            break
        tried[weight] = log(error / wanted)
        if abs(tried[weight]) <= log(1 + TOLERANCE):
            break
        if len(tried) > 1:
            (before, of_before), (now, of_now) = list(tried.items())[-2:]
            slope = min((of_now - of_before) / (log(now) - log(before)), SLOPE / 10)
        weight = weight * exp(max(-STEP, min(STEP, -tried[weight] / slope)))
    return min(tried, key=lambda each: abs(tried[each]))
