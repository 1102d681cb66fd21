"""What a picture was made from: everything needed to make it again, as JSON, inside the picture or beside it."""

from __future__ import annotations

import hashlib
import json
import platform
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neural_style import images
from neural_style.errors import InvalidInputError, MissingFileError
from neural_style.inputs import Content, Style
from neural_style.masks.mask import Mask, read_mask

if TYPE_CHECKING:
    from neural_style.runs.settings import Run
    from neural_style.runs.transfer import Technique

Record = dict[str, Any]

DISTRIBUTION = "neural-style-keras"


def make(
    technique: Technique,
    content: Content,
    styles: Sequence[Style],
    run: Run,
    *,
    start: images.Picture | None,
    weights_sha256: str,
    losses: Mapping[str, float],
    history: Sequence[Mapping[str, Any]],
    stopped: str,
) -> Record:
    """The record of a finished run: settings, inputs with hashes of their pixels, versions, and what came of it."""
    return {
        "neural_style": library_version(),
        "technique": technique.name,
        "settings": technique.recorded(),
        "content": _describe(content),
        "styles": [_describe(style) for style in styles],
        "run": {**plain(run), "init": run.init if run.init_is_named else describe_picture(start)},
        "weights_sha256": weights_sha256,
        "versions": versions(),
        "losses": dict(losses),
        "history": [dict(entry) for entry in history],
        "stopped": stopped,
    }


def of_run(
    technique: Technique, content: Content, styles: Sequence[Style], run: Run, *, start: images.Picture | None
) -> Record:
    """The record of a run of which nothing has happened yet: what two runs to the same picture have in common."""
    return make(technique, content, styles, run, start=start, weights_sha256="", losses={}, history=(), stopped="")


def to_json(record: Mapping[str, Any]) -> str:
    """One line of JSON."""
    return json.dumps(record, ensure_ascii=False, default=_plain_number)


def read(path: Path) -> Record:
    """The record inside a picture, or in a `.json` file written beside one.

    Raises:
        InvalidInputError, MissingFileError: there is no such file, or no record of this library in it.
    """
    if path.suffix.lower() == ".json":
        if not path.is_file():
            raise MissingFileError(f"no file {path}: name a picture made by neural_style, or its .json or .gif")
        text: str | None = path.read_text(encoding="utf-8", errors="replace")
    else:
        text = images.read_record(path)
    try:
        record = json.loads(text or "")
        if not isinstance(record["technique"], str) or not all(isinstance(style, dict) for style in record["styles"]):
            raise ValueError
        if not all(isinstance(record[part], dict) for part in ("settings", "content", "run")):
            raise ValueError
    except (ValueError, TypeError, KeyError) as error:
        raise InvalidInputError(
            f"{path} holds no record of neural_style: name a picture that it made and nothing has edited since"
        ) from error
    return dict(record)


def inputs(record: Mapping[str, Any], *, beside: Path) -> tuple[Content, list[Style], dict[str, Any]]:
    """Content, styles and arguments of `Technique.transfer` that make the recorded picture again.

    Args:
        record: from `read`.
        beside: folder in which files are looked for by name when they are not where they were.

    Raises:
        InvalidInputError, MissingFileError: an image was not a file, or cannot be found.
    """
    content = Content(**_find(record["content"], beside, "content"))
    styles = [Style(**_find(style, beside, "style")) for style in record["styles"]]
    run = dict(record["run"])
    if isinstance(run["init"], dict):
        run["init"] = _find(run["init"], beside, "initial image")["image"]
    return content, styles, run


def versions() -> dict[str, str]:
    """Of what computes, and the device."""
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


def _describe(source: Content | Style) -> dict[str, Any]:
    settings = plain(source)
    masks = {name: _describe_mask(value) for name, value in settings.items() if isinstance(value, Mask)}
    return {**settings, **masks, **describe_picture(source.picture)}


def _describe_mask(mask: Mask) -> dict[str, Any]:
    path = None if mask.path is None else str(mask.path)
    return {"image": path, "sha256": hashlib.sha256(mask.grey.tobytes()).hexdigest(), "soft": mask.soft}


def describe_picture(picture: images.Picture | None) -> dict[str, Any]:
    """Where a picture was read from, None for memory, and a hash of its pixels."""
    assert picture is not None
    return {"image": None if picture.path is None else str(picture.path), "sha256": _sha256(picture)}


def _sha256(picture: images.Picture) -> str:
    """Hash of the pixels rather than of the file, so that an array has one too."""
    return hashlib.sha256(picture.rgb.tobytes()).hexdigest()


def _plain_number(value: Any) -> Any:
    """NumPy's scalars, which are welcome as settings and unknown to JSON."""
    return value.item() if isinstance(value, np.generic) else str(value)


def plain(settings: Any) -> dict[str, Any]:
    """The fields of a dataclass of settings by name."""
    return {f.name: getattr(settings, f.name) for f in fields(settings) if f.init and f.name != "image"}


def _find(entry: Mapping[str, Any], beside: Path, what: str) -> dict[str, Any]:
    """The settings of one input, its image and masks read."""
    found = {name: value for name, value in entry.items() if name != "sha256"}
    for name, value in entry.items():
        if name.endswith("mask") and value is not None:
            mask = read_mask(_place(value["image"], beside, f"{what} {name}"), soft=value["soft"], what=name)
            _check_unchanged(mask.name, _describe_mask(mask)["sha256"], value["sha256"])
            found[name] = mask
    return {**found, "image": find_picture(entry, beside, what)}


def find_picture(entry: Mapping[str, Any], beside: Path, what: str) -> images.Picture:
    """Read again what `describe_picture` has described; `beside` is as in `inputs`."""
    picture = images.read(_place(entry["image"], beside, what), what=what)
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
