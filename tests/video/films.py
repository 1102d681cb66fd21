"""Small films made by the tests, and what is in a film."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

av = pytest.importorskip("av", reason="films need the extra video")

SIZE = 48, 64
"""Rows and columns."""


class Invert:
    """The simplest method with a state: inverts colours, and counts frames in a corner."""

    def __init__(self, fail_at: int | None = None) -> None:
        self.count, self._fail_at = 0, fail_at

    def transfer(self, frame: np.ndarray) -> np.ndarray:
        if self.count == self._fail_at:
            raise KeyboardInterrupt
        self.count += 1
        painted = 255 - frame
        painted[:8, :8] = 20 * self.count
        return painted

    def state(self) -> dict[str, np.ndarray]:
        return {"count": np.array(self.count)}

    def load_state(self, state: Any) -> None:
        self.count = int(state["count"])


class Identity(Invert):
    """Leaves frames as they are."""

    def transfer(self, frame: np.ndarray) -> np.ndarray:
        self.count += 1
        return frame


def pictures(count: int = 8, size: tuple[int, int] = SIZE) -> list[np.ndarray]:
    """Smooth colours that drift, uint8 (h, w, 3): what 4:2:0 stores without loss to speak of."""
    row, column = np.mgrid[0 : size[0], 0 : size[1]] / max(size)
    waves = [
        np.stack([np.sin(3 * row + shift), np.cos(2 * column - shift), np.sin(2 * (row + column) + shift)], axis=-1)
        for shift in np.arange(count) / 8
    ]
    return [np.rint(128 + 100 * wave).astype(np.uint8) for wave in waves]


def write_film(
    path: Path,
    frames: Sequence[np.ndarray],
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    times: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, 25),
    tags: tuple[int, int, int] | None = None,
    matrix: int = 5,
    aspect: Fraction = Fraction(1),
    options: dict[str, str] | None = None,
    sound: Sequence[tuple[str, str]] = (),
) -> Path:
    """Write a film.

    Args:
        path: the file.
        frames: uint8 (h, w, 3), or (h, w, 4) with alpha.
        codec, pixels, options: of FFmpeg.
        times: of the frames, in `time_base`; by default one after the other.
        tags: matrix, primaries and transfer; by default none.
        matrix: number of swscale's matrix that the frames are converted with.
        aspect: of a pixel.
        sound: codec and language of each audio stream.
    """
    with av.open(str(path), "w") as target:
        stream = target.add_stream(codec, rate=Fraction(25), options=options or {"crf": "4"})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixels
        stream.time_base = stream.codec_context.time_base = time_base
        stream.codec_context.sample_aspect_ratio = aspect
        if tags is not None:
            stream.codec_context.colorspace, stream.codec_context.color_primaries = tags[0], tags[1]
            stream.codec_context.color_trc, stream.codec_context.color_range = tags[2], 1
        voices = [_voice(target, *each) for each in sound]
        for frame, time in zip(frames, times or range(len(frames)), strict=True):
            made = av.VideoFrame.from_ndarray(frame, format="rgb24" if frame.shape[2] == 3 else "rgba")
            if "yuv" in pixels:
                made = made.reformat(format=pixels, dst_colorspace=matrix, src_color_range=2, dst_color_range=1)
            made.pts, made.time_base = time, time_base
            target.mux(stream.encode(made))
        target.mux(stream.encode(None))
        for voice, rate in voices:
            for packet in _tone(voice, rate, float((times or [0])[0] * time_base)):
                target.mux(packet)
    return path


def _voice(target: Any, codec: str, language: str) -> tuple[Any, int]:
    rate = 48000 if "opus" in codec else 44100
    voice = target.add_stream(codec, rate=rate)
    voice.layout = "mono"
    voice.metadata["language"] = language
    return voice, rate


def _tone(voice: Any, rate: int, start: float) -> list[Any]:
    """A third of a second of 440 Hz, from a time in seconds."""
    wave = (8000 * np.sin(2 * np.pi * 440 * np.arange(rate // 3) / rate)).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
    frame.rate, frame.pts = rate, round(start * rate)
    return [*voice.encode(frame), *voice.encode(None)]


def turned(path: Path, degrees: int) -> Path:
    """The same MP4 with a rotation in its track header (ISO/IEC 14496-12, 8.3.2: the matrix is 40 bytes in)."""
    cosine, sine = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    one = 1 << 16
    matrix = struct.pack(">9i", cosine * one, sine * one, 0, -sine * one, cosine * one, 0, 0, 0, 1 << 30)
    content = bytearray(path.read_bytes())
    place = content.index(b"tkhd") + 44
    content[place : place + 36] = matrix
    path.write_bytes(content)
    return path


def frames_in(path: Path, *, untagged: int = 5, **conversion: Any) -> list[np.ndarray]:
    """The frames of a film as stored, uint8 (h, w, 3), as a player decodes them that obeys the tags of the file.

    Args:
        path: the film.
        untagged: number of swscale's matrix for a film without tags.
        conversion: for PyAV.
    """
    matrices = {1: 1, 5: 5, 6: 5, 9: 9}
    found = []
    with av.open(str(path)) as source:
        for frame in source.decode(video=0):
            matrix = matrices.get(int(frame.colorspace), untagged)
            found.append(frame.reformat(format="rgb24", src_colorspace=matrix, **conversion).to_ndarray())
    return found


def times_in(path: Path, kind: str = "video", index: int = 0) -> list[Fraction]:
    """Times of the packets of a stream, in seconds."""
    with av.open(str(path)) as source:
        stream = getattr(source.streams, kind)[index]
        return sorted(packet.pts * packet.time_base for packet in source.demux(stream) if packet.size)


def sound_in(path: Path, index: int = 0) -> list[bytes]:
    """Packets of an audio stream."""
    with av.open(str(path)) as source:
        return [bytes(packet) for packet in source.demux(source.streams.audio[index]) if packet.size]


def facts(path: Path) -> dict[str, Any]:
    """Codec, size and tags of the first stream of pictures, and the languages of the sound."""
    with av.open(str(path)) as source:
        stream = source.streams.video[0]
        frame = next(source.decode(stream))
        return {
            "codec": stream.codec_context.name,
            "pixels": frame.format.name,
            "size": (frame.height, frame.width),
            "rotation": frame.rotation,
            "aspect": stream.sample_aspect_ratio,
            "tags": (int(frame.colorspace), int(frame.color_primaries), int(frame.color_trc)),
            "languages": [each.language for each in source.streams.audio],
            "sound": [each.codec_context.name for each in source.streams.audio],
        }
