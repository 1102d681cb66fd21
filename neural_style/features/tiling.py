"""Tiles: the parts of an image that are processed one after the other, each with the halo that its features need.

A position of a layer depends on the image no farther than its receptive field extends. What a network computes in the
core of a tile is therefore what it computes there in the whole image, if the tile is cut out with a halo as wide as
the receptive field reaches beyond the position, and begins where the poolings of the whole image begin. Where a tile
ends at the border of the image, so does its halo.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from neural_style.features.vgg import Architecture, block_of

IMAGE = "image"
"""Stands for the preprocessed image itself where a layer is named."""

FORWARD = 1.75
"""Side of the tiles of which only sums are wanted, relative to those that are differentiated: a forward pass takes less
than a third of the memory (benchmarks/RESULTS.md), and wider tiles spend less on their halos."""

Slices = tuple[slice, slice]


class Span(NamedTuple):
    """From the first row (or column) to the one after the last."""

    start: int
    stop: int


class TileShape(NamedTuple):
    """A tile without its place: everything that a program for it depends on.

    Attributes:
        size: rows and columns of the window.
        core: rows and columns of the core within the window.
    """

    size: tuple[int, int]
    core: tuple[Span, Span]

    def core_at(self, layer: str, *, halo: int = 0) -> Slices:
        """The core in a layer's map of the window, and up to `halo` rows and columns after it."""
        return _slices(self.core, layer, halo)


@dataclass(frozen=True)
class Tile:
    """One part of an image.

    Attributes:
        core: rows and columns whose positions belong to this tile; the cores of all tiles together are the image.
        window: rows and columns of the network's input: the core and its halo.
    """

    core: tuple[Span, Span]
    window: tuple[Span, Span]

    @property
    def shape(self) -> TileShape:
        """The tile without its place."""
        (rows, columns), (top, left) = self.window, (span.start for span in self.window)
        inside = tuple(
            Span(span.start - offset, span.stop - offset) for span, offset in zip(self.core, (top, left), strict=True)
        )
        return TileShape((rows.stop - rows.start, columns.stop - columns.start), (inside[0], inside[1]))

    def window_at(self, layer: str) -> Slices:
        """The window in a layer's map of the whole image; `IMAGE` for the image."""
        return _slices(self.window, layer, 0)

    def place_at(self, layer: str, *, halo: int = 0) -> Slices:
        """The core in a layer's map of the whole image; see `TileShape.core_at`."""
        return _slices(self.core, layer, halo)


def tiles_of(size: tuple[int, int], side: int, architecture: Architecture, layers: Iterable[str]) -> tuple[Tile, ...]:
    """Cut an image into tiles.

    Args:
        size: rows and columns of the image.
        side: rows and columns of a core at most, rounded up to a multiple of the network's stride.
        architecture: the network.
        layers: those whose features are used (`IMAGE` may be among them).

    Returns:
        Tiles of about the same size, row by row; a single one if the image is no larger than `side`.
    """
    used = [layer for layer in layers if layer != IMAGE]
    stride = architecture.stride(used) if used else 1
    halo = -(-max(1, halo_width(architecture, used)) // stride) * stride  # at least 1, for differences of pixels
    return cut(size, side, stride, halo)


def cut(size: tuple[int, int], side: int, stride: int, halo: int) -> tuple[Tile, ...]:
    """Cut an image of `size` rows and columns into cores of at most `side`, which begin at multiples of `stride`."""
    rows, columns = (_cut(extent, side, stride) for extent in size)
    return tuple(
        Tile((row, column), (_widened(row, halo, size[0]), _widened(column, halo, size[1])))
        for row in rows
        for column in columns
    )


def halo_width(architecture: Architecture, layers: Iterable[str]) -> int:
    """Pixels that the receptive field at the deepest of `layers` extends to each side of a position's own pixels.

    A position's own pixels are those that the poolings reduce to it. Each 3x3 convolution of block b adds one position
    to each side, which is 2^(b-1) pixels; a pooling adds nothing. For conv5_1 of VGG-19 the halo is 70 pixels wide.
    """
    layers = tuple(layers)
    return sum(map(stride_at, architecture.up_to_deepest(layers))) if layers else 0


def stride_at(layer: str) -> int:
    """Image pixels per position of a layer, along one side; 1 for `IMAGE`."""
    return 1 if layer == IMAGE else int(2 ** (block_of(layer) - 1))


def _cut(extent: int, side: int, stride: int) -> list[Span]:
    """Equal parts that begin at multiples of `stride`; a rest without a position of its own belongs to the last."""
    count = -(-extent // side)
    part = max(stride, -(-extent // (count * stride)) * stride)
    starts = [start for start in range(0, extent, part) if start == 0 or extent - start >= stride]
    return [Span(start, stop) for start, stop in zip(starts, [*starts[1:], extent], strict=True)]


def _widened(span: Span, halo: int, extent: int) -> Span:
    return Span(max(0, span.start - halo), min(extent, span.stop + halo))


def _slices(spans: tuple[Span, Span], layer: str, halo: int) -> Slices:
    """In the map of a layer, whose poolings drop an odd row or column at the end."""
    factor = stride_at(layer)
    rows, columns = (slice(span.start // factor, span.stop // factor + halo) for span in spans)
    return rows, columns
