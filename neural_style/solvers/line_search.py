"""The line search of L-BFGS: after each evaluation, the host decides where the next one is made.

The search takes the full step where it lowers the value enough (Armijo) and shortens it by interpolation where it does
not: one evaluation in the usual step, and never a step up.
"""

from __future__ import annotations

from math import inf, isfinite
from typing import NamedTuple

from neural_style.solvers.interface import NO_DESCENT, NOT_FINITE, NOTHING_LEFT

SUFFICIENT = 1e-4
"""Share of the decrease promised by the slope that a step must achieve (Nocedal & Wright 2006, equation 3.6a)."""

SHORTENINGS = 12
"""Evaluations that one line search may take; each is at a tenth to a half of the step before."""

CURVED = 1e-6
"""A pair is kept if `s^T y`, the length times the change of the slope, exceeds this share of `|s^T g|`: rounding alone
can make it as large."""


class StepCommand(NamedTuple):
    """Instructions for the next evaluation.

    Attributes:
        accept: move to the point that was evaluated last.
        remember: keep the pair of step and gradient change that leads there.
        moved: distance of that point along the direction, in units of the direction.
        ahead: distance of the next evaluation along the new direction.
    """

    accept: bool
    remember: bool
    moved: float
    ahead: float


class Evaluation(NamedTuple):
    """Results of an evaluation that the decision depends on.

    Attributes:
        value: at the point that was evaluated.
        slope, slope_ahead: along the step, at its origin and at that point.
        largest: the largest absolute component of the gradient at that point, without those that bounds hold.
        origin: slope of the direction at its origin; that of a step which bounds have clipped may differ.
    """

    value: float
    slope: float
    slope_ahead: float
    largest: float
    origin: float


class LineSearch(NamedTuple):
    """State of the search, on the host.

    Attributes:
        done: evaluations so far.
        pairs: number of pairs in the memory.
        command: for the next evaluation.
        lowest: value at the last accepted point.
        tries: failed evaluations of this line search.
        is_fresh: no pair was remembered since the memory was cleared.
        stopped: why no evaluation follows; empty if one does.
    """

    done: int = 0
    pairs: int = 0
    command: StepCommand = StepCommand(accept=False, remember=False, moved=0.0, ahead=0.0)
    lowest: float = inf
    tries: int = 0
    is_fresh: bool = True
    stopped: str = ""


def decide(search: LineSearch, found: Evaluation, memory: int) -> LineSearch:
    """Choose what follows an evaluation: a new direction, a shorter step, a restart without a memory, or the end.

    Args:
        search: state before the evaluation.
        found: its results.
        memory: number of pairs that the memory has room for.
    """
    is_first, length = search.done == 0, search.command.ahead
    value, slope = found.value, found.slope
    search = search._replace(done=search.done + 1, pairs=min(search.pairs + search.command.remember, memory))
    if is_first and not (isfinite(value) and isfinite(found.largest)):
        return search._replace(stopped=NOT_FINITE)
    if is_first or _is_lower(found, search.lowest, length):
        curved = not is_first and length * (found.slope_ahead - slope) > CURVED * abs(length * slope)
        return search._replace(
            command=StepCommand(True, curved, length, 1.0),
            lowest=value,
            tries=0,
            is_fresh=search.is_fresh and not curved,
            stopped=NOTHING_LEFT if found.largest == 0 else "",
        )
    tries = search.tries + 1
    if (isfinite(found.origin) and found.origin < 0) and tries < SHORTENINGS:
        shorter = _shorter(length, search.lowest, slope, value)
        return search._replace(command=StepCommand(False, False, 0.0, shorter), tries=tries)
    if search.is_fresh:
        return search._replace(stopped=NO_DESCENT)
    return search._replace(command=StepCommand(True, False, 0.0, 1.0), pairs=0, tries=0, is_fresh=True)


def _is_lower(found: Evaluation, lowest: float, length: float) -> bool:
    """Whether the point satisfies Armijo's condition."""
    if not (isfinite(found.value) and isfinite(found.slope_ahead) and found.slope < 0):
        return False
    return found.value <= lowest + SUFFICIENT * length * found.slope


def _shorter(length: float, before: float, slope: float, value: float) -> float:
    """Minimum of the parabola through value and slope before and value after, within 0.1 to 0.5 of `length`."""
    above = value - before - slope * length
    if not (isfinite(above) and above > 0):  # also where the value is finite and the gradient is not
        return 0.1 * length
    minimum = -slope * length**2 / (2 * above)
    return min(max(minimum, 0.1 * length), 0.5 * length)
