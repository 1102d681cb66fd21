"""Starting the backend and compiling what the first picture needs, before anybody waits for it."""

from __future__ import annotations

import time

from neural_style.inputs import Style
from neural_style.samples import sample

ROWS = 64
"""Height in pixels of the pictures that are painted to warm up."""


def warm_up() -> float:
    """Start the backend, paint a small picture with the embedded painter, and take a step of an optimisation.

    Without it, the first picture takes half a minute longer.

    Returns:
        The seconds that it took.
    """
    started = time.monotonic()
    from neural_style import backend

    backend.grow_memory()  # the studio owns its process
    photo, painting = sample("cat"), Style(sample("night"))
    from neural_style.feedforward import paint as paint_at_once
    from neural_style.painting import paint

    paint_at_once(photo, painting, size=ROWS)
    paint(photo, painting, model="mini", sizes=(ROWS,), iterations=1)
    return time.monotonic() - started
