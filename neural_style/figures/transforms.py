"""Pictures computed from pictures: (H, W, 3), RGB in 0..255, uint8 or float; float where values are not whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from neural_style import images
from neural_style.color_transfer import match_colors, transfer_color
from neural_style.figures.setup import size_at
from neural_style.images import LUMA

Array = np.ndarray[Any, Any]


def cropped(picture: Array, *, box: tuple[float, float, float, float]) -> Array:
    """The part within `box`: top, left, bottom and right, as fractions of the sides."""
    height, width = picture.shape[:2]
    top, left, bottom, right = box
    part: Array = picture[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]
    return part


def resized(picture: Array, *, rows: int) -> Array:
    """The picture as a run of that many rows sees it."""
    return images.resize(picture.astype(np.float32), size_at(picture, rows))


def inverted(picture: Array) -> Array:
    """255 - x: the complement of a mask."""
    complement: Array = 255 - picture
    return complement


def painted_at_once(photo: Array, painting: Array, *, rows: int) -> Array:
    """The photo in the style of the painting by the embedded feed-forward network, in one pass."""
    from neural_style.feedforward import Painter  # which starts the backend

    painter = Painter()
    height, width = size_at(photo, rows)
    content = images.to_uint8(images.resize(photo.astype(np.float32), (height, width)))
    return painter.paint(content, painter.style(images.to_uint8(painting)), size=rows).image


def luminance(picture: Array) -> Array:
    """Y of ITU-R BT.601, in all three channels (Gatys et al. 2016, arXiv:1606.05897, section 4)."""
    grey: Array = np.repeat((picture @ LUMA)[..., None], 3, axis=-1).astype(np.float32)
    return grey


def chroma(picture: Array) -> Array:
    """The picture minus its luminance, plus 128: the colour that I and Q of YIQ hold, on middle grey."""
    colour: Array = np.clip(picture - luminance(picture) + 128, 0, 255)
    return colour


def recombined(grey: Array, colour: Array) -> Array:
    """The luminance of `grey` with the chroma of `colour`, a picture of the same scene, resized to fit."""
    colour = images.resize(colour.astype(np.float32), grey.shape[:2])
    combined: Array = np.clip(luminance(grey) + colour - luminance(colour), 0, 255)
    return combined


def matched_luminance(style: Array, content: Array) -> Array:
    """`L' = sigma_C / sigma_S (L_S - mu_S) + mu_C` (arXiv:1606.05897, section 4), in all three channels."""
    start, goal = luminance(style), luminance(content)
    scaled = (start - start.mean()) * (goal.std() / max(float(start.std()), 1e-3)) + goal.mean()
    matched: Array = np.clip(scaled, 0, 255).astype(np.float32)
    return matched


def matched_colours(picture: Array, reference: Array, *, method: str) -> Array:
    """The picture in the colours of another; see `neural_style.color_transfer.match_colors`."""
    return match_colors(picture, reference, method=method)


def recoloured(picture: Array, content: Array, *, method: str) -> Array:
    """A finished picture in the colours of its content; see `neural_style.color_transfer.transfer_color`."""
    return transfer_color(content, picture, method=method)


TRANSFORMS: dict[str, Callable[..., Array]] = {
    function.__name__: function
    for function in (
        cropped,
        resized,
        inverted,
        painted_at_once,
        luminance,
        chroma,
        recombined,
        matched_luminance,
        matched_colours,
        recoloured,
    )
}
