"""Shots as lossless films: in memory, as other processes get and return them, and in a work folder.

A work folder keeps the painted shots for which earlier ones are waited for, and each until all of its frames are in
finished segments. So a killed run loses no shot that was painted.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from neural_style import files
from neural_style.errors import InvalidInputError
from neural_style.video.colors import Tags
from neural_style.video.encoding import FilmFormat, Segment
from neural_style.video.packages import pyav
from neural_style.video.state import DAMAGED

Array = np.ndarray[Any, Any]

OWN = r"shot\d{6,}-\d{6,}\.mkv"
"""Names of the files, for `neural_style.video.work`: the first frame, and the one behind the last."""


class PackedShot:
    """Frames of one size, uint8 (H, W, 3), as a lossless film in memory.

    Example:
        >>> import numpy as np
        >>> from neural_style.video.shot_files import PackedShot, unpacked
        >>> shot = PackedShot()
        >>> for grey in (10, 20):
        ...     shot.add(np.full((16, 24, 3), grey, np.uint8))
        >>> [int(frame.max()) for frame in unpacked(shot.content())]
        [10, 20]
    """

    def __init__(self) -> None:
        self._file, self._count = BytesIO(), 0
        self._segment: Segment | None = None

    def add(self, frame: Array) -> None:
        """Append a frame."""
        if self._segment is None:
            size, tick = (frame.shape[0], frame.shape[1]), Fraction(1, 25)
            form = FilmFormat("ffv1", size, tick, 1 / tick, Fraction(1), Tags.of_size(size), has_alpha=False)
            self._segment = Segment(self._file, form)
        self._segment.write(frame, None, self._count)
        self._count += 1

    def content(self) -> bytes:
        """The film of at least one frame; it is complete then."""
        assert self._segment is not None, "a shot has a frame"
        self._segment.close()
        return self._file.getvalue()


def unpacked(film: bytes | Path) -> Iterator[Array]:
    """The frames of a shot, in memory or in a file.

    Raises:
        InvalidInputError: the film is damaged.
    """
    av = pyav()
    try:
        with av.open(BytesIO(film) if isinstance(film, bytes) else f"file:{film}") as container:
            for frame in container.decode(video=0):
                yield frame.to_ndarray(format="rgb24")
    except av.error.FFmpegError as error:
        raise InvalidInputError(DAMAGED) from error


class ShotFiles:
    """The painted shots in a work folder, each a range of frames that are counted from 0.

    Attributes:
        reached: number of frames up to the first shot that is not painted, or not returned by `ready` yet.
        count: number of painted frames.
    """

    def __init__(self, folder: Path, finished: int) -> None:
        """
        Args:
            folder: exists.
            finished: number of frames in finished segments.
        """
        self._folder, self._finished = folder, finished
        self._forget(finished)
        self._shots = {shot.start: shot for shot in shots_in(folder)}
        self.reached = min([finished, *self._shots])
        self.count = self.reached + sum(map(len, self._shots.values()))

    def at(self, frame: int) -> range | None:
        """The painted shot that begins with a frame, also where its file is deleted meanwhile."""
        return self._shots.get(frame)

    def add(self, shot: range, film: bytes) -> None:
        """Store a painted shot."""
        path = self._path(shot)
        with files.atomic_write(path, f'shot "{path}"', overwrite=True) as file:
            file.write(film)
        self._shots[shot.start] = shot
        self.count += len(shot)

    def ready(self, finished: Callable[[], int]) -> Iterator[Array]:
        """The painted frames that continue the film.

        Args:
            finished: number of frames in finished segments; the files of shots before them are deleted.

        Raises:
            InvalidInputError: a file is damaged.
        """
        while (shot := self._shots.get(self.reached)) is not None:
            count = 0
            for count, frame in enumerate(unpacked(self._path(shot)), 1):
                if shot.start + count > self._finished:
                    yield frame
            if count != len(shot):
                raise InvalidInputError(DAMAGED)
            self.reached = shot.stop
            self._forget(finished())

    def _forget(self, finished: int) -> None:
        for shot in shots_in(self._folder):
            if shot.stop <= finished:
                self._path(shot).unlink(missing_ok=True)

    def _path(self, shot: range) -> Path:
        return self._folder / f"shot{shot.start:06d}-{shot.stop:06d}.mkv"


def shots_in(folder: Path) -> list[range]:
    """The painted shots in a work folder, which may be missing."""
    with contextlib.suppress(OSError):
        names = [name for name in os.listdir(folder) if re.fullmatch(OWN, name)]
        return sorted((range(*map(int, re.findall(r"\d+", name)[:2])) for name in names), key=lambda shot: shot.start)
    return []
