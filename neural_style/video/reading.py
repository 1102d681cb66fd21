"""Frames of a clip one after the other: upright, RGB, with times that grow."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.images.reading import decode
from neural_style.images.transparency import over_white
from neural_style.video.clip import Clip, container_of, decoded, video_stream
from neural_style.video.colors import BT2020, FULL, SWSCALE, standard_range
from neural_style.video.packages import pyav

Array = np.ndarray[Any, Any]


JUMP = 3
"""Usual durations by which times must go back to be those of another file, joined to the end of the first."""


class Frame(NamedTuple):
    """One frame.

    Attributes:
        rgb: uint8 (h, w, 3) in display order, over white.
        alpha: uint8 (h, w); None without transparency.
        time: in ticks of the clip.
    """

    rgb: Array
    alpha: Array | None
    time: int


class Reader:
    """The frames of a clip, of which one is in memory at a time.

    Attributes:
        damage: what could not be read, an entry each.
        shifts: seconds added to all times from a jump back on, an entry for each jump.
    """

    def __init__(self, clip: Clip) -> None:
        self.clip = clip
        self.damage: list[str] = []
        self.shifts: list[Fraction] = []

    def frames(self, *, skip: int = 0, until: Fraction | None = None) -> Iterator[Frame]:
        """The frames in display order.

        Args:
            skip: leave out the first ones, which are decoded all the same: later ones build on them.
            until: seconds after which no frame begins.

        Raises:
            InvalidInputError: a picture of a sequence cannot be read, or has another size.
        """
        limit = None if until is None else until / self.clip.time_base
        found = self._pictures(skip, limit) if self.clip.numbers else self._film(skip, limit)
        for rgb, alpha, time in found:
            yield Frame(rgb if alpha is None else over_white(rgb, alpha), alpha, time)

    def _film(self, skip: int, limit: Fraction | None) -> Iterator[tuple[Array, Array | None, int]]:
        clip = self.clip
        with container_of(clip.path) as container:
            stream = video_stream(container, clip.where)
            offset, last = round(clip.start / clip.time_base), None
            usual = max(1, round(1 / clip.rate / clip.time_base))
            for index, frame in enumerate(decoded(container, stream, clip.decoder, self.damage)):
                time = _time(frame, clip, index) - offset
                if last is not None and (last - time) * clip.time_base > jump_of(clip.rate):
                    offset -= last + usual - time
                    time = last + usual
                    self.shifts.append(clip.start - offset * clip.time_base)
                elif last is not None and time <= last:  # of damaged files: a container takes growing times only
                    time = last + 1
                last = time
                if limit is not None and time >= limit:
                    return
                if index >= skip:
                    yield *self._pixels(frame), time

    def _pixels(self, frame: Any) -> tuple[Array, Array | None]:
        """Straight colours and alpha of a decoded frame, upright and in the size of the clip."""
        av, clip = pyav(), self.clip
        matrix, turns = SWSCALE[clip.tags.matrix], frame.rotation // 90 % 4
        rows, columns = clip.size if turns % 2 == 0 else clip.size[::-1]
        kind = "rgb48le" if clip.tags.hdr else "rgba" if clip.has_alpha else "rgb24"
        scaling = av.video.reformatter.Interpolation
        converted = frame.reformat(
            width=columns,
            height=rows,
            format=kind,
            src_colorspace=SWSCALE[BT2020] if clip.tags.hdr else matrix,
            src_color_range=clip.tags.range,
            dst_color_range=FULL,
            interpolation=scaling.BICUBIC | scaling.FULL_CHR_H_INT | scaling.FULL_CHR_H_INP | scaling.ACCURATE_RND,
        ).to_ndarray()
        upright: Array = np.ascontiguousarray(np.rot90(converted, turns))
        if clip.tags.hdr:
            return standard_range(upright, clip.tags.transfer), None
        if not clip.has_alpha:
            return upright, None
        return np.ascontiguousarray(upright[..., :3]), np.ascontiguousarray(upright[..., 3])

    def _pictures(self, skip: int, limit: Fraction | None) -> Iterator[tuple[Array, Array | None, int]]:
        clip = self.clip
        for index, number in enumerate(clip.numbers):
            if limit is not None and index >= limit:
                return
            if index < skip:
                continue
            found = decode(clip.picture(number), what="picture")
            if found.colors.shape[:2] != clip.size:
                rows, columns = found.colors.shape[:2]
                raise InvalidInputError(
                    f"{found.where} has {rows} x {columns} pixels and the first has {clip.size[0]} x {clip.size[1]}: "
                    "bring all to one size"
                )
            alpha = None
            if clip.has_alpha:
                alpha = np.full(clip.size, 255, np.uint8) if found.alpha is None else _rounded(found.alpha)
            elif found.alpha is not None:
                yield images.to_uint8(over_white(found.colors, found.alpha)), None, index
                continue
            yield images.to_uint8(found.colors), alpha, index


def jump_of(rate: Fraction) -> Fraction:
    """Seconds by which times must go back to be a jump, and no damage."""
    return JUMP / rate


def _time(frame: Any, clip: Clip, index: int) -> int:
    """The time of a frame in ticks of the clip; files without times get even ones."""
    if frame.pts is None:
        return round(index / clip.rate / clip.time_base)
    base = frame.time_base or clip.time_base
    return int(frame.pts) if base == clip.time_base else round(frame.pts * base / clip.time_base)


def _rounded(alpha: Array) -> Array:
    rounded: Array = np.rint(alpha).astype(np.uint8)
    return rounded
