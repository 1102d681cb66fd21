"""A clip before it is read: size, times, colours and sound, from its container and its first frame."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from neural_style import images
from neural_style.errors import InvalidInputError, MissingFileError
from neural_style.images.opening import check_name, opened
from neural_style.images.reading import decode
from neural_style.validation import check_finite
from neural_style.video.colors import Tags
from neural_style.video.packages import pyav

FORMATS = (
    *("mov", "mp4", "matroska", "webm", "avi", "mpegts", "mpeg", "mpegvideo", "gif", "flv", "asf", "ogg", "mxf", "nut"),
    *("yuv4mpegpipe", "h264", "hevc", "m4v", "obu", "ivf", "dv", "rm", "wtv"),
)
"""Names of FFmpeg's containers that are read. Others stay closed: some are playlists that name further files, or
addresses."""

DEFAULT_RATE = Fraction(25)
"""Frames per second of a sequence of pictures."""

LARGEST_RATE = 1000

LARGEST_DIVISOR = 1001
"""Of a rate, as in 30000 / 1001."""

PATTERN = re.compile(r"%0?(\d*)d")
"""The number in the name of a sequence, as in `frames/%04d.png`."""

ALPHA_DECODERS = {"vp9": "libvpx-vp9", "vp8": "libvpx"}
"""Decoders that read alpha, which the default ones of these codecs drop."""


@dataclass(frozen=True)
class Clip:
    """A film or a sequence of pictures.

    Attributes:
        path: the file, or the pattern of a sequence.
        size: (rows, columns) in display order.
        time_base: seconds of a tick.
        rate: frames per second on average.
        count: number of frames, where it is known or can be estimated; otherwise None.
        start: time of the first packet of any stream, in seconds; subtracted from all.
        aspect: width of a pixel by its height, in display order.
        tags: colours.
        has_alpha: whether there is transparency.
        is_interlaced: whether frames consist of two fields.
        decoder: name of the decoder; empty for the default.
        numbers: of the pictures of a sequence; empty for a film.
        sound: number of audio streams whose codec is known.
        lost: number of other audio streams and of subtitles, which no film keeps.
    """

    path: Path
    size: tuple[int, int]
    time_base: Fraction
    rate: Fraction
    count: int | None
    start: Fraction
    aspect: Fraction
    tags: Tags
    has_alpha: bool
    is_interlaced: bool = False
    decoder: str = ""
    numbers: tuple[int, ...] = ()
    sound: int = 0
    lost: int = 0

    @property
    def where(self) -> str:
        """The clip in messages."""
        return f'clip "{self.path}"'

    def picture(self, number: int) -> Path:
        """A picture of the sequence."""
        return numbered(self.path, number)


def is_sequence(path: str | os.PathLike[str]) -> bool:
    """Whether a name is the pattern of a sequence."""
    return PATTERN.search(Path(path).name) is not None


def numbered(pattern: Path, number: int) -> Path:
    """The file of a number: `%04d` is replaced, and nothing else is."""

    def digits(found: re.Match[str]) -> str:
        return str(number).rjust(int(found[1] or 0), "0")

    return pattern.with_name(PATTERN.sub(digits, pattern.name, count=1))


def open_clip(path: str | os.PathLike[str], *, rate: float | None = None) -> Clip:
    """The facts on a clip; one frame is decoded.

    Args:
        path: a film, a GIF, or a pattern such as `frames/%04d.png`.
        rate: frames per second of a sequence, by default 25; a film has its own.

    Raises:
        InvalidInputError, MissingFileError: it cannot be read, or has no picture.
    """
    check_name(path, "clip")
    if rate is not None:
        check_finite("rate", rate)
        if not 1 / LARGEST_DIVISOR <= rate <= LARGEST_RATE:
            raise InvalidInputError(f"rate must be from 1/{LARGEST_DIVISOR} to {LARGEST_RATE}, received {rate!r}")
    if is_sequence(path):
        given = DEFAULT_RATE if rate is None else Fraction(rate).limit_denominator(LARGEST_DIVISOR)
        return _sequence(Path(path), given)
    if rate is not None:
        raise InvalidInputError(f'clip "{path}" has times of its own: leave rate out')
    return _film(Path(path))


@contextlib.contextmanager
def container_of(path: Path) -> Iterator[Any]:
    """An open film, with FFmpeg's errors as one line.

    Raises:
        InvalidInputError, MissingFileError: it cannot be read.
    """
    where, av = f'clip "{path}"', pyav()
    if path.is_dir():
        raise InvalidInputError(f'{where} is a folder: name its pictures by a pattern, as in "{path / "%04d.png"}"')
    with opened(path, where):  # whose messages tell a missing file, an address and an empty file apart
        pass
    try:
        container = av.open(f"file:{path}", container_options=_only_films())
    except (av.error.FFmpegError, ValueError) as error:
        raise _unreadable(where) from error
    with container:
        yield container


def video_stream(container: Any, where: str) -> Any:
    """The first stream of moving pictures; covers of albums are none."""
    av = pyav()
    covers = av.stream.Disposition.attached_pic
    found = [stream for stream in container.streams.video if not stream.disposition & covers]
    if not found:
        raise InvalidInputError(f"{where} has no video stream: name a film, a GIF or a sequence of pictures")
    if found[0].codec_context is None:
        raise InvalidInputError(f"{where} has a codec that cannot be decoded: convert it to H.264 first")
    return found[0]


def audio_streams(container: Any) -> list[Any]:
    """The streams of sound whose codec is known."""
    return [stream for stream in container.streams.audio if stream.codec_context is not None]


def _only_films() -> dict[str, str]:
    return {"format_whitelist": ",".join(FORMATS), "protocol_whitelist": "file"}


def _unreadable(where: str) -> InvalidInputError:
    return InvalidInputError(
        f"{where} is no film that can be read, or is cut short: name a film, or a pattern of pictures such as "
        "frames/%04d.png, or get the file again"
    )


def _film(path: Path) -> Clip:
    av, where = pyav(), f'clip "{path}"'
    with container_of(path) as container:
        stream = video_stream(container, where)
        name = stream.codec_context.name
        is_hidden = stream.metadata.get("ALPHA_MODE", stream.metadata.get("alpha_mode")) == "1"
        decoder = ALPHA_DECODERS.get(name, "") if is_hidden else ""
        frame = next(decoded(container, stream, decoder, []), None)
        if frame is None:
            raise InvalidInputError(f"{where} has no frame that can be decoded: get or save it again")
        turned = (frame.rotation // 90) % 2 == 1
        size = (frame.width, frame.height) if turned else (frame.height, frame.width)
        aspect = stream.sample_aspect_ratio or Fraction(1)
        rate = stream.average_rate or stream.guessed_rate or DEFAULT_RATE
        start = Fraction(container.start_time or 0, av.time_base)
        sound = len(audio_streams(container))
        return Clip(
            path=path,
            size=size,
            time_base=stream.time_base or 1 / rate,
            rate=rate,
            count=int(stream.frames) or _estimated_count(container, stream, rate),
            start=max(start, Fraction(0)),
            aspect=1 / aspect if turned else aspect,
            tags=Tags.of_frame(frame),
            has_alpha=_has_alpha(frame, is_gif=container.format.name == "gif"),
            is_interlaced=bool(frame.interlaced_frame),
            decoder=decoder,
            sound=sound,
            lost=len(container.streams.audio) - sound + len(container.streams.subtitles),
        )


def decoded(container: Any, stream: Any, decoder: str, damage: list[str]) -> Iterator[Any]:
    """The frames of a stream in display order; damage is skipped.

    Args:
        container: from `container_of`.
        stream: from `video_stream`.
        decoder: as in `Clip`.
        damage: gets an entry for every packet that cannot be read or decoded, and for every damaged frame.
    """
    av = pyav()
    context = av.CodecContext.create(decoder, "r") if decoder else stream.codec_context
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.error.FFmpegError as error:
            damage.append(str(error))
            return
        try:
            frames = context.decode(packet)
        except av.error.FFmpegError as error:
            damage.append(str(error))
            continue
        for frame in frames:
            if frame.is_corrupt:
                damage.append("a damaged frame")
            yield frame


def _estimated_count(container: Any, stream: Any, rate: Fraction) -> int | None:
    seconds: Fraction | None = None
    if stream.duration is not None and stream.time_base is not None:
        seconds = stream.duration * stream.time_base
    elif container.duration is not None:
        seconds = Fraction(container.duration, pyav().time_base)
    return None if seconds is None else max(1, round(seconds * rate))


def _has_alpha(frame: Any, *, is_gif: bool) -> bool:
    """Whether the pixels have an alpha channel; that of GIFs, which are decoded with one, must be in use."""
    if not frame.format.name.startswith(("yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya", "pal8", "ayuv")):
        return False
    return not is_gif or bool((frame.to_ndarray(format="rgba")[..., 3] < 255).any())


def _sequence(path: Path, rate: Fraction) -> Clip:
    where = f'sequence "{path}"'
    if path.suffix.lower() not in (*images.SUFFIXES, ".bmp", ".ppm", ".avif"):
        raise InvalidInputError(f"{where} has no ending of a picture: name one, as in frames/%04d.png")
    numbers = existing_numbers(path)
    if not numbers:
        raise MissingFileError(f"{where} has no pictures: check the name, and the folder {path.parent}")
    missing = next((before + 1 for before, after in itertools.pairwise(numbers) if after > before + 1), None)
    if missing is not None:
        raise InvalidInputError(f"{where} lacks number {missing}: put it back, or number the pictures anew")
    first = decode(numbered(path, numbers[0]), what="picture")
    size = (first.colors.shape[0], first.colors.shape[1])
    return Clip(
        path=path,
        size=size,
        time_base=1 / rate,
        rate=rate,
        count=len(numbers),
        start=Fraction(0),
        aspect=Fraction(1),
        tags=Tags.of_size(size),
        has_alpha=first.alpha is not None,
        numbers=tuple(numbers),
    )


def existing_numbers(pattern: Path) -> list[int]:
    """The numbers of the files of a sequence, in order."""
    before, after = PATTERN.split(pattern.name, maxsplit=1)[0], PATTERN.sub("", pattern.name, count=1)
    after = after[len(before) :]
    found = re.compile(re.escape(before) + r"(\d+)" + re.escape(after))
    with contextlib.suppress(OSError):
        matches = (found.fullmatch(entry.name) for entry in os.scandir(pattern.parent))
        names = [(int(match[1]), match[0]) for match in matches if match]
        return sorted(number for number, name in names if numbered(pattern, number).name == name)
    return []
