"""Initial images that are made from nothing but numbers: noise, and noise in the colours of the paintings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.images import Picture
from neural_style.images.transparency import visible_pixels
from neural_style.inputs import Inputs, Style
from neural_style.runs.settings import Run

DRAWN = ("noise", "style_stats")
"""Initial images that are drawn at the size at which a run starts."""


def start_image(start: Picture | None, inputs: Inputs, run: Run, size: tuple[int, int]) -> np.ndarray:
    """The first pastiche, float32 (rows, columns, 3), RGB in 0..255.

    Args:
        start: the initial picture, None for one of `DRAWN`.
        inputs: content and styles.
        run: which of `DRAWN`, and the seed.
        size: rows and columns.
    """
    if start is not None:
        images.warn_of_other_shape("initial image", start.size, "content", inputs.content.canvas.size)
        return images.resize(start.rgb, size).astype(np.float32)
    rng = np.random.default_rng(run.seed)
    if run.init == "noise":
        return rng.uniform(0, 255, (*size, 3)).astype(np.float32)
    mean, variance = channel_statistics(inputs.styles)
    return truncated_normal(rng, mean, np.sqrt(variance), size)


def check_styles(styles: Sequence[Style]) -> None:
    """Raise `InvalidInputError` where `style_stats` has no painting."""
    if not any(style.weight for style in styles):
        raise InvalidInputError("init style_stats needs a painting with a weight above 0: use noise without one")


def channel_statistics(styles: Sequence[Style]) -> tuple[np.ndarray, np.ndarray]:
    """`sum_j w_j m_j / sum_j w_j`, and likewise of the variances: of the channels of some paintings of weights w_j.

    Source: crowsonkb/style-transfer-pytorch. Of a transparent painting only visible pixels count.

    Returns:
        Means and variances, (3,) each, float64, in grey levels and their square.
    """
    means, variances, weights = [], [], [style.weight for style in styles]
    for style in styles:
        picture = style.shown
        is_seen = np.ones(picture.size, bool) if picture.alpha is None else visible_pixels(picture.alpha)
        pixels = picture.rgb[is_seen].astype(np.float64)
        means.append(pixels.mean(axis=0))
        variances.append(pixels.var(axis=0))
    return np.average(means, axis=0, weights=weights), np.average(variances, axis=0, weights=weights)


def truncated_normal(
    rng: np.random.Generator, mean: np.ndarray, deviation: np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    """Independent pixels, normal in each channel on the condition that they lie in 0..255.

    With the normal distribution function P and `a, b = P((0 - m) / s), P((255 - m) / s)` a value is
    `m + s P^-1(a + u (b - a))`, u being uniform in 0..1.

    Args:
        rng: source of u.
        mean, deviation: m and s of each channel, (3,), in grey levels.
        size: rows and columns.

    Returns:
        float32 (rows, columns, 3).
    """
    from scipy.special import ndtr, ndtri

    deviation = np.maximum(deviation, 1e-3)  # of a painting of one colour
    low, high = (ndtr((end - mean) / deviation) for end in (0.0, 255.0))
    drawn = mean + deviation * ndtri(low + rng.uniform(size=(*size, 3)) * (high - low))
    return np.asarray(np.clip(drawn, 0, 255), np.float32)
