"""The bar of a run: size and iteration, and a time left that weighs sizes by their pixels."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from neural_style.cli.place import Place, work
from neural_style.cli.progress import Bar
from neural_style.runs.result import Step
from neural_style.runs.settings import Run

RUN = Run(sizes=(100, 200, 400), iterations=2)


def step(evaluations: Sequence[int], rows: Sequence[int], improvement: float | None = None) -> Step:
    """The last of the iterations that ended after so many evaluations at so many rows."""
    history: list[dict[str, Any]] = [
        {"evaluations": count, "image_size": [size, size]} for count, size in zip(evaluations, rows, strict=True)
    ]
    image = np.zeros((1, 1, 3), np.uint8)
    return Step(len(history), evaluations[-1], 1.0, {}, improvement, image, 0.0, history=history)


def test_the_last_size_has_most_of_the_work() -> None:
    """By hand: 40 evaluations at each size, of which one at a quarter of the rows is a sixteenth."""
    assert work(RUN) == 40 * (1 / 16 + 1 / 4 + 1)
    assert work(Run(image_size=300, iterations=3)) == 60
    place = Place(RUN)
    assert [place.done(count) for count in (0, 1, 40, 41, 80, 120)] == [0, 1 / 16, 2.5, 2.75, 12.5, 52.5]


def test_size_and_iteration() -> None:
    place = Place(RUN)
    assert place.text(1) == "size 1/3 (100 rows), iteration 1/2"
    assert place.text(21) == "size 1/3 (100 rows), iteration 2/2"
    assert place.text(40) == "size 1/3 (100 rows), iteration 2/2"
    assert place.text(41) == "size 2/3 (200 rows), iteration 1/2"
    assert Place(RUN).text(115) == "size 3/3 (400 rows), iteration 2/2"  # of a resumed run
    assert Place(Run(iterations=2)).text(40) == "iteration 2/2"


def test_a_size_that_ends_early() -> None:
    """A solver that has converged after 7 evaluations, and an iteration that improves too little."""
    place = Place(RUN)
    place.update(step([7], [100]))
    assert place.text(8) == "size 2/3 (200 rows), iteration 1/2"
    assert place.done(8) == 2.5 + 0.25
    slow = Place(Run(sizes=(100, 200), iterations=9, min_improvement=5))
    slow.update(step([20, 40], [100, 100], improvement=4))
    assert slow.text(41) == "size 2/2 (200 rows), iteration 1/9"
    slow.update(step([20, 40, 60], [100, 100, 200]))
    assert slow.text(61) == "size 2/2 (200 rows), iteration 2/9"


def test_the_bar_shows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    err = io.StringIO()
    monkeypatch.setattr(sys, "stderr", err)
    taken: list[Step] = []
    with Bar(2 * work(RUN), quiet=False) as bar:
        bar.begin("cat", 0, RUN)
        bar.advance(1, 5.0)
        assert "cat, size 1/3 (100 rows), iteration 1/2:   0%" in err.getvalue()
        bar.before(taken.append)(step([7], [100]))
        bar.advance(8, 4.0)
        bar.begin("dog", work(RUN), RUN)
        bar.advance(120, 4.0)
    assert len(taken) == 1
    assert "dog, size 3/3 (400 rows), iteration 2/2: 100%" in err.getvalue()
    assert "loss 4" in err.getvalue()
