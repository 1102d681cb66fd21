"""A run in a file, so that it can be taken up again after whatever has ended it.

The file is a NumPy archive (.npz, never pickled) whose entry `header` is JSON: what run it is of, and how far it has
come. The other entries are the best picture in float32, the solver's state, and pictures that the caller wants kept. It
takes the memory of about five pictures and twice the solver's `memory`, in float32.
"""

from __future__ import annotations

import json
import os
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from neural_style import files
from neural_style.errors import InvalidInputError, reason
from neural_style.runs import records

FORMAT = 2
"""Of the file. Another one is refused."""

SHOWN = 4
"""Differences between two runs that are named before the rest is counted."""


OF_THE_MACHINE = ("run.tile", "run.memory_limit")
"""Settings of a run that change how it is computed and not what: it may go on where less memory is free."""

PIXELS = "sha256:"
"""Before the hash of a picture or a mask, where runs are compared."""


@dataclass
class Checkpoint:
    """Where a run is kept.

    Attributes:
        path: of the file; its ending is of no importance.
        resume: go on with the run in it; where there is no file yet, from the beginning.
        overwrite: replace a file that is there already.
        note: anything of the caller's that JSON can hold, kept along with the run.
        frames: pictures of the caller's, uint8 (H, W, 3), kept along too.
        found: what the file held when it was opened; None where there was none.
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
        """Read what is there, and find out whether it can be written.

        Raises:
            InvalidInputError: it is there and neither to be resumed nor overwritten, is damaged or something else, or
                cannot be written.
        """
        checkpoint = cls(Path(path), resume, overwrite)
        if os.path.lexists(checkpoint.path) and not (resume or overwrite):
            raise InvalidInputError(
                f"{checkpoint._where} exists: go on with its run by resume=True / --resume, or choose another name"
            )
        files.check_place(checkpoint.path, checkpoint._where, overwrite=True)
        if resume and checkpoint.path.exists():
            checkpoint._read()
        files.remove_leftovers(checkpoint.path)
        return checkpoint

    def progress(self, run: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
        """How far the run in the file has come, None where there is none.

        Args:
            run: what is to be run, a record without results. The iterations may be others than in the file as long as
                the first size is not left, nor more of them done.

        Raises:
            InvalidInputError: the file is of another run, with what differs.
        """
        if self.found is None:
            return None
        told, now, before = self.found["progress"], _comparable(run), _comparable(self.found["run"])
        was, wanted = before["run.iterations"], now["run.iterations"]
        if was != wanted and told["index"] == 0 and len(told["history"]) <= wanted:
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
                f"{self._where} was begun on {' '.join(str(there) for _, there in versions)} and goes on on "
                f"{' '.join(here for here, _ in versions)}: the picture may differ by a few grey levels",
                stacklevel=2,
            )
        arrays, self._arrays = self._arrays, {}  # handed over: they are as large as the run itself
        return told, arrays

    def write(
        self,
        run: Mapping[str, Any],
        progress: Mapping[str, Any],
        arrays: Mapping[str, np.ndarray],
        *,
        is_finished: bool,
    ) -> None:
        """Replace the file by one of the run as it is now; at every moment one of the two is there and whole.

        Raises:
            InvalidInputError: it cannot be written; the one before is still there.
        """
        header = {
            "neural_style_checkpoint": FORMAT,
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
        """Take the file away: the run has ended, and its picture is safe."""
        self.path.unlink(missing_ok=True)

    @property
    def _where(self) -> str:
        return f'checkpoint "{self.path}"'

    def _read(self) -> None:
        foreign = InvalidInputError(f"{self._where} is no checkpoint of neural_style: choose another name")
        try:
            if not zipfile.is_zipfile(self.path):  # looks at the end of the file, where a truncated one has no index
                raise _damaged(self._where) if _begins_like_ours(self.path) else foreign
            with self.path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                if "header" not in stored:
                    raise foreign
                header = json.loads(stored["header"].tobytes())
                if header["neural_style_checkpoint"] != FORMAT:
                    raise InvalidInputError(f"{self._where} is of another version of neural_style: begin a new run")
                arrays = {name: stored[name] for name in stored.files if name != "header"}
            self.note, self.is_finished = header["note"], header["is_finished"]
            self.frames = [arrays.pop(f"frame.{index}") for index in range(header["frames"])]
            self.found = {name: header[name] for name in ("run", "progress")}
            self._arrays = arrays
        except InvalidInputError:
            raise
        except OSError as error:
            raise InvalidInputError(f"{self._where} cannot be read: {reason(error)}") from error
        except (KeyError, TypeError) as error:  # an archive with a header, of somebody else's
            raise foreign from error
        except Exception as error:  # zipfile and NumPy raise whatever the damage looks like to them
            raise _damaged(self._where) from error


def same_run(one: Mapping[str, Any], other: Mapping[str, Any], *, of_one_length: bool = True) -> bool:
    """Whether two records are of runs that make the same picture; by `of_one_length=False`, if one only goes on."""
    try:
        first, second = _comparable(one), _comparable(other)
    except (KeyError, TypeError):  # a record of an older version
        return False
    if not of_one_length:
        first["run.iterations"] = second["run.iterations"]
    return first == second


def _damaged(where: str) -> InvalidInputError:
    return InvalidInputError(f"{where} is damaged and cannot be resumed: delete it and begin a new run")


def _begins_like_ours(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _comparable(run: Mapping[str, Any]) -> dict[str, Any]:
    """What must be the same for two runs to be one, by dotted name: pixels count, and not the names of their files."""
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
