"""Codecs and containers of results: which go together, their options, and one segment of a film."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, NamedTuple, Self

import numpy as np

from neural_style import files
from neural_style.errors import InvalidInputError
from neural_style.images.transparency import without_white
from neural_style.validation import check_choice, check_count, documented, setting
from neural_style.video.clip import Clip, is_sequence
from neural_style.video.colors import FULL, SWSCALE, Tags
from neural_style.video.packages import pyav

Array = np.ndarray[Any, Any]

THREADS, ROWS_OF_THREAD = 4, 32
"""Of an encoder: as many threads as these on every machine, since the result of some depends on their number, and a
resumed film equals the unbroken one; and the fewest rows of each, x264's own limit of two rows of macroblocks. Of 60
films of 24 rows with four threads 20 differed from the others."""


NO_OPTIONS: Mapping[str, str] = MappingProxyType({})


class Codec(NamedTuple):
    """A codec of results. Frames are never reordered, so that segments of any times can be joined.

    Attributes:
        encoder: FFmpeg's name.
        pixels: FFmpeg's format of pixels.
        with_alpha: the same with transparency; empty where it has none.
        crf: quality by default; None where there is no such number.
        options: for the encoder.
    """

    encoder: str
    pixels: str
    with_alpha: str = ""
    crf: int | None = None
    options: Mapping[str, str] = NO_OPTIONS

    @property
    def needs_even_sides(self) -> bool:
        """Whether colours are stored for squares of two by two pixels."""
        return "420" in self.pixels


CODECS = {
    "h264": Codec("libx264", "yuv420p", crf=18, options={"bf": "0"}),
    "h265": Codec("libx265", "yuv420p", crf=20, options={"x265-params": "bframes=0:log-level=none:frame-threads=1"}),
    "vp9": Codec("libvpx-vp9", "yuv420p", "yuva420p", crf=24, options={"auto-alt-ref": "0", "cpu-used": "2"}),
    "prores": Codec("prores_ks", "yuv422p10le", "yuva444p10le"),
    "ffv1": Codec("ffv1", "bgr0", "bgra", options={"level": "3"}),
}
"""Quality: 18 of H.264 is visually the same as the source (FFmpeg's guide), and the others' numbers correspond."""


class Container(NamedTuple):
    """A file format of results.

    Attributes:
        muxer: FFmpeg's name; empty where the library writes the files.
        codecs: that it holds, the default first.
        transparent: the default for transparent films; empty where no codec has transparency.
        sound: codecs of sound that are copied, by FFmpeg's names.
        converted_to: codec of all other sound; empty where there is no sound.
        options: for FFmpeg.
    """

    muxer: str
    codecs: tuple[str, ...]
    transparent: str = ""
    sound: tuple[str, ...] = ()
    converted_to: str = ""
    options: Mapping[str, str] = NO_OPTIONS


_SAME_BYTES = {"fflags": "+bitexact"}  # of equal films; a Matroska has random identifiers otherwise
_FAST_START = {"movflags": "+faststart"}  # the index first, so that a film plays while it is loaded
_OF_MP4 = ("aac", "mp3", "ac3", "eac3", "alac", "mp2")
_PCM = ("pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_s16be", "pcm_s24be", "pcm_u8")

CONTAINERS = {
    ".mp4": Container("mp4", ("h264", "h265", "vp9"), "", (*_OF_MP4, "opus", "flac"), "aac", _FAST_START),
    ".m4v": Container("mp4", ("h264", "h265"), "", _OF_MP4, "aac", _FAST_START),
    ".mov": Container("mov", ("h264", "h265", "prores"), "prores", (*_OF_MP4, *_PCM), "aac", _FAST_START),
    ".mkv": Container(
        "matroska",
        ("h264", "h265", "vp9", "prores", "ffv1"),
        "vp9",
        (*_OF_MP4, *_PCM, "opus", "flac", "vorbis", "dts", "truehd"),
        "aac",
        _SAME_BYTES,
    ),
    ".webm": Container("webm", ("vp9",), "vp9", ("opus", "vorbis"), "libopus", _SAME_BYTES),
    ".gif": Container("", ("ffv1",), "ffv1"),
}
PICTURES = Container("", ("ffv1",), "ffv1")
"""Of a sequence of pictures: segments are lossless, and the pictures are written at the end."""


@documented
@dataclass(frozen=True)
class Encoding:
    """How a film is stored.

    Raises:
        InvalidInputError: by the constructor, where a value is impossible.
    """

    codec: str = setting(
        "auto",
        "`h264`, `h265`, `vp9`, `prores` or `ffv1` (lossless); `auto` is h264, vp9 in a .webm, and one with "
        "transparency where clip and file have it.",
    )
    crf: int | None = setting(
        None, "quality, 0 to 51 (vp9: 63), lower is better; by default 18 with h264, 20 with h265 and 24 with vp9."
    )
    bit_rate: int | None = setting(None, "kilobits per second on average, in place of `crf`.")

    def __post_init__(self) -> None:
        check_choice("codec", self.codec, ("auto", *CODECS))
        if self.crf is not None:
            check_count("crf", self.crf, at_least=0)
            if self.crf > (63 if self.codec == "vp9" else 51):
                raise InvalidInputError(f"crf must be a number from 0 to 51 (vp9: 63), received {self.crf}")
        if self.bit_rate is not None:
            check_count("bit_rate", self.bit_rate, at_least=1)
            if self.crf is not None:
                raise InvalidInputError("crf and bit_rate exclude one another: leave one of them out")


def container_for(out: Path) -> Container:
    """The file format of a name.

    Raises:
        InvalidInputError: the ending is unknown.
    """
    if is_sequence(out):
        return PICTURES
    check_choice("ending of the film", out.suffix.lower(), (*CONTAINERS, "a sequence such as frames/%04d.png"))
    return CONTAINERS[out.suffix.lower()]


@dataclass(frozen=True)
class FilmFormat:
    """Everything that the segments of a film have in common.

    Attributes:
        codec: name in `CODECS`.
        size: (rows, columns) as stored: even where the codec needs it.
        time_base, rate, aspect: as in `Clip`.
        tags: colours.
        has_alpha: whether transparency is stored.
        encoding: quality.
    """

    codec: str
    size: tuple[int, int]
    time_base: Fraction
    rate: Fraction
    aspect: Fraction
    tags: Tags
    has_alpha: bool
    encoding: Encoding = field(default_factory=Encoding)

    @classmethod
    def of(cls, clip: Clip, out: Path, encoding: Encoding) -> Self:
        """The format of a clip's result.

        Raises:
            InvalidInputError: codec and file do not go together.
        """
        container = container_for(out)
        codec = encoding.codec
        if codec == "auto":
            codec = container.transparent if clip.has_alpha and container.transparent else container.codecs[0]
        elif not container.muxer:
            raise InvalidInputError(f'"{out}" has pictures, and no codec: leave codec out')
        elif codec not in container.codecs:
            names = ", ".join(container.codecs)
            raise InvalidInputError(f'a file "{out.suffix}" holds no {codec}: use one of {names}, or another ending')
        if CODECS[codec].crf is None and (encoding.crf is not None or encoding.bit_rate is not None):
            what = "a sequence or a GIF" if not container.muxer else codec
            raise InvalidInputError(f"{what} has neither crf nor bit_rate: leave them out")
        _check_encoder(CODECS[codec].encoder, codec)
        even = CODECS[codec].needs_even_sides
        rows, columns = (side + side % 2 if even else side for side in clip.size)
        has_alpha = clip.has_alpha and bool(CODECS[codec].with_alpha and container.transparent)
        return cls(
            codec, (rows, columns), clip.time_base, clip.rate, clip.aspect, clip.tags.written, has_alpha, encoding
        )

    @property
    def pixels(self) -> str:
        """FFmpeg's format of pixels."""
        codec = CODECS[self.codec]
        return codec.with_alpha if self.has_alpha else codec.pixels

    def options(self) -> dict[str, str]:
        """Options of the encoder."""
        codec, quality = CODECS[self.codec], self.encoding
        options = dict(codec.options)
        if codec.crf is not None and quality.bit_rate is None:
            options["crf"] = str(codec.crf if quality.crf is None else quality.crf)
        if self.codec == "vp9" and quality.bit_rate is None:
            options["b"] = "0"  # otherwise crf is a limit only
        if self.codec == "prores":
            options["profile"] = "4444" if self.has_alpha else "hq"
        return options


class Segment:
    """The file of some consecutive frames. It is complete once it has been closed."""

    def __init__(self, path: Path | BinaryIO, film: FilmFormat) -> None:
        """
        Args:
            path: the file, a Matroska; or one in memory.
            film: its format.

        Raises:
            InvalidInputError: it cannot be written (`FullDiskError`); so do the other functions.
        """
        is_path = isinstance(path, Path)
        self._film, self._where = film, f'segment "{path}"' if is_path else "a shot in memory"
        self._start = self._count = 0
        with written(self._where):
            self._container = pyav().open(f"file:{path}" if is_path else path, "w", format="matroska")
            self._stream = self._added()

    def _added(self) -> Any:
        """The stream of pictures."""
        film = self._film
        stream = self._container.add_stream(CODECS[film.codec].encoder, rate=film.rate, options=film.options())
        context = stream.codec_context
        stream.height, stream.width = film.size
        stream.pix_fmt = film.pixels
        stream.time_base = context.time_base = film.time_base
        context.thread_count = min(THREADS, max(1, film.size[0] // ROWS_OF_THREAD))
        context.sample_aspect_ratio = film.aspect
        if film.encoding.bit_rate is not None:
            stream.bit_rate = 1000 * film.encoding.bit_rate
        if "yuv" in film.pixels:
            context.colorspace, context.color_primaries = film.tags.matrix, film.tags.primaries
            context.color_trc, context.color_range = film.tags.transfer, film.tags.range
        return stream

    def write(self, rgb: Array, alpha: Array | None, time: int) -> None:
        """Encode a frame.

        Args:
            rgb: uint8 (h, w, 3), over white.
            alpha: uint8 (h, w), or None.
            time: in ticks, greater than that of the frame before.
        """
        if self._count == 0:
            self._start = time
        frame = _frame_of(rgb, alpha, self._film)
        frame.pts, frame.time_base = time - self._start, self._film.time_base
        with written(self._where):
            self._container.mux(self._stream.encode(frame))
        self._count += 1

    def close(self) -> None:
        """Encode what waits, and complete the file."""
        with written(self._where):
            self._container.mux(self._stream.encode(None))
            self._container.close()

    def discard(self) -> None:
        """Close, whether complete or not."""
        with contextlib.suppress(pyav().error.FFmpegError, OSError):
            self._container.close()


@contextlib.contextmanager
def written(where: str) -> Iterator[None]:
    """Convert errors of FFmpeg and of the system to one line that starts with `where`.

    Raises:
        InvalidInputError: the file cannot be written (`FullDiskError`).
    """
    with files.writing(where):
        try:
            yield
        except OSError:  # of which FFmpeg's own are some
            raise
        except pyav().error.FFmpegError as error:
            raise OSError(getattr(error, "errno", None) or 0, str(getattr(error, "strerror", error))) from error


def _check_encoder(encoder: str, codec: str) -> None:
    """Raise `InvalidInputError` where PyAV was built without an encoder; the wheels have all."""
    av = pyav()
    try:
        av.codec.Codec(encoder, "w")
    except av.codec.codec.UnknownCodecError as error:
        raise InvalidInputError(f"this PyAV has no {encoder}: choose another codec than {codec}") from error


def _frame_of(rgb: Array, alpha: Array | None, film: FilmFormat) -> Any:
    """A frame in the encoder's format of pixels, with one more row and column where its sides must be even."""
    av = pyav()
    pixels = rgb
    if film.has_alpha:
        opacity = np.full(rgb.shape[:2], 255, np.uint8) if alpha is None else alpha
        pixels = np.dstack([without_white(rgb, opacity), opacity])
    more = film.size[0] - rgb.shape[0], film.size[1] - rgb.shape[1]
    if any(more):
        pixels = np.pad(pixels, ((0, more[0]), (0, more[1]), (0, 0)), mode="edge")
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgba" if film.has_alpha else "rgb24")
    if "yuv" not in film.pixels:
        return frame.reformat(format=film.pixels)
    scaling = av.video.reformatter.Interpolation
    converted = frame.reformat(
        format=film.pixels,
        dst_colorspace=SWSCALE[film.tags.matrix],
        src_color_range=FULL,
        dst_color_range=film.tags.range,
        interpolation=scaling.BICUBIC | scaling.FULL_CHR_H_INP | scaling.ACCURATE_RND,
    )
    converted.colorspace, converted.color_range = film.tags.matrix, film.tags.range
    converted.color_primaries, converted.color_trc = film.tags.primaries, film.tags.transfer
    return converted
