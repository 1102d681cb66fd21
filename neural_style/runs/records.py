"""Records: everything needed to make a picture again, as JSON, inside the picture or beside it."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from neural_style import images
from neural_style.errors import DISTRIBUTION, InvalidInputError, MissingFileError
from neural_style.images.opening import opened
from neural_style.inputs import Content, Inputs, Style
from neural_style.masks.mask import Mask, read_mask
from neural_style.runs import schema
from neural_style.runs.settings import Run

Record = dict[str, Any]

INTERRUPTED = "interrupted"
"""Why a run stopped that Ctrl-C or a signal of that kind has ended."""

BROKEN_OFF = "broken off: "
"""Beginning of the reason why a run stopped that an error has ended."""

SETTINGS: dict[str, type] = {}
"""Dataclass of each technique's settings, by the technique's name; techniques enter themselves."""

_PICTURES: dict[str, schema.Schema] = {
    "mask": schema.any_of(schema.nothing, schema.MASK),
    "color_mask": schema.any_of(schema.nothing, schema.MASK),
    "label_map": schema.any_of(schema.nothing, schema.PICTURE),
    "source": schema.any_of(schema.nothing, schema.PICTURE),
}
_IMAGE: dict[str, schema.Schema] = {"image": schema.any_of(schema.text, schema.nothing)}


def _of_input(settings: type) -> schema.Schema:
    """The schema of a content or a style in a record: its settings, and its pictures by path and hash."""
    plain_settings = schema.settings_of(settings, {**_IMAGE, **_PICTURES})

    def check_input(value: Any, where: str) -> None:
        found = dict(value) if isinstance(value, dict) else value
        if isinstance(found, dict) and "image" in found:
            schema.PICTURE({name: found.get(name) for name in ("image", "sha256")}, where)
            found.pop("sha256")
        plain_settings(found, where)

    return check_input


_CONTENT, _STYLE = _of_input(Content), _of_input(Style)


def identity(
    technique: str,
    settings: Mapping[str, Any],
    inputs: Inputs | None,
    run: Run,
    *,
    start: images.Picture | None,
) -> Record:
    """The record of a run without results: everything that two runs to the same picture have in common.

    Args:
        technique: name of the technique.
        settings: its fields, as plain data.
        inputs: content and styles, in memory; None where `start` is the only picture.
        run: the settings of the run.
        start: the initial image; None for noise.
    """
    return {
        "neural_style": library_version(),
        "technique": technique,
        "settings": dict(settings),
        "content": describe_picture(start) if inputs is None else describe(inputs.content),
        "styles": [] if inputs is None else [describe(style) for style in inputs.styles],
        "run": {**plain(run), "init": run.init if run.init_is_named and inputs else describe_picture(start)},
        "versions": versions(),
    }


def finished(
    identity: Record,
    *,
    weights_sha256: str,
    losses: Mapping[str, float],
    history: Sequence[Mapping[str, Any]],
    stopped: str,
) -> Record:
    """The record of a finished run: its identity and its results."""
    return {
        **identity,
        "weights_sha256": weights_sha256,
        "losses": dict(losses),
        "history": [dict(entry) for entry in history],
        "stopped": stopped,
    }


def with_steps(record: Mapping[str, Any], steps: str) -> Record:
    """The record of a picture that went through more steps of enhancement after it was made."""
    output = record.get("output", {})
    return {**record, "output": {**output, "enhance": f"{output.get('enhance', '')} {steps}".strip()}}


def common_resize(record: Mapping[str, Any]) -> str:
    """`resize` of all paintings.

    Raises:
        InvalidInputError: they differ, which a command cannot express.
    """
    found: set[str] = {style["resize"] for style in record["styles"]}
    if len(found) > 1:
        raise InvalidInputError("the paintings are resized in different ways")
    return found.pop()


def has_soft_masks(record: Mapping[str, Any]) -> bool:
    """Whether greys in the masks act in part.

    Raises:
        InvalidInputError: masks differ in this, which a command cannot express.
    """
    content, styles = record["content"], record["styles"]
    masks = [content.get("mask"), content.get("color_mask"), *(style["mask"] for style in styles)]
    found = {mask["soft"] for mask in masks if mask is not None}
    if len(found) > 1:
        raise InvalidInputError("some masks are soft and others are not")
    return True in found


def is_unfinished(record: Mapping[str, Any]) -> bool:
    """Whether the recorded run was interrupted or broken off, so that its picture is not the one asked for."""
    stopped = str(record.get("stopped", ""))
    return stopped == INTERRUPTED or stopped.startswith(BROKEN_OFF)


def to_json(record: Mapping[str, Any]) -> str:
    """One line of JSON."""
    return json.dumps(record, ensure_ascii=False, default=_plain_number)


def read(path: Path) -> Record:
    """The record inside a picture, or in a `.json` file written beside one; of any version of this library.

    Raises:
        InvalidInputError, MissingFileError: there is no such file, or no record of this library in it.
    """
    if path.suffix.lower() == ".json":
        if not os.path.lexists(path):
            raise MissingFileError(f"no file {path}: name a picture made by neural_style, or its .json or .gif")
        with opened(path, f'record "{path}"') as file:
            text: str | None = file.read(images.LONGEST_RECORD + 1).decode(errors="replace")
    else:
        text = images.read_record(path)
    if not text:
        raise InvalidInputError(
            f"{path} holds no record of neural_style: name a painting that it made, as it was saved; other programs "
            "remove the record"
        )
    try:
        if len(text) > images.LONGEST_RECORD:
            raise schema.Mismatch(f"it has more than {images.LONGEST_RECORD} letters")
        record = schema.parsed(text)
        schema.RECORD(record, "it")
    except schema.Mismatch as error:
        raise InvalidInputError(
            f"{path} holds no record of neural_style ({error}): name a picture that it made and nothing has edited "
            "since"
        ) from error
    return dict(record)


def inputs(record: Mapping[str, Any], *, beside: Path) -> tuple[Content, list[Style], dict[str, Any]]:
    """Content, styles and keywords of `Technique.transfer` that make the recorded picture again.

    Args:
        record: from `read`.
        beside: folder to search for files by name when they are not where they were.

    Raises:
        InvalidInputError, MissingFileError: the record is of another version; an image was not a file, or cannot be
            found.
    """
    check_pictures(record["content"], record["styles"])
    check(schema.RUN, record["run"], "run")
    run = dict(record["run"])
    Run(**{**run, "init": Run.init})  # raises where a value is impossible, before a picture is read
    content, styles = pictures(record["content"], record["styles"], beside=beside)
    if isinstance(run["init"], dict):
        run["init"] = find_picture(run["init"], beside, "initial image")
    return content, styles, run


def check_pictures(content: Any, styles: Any) -> None:
    """Raise `InvalidInputError` for a recorded content or recorded styles that this version would not write."""
    check(_CONTENT, content, "content")
    check(schema.list_of(_STYLE), styles, "style")


def pictures(
    content: Mapping[str, Any], styles: Sequence[Mapping[str, Any]], *, beside: Path
) -> tuple[Content, list[Style]]:
    """Content and styles of a record, checked by `check_pictures`, read again; `beside` as in `inputs`.

    Raises:
        InvalidInputError, MissingFileError: an image was not a file, or cannot be found.
    """
    found = Content(**_find_input(content, beside, "content"))
    return found, [Style(**_find_input(style, beside, "style")) for style in styles]


def check(expected: schema.Schema, value: Any, what: str) -> None:
    """Raise `InvalidInputError` for a part of a record that this version would not write."""
    try:
        expected(value, what)
    except schema.Mismatch as error:
        raise InvalidInputError(f"the record is of another version, or was edited: {error}") from error


def versions() -> dict[str, str]:
    """Versions of Python, Keras, backend and NumPy, and the device."""
    from neural_style import backend

    return {
        "python": platform.python_version(),
        "keras": version("keras"),
        "backend": backend.version(),
        "numpy": np.__version__,
        "device": backend.device_name(),
    }


def library_version() -> str:
    """Version of the installed distribution; `unknown` when the package runs without being installed."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"


def describe(source: Content | Style) -> dict[str, Any]:
    """The settings of one input, and its pictures by path and hash."""
    found: dict[str, Any] = {}
    for name, value in plain(source).items():
        if isinstance(value, Mask):
            found[name] = _describe_mask(value)
        elif isinstance(value, images.Picture):
            found[name] = describe_picture(value)
        else:
            found[name] = value
    if source.image is None:
        return found
    return {**found, **describe_picture(source.original if isinstance(source, Content) else source.picture)}


def _describe_mask(mask: Mask) -> dict[str, Any]:
    path = None if mask.path is None else str(mask.path)
    return {"image": path, "sha256": hashlib.sha256(mask.grey.tobytes()).hexdigest(), "soft": mask.soft}


def describe_picture(picture: images.Picture | None) -> dict[str, Any]:
    """Path of a picture, None for one in memory, and a hash of its pixels."""
    assert picture is not None
    return {"image": None if picture.path is None else str(picture.path), "sha256": _sha256(picture)}


def _sha256(picture: images.Picture) -> str:
    """Hash of the pixels rather than of the file: arrays have one, too."""
    digest = hashlib.sha256(picture.rgb.tobytes())
    if picture.alpha is not None:
        digest.update(picture.alpha.tobytes())
    return digest.hexdigest()


def _plain_number(value: Any) -> Any:
    """Value for JSON of a NumPy scalar, which settings may be; text of everything else."""
    return value.item() if isinstance(value, np.generic) else str(value)


def plain(settings: Any) -> dict[str, Any]:
    """The fields of a dataclass of settings by name."""
    return {f.name: getattr(settings, f.name) for f in fields(settings) if f.init and f.name != "image"}


def default_settings(technique: str) -> dict[str, Any]:
    """Defaults of a technique's settings, for those that a record lacks, as they are newer than it; without a class of
    that name none."""
    settings = fields(SETTINGS[technique]) if technique in SETTINGS else ()
    return {each.name: each.default for each in settings if each.init and each.default is not MISSING}


def _find_input(entry: Mapping[str, Any], beside: Path, what: str) -> dict[str, Any]:
    """The settings of one input that `describe` has described, its pictures and masks read; `beside` as in `inputs`."""
    found = {name: value for name, value in entry.items() if name not in ("image", "sha256")}
    for name, value in entry.items():
        if name.endswith("mask") and value is not None:
            mask = read_mask(_place(value["image"], beside, f"{what} {name}"), soft=value["soft"], what=name)
            _check_unchanged(mask.name, _describe_mask(mask)["sha256"], value["sha256"])
            found[name] = mask
        elif name in ("label_map", "source") and value is not None:
            found[name] = find_picture(value, beside, f"{what} {name.replace('_', ' ')}")
    return {**found, "image": find_picture(entry, beside, what)} if "image" in entry else found


def find_picture(entry: Mapping[str, Any], beside: Path, what: str) -> images.Picture:
    """Read the picture that `describe_picture` has described; `beside` is as in `inputs`."""
    picture = images.read(_place(entry["image"], beside, what), what=what, frame=entry.get("frame"))
    _check_unchanged(picture.name, _sha256(picture), entry["sha256"])
    return picture


def _place(name: str | None, beside: Path, what: str) -> Path:
    if name is None:
        raise InvalidInputError(f"the {what} of that picture was an array in memory and cannot be read again")
    for place in (Path(name), beside / Path(name).name):
        if place.is_file():
            return place
    raise MissingFileError(f"the {what} {name} is gone: put it back, or beside the picture in {beside}")


def _check_unchanged(name: str, found: str, expected: str) -> None:
    if found != expected:
        warnings.warn(f"{name} has changed since the picture was made, so the result will differ", stacklevel=4)
