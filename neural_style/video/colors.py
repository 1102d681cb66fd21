"""Colours of video: matrix, range and tags of Y'CbCr, and high dynamic range brought to the standard one.

Codes of matrix, primaries and transfer are those of ITU-T H.273, which containers and FFmpeg share.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple, Self

import numpy as np

Array = np.ndarray[Any, Any]

BT709, UNSPECIFIED, BT470BG, BT601, SMPTE240M, BT2020 = 1, 2, 5, 6, 7, 9
"""Codes of matrices and primaries; 470BG and 601 have the same matrix."""

PQ, HLG = 16, 18
"""Codes of the transfer functions of HDR: SMPTE ST 2084, and ARIB STD-B67."""

LIMITED, FULL = 1, 2
"""Luma in 16..235, or in 0..255."""

SWSCALE = {BT709: 1, BT470BG: 5, BT601: 5, SMPTE240M: 7, BT2020: 9, 10: 9, 4: 4}
"""Numbers of the matrices in FFmpeg's swscale."""

HD_ROWS = 576
"""Untagged films with more rows, or with at least `HD_COLUMNS` columns, are BT.709 for players, and others BT.601."""

HD_COLUMNS = 1280

DIFFUSE_WHITE = 203.0
"""Luminance of diffuse white in HDR, in cd/m2 (ITU-R BT.2408)."""

HLG_PEAK, HLG_GAMMA = 1000.0, 1.2
"""Luminance of a nominal HLG display, and its system gamma (ITU-R BT.2100)."""

KNEE = 0.7
"""Luminance from which highlights are compressed, in units of diffuse white."""

DISPLAY_GAMMA = 2.4
"""Of displays of the standard range (ITU-R BT.1886)."""

FROM_2020_TO_709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
)
"""Linear RGB of BT.2020 in the primaries of BT.709 (ITU-R BT.2407)."""


class Tags(NamedTuple):
    """Colour tags of a film.

    Attributes:
        matrix, primaries, transfer: codes of H.273.
        range: `LIMITED` or `FULL`.
    """

    matrix: int
    primaries: int
    transfer: int
    range: int

    @classmethod
    def of_frame(cls, frame: Any) -> Self:
        """The tags of a decoded frame; those that are missing, or that belong to RGB, as players guess them."""
        guess = cls.of_size((frame.height, frame.width))
        matrix, primaries, transfer = int(frame.colorspace), int(frame.color_primaries), int(frame.color_trc)
        return cls(
            matrix if matrix in SWSCALE else guess.matrix,
            primaries if primaries not in (0, UNSPECIFIED) else guess.primaries,
            transfer if transfer not in (0, UNSPECIFIED) else guess.transfer,
            FULL if int(frame.color_range) == FULL or _is_full(frame.format.name) else LIMITED,
        )

    @classmethod
    def of_size(cls, size: tuple[int, int]) -> Self:
        """The tags that players assume for an untagged film of (rows, columns)."""
        guess = BT709 if size[0] > HD_ROWS or size[1] >= HD_COLUMNS else BT601
        return cls(guess, guess, guess, LIMITED)

    @property
    def hdr(self) -> str:
        """`PQ` or `HLG`; empty for films of the standard range."""
        return {PQ: "PQ", HLG: "HLG"}.get(self.transfer, "")

    @property
    def written(self) -> Self:
        """The tags of the result: those of the source, but of HDR, which becomes BT.709; limited range."""
        if self.hdr:
            return type(self)(BT709, BT709, BT709, LIMITED)
        matrix = BT2020 if SWSCALE[self.matrix] == SWSCALE[BT2020] else self.matrix
        return self._replace(matrix=matrix, range=LIMITED)


def _is_full(name: str) -> bool:
    """Whether FFmpeg's pixel format of this name has the full range by definition: JPEG's, RGB and palettes."""
    return name.startswith("yuvj") or "rgb" in name or "bgr" in name or name.startswith(("gbr", "pal8"))


def standard_range(samples: Array, transfer: int) -> Array:
    """A frame of HDR as R'G'B' of BT.709, uint8 (h, w, 3).

    The samples become luminances in units of diffuse white; what is brighter than `KNEE` is compressed by
    `k + (1 - k)(1 - exp(-(x - k) / (1 - k)))` of the largest channel x, which keeps hue; primaries are converted, and
    the result is encoded for a display of gamma 2.4.

    Args:
        samples: uint16 (h, w, 3), R'G'B' of BT.2020 in 0..65535.
        transfer: `PQ` or `HLG`.
    """
    light = _curve(transfer)[samples]
    if transfer == HLG:  # the OOTF of BT.2100: luminance to the power of 1.2 at a display of 1000 cd/m2
        luminance = light @ np.array([0.2627, 0.678, 0.0593], np.float32)
        gain = np.maximum(luminance, 1e-6) ** (HLG_GAMMA - 1) * (HLG_PEAK / DIFFUSE_WHITE)
        light = light * gain[..., None].astype(np.float32)
    light = np.clip(light @ FROM_2020_TO_709.T, 0, None)
    largest = np.maximum(light.max(axis=-1, keepdims=True), 1e-6)
    compressed = KNEE + (1 - KNEE) * (1 - np.exp(-(np.maximum(largest, KNEE) - KNEE) / (1 - KNEE)))
    light = light * np.where(largest > KNEE, compressed / largest, 1)
    encoded: Array = np.rint(255 * np.clip(light, 0, 1) ** (1 / DISPLAY_GAMMA)).astype(np.uint8)
    return encoded


@functools.cache
def _curve(transfer: int) -> Array:
    """Linear light of each of the 65536 values of a sample: of PQ in units of diffuse white, of HLG in 0..1.

    Reference: ITU-R BT.2100, tables 4 (EOTF of PQ) and 5 (inverse OETF of HLG).
    """
    value = np.arange(65536) / 65535
    if transfer == PQ:
        m1, m2 = 2610 / 16384, 2523 / 4096 * 128
        c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
        root = value ** (1 / m2)
        light = 10000 / DIFFUSE_WHITE * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
    else:
        a = 0.17883277
        b, c = 1 - 4 * a, 0.5 - a * np.log(4 * a)
        light = np.where(value <= 0.5, value**2 / 3, (np.exp((value - c) / a) + b) / 12)
    return light.astype(np.float32)
