"""A film in, a film out: frames pass through a method, segment by segment, and a killed run is resumed."""

from __future__ import annotations

import contextlib
import filecmp
import os
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from neural_style import files, images
from neural_style.errors import ExistingFileError, InvalidInputError
from neural_style.validation import check_count, check_finite
from neural_style.video import shot_files, shot_folder
from neural_style.video.clip import Clip, existing_numbers, is_sequence, numbered, open_clip
from neural_style.video.encoding import CONTAINERS, Encoding, FilmFormat, container_for, written
from neural_style.video.joining import join, write_gif, write_pictures
from neural_style.video.method import FrameMethod, ShotMethod
from neural_style.video.reading import Reader
from neural_style.video.segments import FilmProgress, clock, paint_segments
from neural_style.video.sound import Sound, check_sound
from neural_style.video.work import ENDING, WorkFolder, fingerprint

SEGMENT = 24
"""Frames of a segment by default: the most that a killed run loses."""

PREVIEW = 1.0
"""Seconds of a preview."""


@dataclass(frozen=True)
class Film:
    """A finished film.

    Attributes:
        path: the file, or the pattern of a sequence.
        frames: their number.
        damaged: number of damaged frames and packets of the clip that this run has met.
        sound: what became of each audio stream; empty where the film was finished before.
    """

    path: Path
    frames: int
    damaged: int
    sound: tuple[Sound, ...]


@dataclass
class FilmRun:
    """The run of one film: what is checked before it, and what it writes.

    Attributes:
        clip: path of a film, of a GIF, or a pattern such as `frames/%04d.png`.
        out: path of the result, whose ending decides the format, or a pattern.
        encoding: codec and quality.
        rate: frames per second of a sequence; by default 25.
        segment: frames of a segment, the most that a killed run loses.
        seconds: only the beginning of the clip, of this duration.
        resume: continue the unfinished film in the work folder; start afresh where there is none.
        overwrite: whether existing files may be replaced.
        work_folder: by default `<out>.work`.
        sound: False leaves the sound out.
        keeps: where the run is interrupted, write its finished segments as a film; the work folder stays.
        source: the facts on the clip.
        format: of the segments.
        folder: the work folder.
    """

    clip: str | os.PathLike[str]
    out: str | os.PathLike[str]
    encoding: Encoding = field(default_factory=Encoding)
    rate: float | None = None
    segment: int = SEGMENT
    seconds: float | None = None
    resume: bool = False
    overwrite: bool = False
    work_folder: str | os.PathLike[str] | None = None
    sound: bool = True
    keeps: bool = False

    def __post_init__(self) -> None:
        self._work: WorkFolder | None = None
        check_count("segment", self.segment, at_least=1)
        if self.seconds is not None:
            check_finite("seconds", self.seconds)
            if self.seconds <= 0:
                raise InvalidInputError(f"seconds must be above 0, received {self.seconds!r}")
        self._out = Path(self.out)
        self._container = container_for(self._out)
        source = open_clip(self.clip, rate=self.rate)
        self.source: Clip = source if self.sound else replace(source, sound=0)
        self.format = FilmFormat.of(self.source, self._out, self.encoding)
        self._until = None if self.seconds is None else Fraction(self.seconds).limit_denominator(10**6)
        self.folder = Path(self.work_folder or self._out.with_name(self._out.name + ENDING))
        for path, what in ((self._out, "film"), (self.source.path, "clip")):
            if path.resolve().is_relative_to(self.folder.resolve()):
                raise InvalidInputError(f'the {what} is in the work folder "{self.folder}": choose another work folder')
        self._check_place()
        check_sound(self.source, self._container)

    @property
    def where(self) -> str:
        """The result in messages."""
        return f'film "{self._out}"'

    @property
    def kept(self) -> int:
        """Number of frames in finished segments."""
        return self._work.count if self._work else 0

    @property
    def has_paintings(self) -> bool:
        """Whether paintings of an unfinished shot are in the work folder, from which `resume` continues."""
        return (self.folder / shot_folder.SHOT).exists()

    @property
    def painted_shots(self) -> int:
        """Number of shots in the work folder that other processes have painted, and that wait for earlier ones."""
        return len(shot_files.shots_in(self.folder))

    @property
    def total(self) -> int | None:
        """Number of frames to paint, where it is known."""
        count = self.source.count
        if count is None or self._until is None:
            return count
        return min(count, max(1, round(self._until * self.source.rate)))

    def execute(
        self,
        method: FrameMethod | ShotMethod,
        *,
        settings: Mapping[str, Any] | None = None,
        progress: Callable[[FilmProgress], object] | None = None,
    ) -> Film:
        """Paint all frames and write the film.

        Args:
            method: paints the frames.
            settings: plain data that identifies the method, its styles and settings, for a resumed run.
            progress: called after every frame.

        Raises:
            InvalidInputError: something cannot be written, or the work folder is of another film.
            KeyboardInterrupt: Ctrl-C; finished segments stay in the work folder.
        """
        identity = {
            "clip": fingerprint(self.source),
            "encoding": asdict(self.encoding) | {"codec": self.format.codec, "transparent": self.format.has_alpha},
            "segment": self.segment,
            "rate": str(self.source.rate),
            "seconds": self.seconds,
            "method": dict(settings or {}),
        }
        with self._claimed():
            is_published = self._is_published()
            self._work = work = WorkFolder.opened(
                self.folder, identity, resume=self.resume, overwrite=self.overwrite, finished=is_published
            )
            if is_published:
                work.delete()
                return Film(self._out, work.count, 0, ())
            self._report()
            reader = Reader(self.source)
            try:
                paint_segments(
                    method,
                    reader,
                    work,
                    self.format,
                    length=self.segment,
                    until=self._until,
                    advance=clock(self.total, progress),
                )
            except KeyboardInterrupt:
                if self.keeps and work.count:
                    end = work.times[-1][-1] * self.format.time_base + 1 / self.format.rate
                    self._publish(work, reader.shifts, end)
                raise
            if not work.count:
                work.delete()
                if self.seconds is not None:
                    raise InvalidInputError(f"{self.source.where} has no frame in its first {self.seconds} seconds")
                raise InvalidInputError(f"{self.source.where} has no frame that can be decoded: get or save it again")
            self._report_reading(reader)
            sound = self._publish(work, reader.shifts, self._until)
            work.delete()
        return Film(self._out, work.count, len(reader.damage), tuple(sound))

    @contextlib.contextmanager
    def _claimed(self) -> Iterator[None]:
        """Reserve the film and its work folder.

        Raises:
            InvalidInputError: another process has one of them.
        """
        with files.claim(self._out, self.where) as is_free:
            if not is_free:
                raise InvalidInputError(f"{self.where} is being made by another process: wait for it")
            with files.claim(self.folder.resolve(), f'work folder "{self.folder}"') as is_free:
                if not is_free:
                    raise InvalidInputError(
                        f'work folder "{self.folder}" is in use by another process: choose another one, or wait'
                    )
                yield

    def _publish(self, work: WorkFolder, shifts: list[Fraction], until: Fraction | None) -> list[Sound]:
        """Join the segments, with the sound until a time in seconds, and put the film into its place."""
        joined = work.joined(self._out.suffix.lower())
        if is_sequence(self._out):
            numbers = self.source.numbers or range(1, work.count + 1)
            self._check_pictures(work)
            if older := sorted(set(existing_numbers(self._out)) - set(numbers)):
                _warn(f'{len(older)} older pictures stay beside the film, from "{numbered(self._out, older[0])}" on')
            work.begin_pictures(self._out)
            write_pictures(work, self.format, self._out, numbers, overwrite=True)
            work.finish_pictures(self._out)
            return []
        sound: list[Sound] = []
        with written(self.where):
            if joined.suffix == ".gif":
                write_gif(work, self.format, joined)
            else:
                sound = join(work, self.source, self.format, self._container, joined, until, shifts)
        with files.atomic_write(self._out, self.where, overwrite=self.overwrite) as file, joined.open("rb") as made:
            shutil.copyfileobj(made, file)
        return sound

    def _is_published(self) -> bool:
        """Whether a killed run to be resumed had finished the film, and not deleted the work folder yet."""
        work = WorkFolder(self.folder)
        joined = work.joined(self._out.suffix.lower())
        if not self.resume or self.overwrite or not joined.is_file():
            return False
        if is_sequence(self._out):
            return work.has_pictures(self._out, finished=True)
        return self._out.is_file() and filecmp.cmp(joined, self._out, shallow=False)

    def _check_pictures(self, work: WorkFolder) -> None:
        """Raise `ExistingFileError` where a sequence would replace pictures that are not its own."""
        names = [numbered(self._out, number) for number in existing_numbers(self._out)]
        if names and not self.overwrite and not (self.resume and work.has_pictures(self._out)):
            raise ExistingFileError(f'"{names[0]}" exists: choose another name, or pass overwrite=True')

    def _check_place(self) -> None:
        """Raise `InvalidInputError` unless the result can be written, and is no input."""
        names = [self._out]
        if is_sequence(self._out):
            images.check_output(numbered(self._out, 0).with_suffix(self._out.suffix), overwrite=True)
            names = [numbered(self._out, number) for number in existing_numbers(self._out)]
        sources = [self.source.picture(number) for number in self.source.numbers] or [self.source.path]
        for name in names:
            if name.exists() and any(name.samefile(source) for source in sources):
                raise InvalidInputError(f'"{name}" is the clip and would be lost: choose another name')
        if not is_sequence(self._out):
            files.check_place(self._out, self.where, overwrite=self.overwrite or self._is_published())
        elif not self._is_published():
            self._check_pictures(WorkFolder(self.folder))
        for folder in (self._out.parent, self.folder):
            files.remove_leftovers(folder)
        files.check_place(self.folder / "run.json", f'work folder "{self.folder}"', overwrite=True)

    def _report(self) -> None:
        """Warn of what a result cannot keep."""
        source, container = self.source, self._container
        if source.is_interlaced:
            _warn(f"{source.where} is interlaced, which leaves combs in the strokes: deinterlace it first")
        if source.tags.hdr:
            _warn(f"{source.where} has a high dynamic range ({source.tags.hdr}), which is brought to BT.709")
        if source.has_alpha and not self.format.has_alpha:
            able = ", ".join(ending for ending, each in CONTAINERS.items() if each.transparent)
            _warn(f"{self.where} cannot hold the clip's transparency, which becomes white: one of {able} can")
        if source.lost:
            _warn(f"{self.where} lacks {source.lost} streams of the clip: subtitles, or sound of an unknown codec")
        if source.sound and not container.muxer:
            _warn(f"{self.where} has no sound; the clip has some")

    def _report_reading(self, reader: Reader) -> None:
        """Warn of damage, and of times that do not grow."""
        where = self.source.where
        if reader.damage:
            _warn(
                f"{where} is damaged in {len(reader.damage)} places, where frames are missing or wrong: "
                f"{reader.damage[0]}"
            )
        if reader.shifts:
            _warn(
                f"{where} has times that jump back in {len(reader.shifts)} places, as files do that were joined end to "
                "end: frames and sound continue there"
            )


def _warn(text: str) -> None:
    warnings.warn(text, stacklevel=4)
