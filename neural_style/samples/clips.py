"""Sample clips: a photo under a moving camera, with the exact flow, and the exact places that come into view."""

from __future__ import annotations

from math import cos, radians, sin
from typing import Any, NamedTuple

import numpy as np

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.images.warping import inside, warp
from neural_style.validation import check_choice, check_count

Array = np.ndarray[Any, Any]

MOTIONS = ("pan", "fast_pan", "zoom", "rotation", "layer", "still")

SPARE = 1.5
"""Rows of the photo in rows of the frame: what the camera can move over; beyond its border the photo is mirrored."""

STEPS = {"pan": (2.3, 1.1), "fast_pan": (9.7, 4.3), "layer": (2.3, 1.1), "still": (0.0, 0.0)}
"""Pixels that the camera moves in a frame, right and down; fractions, so that every pixel is interpolated."""

ZOOM, DEGREES = 0.985, 1.0
"""Of a frame: the factor of the camera's field of view, and its turn."""

LAYER, LAYER_STEP = 0.3, (3, 1)
"""Side of the moving layer in rows of the frame, and pixels that it moves in a frame, right and down."""


class SampleClip(NamedTuple):
    """A clip whose motion is known.

    Attributes:
        frames: uint8 (n, H, W, 3).
        flows: float32 (n - 1, H, W, 2), from each frame but the first to the one before: pixel (x, y) was at
            (x + u, y + v).
        valid: bool (n - 1, H, W), where a pixel can be seen in the frame before, with all pixels that it is
            interpolated from.
        occluded: bool (n - 1, H, W), where something else was in front of it there.
    """

    frames: Array
    flows: Array
    valid: Array
    occluded: Array


def clip(photo: Array, motion: str, *, frames: int = 20, size: tuple[int, int] = (64, 96)) -> SampleClip:
    """A clip of a photo, with exact flow.

    Example:
        >>> from neural_style.samples import sample
        >>> from neural_style.samples.clips import clip
        >>> found = clip(sample("cat"), "pan", frames=3, size=(24, 36))
        >>> found.frames.shape, found.flows[0, 5, 5].tolist()
        ((3, 24, 36, 3), [2.2..., 1.1...])

    Args:
        photo: (h, w, 3), RGB in 0..255.
        motion: `pan`, `fast_pan`, `zoom` and `rotation` of the camera, `still`, or `layer`, in which a square of the
            photo moves over its pan.
        frames: how many.
        size: rows and columns of a frame.

    Raises:
        InvalidInputError: there is no such motion, or a number is impossible.
    """
    check_choice("motion", motion, MOTIONS)
    check_count("frames", frames, at_least=1)
    if min(size) < 8:
        raise InvalidInputError(f"frames of a sample clip have at least 8 rows and columns, received {size}")
    scale = SPARE * max(size[0] / photo.shape[0], size[1] / photo.shape[1])
    world = (round(photo.shape[0] * scale), round(photo.shape[1] * scale))
    picture = images.resize(photo, world).astype(np.float32)
    cameras = [_camera(motion, index, size, world) for index in range(frames)]
    pictures = np.stack([images.to_uint8(_seen(picture, camera, size)) for camera in cameras])
    flows = np.zeros((max(frames - 1, 0), *size, 2), np.float32)
    for index in range(1, frames):
        flows[index - 1] = _flow(cameras[index - 1], cameras[index], size)
    valid = np.array([inside(flow) for flow in flows], bool).reshape(len(flows), *size)
    found = SampleClip(pictures, flows, valid, np.zeros_like(valid))
    return _with_layer(found, images.to_uint8(picture)) if motion == "layer" else found


def _camera(motion: str, index: int, size: tuple[int, int], world: tuple[int, int]) -> Array:
    """The affine map (3, 3) from a frame's pixel (x, y, 1) to that of the photo."""
    if motion in STEPS:
        across, down = (8 + step * index for step in STEPS[motion])
        return np.array([[1, 0, across], [0, 1, down], [0, 0, 1]])
    angle = radians(DEGREES * index) if motion == "rotation" else 0.0
    zoom = 1.25 * ZOOM**index if motion == "zoom" else 1.0
    a, b = zoom * cos(angle), zoom * sin(angle)
    (rows, columns), (height, width) = size, world
    # The middle of the frame stays at that of the photo.
    across = (width - 1) / 2 - a * (columns - 1) / 2 + b * (rows - 1) / 2
    down = (height - 1) / 2 - b * (columns - 1) / 2 - a * (rows - 1) / 2
    return np.array([[a, -b, across], [b, a, down], [0, 0, 1]])


def _seen(picture: Array, camera: Array, size: tuple[int, int]) -> Array:
    """The frame of a camera, by cubic splines; float32."""
    from scipy.ndimage import map_coordinates  # takes long to import

    places = (_pixels(size) @ camera.T)[..., 1::-1].transpose(2, 0, 1)
    channels = [map_coordinates(picture[..., c], places, order=3, mode="mirror") for c in range(3)]
    seen: Array = np.clip(np.stack(channels, axis=-1), 0, 255).astype(np.float32)
    return seen


def _flow(before: Array, after: Array, size: tuple[int, int]) -> Array:
    """Where each pixel of the later frame was in the earlier one, minus where it is."""
    pixels = _pixels(size)
    flow: Array = (pixels @ (np.linalg.inv(before) @ after).T - pixels)[..., :2].astype(np.float32)
    return flow


def _pixels(size: tuple[int, int]) -> Array:
    """(x, y, 1) of each pixel, (H, W, 3)."""
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float64)
    return np.stack([x, y, np.ones(size)], axis=-1)


def _with_layer(clip: SampleClip, picture: Array) -> SampleClip:
    """The same behind a square that moves by itself."""
    count, (rows, columns) = len(clip.frames), clip.frames.shape[1:3]
    side = round(LAYER * rows)
    square = picture[-side:, -side:]
    is_layer = np.zeros((count, rows, columns), bool)
    places = [_layer_place(index, (rows, columns), side) for index in range(count)]
    for index, (frame, (top, left)) in enumerate(zip(clip.frames, places, strict=True)):
        frame[top : top + side, left : left + side] = square
        is_layer[index, top : top + side, left : left + side] = True
        if index:
            step = np.subtract(places[index - 1], (top, left))
            clip.flows[index - 1][is_layer[index]] = step[::-1]
    for index, flow in enumerate(clip.flows):
        share, owner = warp(is_layer[index], flow), is_layer[index + 1]
        clip.occluded[index] = clip.valid[index] & ((share > 0.5) != owner)
        clip.valid[index] &= share == owner
    return clip


def _layer_place(index: int, size: tuple[int, int], side: int) -> tuple[int, int]:
    """Upper and left border of the layer."""
    across, down = LAYER_STEP
    return (
        _bounced(size[0] // 5 + down * index, size[0] - side),
        _bounced(size[1] // 5 + across * index, size[1] - side),
    )


def _bounced(place: int, room: int) -> int:
    """A place that moves to and fro in 0..room."""
    return room - abs(room - place % (2 * room)) if room else 0
