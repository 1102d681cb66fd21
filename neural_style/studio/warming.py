"""Starting the backend and compiling what the first picture needs, before anybody waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable

from neural_style.inputs import Style
from neural_style.samples import sample

Report = Callable[[str, float], object]
"""Called with what is done now, and with the share that is done already, 0 to 1."""

ROWS = 64
"""Of the pictures that are painted for it."""


def warm_up(report: Report | None = None, *, device: str | None = None) -> float:
    """Start the backend, paint a small picture with the embedded painter, and take a step of an optimisation.

    The first picture took half a minute without it.

    Args:
        report: called before each part, and at the end with 1.
        device: `cpu`, `gpu` or `gpu:<n>`; by default a GPU where there is one.

    Returns:
        The seconds that it took.

    Raises:
        InvalidInputError: there is no such device.
    """
    tell, started = report or (lambda what, done: None), time.monotonic()
    tell("starting the engine", 0.0)
    from neural_style import backend

    backend.grow_memory()  # the studio owns its process
    if device is not None:
        backend.choose_device(device)
    photo, painting = sample("cat"), Style(sample("night"))
    tell("loading the painter", 0.4)
    from neural_style.feedforward import paint as paint_at_once
    from neural_style.painting import paint

    paint_at_once(photo, painting, size=ROWS)
    tell("mixing the colours", 0.7)
    paint(photo, painting, model="mini", sizes=(ROWS,), iterations=1)
    tell("ready", 1.0)
    return time.monotonic() - started
