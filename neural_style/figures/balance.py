"""Weights at which pictures keep equally much of the photo, so that their styles can be compared."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import exp, log

TOLERANCE = 0.03
"""Content errors count as equal within this fraction."""

SEARCH = 2
"""Version of the search: pictures whose weight another one found are made again."""

RUNS = 8
"""Runs at most. Three are mostly enough, as the logarithm of the error is nearly linear in that of the weight; after a
few evaluations it is not, and the error may even rise with the weight from run to run."""

SLOPE = -0.3
"""Change of the logarithm of the content error with that of the content weight, for the second run."""

STEP = log(100.0)
"""Largest change of the logarithm of the weight from one run to the next."""

INNER = 0.25
"""Between weights whose errors are too large and too small, the next stays this fraction of the way from both."""


def balanced_weight(error_at: Callable[[float], float], wanted: float, first: float) -> float:
    """The content weight, of those tried, whose content error is closest to the wanted one.

    Secant steps in the logarithms of both until errors lie on both sides of the wanted one; from there on, false
    position between the closest two weights that have it between them.

    Args:
        error_at: makes a run with a content weight and returns its content error.
        wanted: the content error. No weight but an infinite one has an error of 0: then there is one run.
        first: the weight of the first run.
    """
    tried: dict[float, float] = {}
    weight = first
    while len(tried) < RUNS:
        error = error_at(weight)
        if min(error, wanted) <= 0:  # a run that broke down shows the photo itself, whatever the weight
            tried[weight] = float("inf")
            break
        tried[weight] = log(error / wanted)
        if abs(tried[weight]) <= log(1 + TOLERANCE):
            break
        weight = _next(tried)
        if weight in tried:
            break
    return min(tried, key=lambda each: abs(tried[each]))


def _next(tried: dict[float, float]) -> float:
    """The weight of the next run, from logarithms of errors over the wanted one by weight, in the order of the runs."""
    ordered = sorted((log(weight), error) for weight, error in tried.items())
    around = [pair for pair in pairwise(ordered) if pair[0][1] * pair[1][1] < 0]
    if around:
        (low, of_low), (high, of_high) = min(around, key=lambda pair: pair[1][0] - pair[0][0])
        share = of_low / (of_low - of_high)
        return exp(low + max(INNER, min(1 - INNER, share)) * (high - low))
    *_, (last, of_last) = ((log(weight), error) for weight, error in tried.items())
    slope = SLOPE
    if len(tried) > 1:
        before, of_before = [(log(weight), error) for weight, error in tried.items()][-2]
        slope = min((of_last - of_before) / (last - before), SLOPE / 10)
    return exp(last + max(-STEP, min(STEP, -of_last / slope)))
