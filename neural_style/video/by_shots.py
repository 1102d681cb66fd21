"""Films by other processes, a shot at a time: frames of a shot depend on each other, and shots do not.

A task holds the frames of its shot and the method, and returns the painted frames, so that no disk is shared. Shots are
found here, in the order of the film, where few frames need an estimate of their flow. Painted shots wait in the work
folder for those before them; the film is encoded here, and is that of one process: to the bit where TensorFlow has one
thread, and in general where it has as many.
"""

from __future__ import annotations

import pickle
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from neural_style.engines.interface import Engine, Outcome
from neural_style.engines.parts import finished_parts
from neural_style.engines.written import outcome_of
from neural_style.errors import InvalidInputError, NeuralStyleError, first_line
from neural_style.video.method import FrameMethod, SeparateShots, ShotMethod
from neural_style.video.shot_files import PackedShot, ShotFiles, unpacked

Array = np.ndarray[Any, Any]

PAINTED = "painted.mkv"
"""The file that a task returns."""


class ShotsFailedError(NeuralStyleError):
    """Shots that could not be painted; the others are kept in the work folder.

    Attributes:
        failed: each shot, as a range of frames that are counted from 0, with its error.
    """

    def __init__(self, failed: Sequence[tuple[range, str]]) -> None:
        self.failed = tuple(sorted(failed, key=lambda each: each[0].start))
        super().__init__("; ".join(f"{named(shot)}: {error}" for shot, error in self.failed))


def named(shot: range) -> str:
    """A shot in messages: its frames, counted from 1."""
    return f"frames {shot.start + 1} to {shot.stop}" if len(shot) > 1 else f"frame {shot.start + 1}"


@dataclass(frozen=True)
class SentMethod:
    """A method for all shots of a command.

    Attributes:
        pickled: the method before its first frame; it is unpickled once in each process, after the device is chosen.
        key: of the command, by which a process recognises the method, with its network and statistics.
        weights: as in `neural_style.engines.interface.Task`.
    """

    pickled: bytes = field(compare=False, repr=False)
    key: str
    weights: tuple[str, ...] = ()


@dataclass(frozen=True)
class ShotTask:
    """A shot that another process paints.

    Attributes:
        method: paints it.
        frames: from `PackedShot`.
    """

    method: SentMethod
    frames: bytes = field(repr=False)

    @property
    def weights(self) -> tuple[str, ...]:
        """See `neural_style.engines.interface.Task`."""
        return self.method.weights

    def run(self) -> Outcome:
        """Paint, and return the file of the painted frames."""
        return outcome_of(self._paint, last=PAINTED)

    def _paint(self, folder: Path) -> str:
        method, shot = _opened(self.method), PackedShot()
        for painted in _painted(method, self.frames):
            shot.add(painted)
        (folder / PAINTED).write_bytes(shot.content())
        return ""


def _painted(method: FrameMethod | ShotMethod, frames: bytes) -> Iterator[Array]:
    """The painted frames of a shot."""
    if not isinstance(method, ShotMethod):
        method.load_state({})  # nothing of the shot before
        yield from map(method.transfer, unpacked(frames))
        return
    with TemporaryDirectory() as folder:
        yield from method.paint_shots(
            lambda skip: islice(unpacked(frames), skip, None), Path(folder), lambda: 0, lambda *_: None
        )


@lru_cache(maxsize=1)
def _opened(method: SentMethod) -> Any:
    """The method of this process."""
    return pickle.loads(method.pickled)


class ByShots:
    """The shots of another method, painted by an engine, as a `neural_style.video.method.ShotMethod`."""

    def __init__(
        self,
        method: FrameMethod | ShotMethod,
        engine: Engine,
        *,
        weights: tuple[str, ...] = (),
        device: str | None = None,
    ) -> None:
        """
        Args:
            method: has painted nothing yet; its shots are independent, see `neural_style.video.method.SeparateShots`.
            engine: paints them.
            weights: of the method, as in `neural_style.engines.interface.Task`.
            device: of its processes, as in `neural_style.backend.choose_device`.

        Raises:
            InvalidInputError: the method does not find shots, or cannot be sent to another process.
        """
        if not isinstance(method, SeparateShots):
            raise InvalidInputError(
                "an engine paints shots that are independent of each other, and this method has no begins_shot that "
                "finds them: leave the engine out"
            )
        try:
            pickled = pickle.dumps(method)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise InvalidInputError(
                f"an engine sends the method to other processes, which is impossible ({first_line(error)}): name "
                "functions of a module, such as a flow, instead of lambdas"
            ) from error
        self._method, self._engine, self._device = method, engine, device
        self._sent = SentMethod(pickled, secrets.token_hex(8), weights)

    def paint_shots(
        self,
        frames: Callable[[int], Iterator[Array]],
        folder: Path,
        finished: Callable[[], int],
        advance: Callable[[float, float], object],
    ) -> Iterator[Array]:
        """See `neural_style.video.method.ShotMethod`.

        Raises:
            ShotsFailedError: after all others are painted.
            InvalidInputError: a frame cannot be read, after all shots before its own are painted.
        """
        store, failed = ShotFiles(folder, finished()), dict[range, str]()
        unread: list[InvalidInputError] = []
        yield from store.ready(finished)
        before = store.count
        tasks = self._tasks(frames, store, unread)
        with closing(finished_parts(self._engine, tasks, failed, device=self._device)) as parts:
            for shot, files in parts:
                store.add(shot, files[PAINTED])
                advance(store.count, store.count - before)
                yield from store.ready(finished)
        if failed:
            raise ShotsFailedError(list(failed.items()))
        if unread:
            raise unread[0]

    def _tasks(
        self, frames: Callable[[int], Iterator[Array]], store: ShotFiles, unread: list[InvalidInputError]
    ) -> Iterator[tuple[range, ShotTask]]:
        """The shots that are not painted yet; they end, for an engine, where a frame cannot be read."""
        try:
            yield from self._shots(frames, store)
        except InvalidInputError as error:
            unread.append(error)

    def _shots(self, frames: Callable[[int], Iterator[Array]], store: ShotFiles) -> Iterator[tuple[range, ShotTask]]:
        """The shots that are not painted yet, in the order of the film."""
        index = store.reached
        source = frames(index)
        frame = next(source, None)
        while frame is not None:
            if (known := store.at(index)) is not None:
                index, frame = known.stop, next(islice(source, len(known) - 1, None), None)
                continue
            start, shot = index, PackedShot()
            is_within = True
            while frame is not None and is_within:
                shot.add(frame)
                index, earlier, frame = index + 1, frame, next(source, None)
                is_within = (
                    frame is not None and store.at(index) is None and not self._method.begins_shot(frame, earlier)
                )
            yield range(start, index), ShotTask(self._sent, shot.content())
