"""Solvers: minimise a differentiable function of an array. One interface, one module each.

`minimise` runs a solver to its end. The solvers themselves are generators `minimise(function, start, *, evaluations)`,
where `function` is a `neural_style.backend.program.Function` (made by `differentiable`) and `start` an array. They
yield a `Point` after every evaluation, so that the caller can watch, count and stop, and return why they ended before
all `evaluations` were made, or an empty string.

Solvers in `RESUMABLE` can resume: `minimise(..., resume=point.state())` continues behind that point, bit for bit on one
machine; `evaluations` includes those before it. Call `state()` before the next point is requested. Resuming empties the
state array by array, to halve peak memory.
"""

from neural_style.solvers.interface import (
    NO_DESCENT,
    NOT_FINITE,
    NOTHING_LEFT,
    OF_ADAM,
    RESUMABLE,
    SOLVERS,
    WITH_MEMORY,
    Point,
    Solver,
    SolverState,
    check_decays,
    solver,
)
from neural_style.solvers.minimum import Minimum, differentiable, minimise

__all__ = [
    "NOTHING_LEFT",
    "NOT_FINITE",
    "NO_DESCENT",
    "OF_ADAM",
    "RESUMABLE",
    "SOLVERS",
    "WITH_MEMORY",
    "Minimum",
    "Point",
    "Solver",
    "SolverState",
    "check_decays",
    "differentiable",
    "minimise",
    "solver",
]
