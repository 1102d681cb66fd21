"""Label maps: the regions of painted masks, as a number for each pixel.

Masks are painted with soft brushes and saved as JPEG, so that a mask of four colours holds five thousand. The reference
gives all of them to k-means, where an edge can take a cluster for itself; here colours are read in flat places only,
and the pixels of an edge are assigned to one of the regions that it separates.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.images import ImageSource
from neural_style.validation import check_count

Array = np.ndarray[Any, Any]

FLAT = 16
"""Grey levels by which neighbours may differ in a flat place: the noise of a JPEG, but no edge."""

SAME_COLOUR = 24
"""Distance in RGB up to which two colours count as one."""

SMALLEST_COLOUR = 5e-4
"""Share of the masks below which a colour is a blot, not a label."""

SMALLEST_ISLAND, SMALLEST_ISLAND_PIXELS = 2e-4, 4
"""Share of a mask, and number of pixels, below which an island is a speck."""

REACH = 4
"""Pixels from an edge to the flat colours that it may belong to: half a block of a JPEG."""

LEAST_SHARE = 0.005
"""Part of the label maps that a colour covers to count as a region where their number is not given: less is an edge."""

NAMES = {
    "black": (0, 0, 0),
    "grey": (128, 128, 128),
    "white": (255, 255, 255),
    "red": (255, 0, 0),
    "dark red": (150, 0, 0),
    "orange": (255, 140, 0),
    "brown": (120, 70, 20),
    "yellow": (255, 255, 0),
    "green": (0, 255, 0),
    "dark green": (0, 110, 0),
    "cyan": (0, 255, 255),
    "blue": (0, 0, 255),
    "light blue": (130, 180, 255),
    "dark blue": (0, 0, 120),
    "violet": (140, 0, 200),
    "magenta": (255, 0, 255),
    "pink": (255, 160, 190),
}


MOST_NUMBERS = 64
"""Label maps in greys below this are taken for numbers of regions."""

MOST_LABELS = 256
"""The number of values of a byte, in which a label map is stored."""


def read_labels(style_mask: ImageSource, target_mask: ImageSource, *, labels: int) -> tuple[Array, Array, Array]:
    """The regions of two masks that were painted in the same colours, or nearly the same.

    Colours are those of flat places in both masks; if there are more than `labels`, the nearest are merged until that
    many are left. A pixel of any other colour gets the nearest of the labels close by, and an island of a few pixels
    that of its surroundings.

    Args:
        style_mask: a path, a PIL image or an array: the regions of the painting.
        target_mask: the regions of the pastiche; of any size.
        labels: number of regions.

    Returns:
        The label of each pixel of either mask, uint8 (rows, columns), and the palette, uint8 (labels, 3): the most
        frequent colour of each label. Labels are numbered by area, the largest first.

    Raises:
        InvalidInputError, MissingFileError: a mask cannot be read, there are fewer colours than `labels`, or one of
            them is not in both masks.
    """
    check_count("labels", labels, at_least=1)
    if labels > MOST_LABELS:
        raise InvalidInputError(f"labels must be at most {MOST_LABELS}, received {labels}")
    masks = _read_maps(style_mask, target_mask)
    flat = [_flat_places(mask) for mask in masks]
    colours, areas = _flat_colours(masks, flat)
    if len(colours) < labels:
        listed = ", ".join(f"{describe(c)} {a:.1%}" for c, a in zip(colours, areas, strict=True))
        raise InvalidInputError(
            f"there are {labels} labels, but the masks hold {len(colours)} colours ({listed}): choose at most "
            f"{len(colours)} labels, or paint more; colours less than {SAME_COLOUR} apart are one"
        )
    groups = _grouped(colours, areas, labels)
    maps = [_without_specks(_nearest(mask, where, colours, groups)) for mask, where in zip(masks, flat, strict=True)]
    palette = np.rint([colours[groups == r][0] for r in range(labels)]).astype(np.uint8)
    shares = np.array([areas_of(found, labels) for found in maps])
    order = sorted(range(labels), key=lambda r: (-shares[:, r].sum(), *palette[r]))
    _check_in_both(palette[order], shares[:, order])
    number = np.argsort(order).astype(np.uint8)
    return number[maps[0]], number[maps[1]], palette[order]


def count_colours(style_mask: ImageSource, target_mask: ImageSource) -> int:
    """The number of colours that cover at least `LEAST_SHARE` of the flat places of two label maps."""
    masks = _read_maps(style_mask, target_mask)
    _, areas = _flat_colours(masks, [_flat_places(mask) for mask in masks])
    return int(np.sum(areas >= LEAST_SHARE))


def _read_maps(style_mask: ImageSource, target_mask: ImageSource) -> list[Array]:
    """Two label maps as uint8 (rows, columns, 3).

    Raises:
        InvalidInputError, MissingFileError: one cannot be read, or holds numbers of regions instead of colours.
    """
    masks = [
        np.clip(np.rint(images.read(source, what=what).rgb), 0, 255).astype(np.uint8)
        for source, what in ((style_mask, "style mask"), (target_mask, "target mask"))
    ]
    if all((mask == mask[..., :1]).all() for mask in masks):
        numbers = np.unique(np.concatenate([mask[..., 0].ravel() for mask in masks]))
        if len(numbers) > 1 and numbers[-1] < MOST_NUMBERS and np.diff(numbers).min() < SAME_COLOUR:
            raise InvalidInputError(
                f"the masks hold numbers of regions ({', '.join(map(str, numbers[:3]))} ... {numbers[-1]}), which "
                f"count as one colour: paint each region in its own, or multiply both by {255 // int(numbers[-1])}"
            )
    return masks


def areas_of(label_map: Array, labels: int) -> Array:
    """Share of each label in the area of a label map, (labels,)."""
    return np.asarray(np.bincount(label_map.ravel(), minlength=labels) / label_map.size)


def resize(label_map: Array, size: tuple[int, int]) -> Array:
    """A label map at `size` (rows, columns), by nearest neighbours: labels are not mixed."""
    return images.resize(label_map, size, method="nearest")


def one_hot(label_map: Array, labels: int) -> Array:
    """A mask for each label: float32 (rows, columns, labels), 0 or 1."""
    return np.asarray(label_map[..., None] == np.arange(labels), np.float32)


def preview(label_map: Array, palette: Array) -> Array:
    """A picture of a label map: regions in their colours, numbered, with a legend of colours and areas below.

    Returns:
        uint8 (rows and a line for each label, columns, 3).
    """
    from scipy.ndimage import distance_transform_edt

    line, (rows, columns) = 14, label_map.shape
    canvas = Image.new("RGB", (max(columns, 220), rows + line * len(palette) + 4), "white")
    canvas.paste(Image.fromarray(palette[label_map]))
    draw = ImageDraw.Draw(canvas)
    for label, (colour, area) in enumerate(zip(palette, areas_of(label_map, len(palette)), strict=True)):
        ink = "black" if colour @ images.LUMA > 128 else "white"
        inside = np.pad(label_map == label, 1)
        row, column = np.unravel_index(distance_transform_edt(inside).argmax(), inside.shape)
        if area:
            draw.text((column - 1, row - 1), str(label), fill=ink, anchor="mm")
        top = rows + 2 + line * label
        draw.rectangle((2, top + 1, 20, top + line - 2), fill=tuple(colour.tolist()), outline="black")
        draw.text((26, top), f"{label}  {describe(colour)}  {area:.1%}", fill="black")
    return np.array(canvas)


def describe(colour: Array) -> str:
    """`#ff331f (red)`"""
    name = min(NAMES, key=lambda known: float(np.square(np.subtract(NAMES[known], colour, dtype=float)).sum()))
    return "#" + "".join(f"{round(float(value)):02x}" for value in colour) + f" ({name})"


def _flat_places(mask: Array) -> Array:
    """Where a pixel is like its neighbours; everywhere in a mask that has hardly a flat place."""
    from scipy.ndimage import maximum_filter, minimum_filter

    highest, lowest = maximum_filter(mask, size=(3, 3, 1)), minimum_filter(mask, size=(3, 3, 1))
    flat: Array = (highest - lowest).max(axis=-1) <= FLAT
    return flat if flat.mean() > 0.05 else np.ones_like(flat)


def _flat_colours(masks: Sequence[Array], flat: Sequence[Array]) -> tuple[Array, Array]:
    """The colours of flat places (n, 3), `SAME_COLOUR` apart, and their shares of these (n,), largest first."""
    from scipy.ndimage import uniform_filter

    side = 32  # bins a channel, eight grey levels wide
    weight, total = np.zeros(side**3), np.zeros((side**3, 3))
    for mask, where in zip(masks, flat, strict=True):
        chosen = mask[where]
        bins = (chosen // 8) @ np.array([side**2, side, 1])
        weight += np.bincount(bins, minlength=side**3) / len(chosen) / len(masks)
        total += np.stack([np.bincount(bins, chosen[:, c], minlength=side**3) for c in range(3)], axis=-1) / (
            len(chosen) * len(masks)
        )
    density = uniform_filter(weight.reshape(side, side, side), size=3, mode="constant").ravel()
    used = np.flatnonzero(weight)
    weight, total, density = weight[used], total[used], density[used]
    means = total / weight[:, None]
    colours, areas, left = [], [], np.ones(len(used), bool)
    while left.any():
        peak = np.argmax(np.where(left, density, -1.0))
        members = left & (np.square(means - means[peak]).sum(axis=1) <= SAME_COLOUR**2)
        left &= ~members
        if weight[members].sum() >= SMALLEST_COLOUR:
            areas.append(weight[members].sum())
            colours.append(total[members].sum(axis=0) / areas[-1])
    order = np.argsort(areas)[::-1]
    return np.array(colours)[order], np.array(areas)[order]


def _grouped(colours: Array, areas: Array, labels: int) -> Array:
    """The label of each colour (n,): the pair of least cost is merged until `labels` are left.

    The cost is that of Ward's method with the square root of its weight, `d^2 sqrt(a b / (a + b))` for areas a and b:
    with the weight itself, as in k-means, two shades of a large region would displace a small region.
    """
    groups, centres, areas = np.arange(len(colours)), colours.copy(), areas.copy()
    alive = list(range(len(colours)))
    while len(alive) > labels:
        centre, area = centres[alive], areas[alive]
        distance = np.square(centre[:, None] - centre).sum(axis=-1)
        cost = distance * np.sqrt(area[:, None] * area / (area[:, None] + area))
        np.fill_diagonal(cost, np.inf)
        kept, lost = (alive[i] for i in sorted(np.unravel_index(cost.argmin(), cost.shape)))
        centres[kept] = np.average(centres[[kept, lost]], axis=0, weights=areas[[kept, lost]])
        areas[kept] += areas[lost]
        groups[groups == lost] = kept
        alive.remove(lost)
    return np.searchsorted(alive, groups)


def _nearest(mask: Array, flat: Array, colours: Array, groups: Array) -> Array:
    """The label of each pixel, uint8: in flat places by colour alone, at edges by colour among the labels close by.

    Otherwise a grey label anywhere would outline every edge between black and white in grey.
    """
    from scipy.ndimage import distance_transform_edt, maximum_filter

    packed = mask.astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], np.int32)
    unique, inverse = np.unique(packed, return_inverse=True)
    inverse = inverse.reshape(packed.shape)
    rgb = np.stack([unique >> 16, unique >> 8 & 255, unique & 255], axis=-1)
    count = int(groups.max()) + 1
    distance = np.full((len(unique), count), np.inf)
    for colour, label in zip(colours, groups, strict=True):
        distance[:, label] = np.minimum(distance[:, label], np.square(rgb - colour).sum(axis=1))
    by_colour = distance.argmin(axis=1).astype(np.uint8)[inverse]
    best, found = np.full(packed.shape, np.inf), np.zeros(packed.shape, np.uint8)
    for label in range(count):
        close = maximum_filter(flat & (by_colour == label), size=2 * REACH + 1)
        cost = np.where(close, distance[:, label][inverse], np.inf)
        found[cost < best] = label
        best = np.minimum(best, cost)
    found[flat] = by_colour[flat]
    far = ~flat & np.isinf(best)
    if far.any():
        _, (rows, columns) = distance_transform_edt(far, return_indices=True)
        found = found[rows, columns]
    return found


def _without_specks(label_map: Array) -> Array:
    """A label map in which islands too small to hold a texture have the label of the nearest other region."""
    from scipy.ndimage import distance_transform_edt, label

    smallest = max(SMALLEST_ISLAND * label_map.size, SMALLEST_ISLAND_PIXELS)
    specks = np.zeros(label_map.shape, bool)
    for number in np.unique(label_map):
        islands, _ = label(label_map == number, structure=np.ones((3, 3)))
        small = np.bincount(islands.ravel()) < smallest
        small[0] = False
        specks |= small[islands]
    if not specks.any() or specks.all():
        return label_map
    _, (rows, columns) = distance_transform_edt(specks, return_indices=True)
    return np.asarray(label_map[rows, columns])


def _check_in_both(palette: Array, shares: Array) -> None:
    names = ("style mask", "target mask")
    for colour, area in zip(palette, shares.T, strict=True):
        if area.all():
            continue
        hint = f"paint it in both, or choose fewer labels than {len(palette)}"
        if not area.any():
            raise InvalidInputError(f"{describe(colour)} is in specks only, 0.0 % of either mask: {hint}")
        there, missing = names[int(area.argmax())], names[int(area.argmin())]
        raise InvalidInputError(
            f"the {missing} has nothing of {describe(colour)}, which is {area.max():.1%} of the {there}: {hint}"
        )
