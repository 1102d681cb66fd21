"""Finished segments become the film: packets are copied; GIFs and sequences are written from lossless frames."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.images.transparency import over_white
from neural_style.images.writing import with_palette
from neural_style.video.clip import Clip, container_of, numbered
from neural_style.video.encoding import Container, FilmFormat
from neural_style.video.packages import pyav
from neural_style.video.sound import Muxed, Sound, SoundTrack
from neural_style.video.work import WorkFolder

Array = np.ndarray[Any, Any]

FINEST = 1_000_000
"""Ticks of a second at most in the header of an MP4."""

GIF_TICK = Fraction(1, 100)


def join(
    work: WorkFolder,
    clip: Clip,
    film: FilmFormat,
    container: Container,
    out: Path,
    until: Fraction | None,
    shifts: Sequence[Fraction] = (),
) -> list[Sound]:
    """Write a film with its sound.

    Args:
        work: with all segments.
        clip: the source of the sound.
        film: the format of the segments.
        container: the file format.
        out: the file, which is replaced.
        until: seconds after which no sound begins.
        shifts: as in `Reader`.

    Returns:
        What became of each audio stream.

    Raises:
        InvalidInputError: a segment has another number of frames than its times.
    """
    av = pyav()
    options = dict(container.options)
    if container.muxer in ("mp4", "mov"):  # whose edit lists count in milliseconds otherwise
        options["movie_timescale"] = str(min(film.time_base.denominator, FINEST))
    with av.open(f"file:{out}", "w", format=container.muxer, container_options=options) as target:
        with av.open(f"file:{work.segment(0)}") as first:
            stream = target.add_stream_from_template(first.streams.video[0])
        stream.time_base = film.time_base
        if film.has_alpha:
            stream.metadata["alpha_mode"] = "1"  # without which players of VP9 ignore it
        pictures = _pictures(work, stream, film)
        if not clip.sound:
            for each in pictures:
                target.mux(each.packet)
            return []
        with container_of(clip.path) as source:
            sound = SoundTrack(source, target, clip, container, until, shifts)
            for each in heapq.merge(pictures, sound.packets(), key=lambda each: each[:2]):
                target.mux(each.packet)
        return sound.streams


def _pictures(work: WorkFolder, stream: Any, film: FilmFormat) -> Iterator[Muxed]:
    """The packets of all segments, with the times of their frames to the tick: frames are never reordered."""
    av = pyav()
    everything = [time for times in work.times for time in times]
    usual = max(1, round(1 / film.rate / film.time_base))
    durations = [*np.diff(everything), everything[-1] - everything[-2] if len(everything) > 1 else usual]
    index = 0
    for number, times in enumerate(work.times):
        with av.open(f"file:{work.segment(number)}") as segment:
            packets = [packet for packet in segment.demux(segment.streams.video[0]) if packet.size]
        _check_count(work, number, len(packets))
        for packet, time in zip(packets, times, strict=True):
            packet.pts = packet.dts = time
            packet.duration, packet.time_base, packet.stream = int(durations[index]), film.time_base, stream
            index += 1
            yield Muxed(time * film.time_base, 0, packet)


def write_gif(work: WorkFolder, film: FilmFormat, out: Path) -> None:
    """Write a GIF, each frame with a palette of its own; times are in hundredths of a second.

    Args:
        work: with all segments, lossless.
        film: their format.
        out: the file, which is replaced.
    """
    av = pyav()
    everything = [round(time * film.time_base / GIF_TICK) for times in work.times for time in times]
    for index in range(1, len(everything)):  # a GIF of more than 100 frames a second has none of equal times
        everything[index] = max(everything[index], everything[index - 1] + 1)
    last = everything[-1] - everything[-2] if len(everything) > 1 else max(1, round(1 / film.rate / GIF_TICK))
    with av.open(f"file:{out}", "w", format="gif", container_options={"loop": "0", "final_delay": str(last)}) as target:
        stream = target.add_stream("gif", rate=film.rate, options={"gifflags": "0"})
        stream.height, stream.width = film.size
        stream.pix_fmt = "pal8"
        stream.time_base = stream.codec_context.time_base = GIF_TICK
        for (rgb, alpha), time in zip(frames_of(work, film), everything, strict=True):
            frame = av.VideoFrame.from_ndarray(_indexed(rgb, alpha), format="pal8")
            frame.pts, frame.time_base = time, GIF_TICK
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))


def write_pictures(work: WorkFolder, film: FilmFormat, out: Path, numbers: Sequence[int], *, overwrite: bool) -> None:
    """Write each frame as a picture.

    Args:
        work: with all segments, lossless.
        film: their format.
        out: the pattern of the names.
        numbers: of the pictures.
        overwrite: whether existing ones may be replaced.
    """
    for (rgb, alpha), number in zip(frames_of(work, film), numbers, strict=False):
        images.write(numbered(out, number), rgb, alpha=alpha, overwrite=overwrite)


def frames_of(work: WorkFolder, film: FilmFormat) -> Iterator[tuple[Array, Array | None]]:
    """The frames of lossless segments: straight colours, and alpha where there is any.

    Raises:
        InvalidInputError: a segment has another number of frames than its times.
    """
    av = pyav()
    for number in range(len(work.times)):
        with av.open(f"file:{work.segment(number)}") as segment:
            count = 0
            for frame in segment.decode(video=0):
                count += 1
                pixels = frame.to_ndarray(format="rgba" if film.has_alpha else "rgb24")
                yield np.ascontiguousarray(pixels[..., :3]), pixels[..., 3] if film.has_alpha else None
        _check_count(work, number, count)


def _check_count(work: WorkFolder, number: int, count: int) -> None:
    """Raise `InvalidInputError` unless a segment has as many frames as times."""
    if count != len(work.times[number]):
        raise InvalidInputError(
            f'segment "{work.segment(number)}" has {count} frames instead of {len(work.times[number])}: '
            "overwrite=True starts afresh"
        )


def _indexed(rgb: Array, alpha: Array | None) -> tuple[Array, Array]:
    """Indices uint8 (h, w) and a palette of 256 colours, ARGB, of which the last is transparent if there is alpha."""
    over = rgb if alpha is None else over_white(rgb, alpha)
    frame: Image.Image = with_palette(over, alpha)
    colors = np.frombuffer(bytes(frame.getpalette() or ()), np.uint8).reshape(-1, 3)
    palette = np.full((256, 4), 255, np.uint8)
    palette[: len(colors), 1:] = colors
    if alpha is not None:
        palette[255] = 0
    return np.asarray(frame), palette
