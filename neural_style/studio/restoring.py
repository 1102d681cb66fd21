"""Settings out of a picture that was made here, or by a command."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from neural_style.errors import InvalidInputError, NeuralStyleError
from neural_style.feedforward.fast_run import TECHNIQUE as FAST
from neural_style.runs import records
from neural_style.studio.job import Job
from neural_style.studio.modes import MODES
from neural_style.studio.request import Request


def request_of(picture: Path, jobs: Iterable[Job]) -> Request:
    """The request that made a picture: with its files where it is a job's, and otherwise with its settings alone.

    Args:
        picture: with a record inside.
        jobs: those whose files are still there.

    Raises:
        InvalidInputError: there is no record inside, or no mode has its technique.
    """
    record = records.read(picture)
    for job in jobs:
        if job.result is not None and _record(job.result) == record:
            return job.request
    return Request(mode_of(record), {}, dict(_settings(record)))


def continued(job: Job) -> Request:
    """The request of a job that starts from its picture.

    Raises:
        InvalidInputError: there is no picture yet, or the mode starts from none.
    """
    if job.result is None:
        raise InvalidInputError("there is no picture yet from which to paint on")
    if not any(each.name == "init" for each in job.request.of_mode.inputs):
        raise InvalidInputError("this way of painting makes its picture at once: there is nothing to go on with")
    return replace(job.request, inputs={**job.request.inputs, "init": (job.result,)})


def mode_of(record: Mapping[str, Any]) -> str:
    """The mode of a record's technique.

    Raises:
        InvalidInputError: there is none.
    """
    technique = record["technique"]
    name = "fast" if technique == FAST else technique
    if name not in MODES:
        raise InvalidInputError(f"pictures of the technique {technique} are not painted here")
    return str(name)


def _settings(record: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """The recorded settings that the mode has."""
    known = MODES[mode_of(record)].settings
    for name, value in {**record["settings"], **record.get("run", {})}.items():
        if name in known and not isinstance(value, Mapping) and value not in (None, [], ()):
            yield name, value


def _record(path: Path) -> dict[str, Any] | None:
    """The record inside a picture, if there is one."""
    try:
        return dict(records.read(path))
    except (NeuralStyleError, OSError):
        return None
