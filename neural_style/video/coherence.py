"""Which pixels of a frame can be followed to an earlier one, and where a shot ends.

Formulas are those of Ruder, Dosovitskiy & Brox 2016 (arXiv:1604.08610, section 3.2), which come from Sundaram, Brox &
Keutzer 2010. On the grid of the later frame, with the backward flow u^ from it to the earlier frame, and the forward
flow w of the earlier frame brought here, w~(x) = w(x + u^(x)), a pixel is occluded where

    |w~ + u^|^2 > 0.01 (|w~|^2 + |u^|^2) + 0.5          (5: there and back leads elsewhere)

or where the flow leads out of the frame; and the flow may be wrong, at the boundary of a motion, where

    |grad u^|^2 + |grad v^|^2 > 0.01 |u^|^2 + 0.002     (6).

The paper follows no pixel at such a boundary. Here those that lead to a pixel of the same colour are followed: a seam
around each moving thing would be painted anew in every frame, and flicker.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from neural_style.images.warping import inside, warp
from neural_style.video.flow import Flow

Array = np.ndarray[Any, Any]

RELATIVE, DISOCCLUSION, BOUNDARY = 0.01, 0.5, 0.002
"""Constants of equations 5 and 6, the first of both; squared pixels."""

CUT = 0.3
"""A new shot starts where a smaller share of the pixels that the flow leaves in the frame is followed, lit alike."""

LIGHT = 60.0
"""Grey levels by which a pixel that is followed may change before it counts as another: two flat pictures, and so a
scene and a black frame, have a consistent flow of zero."""

ALIKE = 8.0
"""Grey levels by which a pixel differs from another of the same colour."""

BINS, OTHER_COLORS = 8, 0.25
"""Of each channel, for a histogram; and the share of pixels that change their bin from shot to shot. From 64 rows on it
is 0.15 at most within a shot, so that a motion too fast to follow starts none, and 0.34 at least between samples."""

MOST_SHIFT = 0.5
"""Grey levels by which a frame is brought back: drift is slow, and a larger shift would cost more of the loss."""

FILLED = 1 / 16
"""Distance, in longer sides of a frame, up to which a painting is continued where something came into view. Longer
streaks take part in the picture: without a limit, a fast pan had 3 % more flicker."""

SHARE = 0.5
"""delta, the share of the neighbour in the start of a later pass, as in the authors' program (`-blendWeight 1`)."""


class Motion(NamedTuple):
    """How a frame follows from an earlier one.

    Attributes:
        flow: from the frame to the earlier one, float32 (H, W, 2).
        followed: bool (H, W), where the earlier painting may stay.
        is_cut: whether the frames belong to different shots.
    """

    flow: Array
    followed: Array
    is_cut: bool


def motion(frame: Array, earlier: Array, flow: Flow) -> Motion:
    """The motion between two frames, by two estimates of the flow.

    Args:
        frame, earlier: uint8 (H, W, 3).
        flow: estimates it, see `neural_style.video.flow`.
    """
    backward, forward = flow(frame, earlier), flow(earlier, frame)
    seen = inside(backward)
    changes = np.abs(warp(earlier, backward) - frame).mean(axis=-1)
    followed = seen & is_consistent(forward, backward) & (is_smooth(backward) | (changes < ALIKE))
    is_cut = _is_cut(int((followed & (changes < LIGHT)).sum()), int(seen.sum()), frame, earlier)
    return Motion(backward, followed, is_cut)


def begins_shot(frame: Array, earlier: Array, flow: Flow) -> bool:
    """`motion(...).is_cut`; the flow is estimated only where the colours are others, which is rare within a shot."""
    return _has_other_colors(frame, earlier) and motion(frame, earlier, flow).is_cut


def _is_cut(followed: int, seen: int, frame: Array, earlier: Array) -> bool:
    """Whether too few pixels of those in sight are found in the earlier frame, and its colours are others."""
    return not followed >= CUT * seen > 0 and _has_other_colors(frame, earlier)


def _has_other_colors(frame: Array, earlier: Array) -> bool:
    return float(np.abs(_histogram(frame) - _histogram(earlier)).sum()) / 2 > OTHER_COLORS


def _histogram(frame: Array) -> Array:
    """The share of pixels in each of `BINS`^3 colours."""
    bins = (frame // (256 // BINS)).astype(np.int64) @ np.array([BINS**2, BINS, 1])
    found: Array = np.bincount(bins.ravel(), minlength=BINS**3) / bins.size
    return found


def is_consistent(forward: Array, backward: Array) -> Array:
    """Where the two flows agree, by equation 5: bool (H, W), on the grid of the later frame.

    Example:
        >>> import numpy as np
        >>> from neural_style.video.coherence import is_consistent
        >>> right, left = np.full((8, 8, 2), [3.0, 0.0]), np.full((8, 8, 2), [-3.0, 0.0])
        >>> bool(is_consistent(right, left).all()), bool(is_consistent(right, right).any())
        (True, False)

    Args:
        forward: from the earlier frame to the later one, (H, W, 2).
        backward: from the later frame to the earlier one, (H, W, 2).
    """
    there = warp(forward, backward)
    found: Array = _squared(there + backward) <= RELATIVE * (_squared(there) + _squared(backward)) + DISOCCLUSION
    return found


def is_smooth(backward: Array) -> Array:
    """Where a flow (H, W, 2) is no boundary of a motion, by equation 6: bool (H, W)."""
    down, across = np.gradient(backward, axis=(0, 1))
    found: Array = _squared(down) + _squared(across) <= RELATIVE * _squared(backward) + BOUNDARY
    return found


def without_drift(painted: Array, warped: Array, frame: Array, earlier: Array, trusted: Array) -> Array:
    """A painted frame whose mean colour, over what can be followed, changes no more than the video's.

    An optimisation that starts from the last frame descends a little further in each, and colours drift with it: by
    `d = mean(painted - warped)`, of which the video itself explains what lies between 0 and `mean(frame - earlier)`.
    Each channel is shifted by the rest, and by no more than `MOST_SHIFT`: what comes into view may change the others at
    once.

    Args:
        painted: float32 (H, W, 3).
        warped: the painted frame before, warped to this one.
        frame: of the video.
        earlier: the video's frame before, warped to this one.
        trusted: bool (H, W).

    Returns:
        float32 (H, W, 3) in 0..255.
    """
    if not trusted.any():
        return painted
    change = (painted - warped)[trusted].mean(axis=0, dtype=np.float64)
    allowed = (frame - earlier)[trusted].mean(axis=0, dtype=np.float64)
    shift = np.clip(np.clip(change, np.minimum(allowed, 0), np.maximum(allowed, 0)) - change, -MOST_SHIFT, MOST_SHIFT)
    shifted: Array = np.clip(painted + shift, 0, 255).astype(np.float32)
    return shifted


def long_term_weights(trusted: Sequence[np.ndarray]) -> list[np.ndarray]:
    """`c_long(j) = max(c(j) - sum over nearer frames k of c(k), 0)`: each pixel is compared with the nearest frame in
    which it was seen.

    Ruder, Dosovitskiy & Brox 2016, equation 9.

    Example:
        >>> import numpy as np
        >>> near, far = np.array([1.0, 0.0, 0.0]), np.array([1.0, 1.0, 0.0])
        >>> [weights.tolist() for weights in long_term_weights([near, far])]
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]

    Args:
        trusted: c(j) of each earlier frame, in 0..1, nearest first; arrays of one shape.

    Returns:
        As many, float32.
    """
    total = np.zeros(np.shape(trusted[0]), np.float32)
    found = []
    for each in trusted:
        weights = np.asarray(each, np.float32)
        found.append(np.maximum(weights - total, 0))
        total = total + weights
    return found


def long_term_target(warped: Sequence[np.ndarray], weights: Sequence[np.ndarray]) -> tuple[Any, Any]:
    """One frame and its weights in place of several: `sum_j c_j (x - w_j)^2 = c (x - w)^2 + constant`, with
    `c = sum_j c_j` and `w = sum_j c_j w_j / c`.

    So an objective has one temporal term, whatever the number of frames before, and its program stays the same.

    Args:
        warped: w_j, (H, W, 3).
        weights: c_j, (H, W), from `long_term_weights`.

    Returns:
        w (H, W, 3), which is the first w_j where all weights are 0, and c (H, W); float32.
    """
    total = np.sum(np.asarray(weights, np.float32), axis=0)
    mean = sum(each[..., None] * frame for each, frame in zip(weights, warped, strict=True))
    known = np.where(total > 0, total, 1)[..., None]
    return np.where(total[..., None] > 0, mean / known, warped[0]).astype(np.float32), total


def filled(warped: Array, trusted: Array, frame: Array) -> Array:
    """A start for a frame: the warped painting, and where it is not trusted its nearest trusted pixel.

    The few iterations of a later frame leave spots of the photo where they start from it, so only pixels further away
    than `FILLED` do.

    Example:
        >>> import numpy as np
        >>> from neural_style.video.coherence import filled
        >>> warped = np.arange(32.0)[None, :, None]
        >>> filled(warped, warped[..., 0] < 2, np.full((1, 32, 1), 50))[0, :5, 0].tolist()
        [0.0, 1.0, 1.0, 1.0, 50.0]

    Args:
        warped: an earlier painted frame on this one, (H, W, C).
        trusted: bool (H, W).
        frame: of the video, (H, W, C).

    Returns:
        float32 (H, W, C).
    """
    from scipy.ndimage import distance_transform_edt  # takes long to import

    if not trusted.any():
        return frame.astype(np.float32)
    distances, places = distance_transform_edt(~trusted, return_indices=True)
    is_near = distances <= FILLED * max(trusted.shape)
    start: Array = np.where(is_near[..., None], warped[tuple(places)], frame).astype(np.float32)
    return start


def blended(own: Array, warped: Array, trusted: Array, share: float = SHARE) -> Array:
    """`delta c w + (1 - delta c) x`: the start of a frame in a later pass over its shot.

    Ruder, Dosovitskiy & Brox 2016, section 3.4.

    Example:
        >>> import numpy as np
        >>> from neural_style.video.coherence import blended
        >>> own, warped = np.full((1, 2, 1), 10.0), np.full((1, 2, 1), 20.0)
        >>> blended(own, warped, np.array([[1, 0]]))[0, :, 0].tolist()
        [15.0, 10.0]

    Args:
        own: x, the frame's own last result, (H, W, 3).
        warped: w, its neighbour's in this pass, warped to it, (H, W, 3).
        trusted: c, in 0..1, (H, W).
        share: delta, in 0..1.

    Returns:
        float32 (H, W, 3).
    """
    weights = np.float32(share) * np.asarray(trusted, np.float32)[..., None]
    start: Array = (weights * warped + (1 - weights) * own).astype(np.float32)
    return start


def relative_weight(strength: float, reference: float) -> float:
    """The weight of a mean squared difference that costs `strength` times the loss `reference` at `UNIT`.

    `UNIT`, 10 grey levels everywhere, is that of `neural_style.losses.temporal`.

    Args:
        strength: gamma, without unit.
        reference: loss of the first frame of the shot, which has no temporal term.
    """
    from neural_style.losses.temporal import UNIT  # starts Keras

    return strength * reference / UNIT


def _squared(vectors: Array) -> Array:
    """The squared length of each of (H, W, 2)."""
    lengths: Array = np.square(vectors).sum(axis=-1)
    return lengths
