"""The sound of a film: audio streams are copied where the file can hold them, and converted otherwise."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from neural_style.errors import InvalidInputError
from neural_style.video.clip import Clip, audio_streams, container_of
from neural_style.video.encoding import Container
from neural_style.video.packages import pyav
from neural_style.video.reading import jump_of

AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
OPUS_RATE = 48000

LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}
"""Of sound whose file gives the number of channels only, as AVI does."""


COARSEST = Fraction(1, 1000)
"""Seconds of a tick of Matroska: packets closer than that are of one time."""


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


class SoundTrack:
    """The audio streams of a clip, each copied or converted."""

    def __init__(
        self,
        source: Any,
        target: Any,
        clip: Clip,
        container: Container,
        until: Fraction | None,
        shifts: Sequence[Fraction],
    ) -> None:
        self._source, self._until = source, until
        self._streams: dict[int, _Stream] = {}
        for stream in audio_streams(source):
            becomes = sound_of(stream, container)
            made = _added(target, stream, container, is_copied=becomes.is_copied)
            self._streams[stream.index] = _Stream(stream.index + 1, made, becomes, _Clock(clip, shifts))
            if stream.language:
                made.metadata["language"] = stream.language

    @property
    def streams(self) -> list[Sound]:
        """What becomes of each audio stream."""
        return [each.becomes for each in self._streams.values()]

    def packets(self) -> Iterator[Muxed]:
        """The packets of all streams, in the order of the file."""
        for packet in self._packets():
            stream = self._streams[packet.stream.index]
            if not stream.becomes.is_copied:
                yield from stream.growing(self._converted(packet, stream))
            elif packet.dts is not None:
                time = stream.clock.time_of(packet.dts, packet.time_base, packet.duration or 0)
                if time is None or not self._is_wanted(time * packet.time_base):
                    continue
                delay = 0 if packet.pts is None else packet.pts - packet.dts
                packet.dts, packet.pts, packet.stream = time, time + delay, stream.target
                yield _muxed(packet, stream.number)
        for stream in self._streams.values():
            if not stream.becomes.is_copied:
                yield from stream.growing(stream.target.encode(None))

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

    def _converted(self, packet: Any, stream: _Stream) -> Iterator[Any]:
        try:
            frames = packet.decode()
        except pyav().error.FFmpegError:
            return
        for frame in frames:
            if frame.pts is not None:
                duration = round(Fraction(frame.samples, frame.sample_rate) / frame.time_base)
                time = stream.clock.time_of(frame.pts, frame.time_base, duration)
                if time is None or not self._is_wanted(time * frame.time_base):
                    continue
                frame.pts = time
            yield from stream.target.encode(frame)

    def _is_wanted(self, time: Fraction) -> bool:
        return self._until is None or time < self._until


@dataclass
class _Stream:
    """An audio stream of the film.

    Attributes:
        number: of the stream, from 1.
        target: the stream of the file.
        becomes: what the clip's stream becomes.
        clock: its times in the film.
        earliest: time of the next packet at least; None before the first.
    """

    number: int
    target: Any
    becomes: Sound
    clock: _Clock
    earliest: Fraction | None = None

    def growing(self, packets: Iterable[Any]) -> Iterator[Muxed]:
        """Packets of an encoder, which steps back where the times of its frames did, without those of earlier times."""
        for packet in packets:
            made = _muxed(packet, self.number)
            if self.earliest is None or made.time >= self.earliest:
                self.earliest = made.time + COARSEST
                yield made


class _Clock:
    """The times of an audio stream in the film: from its beginning on, and growing."""

    def __init__(self, clip: Clip, shifts: Sequence[Fraction]) -> None:
        self._start, self._jump, self._shifts = clip.start, jump_of(clip.rate), iter(shifts)
        self._shift = Fraction(0)
        self._end: Fraction | None = None
        self._last: int | None = None

    def time_of(self, time: int, base: Fraction, duration: int) -> int | None:
        """The time of a packet or a frame in the film, in its ticks.

        Where times jump back, as in files that were joined end to end, sound is shifted as the frames are; where theirs
        do not, it continues at its end.

        Args:
            time: in the clip.
            base: seconds of a tick.
            duration: in ticks.

        Returns:
            None where the film has sound of that time already.
        """
        seconds = time * base
        if self._end is not None and seconds < self._end - self._jump:
            self._shift = next(self._shifts, self._shift + self._end - seconds)
        self._end = seconds + duration * base
        placed = time + round((self._shift - self._start) / base)
        if self._last is not None and placed <= self._last:
            return None
        self._last = placed
        return placed


def sound_of(stream: Any, container: Container) -> Sound:
    """What becomes of an audio stream in a file: it is copied where the file has its codec, at its rate."""
    name = stream.codec_context.codec.canonical_name
    if name in container.sound and _problem(stream, container, is_copied=True) is None:
        return Sound(name, True)
    return Sound(container.converted_to.removeprefix("lib"), False)


def check_sound(clip: Clip, container: Container) -> None:
    """Try the headers and encoders that a clip's sound needs.

    Raises:
        InvalidInputError: a stream can neither be copied nor converted.
    """
    if not clip.sound or not container.muxer:
        return
    with container_of(clip.path) as source:
        for number, stream in enumerate(audio_streams(source), 1):
            if sound_of(stream, container).is_copied:
                continue
            if problem := _problem(stream, container, is_copied=False):
                raise InvalidInputError(
                    f"{clip.where} has audio stream {number} in {stream.layout.name}, which {container.converted_to} "
                    "cannot hold: sound=False leaves the sound out"
                ) from problem


def _problem(stream: Any, container: Container, *, is_copied: bool) -> Exception | None:
    """Why a file cannot hold an audio stream: a header in memory is tried."""
    av = pyav()
    try:
        with av.open(io.BytesIO(), "w", format=container.muxer) as target:
            _added(target, stream, container, is_copied=is_copied)
            target.start_encoding()
    except (av.error.FFmpegError, ValueError) as error:
        return error
    return None


def _added(target: Any, stream: Any, container: Container, *, is_copied: bool) -> Any:
    """The stream of a file that takes an audio stream."""
    if is_copied:
        return target.add_stream_from_template(stream)
    made = target.add_stream(container.converted_to, rate=_rate(stream.rate, container.converted_to))
    made.layout = _layout(stream.layout)
    return made


def _layout(layout: Any) -> str:
    """Name of the layout of channels, also where the file gives their number only."""
    name = str(layout.name)
    return LAYOUTS.get(layout.nb_channels, name) if name.endswith("channels") else name


def _muxed(packet: Any, number: int) -> Muxed:
    return Muxed((packet.dts or 0) * packet.time_base, number, packet)


def _rate(rate: int, codec: str) -> int:
    """Samples per second of converted sound: its own, or the nearest one that the codec has."""
    return OPUS_RATE if codec == "libopus" else min(AAC_RATES, key=lambda known: abs(known - rate))
