"""Checkpoints: a run in a file, from which it is resumed after it was interrupted or killed.

The file is a NumPy archive (.npz, never pickled) whose entry `header` is JSON: identity and progress of the run. The
other entries are the best picture in float32, the solver's state, and pictures that the caller adds. Its size is
that of about five pictures and twice the solver's `memory`, in float32.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from neural_style import files
from neural_style.errors import InvalidInputError
from neural_style.images.opening import check_name
from neural_style.runs import checkpoint_file, records

SHOWN = 4
"""Differences between two runs that a message names before it counts the rest."""

OF_THE_MACHINE = ("run.tile", "run.memory_limit")
"""Settings of a run that change its computation but not its result, so that it can be resumed with less free memory."""

PIXELS = "sha256:"
"""Prefix of the hash of a picture or a mask, where runs are compared."""


@dataclass
class Checkpoint:
    """The file of a run.

    Attributes:
        path: of the file; its ending does not matter.
        resume: resume the saved run; start afresh if the file does not exist.
        overwrite: replace an existing file.
        note: data of the caller, as plain values for JSON, stored with the run.
        frames: pictures of the caller, uint8 (H, W, 3), stored with the run.
        found: the file's identity and progress when it was opened; None where there was no file.
        is_finished: whether no iteration of the run in the file is left.
    """

    path: Path
    resume: bool = False
    overwrite: bool = False
    note: dict[str, Any] = field(default_factory=dict)
    frames: list[np.ndarray] = field(default_factory=list, repr=False)
    found: dict[str, Any] | None = field(default=None, init=False, repr=False)
    is_finished: bool = field(default=False, init=False)
    _arrays: dict[str, np.ndarray] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    def opened(cls, path: str | os.PathLike[str], *, resume: bool, overwrite: bool = False) -> Checkpoint:
        """Read the file, if it exists, and check that it can be written.

        Raises:
            InvalidInputError: it exists without `resume` or `overwrite`, is damaged or no checkpoint, or cannot be
                written.
        """
        check_name(path, "checkpoint")
        checkpoint = cls(Path(path), resume, overwrite)
        if os.path.lexists(checkpoint.path) and not (resume or overwrite):
            raise InvalidInputError(
                f"{checkpoint._where} exists: resume its run with resume=True / --resume, or choose another name"
            )
        if checkpoint.path.exists() and not (checkpoint.path.is_file() or checkpoint.path.is_dir()):
            raise checkpoint_file.foreign(checkpoint._where)  # to open a pipe is to wait for its other end
        files.check_place(checkpoint.path, checkpoint._where, overwrite=True)
        if resume and checkpoint.path.exists():
            checkpoint._read()
        files.remove_leftovers(checkpoint.path)
        return checkpoint

    def progress(self, run: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
        """The progress of the run in the file, None where there is no file.

        Args:
            run: identity of the run to be resumed. The number of iterations may differ from the file's while the first
                size is not finished and no more of them are done.

        Raises:
            InvalidInputError: the file is of another run; the message has the differences.
        """
        if self.found is None:
            return None
        progress, now, before = self.found["progress"], _comparable(run), _comparable(self.found["run"])
        was, wanted = before["run.iterations"], now["run.iterations"]
        if was != wanted and progress["index"] == 0 and len(progress["history"]) <= wanted:
            del before["run.iterations"], now["run.iterations"]
        names = [name for name in {**now, **before} if before.get(name) != now.get(name)]
        names = [name for name in names if not (name.endswith(".soft") and name.removesuffix(".soft") in names)]
        if names:
            shown = [_difference(name, before.get(name), now.get(name)) for name in names[:SHOWN]]
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            raise InvalidInputError(
                f"{self._where} is of another run: {', '.join(shown)}{more}; give the same settings, or another name"
            )
        versions = [(run["versions"][name], self.found["run"]["versions"].get(name)) for name in ("backend", "device")]
        if any(here != there for here, there in versions):
            warnings.warn(
                f"{self._where} was started on {' '.join(str(there) for _, there in versions)} and is being resumed on "
                f"{' '.join(here for here, _ in versions)}: the picture may differ by a few grey levels",
                stacklevel=2,
            )
        arrays, self._arrays = self._arrays, {}  # handed over, since they are as large as the run itself
        return progress, arrays

    def write(
        self,
        run: Mapping[str, Any],
        progress: Mapping[str, Any],
        arrays: Mapping[str, np.ndarray],
        *,
        is_finished: bool,
    ) -> None:
        """Replace the file atomically with the current state of the run.

        Raises:
            InvalidInputError: it cannot be written; the previous file is unchanged.
        """
        header = {
            "neural_style_checkpoint": checkpoint_file.FORMAT,
            "run": run,
            "progress": progress,
            "is_finished": is_finished,
            "note": self.note,
            "frames": len(self.frames),
        }
        text = records.to_json(header).encode("utf-8", "backslashreplace")
        frames = {f"frame.{index}": frame for index, frame in enumerate(self.frames)}
        with files.atomic_write(self.path, self._where, overwrite=True) as file:
            np.savez(file, header=np.frombuffer(text, np.uint8), **frames, **arrays)  # type: ignore[arg-type]
        self.is_finished = is_finished

    def delete(self) -> None:
        """Delete the file: the run has ended, and its picture is saved."""
        self.path.unlink(missing_ok=True)

    @property
    def _where(self) -> str:
        return f'checkpoint "{self.path}"'

    def _read(self) -> None:
        header, self.frames, self._arrays = checkpoint_file.read(self.path, self._where)
        self.note, self.is_finished = header["note"], header["is_finished"]
        self.found = {name: header[name] for name in ("run", "progress")}


def same_run(one: Mapping[str, Any], other: Mapping[str, Any], *, of_one_length: bool = True) -> bool:
    """Whether two records are of runs to the same picture; `of_one_length=False` allows one to have more iterations."""
    try:
        first, second = _comparable(one), _comparable(other)
    except (KeyError, TypeError):  # a record of an older version
        return False
    if not of_one_length:
        first["run.iterations"] = second.get("run.iterations")
    return first == second


def _comparable(run: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that identify a run, by dotted name; pixels count, file names do not."""
    plain = json.loads(records.to_json(run))
    parts = {"neural_style": plain["neural_style"], "technique": plain["technique"]}
    for part in ("settings", "content", "styles", "run"):
        parts |= _flat(part, plain[part])
    return {name: value for name, value in parts.items() if name not in OF_THE_MACHINE}


def _flat(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, list) and any(isinstance(each, dict) for each in value):
        value = {str(index): each for index, each in enumerate(value)}
    if not isinstance(value, dict):
        return {name: value}
    found: dict[str, Any] = {}
    if "sha256" in value:
        found[name] = f"{PIXELS}{value['sha256']}"
    for key, each in value.items():
        if not ("sha256" in value and key in ("image", "sha256")):
            found |= _flat(f"{name}.{key}", each)
    return found


def _difference(name: str, before: Any, now: Any) -> str:
    name = name.removeprefix("settings.").removeprefix("run.")
    if all(str(value).startswith(PIXELS) for value in (before, now)):
        return f"other pixels in {name}"
    return f"{name} was {_shown(before)} and is {_shown(now)}"


def _shown(value: Any) -> str:
    if value is None or value == []:
        return "none"
    if str(value).startswith(PIXELS):
        return "a picture"
    return " ".join(map(str, value)) if isinstance(value, list) else f"{value}"
