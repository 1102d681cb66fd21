"""Pictures computed from pictures: (H, W, 3), RGB in 0..255, to the same; float32 where not all is whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neural_style import images
from neural_style.color_transfer import match_colors, transfer_color
from neural_style.images import LUMA

Array = np.ndarray[Any, Any]


def cropped(picture: Array, *, box: tuple[float, float, float, float]) -> Array:
    """The part from top and left to bottom and right, each in parts of the side."""
    height, width = picture.shape[:2]
    top, left, bottom, right = box
    part: Array = picture[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]
    return part


def inverted(picture: Array) -> Array:
    """Black for white: where a mask does not act."""
    other: Array = 255 - picture
    return other


def luminance(picture: Array) -> Array:
    """Y of ITU-R BT.601, in all three channels (Gatys et al. 2016, arXiv:1606.05897, section 4)."""
    bright: Array = np.repeat((picture @ LUMA)[..., None], 3, axis=-1).astype(np.float32)
    return bright


def chroma(picture: Array) -> Array:
    """The picture without its luminance, on a middle grey: what I and Q of YIQ hold."""
    coloured: Array = np.clip(picture - luminance(picture) + 128, 0, 255)
    return coloured


def recombined(bright: Array, coloured: Array) -> Array:
    """The luminance of one picture with the colours of another of the same scene, which is brought to its size."""
    coloured = images.resize(coloured.astype(np.float32), bright.shape[:2])
    both: Array = np.clip(luminance(bright) + coloured - luminance(coloured), 0, 255)
    return both


def matched_luminance(style: Array, content: Array) -> Array:
    """`L' = sigma_C / sigma_S (L_S - mu_S) + mu_C` (arXiv:1606.05897, section 4), in all three channels."""
    of_style, of_content = luminance(style), luminance(content)
    scaled = (of_style - of_style.mean()) * (of_content.std() / max(float(of_style.std()), 1e-3)) + of_content.mean()
    matched: Array = np.clip(scaled, 0, 255).astype(np.float32)
    return matched


def matched_colours(picture: Array, reference: Array, *, method: str) -> Array:
    """The picture with the colours of another one; see `neural_style.color_transfer.match_colors`."""
    return match_colors(picture, reference, method=method)


def recoloured(picture: Array, content: Array, *, method: str) -> Array:
    """A finished picture in the colours of its content; see `neural_style.color_transfer`."""
    return transfer_color(content, picture, method=method)


TRANSFORMS: dict[str, Callable[..., Array]] = {
    function.__name__: function
    for function in (
        cropped,
        inverted,
        luminance,
        chroma,
        recombined,
        matched_luminance,
        matched_colours,
        recoloured,
    )
}
