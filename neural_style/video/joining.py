"""Finished segments become the film: packets are copied, and so is the sound where the file can hold it."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.images.transparency import over_white
from neural_style.images.writing import with_palette
from neural_style.video.clip import Clip, audio_streams, container_of, numbered
from neural_style.video.encoding import Container, FilmFormat
from neural_style.video.packages import pyav
from neural_style.video.work import WorkFolder

Array = np.ndarray[Any, Any]

AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
OPUS_RATE = 48000

FINEST = 1_000_000
"""Ticks of a second at most in the header of an MP4."""

GIF_TICK = Fraction(1, 100)


class Muxed(NamedTuple):
    """A packet to be written, in the order of the film.

    Attributes:
        time: seconds.
        stream: number of the stream, which decides between packets of one time.
        packet: with its stream set.
    """

    time: Fraction
    stream: int
    packet: Any


class Sound(NamedTuple):
    """What became of an audio stream: the codec, and whether its packets were copied."""

    codec: str
    is_copied: bool


def join(
    work: WorkFolder, clip: Clip, film: FilmFormat, container: Container, out: Path, until: Fraction | None
) -> list[Sound]:
    """Write a film with its sound.

    Args:
        work: with all segments.
        clip: the source of the sound.
        film: the format of the segments.
        container: the file format.
        out: the file, which is replaced.
        until: seconds after which no sound begins.

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
            sound = _SoundTrack(source, target, clip, container, until)
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
        if len(packets) != len(times):
            raise InvalidInputError(
                f'segment "{work.segment(number)}" has {len(packets)} frames instead of {len(times)}: '
                "--overwrite (overwrite=True) starts afresh"
            )
        for packet, time in zip(packets, times, strict=True):
            packet.pts = packet.dts = time
            packet.duration, packet.time_base, packet.stream = int(durations[index]), film.time_base, stream
            index += 1
            yield Muxed(time * film.time_base, 0, packet)


class _SoundTrack:
    """The audio streams of a clip, each copied or converted.

    Attributes:
        streams: what becomes of each.
    """

    def __init__(self, source: Any, target: Any, clip: Clip, container: Container, until: Fraction | None) -> None:
        self._source, self._clip, self._until = source, clip, until
        self.streams: list[Sound] = []
        self._targets: dict[int, Any] = {}
        for stream in audio_streams(source):
            becomes = sound_of(stream, container)
            self.streams.append(becomes)
            if becomes.is_copied:
                made = target.add_stream_from_template(stream)
            else:
                made = target.add_stream(container.converted_to, rate=_rate(stream.rate, container.converted_to))
                made.layout = stream.layout.name
            if stream.language:
                made.metadata["language"] = stream.language
            self._targets[stream.index] = made

    def packets(self) -> Iterator[Muxed]:
        """The packets of all streams, in the order of the file."""
        for packet in self._packets():
            target = self._targets[packet.stream.index]
            number = packet.stream.index + 1
            if self.streams[list(self._targets).index(packet.stream.index)].is_copied:
                if packet.dts is None or not self._is_wanted(packet):
                    continue
                offset = round(self._clip.start / packet.time_base)
                packet.dts -= offset
                packet.pts = packet.dts if packet.pts is None else packet.pts - offset
                packet.stream = target
                yield Muxed(packet.dts * packet.time_base, number, packet)
            else:
                yield from self._converted(packet, target, number)
        for number, target in self._targets.items():
            if not self.streams[list(self._targets).index(number)].is_copied:
                yield from (_muxed(each, number + 1) for each in target.encode(None))

    def _packets(self) -> Iterator[Any]:
        av = pyav()
        packets = self._source.demux(audio_streams(self._source))
        while True:
            try:
                yield next(packets)
            except StopIteration:
                return
            except av.error.FFmpegError:  # damage, which the reader of the frames has counted
                return

    def _converted(self, packet: Any, target: Any, number: int) -> Iterator[Muxed]:
        av = pyav()
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            return
        for frame in frames:
            if frame.pts is not None:
                frame.pts -= round(self._clip.start / frame.time_base)
                if self._until is not None and frame.pts * frame.time_base >= self._until:
                    continue
            yield from (_muxed(each, number) for each in target.encode(frame))

    def _is_wanted(self, packet: Any) -> bool:
        return self._until is None or packet.dts * packet.time_base - self._clip.start < self._until


def sound_of(stream: Any, container: Container) -> Sound:
    """What becomes of an audio stream in a file."""
    name = stream.codec_context.codec.canonical_name
    if name in container.sound:
        return Sound(name, True)
    return Sound(container.converted_to.removeprefix("lib"), False)


def check_sound(clip: Clip, container: Container) -> None:
    """Try the encoders that a clip's sound needs.

    Raises:
        InvalidInputError: one of them does not take the sound.
    """
    if not clip.sound or not container.muxer:
        return
    av = pyav()
    with container_of(clip.path) as source:
        for number, stream in enumerate(audio_streams(source), 1):
            if sound_of(stream, container).is_copied:
                continue
            encoder = av.CodecContext.create(container.converted_to, "w")
            encoder.rate, encoder.layout = _rate(stream.rate, container.converted_to), stream.layout.name
            encoder.format = encoder.codec.audio_formats[0] if encoder.codec.audio_formats else "fltp"
            try:
                encoder.open()
            except (av.error.FFmpegError, ValueError) as error:
                raise InvalidInputError(
                    f"{clip.where} has audio stream {number} in {stream.layout.name}, which {container.converted_to} "
                    "cannot hold: --silent (sound=False) leaves the sound out"
                ) from error


def _muxed(packet: Any, number: int) -> Muxed:
    return Muxed((packet.dts or 0) * packet.time_base, number, packet)


def _rate(rate: int, codec: str) -> int:
    """Samples per second of converted sound: its own, or the nearest one that the codec has."""
    return OPUS_RATE if codec == "libopus" else min(AAC_RATES, key=lambda known: abs(known - rate))


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
    """The frames of lossless segments: straight colours, and alpha where there is any."""
    av = pyav()
    for number in range(len(work.times)):
        with av.open(f"file:{work.segment(number)}") as segment:
            for frame in segment.decode(video=0):
                pixels = frame.to_ndarray(format="rgba" if film.has_alpha else "rgb24")
                yield np.ascontiguousarray(pixels[..., :3]), pixels[..., 3] if film.has_alpha else None


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
