"""The work folder of a film: finished segments, and the state that the next frame continues from.

A run may be killed at any moment. A segment is renamed to its name when it is complete, and counts once the state
behind it has been renamed, too; what a killed run left beyond that is made again. Frames that are painted in several
passes have files of their own, see `neural_style.video.shot_folder`, and so have shots that other processes paint, see
`neural_style.video.shot_files`. The folder is deleted after the film has been written.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neural_style import files
from neural_style.errors import InvalidInputError
from neural_style.features.npz import Archive
from neural_style.video import shot_files, shot_folder
from neural_style.video.clip import Clip

Array = np.ndarray[Any, Any]

VERSION = 1
"""Of the format; other versions are refused."""

ENDING = ".work"

SAMPLE = 2**20
"""Bytes of the beginning and of the end of a clip that identify it, beside its length."""

_RUN, _STATE, _TIMES, _PREFIX = "run.json", "state.npz", "times", "method."
_MARK, _VERSION = ".pictures.part", "neural_style_film"

_LEFTOVER = re.compile(r"\.film\.part\.[a-z0-9]+|\.[0-9a-f]{16}\.\w+\.part")
"""Names of temporary files, all that a killed run leaves without `run.json`."""

_OWN = re.compile(
    rf"run\.json|state\.npz|\.pictures\.part|\d{{6}}(\.part)?\.mkv|{shot_folder.OWN}|{shot_files.OWN}|"
    rf"{_LEFTOVER.pattern}"
)
"""Names of the files in a work folder; nothing else is deleted."""


class WorkFolder:
    """The folder of one film.

    Attributes:
        path: of the folder.
        times: of the frames of all finished segments, a list for each.
        state: of the method behind them; empty before the first.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.times: list[list[int]] = []
        self.state: dict[str, Array] = {}

    @classmethod
    def opened(
        cls, path: Path, settings: Mapping[str, Any], *, resume: bool, overwrite: bool, finished: bool = False
    ) -> WorkFolder:
        """The folder of a run, new or to be resumed.

        Args:
            path: of the folder.
            settings: plain data, everything that the film depends on.
            resume: continue what is in the folder; start afresh where there is none.
            overwrite: start afresh whatever is in it.
            finished: the film is in its place, and segments may be deleted already.

        Raises:
            InvalidInputError: there is an unfinished film and neither was asked for; it is of other settings, or
                damaged; or the folder is somebody else's.
        """
        folder, where = cls(path), f'work folder "{path}"'
        wanted = json.loads(json.dumps({_VERSION: VERSION, **settings}, default=str))
        if path.exists() and not folder._is_own():
            raise InvalidInputError(f"{where} holds other files: choose another work folder, or delete this one")
        if (path / _RUN).exists():
            if resume:
                _check_same(folder._run(), wanted, where)
                folder._read_state(where, finished=finished)
                return folder
            is_begun = any((path / name).exists() for name in (_STATE, shot_folder.SHOT)) or shot_files.shots_in(path)
            if not overwrite and is_begun:
                raise InvalidInputError(
                    f"{where} holds an unfinished film: resume=True continues it, overwrite=True starts afresh"
                )
        if path.exists():
            folder.delete()
        with files.atomic_write(path / _RUN, where, overwrite=True) as file:
            file.write(json.dumps(wanted, indent=1).encode())
        return folder

    @property
    def count(self) -> int:
        """Number of frames in finished segments."""
        return sum(map(len, self.times))

    def segment(self, index: int, *, part: bool = False) -> Path:
        """The file of a segment; with `part` the one that is being written."""
        return self.path / f"{index:06d}{'.part' if part else ''}.mkv"

    def joined(self, suffix: str) -> Path:
        """The film before it is put into its place."""
        return self.path / f".film.part{suffix}"

    def has_pictures(self, pattern: Path, *, finished: bool = False) -> bool:
        """Whether a run has begun, or finished, to put the pictures of a sequence into their places."""
        mark = self.joined(pattern.suffix.lower()) if finished else self.path / _MARK
        with contextlib.suppress(OSError):
            return mark.read_bytes() == os.fsencode(pattern.resolve())
        return False

    def begin_pictures(self, pattern: Path) -> None:
        """Mark the pictures of a sequence as the film's own: a resumed run replaces them."""
        with files.writing(f'work folder "{self.path}"'):
            (self.path / _MARK).write_bytes(os.fsencode(pattern.resolve()))

    def finish_pictures(self, pattern: Path) -> None:
        """Mark the pictures as complete: a resumed run has nothing left to do."""
        with files.writing(f'work folder "{self.path}"'):
            os.replace(self.path / _MARK, self.joined(pattern.suffix.lower()))

    def finish_segment(self, times: list[int], state: Mapping[str, Array]) -> None:
        """Let the segment that is being written count, with the state behind it."""
        index = len(self.times)
        with files.writing(f'segment "{self.segment(index)}"'):
            part = self.segment(index, part=True)
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            os.replace(part, self.segment(index))
        lengths = [len(each) for each in [*self.times, times]]
        arrays: dict[str, Any] = {f"{_PREFIX}{name}": value for name, value in state.items()}
        flat = np.array([each for group in [*self.times, times] for each in group], np.int64)
        with files.atomic_write(self.path / _STATE, f'state "{self.path / _STATE}"', overwrite=True) as target:
            np.savez(target, **(arrays | {_TIMES: flat, "lengths": np.array(lengths, np.int64)}))
        self.times.append(times)
        self.state = dict(state)

    def delete(self) -> None:
        """Delete the files of the film, and the folder if it is empty then.

        The joined film, by which a resumed run recognises that it is finished, is the last, and `run.json`, without
        which only temporary files are the folder's own, the last but one. Segments are the first, for a film that lacks
        one is damaged, and the frames of a shot go before their paintings.
        """
        last = ("", "frame", "painting", shot_folder.SHOT, _STATE, _MARK, _RUN, ".film.")
        with contextlib.suppress(OSError):
            names = [entry.name for entry in os.scandir(self.path) if _OWN.fullmatch(entry.name)]
            rank = {name: max(place for place, begin in enumerate(last) if name.startswith(begin)) for name in names}
            for name in sorted(names, key=lambda name: (rank[name], name)):
                (self.path / name).unlink(missing_ok=True)
            self.path.rmdir()

    def _is_own(self) -> bool:
        """Whether files in the folder may be deleted: it is empty, or of a film, or holds temporary files alone."""
        if not self.path.is_dir():
            return False
        names = os.listdir(self.path)
        return _VERSION in self._run() if _RUN in names else all(map(_LEFTOVER.fullmatch, names))

    def _run(self) -> dict[str, Any]:
        """The content of `run.json`; empty where it is another program's, or damaged."""
        try:
            found = json.loads((self.path / _RUN).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def _read_state(self, where: str, *, finished: bool) -> None:
        path = self.path / _STATE
        if not path.exists():
            return
        try:
            with path.open("rb") as file:
                archive = Archive(file)
                arrays = {name: archive.read(name) for name in archive.entries}
            times = arrays.pop(_TIMES).astype(np.int64)
            ends = np.cumsum(arrays.pop("lengths"))
            groups = [[int(each) for each in group] for group in np.split(times, ends[:-1])]
            is_whole = finished or all(self.segment(index).is_file() for index in range(len(groups)))
        except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
            raise _damaged(where) from error
        if not is_whole or times.size != ends[-1]:
            raise _damaged(where)
        self.times = groups
        self.state = {name.removeprefix(_PREFIX): value for name, value in arrays.items()}


def fingerprint(clip: Clip) -> dict[str, Any]:
    """What identifies a clip: its length in bytes, and a hash of its first and last megabyte; of a sequence, all."""
    digest = hashlib.sha256()
    paths = [clip.picture(number) for number in clip.numbers] or [clip.path]
    total = 0
    for path in paths:
        with path.open("rb") as file:
            digest.update(file.read(SAMPLE))
            total += file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - SAMPLE))
            digest.update(file.read(SAMPLE))
    return {"bytes": total, "sha256": digest.hexdigest()}


def _check_same(found: Mapping[str, Any], wanted: Mapping[str, Any], where: str) -> None:
    """Raise `InvalidInputError` for an unfinished film of other settings."""
    for name in {**wanted, **found}:
        if found.get(name) != wanted.get(name):
            started = _is_by_shots(found.get(name))
            if started != _is_by_shots(wanted.get(name)):
                raise InvalidInputError(
                    f"{where} is of a film that was started {'with' if started else 'without'} engine=...: "
                    "resume it in the same way, or overwrite=True to start afresh"
                )
            before, now = _differing(found.get(name), wanted.get(name))
            raise InvalidInputError(
                f"{where} is of a film with another {name.replace('_', ' ')} ({before}, now {now}): use the same, or "
                "overwrite=True to start afresh"
            )


def _is_by_shots(identity: Any) -> bool:
    """Whether an engine paints the shots, by the identity of a method; False for any other setting."""
    return isinstance(identity, Mapping) and bool(identity.get("by_shots"))


def _differing(before: Any, now: Any) -> tuple[str, str]:
    """The first entries that differ, short enough for a message."""
    if isinstance(before, dict) and isinstance(now, dict):
        name = next(name for name in {**now, **before} if before.get(name) != now.get(name))
        return f"{name} {str(before.get(name))[:40]}", str(now.get(name))[:40]
    return str(before)[:40], str(now)[:40]


def _damaged(where: str) -> InvalidInputError:
    return InvalidInputError(f"{where} is damaged and cannot be resumed: overwrite=True starts afresh")
