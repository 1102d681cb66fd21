"""The folder of a job: its request, its inputs under the user's names, its state, its preview and its result."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from neural_style import files, images
from neural_style.errors import InvalidInputError
from neural_style.images.transparency import without_white
from neural_style.runs.result import Result
from neural_style.studio.job import Stored
from neural_style.studio.request import Names, Request, unique_names

REQUEST, STATE, PREVIEW, RESULT, FILM = "request.json", "state.json", "preview.png", "result.png", "result.mp4"

WORK = f"{FILM}.work"
"""The folder of what is finished of a film."""

PREVIEW_SIDE = 640
"""Pixels of the longer side of a preview at most."""

Array = np.ndarray[Any, Any]


class JobFolder:
    """The files of one job.

    Attributes:
        path: the folder.
        id: of the job, which nobody can guess.
        created: seconds since 1970.
    """

    def __init__(self, path: Path, id: str, created: float) -> None:
        self.path, self.id, self.created = path, id, created

    @property
    def preview(self) -> Path | None:
        """The preview, where there is one."""
        return self._existing(PREVIEW)

    @property
    def result(self) -> Path | None:
        """The finished picture or film, or the best one so far."""
        return self._existing(FILM) or self._existing(RESULT)

    @property
    def has_work(self) -> bool:
        """Whether there is an unfinished film, which can be painted on."""
        return (self.path / WORK).is_dir()

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        with contextlib.suppress(OSError):
            return sum(each.stat().st_size for each in self.path.rglob("*") if each.is_file())
        return 0

    def begin(self, request: Request, names: Names | None) -> Request:
        """Copy the inputs and write the request; returns it with the copies in place of the files.

        Raises:
            InvalidInputError: a file cannot be written.
        """
        called = unique_names(request.files, names, taken=(REQUEST, STATE, PREVIEW, RESULT, FILM, WORK))
        with files.writing(f'job "{self.path.name}"'):
            self.path.mkdir(parents=True)
            for each in request.files:
                shutil.copyfile(each, self.path / called[each])
        moved = {
            name: tuple(None if each is None else self.path / called[each] for each in of)
            for name, of in request.inputs.items()
        }
        own = replace(request, inputs=moved)
        self._write(REQUEST, {"id": self.id, "created": self.created, **described(own)})
        self.store(Stored())
        return own

    def take_work(self, other: JobFolder) -> None:
        """Copy the unfinished film of another job.

        Raises:
            InvalidInputError: a file cannot be written.
        """
        with files.writing(f'job "{self.path.name}"'):
            shutil.copytree(other.path / WORK, self.path / WORK)

    def store(self, state: Stored) -> None:
        """Write the state."""
        self._write(STATE, asdict(state))

    def show(self, image: Array, alpha: Array | None) -> None:
        """Write the preview."""
        factor = min(1.0, PREVIEW_SIDE / max(image.shape[:2]))
        size = max(1, round(factor * image.shape[0])), max(1, round(factor * image.shape[1]))
        self._save(PREVIEW, images.resize(image, size), None if alpha is None else images.resize(alpha, size))

    def keep(self, image: Array, alpha: Array | None) -> None:
        """Write the best picture so far, which stays if the server is killed."""
        self._save(RESULT, image, alpha)

    def finish(self, result: Result) -> None:
        """Write the finished picture with its record, in which files have the names that they have in this folder."""
        replace(result, record=without_folders(result.record)).save(self.path / RESULT, overwrite=True)

    def remove(self) -> None:
        """Delete the folder with everything in it."""
        shutil.rmtree(self.path, ignore_errors=True)

    @classmethod
    def opened(cls, path: Path) -> tuple[JobFolder, Request, Stored]:
        """A job that was stored before, with its request and its state.

        Raises:
            InvalidInputError: the folder holds no job of this version.
        """
        try:
            found = json.loads((path / REQUEST).read_text(encoding="utf-8"))
            of = {
                name: tuple(None if each is None else path / Path(each).name for each in names)
                for name, names in found["inputs"].items()
            }
            request = Request(found["mode"], of, found["settings"])
            folder = cls(path, str(found["id"]), float(found["created"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidInputError(f"{path} holds no job of this version: {error}") from error
        try:
            state: dict[str, Any] = json.loads((path / STATE).read_text(encoding="utf-8"))
            several = {name: tuple(state[name]) for name in ("losses", "rows", "notes")}
            stored = Stored(**{**state, **several})
        except (OSError, ValueError, KeyError, TypeError) as error:
            stored = Stored(state="failed", message=f"the state of this job cannot be read: {error}")
        return folder, request, stored

    def _existing(self, name: str) -> Path | None:
        path = self.path / name
        return path if path.is_file() else None

    def _save(self, name: str, image: Array, alpha: Array | None) -> None:
        colors = image if alpha is None else without_white(image, alpha)
        images.write(self.path / name, colors, alpha=alpha, overwrite=True)

    def _write(self, name: str, value: Mapping[str, Any]) -> None:
        with files.atomic_write(self.path / name, f'job "{self.path.name}"', overwrite=True) as file:
            file.write(json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace"))


def described(request: Request) -> dict[str, Any]:
    """A request as plain data, its files by their names."""
    return {
        "mode": request.mode,
        "inputs": {name: [each and each.name for each in of] for name, of in request.inputs.items()},
        "settings": dict(request.settings),
    }


def without_folders(value: Any) -> Any:
    """A record in which pictures have names without folders.

    A picture that is passed on tells nobody where on the server it was made; `neural-style rerun` finds the files
    beside it.
    """
    if isinstance(value, Mapping):
        return {
            name: Path(each).name if name == "image" and isinstance(each, str) else without_folders(each)
            for name, each in value.items()
        }
    is_list = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    return [without_folders(each) for each in value] if is_list else value
