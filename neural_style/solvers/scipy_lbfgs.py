"""L-BFGS by SciPy (L-BFGS-B; Byrd, Lu, Nocedal & Zhu 1995), with one memory for the whole run.

The reference scripts call SciPy anew for every 20 evaluations and so forget the curvature each time. SciPy runs its own
loop, so here it runs in a thread that passes on each point and waits for the answer: evaluations happen in the caller's
thread, and the caller can stop at any of them.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator

import keras
import numpy as np

from neural_style.backend.program import Function
from neural_style.solvers.interface import NO_DESCENT, NOT_FINITE, NOTHING_LEFT, Bounds, Point

MEMORY = 10
"""Pairs of steps and gradient changes that are remembered, as in the reference scripts."""

LINE_SEARCH = 20
"""Evaluations that one line search may take (SciPy's default)."""

FIRST_STEP = 1 / 128
"""Root mean square of the first step within bounds, in parts of their distance: 2 of 255 grey levels."""

_UNLIMITED = 2**31 - 1


def minimise(
    function: Function,
    start: np.ndarray,
    *,
    evaluations: int,
    memory: int = MEMORY,
    bounds: Bounds | None = None,
) -> Generator[Point, None, str]:
    """Run L-BFGS for `evaluations`, or until no descent is left; see `neural_style.solvers` for the interface.

    SciPy's tests of convergence are switched off: on a badly scaled loss they end a run after a few steps. When a line
    search fails, as rounding in float32 makes it do in the end, the run restarts from the best point with an empty
    memory; when that also fails at once, no descent is left.

    Within bounds SciPy's first step is the gradient itself, which may be lost in rounding (a relative loss of a
    picture), or may lead to the bounds everywhere. So k times the loss is minimised, with k such that this step has the
    root mean square `FIRST_STEP`; all later steps are the same for any k. Without bounds the first step has length 1 at
    most, as in the reference scripts.

    Args:
        function: to be minimised.
        start: array of any shape.
        evaluations: how many at most.
        memory: number of pairs that are remembered, in float64 on the host.
        bounds: lowest and highest value of every component, to which the start is clipped.
    """
    start = start if bounds is None else np.clip(start, *bounds)
    best = Point(start, np.inf)
    done = 0
    while done < evaluations:
        before, run = best.value, _Run(best.x, memory, bounds)
        try:
            while done < evaluations and (x := run.ask()) is not None:
                value, gradient, auxiliary = function(keras.ops.convert_to_tensor(x))
                point, gradient = Point(x, float(value), auxiliary), np.asarray(gradient)
                done += 1
                yield point
                if done == 1 and not (np.isfinite(point.value) and np.isfinite(gradient).all()):
                    return NOT_FINITE
                if point.value < best.value:
                    best = point
                    if not gradient.any():
                        return NOTHING_LEFT
                run.answer(point.value, gradient)
        finally:
            run.stop()
        if done < evaluations and not best.value < before:
            return NO_DESCENT
    return ""


class _Stop(Exception):
    """Leaves SciPy's loop from inside the function that it calls."""


class _Run:
    """One call of SciPy in a thread of its own: `ask` for the next point, `answer` with value and gradient."""

    def __init__(self, start: np.ndarray, memory: int, bounds: Bounds | None) -> None:
        self._shape, self._dtype = start.shape, start.dtype
        self._distance = None if bounds is None else bounds[1] - bounds[0]
        self._factor: float | None = None
        self._points: queue.Queue[np.ndarray | BaseException | None] = queue.Queue()
        self._answers: queue.Queue[tuple[float, np.ndarray] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._loop, args=(start, memory, bounds), daemon=True)
        self._thread.start()

    def ask(self) -> np.ndarray | None:
        """The next point, or None after the end of SciPy's loop."""
        point = self._points.get()
        if isinstance(point, BaseException):
            raise point
        return point

    def answer(self, value: float, gradient: np.ndarray) -> None:
        """Pass on the results at the point of the last `ask`."""
        self._answers.put((value, gradient))

    def stop(self) -> None:
        """End the thread, whatever its state."""
        self._answers.put(None)
        self._thread.join()

    def _loop(self, start: np.ndarray, memory: int, bounds: Bounds | None) -> None:
        options = {
            "maxcor": memory,
            "maxls": LINE_SEARCH,
            "maxfun": _UNLIMITED,
            "maxiter": _UNLIMITED,
            "ftol": 0.0,
            "gtol": 0.0,
        }
        try:
            from scipy.optimize import Bounds as BoundsOfAll
            from scipy.optimize import minimize

            x = start.ravel().astype(np.float64)
            limits = None if bounds is None else BoundsOfAll(*bounds)
            minimize(self._function, x, jac=True, method="L-BFGS-B", bounds=limits, options=options)
            self._points.put(None)
        except _Stop:
            pass
        except BaseException as error:  # of any kind: the caller waits for the next point
            self._points.put(error)

    def _function(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        self._points.put(x.reshape(self._shape).astype(self._dtype))
        answer = self._answers.get()
        if answer is None:
            raise _Stop
        value, gradient = answer[0], answer[1].ravel().astype(np.float64)
        if self._factor is None:
            self._factor = self._first_factor(gradient)
        return self._factor * value, self._factor * gradient

    def _first_factor(self, gradient: np.ndarray) -> float:
        """k, from the first gradient."""
        size = float(np.sqrt(np.mean(gradient**2)))
        return 1.0 if self._distance is None or size == 0 else FIRST_STEP * self._distance / size
