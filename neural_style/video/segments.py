"""The segments of a film: frames painted one after the other, or shot by shot, and kept a segment at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from fractions import Fraction
from itertools import chain, islice
from typing import NamedTuple

import numpy as np

from neural_style import interruption
from neural_style.errors import InvalidInputError
from neural_style.video.encoding import FilmFormat, Segment
from neural_style.video.method import FrameMethod, ShotMethod
from neural_style.video.reading import Frame, Reader
from neural_style.video.work import WorkFolder


class FilmProgress(NamedTuple):
    """The progress of a film.

    Attributes:
        done: number of frames that are painted; where several passes are made over them, they count in parts.
        total: number of all frames, where it is known; an estimate for some files.
        seconds: mean time of a frame in this run.
    """

    done: int
    total: int | None
    seconds: float

    @property
    def speed(self) -> str:
        """Frames per second, or seconds per frame."""
        if self.seconds <= 0:
            return ""
        return f"{1 / self.seconds:.1f} frames/s" if self.seconds < 1 else f"{self.seconds:.1f} s a frame"


def paint_segments(
    method: FrameMethod | ShotMethod,
    reader: Reader,
    work: WorkFolder,
    form: FilmFormat,
    *,
    length: int,
    until: Fraction | None,
    advance: Callable[[float, float], object],
) -> None:
    """Paint the frames that are missing, segment by segment.

    Args:
        method: paints them.
        reader: of the clip.
        work: gets the segments.
        form: of the segments.
        length: of a segment, in frames.
        until: seconds after which no frame begins.
        advance: called with the number of frames that are painted, and of those that this run has painted.
    """
    with closing(_painted(method, reader, work, until, advance)) as frames:  # with it the processes of an engine end
        while first := next(frames, None):
            segment = Segment(work.segment(len(work.times), part=True), form)
            times: list[int] = []
            try:
                for frame, painted in chain([first], islice(frames, length - 1)):
                    segment.write(_checked(painted, frame), frame.alpha, frame.time)
                    times.append(frame.time)
                with interruption.held():
                    segment.close()
                    work.finish_segment(times, {} if isinstance(method, ShotMethod) else method.state())
            finally:
                segment.discard()


def _painted(
    method: FrameMethod | ShotMethod,
    reader: Reader,
    work: WorkFolder,
    until: Fraction | None,
    advance: Callable[[float, float], object],
) -> Generator[tuple[Frame, np.ndarray]]:
    """The frames behind the finished segments, each with its painting."""
    before = work.count
    frames = reader.frames(skip=before, until=until)
    if isinstance(method, ShotMethod):

        def again(skip: int) -> Iterator[np.ndarray]:
            """The frames by a reader of its own, whose damage is that of the first."""
            return (frame.rgb for frame in Reader(reader.clip).frames(skip=skip, until=until))

        paintings = method.paint_shots(again, work.path, lambda: work.count, advance)
        for frame in frames:
            painted = next(paintings, None)
            if painted is None:
                raise InvalidInputError("the method has painted fewer frames than the film has")
            yield frame, painted
        return
    if work.times:
        method.load_state(work.state)
    for count, frame in enumerate(frames, before + 1):
        painted = method.transfer(frame.rgb)
        advance(count, count - before)
        yield frame, painted


def clock(total: int | None, progress: Callable[[FilmProgress], object] | None) -> Callable[[float, float], None]:
    """A function that reports the number of painted frames, of which this run has painted some, and their mean time.

    Args:
        total: number of all frames, where it is known.
        progress: gets the reports.
    """
    started = time.monotonic()

    def advance(done: float, here: float) -> None:
        if progress is not None:
            progress(FilmProgress(int(done), total, (time.monotonic() - started) / here))

    return advance


def _checked(painted: np.ndarray, frame: Frame) -> np.ndarray:
    """What a method returned, if it is a frame of the film.

    Raises:
        InvalidInputError: it has another shape or type.
    """
    if painted.shape != frame.rgb.shape or painted.dtype != np.uint8:
        raise InvalidInputError(
            f"the method must return uint8 {frame.rgb.shape}, received {painted.dtype} {painted.shape}"
        )
    return painted
