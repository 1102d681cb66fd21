"""Checkpoints: a run in a file, from which it is resumed after it was interrupted or killed.

The file is a NumPy archive (.npz, never pickled) whose entry `header` is JSON: identity and progress of the run. The
other entries are the best picture in float32 and the solver's state. Its size is that of about five pictures and twice
the solver's `memory`, in float32. Pictures that the caller adds are in a file beside it (`neural_style.runs.frames`).

The file is locked while a run uses it: a second process is refused. The lock ends with the run's `Checkpoint`, and with
the process, however that ends.
"""

from __future__ import annotations

import json
import os
import warnings
import weakref
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from neural_style import files
from neural_style.errors import ExistingFileError, InvalidInputError
from neural_style.images.opening import check_name
from neural_style.runs import checkpoint_file, records
from neural_style.runs.frames import FrameFile

SHOWN = 4
"""Differences between two runs that a message names before it counts the rest."""

OF_THE_MACHINE = ("run.tile", "run.memory_limit")
"""Settings of a run that change its computation but not its result, so that it can be resumed with less free memory."""

BEGINNING = 1000
"""Bytes of the header that show whether a file is a checkpoint."""

PIXELS = "sha256:"
"""Prefix of the hash of a picture or a mask, where runs are compared."""

_opened: weakref.WeakValueDictionary[str, Checkpoint] = weakref.WeakValueDictionary()
"""Checkpoints that this process has locked, by path. It may open one anew, such as after an error."""


@dataclass
class Checkpoint:
    """The file of a run.

    Attributes:
        path: of the file; its ending does not matter.
        resume: resume the saved run; start afresh if the file does not exist.
        overwrite: replace an existing file.
        note: data of the caller, as plain values for JSON, stored with the run.
        frames: pictures of the caller, uint8 (H, W, 3), stored beside the run; more may be appended.
        found: the file's identity and progress when it was opened; None where there was no file.
        is_finished: whether no iteration of the run in the file is left.
        ends_with_run: give the file up when the run ends, rather than when the caller does.
    """

    path: Path
    resume: bool = False
    overwrite: bool = False
    note: dict[str, Any] = field(default_factory=dict)
    frames: list[np.ndarray] = field(default_factory=list, repr=False)
    found: dict[str, Any] | None = field(default=None, init=False, repr=False)
    is_finished: bool = field(default=False, init=False)
    ends_with_run: bool = field(default=False, init=False)
    _arrays: dict[str, np.ndarray] = field(default_factory=dict, init=False, repr=False)
    _frame_file: FrameFile = field(init=False, repr=False)
    _unlock: weakref.finalize[[int], Checkpoint] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        self._frame_file = FrameFile(self.path)

    @classmethod
    def opened(cls, path: str | os.PathLike[str], *, resume: bool, overwrite: bool = False) -> Checkpoint:
        """Read the file, if it exists, and check that it can be written.

        Raises:
            InvalidInputError: it exists without `resume` or `overwrite`, is damaged or no checkpoint, is in use by
                another process, or cannot be written.
        """
        check_name(path, "checkpoint")
        checkpoint = cls(Path(path), resume, overwrite)
        if os.path.lexists(checkpoint.path) and not (resume or overwrite):
            raise InvalidInputError(
                f"{checkpoint._where} exists: resume its run with resume=True, or choose another name"
            )
        if checkpoint.path.exists() and not (checkpoint.path.is_file() or checkpoint.path.is_dir()):
            raise checkpoint_file.foreign(checkpoint._where)  # to open a pipe is to wait for its other end
        files.check_place(checkpoint.path, checkpoint._where, overwrite=True)
        if checkpoint.path.exists():
            checkpoint._lock()
            if resume:
                checkpoint._read()
            else:
                checkpoint._check_own()
        checkpoint._frame_file.check()
        files.remove_leftovers(checkpoint.path.parent)
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
            "frames": self._frame_file.append(self.frames),
        }
        text = records.to_json(header).encode("utf-8", "backslashreplace")
        try:
            with files.atomic_write(self.path, self._where, overwrite=self._unlock is not None) as file:
                np.savez(file, header=np.frombuffer(text, np.uint8), **arrays)  # type: ignore[arg-type]
                number = os.dup(file.fileno())  # the lock of a file is that of all its descriptors
        except ExistingFileError:
            raise self._in_use() from None
        self._keep(number)
        self.is_finished = is_finished

    def delete(self) -> None:
        """Delete the file: the run has ended, and its picture is saved."""
        self.path.unlink(missing_ok=True)
        self._frame_file.delete()
        self.release()

    def release(self) -> None:
        """Give the file up, to be used by another process."""
        if self._unlock is not None:
            self._unlock()
            self._unlock = None

    @property
    def _where(self) -> str:
        return f'checkpoint "{self.path}"'

    def _lock(self) -> None:
        """Raise `InvalidInputError` where another process uses the file."""
        if (other := _opened.get(os.path.realpath(self.path))) is not None:
            other.release()
        while self.path.exists():  # it is replaced with every iteration of a run
            with files.writing(self._where):
                number = os.open(self.path, os.O_RDONLY)
            if not files.lock(number):
                os.close(number)
                raise self._in_use()
            if files.is_at(number, self.path):
                self._keep(number)
                return
            os.close(number)

    def _keep(self, number: int) -> None:
        """Hold the lock of an open file, in place of the one before it."""
        self.release()
        self._unlock = weakref.finalize(self, os.close, number)
        _opened[os.path.realpath(self.path)] = self

    def _in_use(self) -> InvalidInputError:
        return InvalidInputError(f"{self._where} is in use by another process: wait for it, or choose another name")

    def _check_own(self) -> None:
        """Raise `InvalidInputError` unless the file, which will be replaced, is a checkpoint, of any version."""
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open("header.npy") as file:
                is_own = b'"neural_style_checkpoint"' in file.read(BEGINNING)
        except Exception:  # zipfile raises whatever the damage looks like to it
            is_own = False
        if not is_own:
            raise checkpoint_file.foreign(self._where)

    def _read(self) -> None:
        header, self._arrays = checkpoint_file.read(self.path, self._where)
        self.note, self.is_finished = header["note"], header["is_finished"]
        self.frames = self._frame_file.read(header["frames"])
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
    """Settings that identify a run, by dotted name; pixels count, file names do not.

    A setting that is newer than the record has its default, with which the picture is as before.
    """
    newer = records.default_settings(str(run["technique"]))
    plain = json.loads(records.to_json({**run, "settings": {**newer, **run["settings"]}}))
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
