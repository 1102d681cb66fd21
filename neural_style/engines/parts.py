"""Parts of one result that other processes make: shots of a film, panels of a figure."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing

from neural_style.engines.interface import Engine, Key, Task
from neural_style.engines.process import Process


def finished_parts(
    engine: Engine, tasks: Iterable[tuple[Key, Task]], failed: dict[Key, str], *, device: str | None
) -> Generator[tuple[Key, Mapping[str, bytes]]]:
    """The files of each part as soon as it is finished, by processes with as many threads as this one.

    Warnings of the processes are issued here. A part that fails costs no other.

    Args:
        engine: runs the tasks.
        tasks: of the parts.
        failed: gets the error of each part that fails.
        device: of the processes, as in `neural_style.backend.choose_device`.
    """
    with closing(engine.outcomes(tasks, Process.like_this(device))) as outcomes:
        for key, outcome in outcomes:
            for line in outcome.warnings:
                warnings.warn(line, stacklevel=2)
            if outcome.error:
                failed[key] = outcome.error
            else:
                yield key, outcome.files
