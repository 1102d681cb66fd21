"""Tiles: the parts of an image that are looked at one after the other, with the halo that each needs to see.

A position of a layer sees the image no farther than its receptive field reaches. What a network computes in the core
of a tile is therefore what it computes there in the whole image, if the tile is seen with a halo as wide as that reach
and begins where the poolings of the whole image begin. Where a tile ends at the border of the image, so does its halo.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from neural_style.features.vgg import Architecture, block_of

IMAGE = "image"
"""Stands where a layer's name does, for the preprocessed image itself."""

FORWARD = 1.75
"""Side of the tiles of which nothing but sums is wanted, relative to those that are differentiated: a pass that goes
forward only takes less than a third of the memory (benchmarks/RESULTS.md), and wider tiles waste less on their rims."""

Slices = tuple[slice, slice]


class Span(NamedTuple):
    """From the first row (or column) to the one after the last."""

    start: int
    stop: int


class TileShape(NamedTuple):
    """A tile without its place: everything that a program for it depends on.

    Attributes:
        size: rows and columns that are seen.
        core: rows and columns of these that count.
    """

    size: tuple[int, int]
    core: tuple[Span, Span]

    def core_at(self, layer: str, *, halo: int = 0) -> Slices:
        """The core in a layer's map of what is seen, and up to `halo` rows and columns beyond it."""
        return _slices(self.core, layer, halo)


@dataclass(frozen=True)
class Tile:
    """One part of an image.

    Attributes:
        core: rows and columns whose positions are counted here; the cores of all tiles together are the image.
        window: rows and columns that are seen: the core and its halo.
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

    @property
    def seen(self) -> Slices:
        """The window in the image."""
        return _slices(self.window, IMAGE, 0)

    def place_at(self, layer: str, *, halo: int = 0) -> Slices:
        """The core in a layer's map of the whole image; see `TileShape.core_at`."""
        return _slices(self.core, layer, halo)


def tiles_of(size: tuple[int, int], side: int, architecture: Architecture, layers: Iterable[str]) -> tuple[Tile, ...]:
    """Cut an image into tiles.

    Args:
        size: rows and columns of the image.
        side: rows and columns of a core at most, but for what a multiple of the network's stride asks for.
        architecture: the network.
        layers: those that are looked at (`IMAGE` may be among them).

    Returns:
        Tiles of about the same size, row by row; a single one where the image is no larger than `side`.
    """
    looked_at = [layer for layer in layers if layer != IMAGE]
    stride = architecture.stride(looked_at) if looked_at else 1
    halo = -(-max(1, halo_width(architecture, looked_at)) // stride) * stride  # differences of pixels see one, too
    rows, columns = (_cut(extent, side, stride) for extent in size)
    return tuple(
        Tile((row, column), (_widened(row, halo, size[0]), _widened(column, halo, size[1])))
        for row in rows
        for column in columns
    )


def halo_width(architecture: Architecture, layers: Iterable[str]) -> int:
    """Pixels that the deepest of `layers` sees beyond those that its poolings reduce to one position.

    Each 3x3 convolution of block b sees one position more to each side, which is 2^(b-1) pixels; a pooling sees
    nothing beyond its own four. conv5_1 of VGG-19 reaches 70 pixels.
    """
    layers = tuple(layers)
    return sum(2 ** (block_of(layer) - 1) for layer in architecture.up_to_deepest(layers)) if layers else 0


def _cut(extent: int, side: int, stride: int) -> list[Span]:
    """Equal parts that begin at multiples of `stride`; a rest that has no position of its own goes with the last."""
    count = -(-extent // side)
    part = max(stride, -(-extent // (count * stride)) * stride)
    starts = [start for start in range(0, extent, part) if start == 0 or extent - start >= stride]
    return [Span(start, stop) for start, stop in zip(starts, [*starts[1:], extent], strict=True)]


def _widened(span: Span, halo: int, extent: int) -> Span:
    return Span(max(0, span.start - halo), min(extent, span.stop + halo))


def _slices(spans: tuple[Span, Span], layer: str, halo: int) -> Slices:
    """In the map of a layer, whose poolings drop what is odd at the end."""
    factor = 1 if layer == IMAGE else 2 ** (block_of(layer) - 1)
    rows, columns = (slice(span.start // factor, span.stop // factor + halo) for span in spans)
    return rows, columns
