"""Requests out of pictures: the one that made a picture, and one that continues it.

No file is read that a record names: it comes from whoever uploads the picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import sqrt
from pathlib import Path
from typing import Any

from neural_style import images
from neural_style.errors import InvalidInputError, NeuralStyleError
from neural_style.feedforward.fast_run import TECHNIQUE as FAST
from neural_style.inputs import Style
from neural_style.network import Network
from neural_style.painting import CONTENT_WEIGHT, technique_for
from neural_style.reconstruction import Reconstruction
from neural_style.runs import records
from neural_style.runs.settings import sizes_for
from neural_style.studio.job import Job
from neural_style.studio.modes import MODES
from neural_style.studio.request import Request

DIGITS = (2, 4, 8, 12)
"""Of a strength, which a record holds as a content weight only: the first that gives this weight to the bit."""


def request_of(picture: Path, jobs: Iterable[Job] = ()) -> Request:
    """The request that made a picture: with its files where it is a job's, and otherwise with its settings alone.

    With the same files it makes the same picture to the bit.

    Args:
        picture: with a record inside, whether it was made here or by a command.
        jobs: those whose files may be taken.

    Raises:
        InvalidInputError, MissingFileError: there is no record inside, or no mode makes such a picture.
    """
    record = records.read(picture)
    for job in jobs:
        if job.result is not None and _record(job.result) == record:
            return job.request
    try:
        return Request(*_mode_and_settings(record))
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise InvalidInputError(f"the record inside {picture.name} is of another version, or was edited") from error


def continued(job: Job) -> Request:
    """The request of a job that starts from its picture, at the sizes that are not smaller.

    Raises:
        InvalidInputError: there is no picture yet, or the mode starts from none.
    """
    if job.result is None:
        raise InvalidInputError("there is no picture yet to continue from")
    request, settings = job.request, dict(job.request.settings)
    if not any(each.name == "init" for each in request.of_mode.inputs):
        raise InvalidInputError("this mode makes its picture at once: there is nothing to continue")
    rows = images.read(job.result).size[0]
    levels = request.value("sizes") or (sizes_for(request.value("image_size")) if request.mode == "paint" else ())
    if levels:
        settings["sizes"] = tuple(size for size in levels if size >= rows) or levels[-1:]
    return Request(request.mode, {**request.inputs, "init": (job.result,)}, settings)


def _mode_and_settings(record: Mapping[str, Any]) -> tuple[str, dict[str, tuple[Path, ...]], dict[str, Any]]:
    """Arguments of `Request`, without files.

    Raises:
        InvalidInputError: no mode makes such a picture.
    """
    technique, settings, run = record["technique"], dict(record["settings"]), dict(record["run"])
    if any(each.get("frame") is not None for each in (record["content"], *record["styles"])):
        raise InvalidInputError("that picture was made from a frame of an animation: save the frame as a picture")
    if record["content"].get("prepare") or any(
        record.get("output", {}).get(step) for step in ("rescale_image", "enhance")
    ):
        raise InvalidInputError(
            "that picture was prepared, resized or enhanced by a command, which the studio does not do: "
            "neural-style rerun makes it again"
        )
    of_pictures = dict(_of_pictures(record))
    if technique == FAST:
        if run.pop("rounds", None) is not None or settings != {"model": "embedded"} or run.get("size") is None:
            raise InvalidInputError("that picture was painted with settings that only the library has")
        run["image_size"] = run.pop("size")
        return FAST, {}, {**run, **of_pictures}
    if isinstance(run.get("init"), Mapping):
        del run["init"]  # a picture, which is an input
    if technique == Network.name:
        if any(style.get("mask") for style in record["styles"]):
            technique = "regions"
        elif (strength := _strength(settings)) is not None and run.get("sizes"):
            if tuple(run["sizes"]) == sizes_for(run["image_size"]):
                del run["sizes"]
            chosen = {name: settings[name] for name in ("model", "weights")}
            return "paint", {}, {"strength": strength, **chosen, **run, **of_pictures}
    technique = "reconstruct" if technique == Reconstruction.name else technique
    if technique not in MODES:
        raise InvalidInputError(f"pictures of the technique {technique} are not painted here")
    return technique, {}, {**settings, **run, **of_pictures}


def _of_pictures(record: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Settings that belong to the paintings and masks.

    Raises:
        InvalidInputError: paintings are resized in different ways, or some masks are soft and others are not.
    """
    styles = record["styles"]
    if record["technique"] in ("doodle", Reconstruction.name) or not styles:
        return
    yield "resize", records.common_resize(record)
    for name, field, default in (("style_weight", "weight", Style.weight), ("stroke_scale", "scale", Style.scale)):
        if any(style[field] != default for style in styles):
            yield name, tuple(style[field] for style in styles)
    if records.has_soft_masks(record):
        yield "soft_masks", True


def _strength(settings: Mapping[str, Any]) -> float | None:
    """The strength of `paint` that has these settings; None where none has."""
    if not settings.get("content_weight") or settings["content_weight"] < 0:
        return None
    exact = sqrt(CONTENT_WEIGHT / settings["content_weight"])
    for strength in (*(round(exact, digits) for digits in DIGITS), exact):
        if strength <= 0:
            continue
        technique = technique_for(strength, model=settings["model"], weights=settings["weights"])
        own = {**records.plain(technique), "precision": settings["precision"]}  # `auto` depends on the machine
        own["total_variation_weight"] = technique.transfer_loss.total_variation_weight
        given = {name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()}
        if own == given:
            return strength
    return None


def _record(path: Path) -> dict[str, Any] | None:
    """The record inside a picture, if there is one."""
    try:
        return dict(records.read(path))
    except (NeuralStyleError, OSError):
        return None
