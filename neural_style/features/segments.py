"""Segments of a network: runs of blocks that are processed one after the other, each by tiles of its own.

A tile of the whole network has the halo of its deepest layer, 70 pixels for conv5_1 of VGG-19. If the map behind a
pooling is put together from all tiles before the next block begins, a tile has the halo of its own block: 2 or 4
positions. The maps at the cuts, and what the way back needs of each tile, are kept in between, which is gradient
checkpointing (Chen et al. 2016, arXiv:1604.06174). Of the convolutions between the two, which are linear but for their
ReLUs and poolings, the way back needs one bit for each activation, so that few of them are computed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import isqrt, prod
from typing import NamedTuple

from neural_style.features.tiling import FORWARD, IMAGE, Tile, cut, stride_at, tiles_of
from neural_style.features.vgg import Architecture, block_of

CUT = ("max", "ave")
"""Poolings at which a network can be cut: those whose vjp needs no features."""

FIRST_CUT = 2
"""Block behind which the first cut may be: the map behind block 1 has four times the bytes of the picture in VGG."""

KEPT = 40.0
"""Bytes for each pixel of the image up to which a segment keeps features: conv4_2 of VGG-19 or conv3_3 of mini have 32.
With more, the segment's layers are computed again, which takes no longer than to keep them."""

ON_THE_WAY = 3.0
"""Maps as wide as the widest layer that exist during the backward pass, beside the kept activations."""

FORWARD_ONLY = 3.0
"""Maps as wide as the widest layer that exist at a time in a forward pass."""


class Segment(NamedTuple):
    """Some blocks of a network.

    Attributes:
        layers: its convolutions, in the order of the network.
        recomputed: the first of them, which the way back computes again.
        kept: those of the others whose features are kept.
        end: the first layer of the next segment, whose input this one makes; None for the last.
        halo: pixels around a tile's core.
        stride: pixels of which a tile's sides are multiples.
        side: rows and columns of a core at most.
    """

    layers: tuple[str, ...]
    recomputed: tuple[str, ...]
    kept: tuple[str, ...]
    end: str | None
    halo: int
    stride: int
    side: int

    @property
    def start(self) -> str:
        """A layer with the stride of the input."""
        return self.layers[0] if self.layers else IMAGE

    @property
    def is_first(self) -> bool:
        """Whether the input is the picture."""
        return stride_at(self.start) == 1

    @property
    def linear(self) -> tuple[str, ...]:
        """Layers of which the way back has the signs alone."""
        return self.layers[len(self.recomputed) :]

    def tiles(self, size: tuple[int, int], *, ahead: bool = False) -> tuple[Tile, ...]:
        """Cut an image of `size` rows and columns; `ahead` of a way back that has nothing of these tiles, larger."""
        side = int(self.side * FORWARD) if ahead and not self.linear else self.side
        return cut(size, side, self.stride, self.halo)


class Spec(NamedTuple):
    """What the segments of an evaluation follow from.

    Attributes:
        architecture: the network.
        layers: every layer in use; `IMAGE` may be among them.
        groups: layers that one statistic takes together, so that no cut may be between them.
        has_cuts: whether the network can be cut at its poolings.
        precision: of the features.
        reach: positions beyond its core, below and to the right, that a statistic uses, in pixels.
    """

    architecture: Architecture
    layers: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...] = ()
    has_cuts: bool = True
    precision: str = "float32"
    reach: int = 1

    @property
    def itemsize(self) -> int:
        """Bytes of an activation."""
        return {"float64": 8, "bfloat16": 2}.get(self.precision, 4)

    @property
    def below(self) -> tuple[str, ...]:
        """All layers up to the deepest in use."""
        used = [layer for layer in self.layers if layer != IMAGE]
        return self.architecture.up_to_deepest(used) if used else ()


def segments_of(spec: Spec, size: tuple[int, int], side: int) -> tuple[Segment, ...]:
    """The segments of a network for an image that is processed by tiles.

    Args:
        spec: network and layers.
        size: rows and columns of the image.
        side: of the tiles, which stands for the memory that such a tile of the whole network takes.

    Returns:
        From the image to the deepest layer. The tiles of each are as large as that memory allows, beside what is kept.
    """
    parts = _cut_at_poolings(spec)
    if len(parts) == 1:
        halo = sum(map(stride_at, parts[0])) + spec.reach
        stride = max(map(stride_at, parts[0]), default=1)
        return (Segment(parts[0], parts[0], (), None, -(-halo // stride) * stride, stride, side),)
    available = working_bytes(spec, spec.below)[1] * max(
        prod(tile.shape.size) for tile in tiles_of(size, side, spec.architecture, spec.layers)
    )
    chosen = []
    for index, layers in enumerate(parts):
        end = parts[index + 1][0] if index + 1 < len(parts) else None
        recomputed = _recomputed(spec, layers, is_first=not index)
        kept = tuple(layer for layer in layers[len(recomputed) :] if layer in spec.layers)
        stride = stride_at(end or layers[-1])
        halo = -(-(sum(map(stride_at, layers)) + spec.reach) // stride) * stride
        chosen.append(Segment(layers, recomputed, kept, end, halo, stride, stride))
    return tuple(
        segment._replace(side=_side(spec, segment, available, kept_bytes(spec, chosen, index) * prod(size)))
        for index, segment in enumerate(chosen)
    )


def working_bytes(spec: Spec, layers: Sequence[str]) -> tuple[float, float]:
    """Bytes for each pixel that some layers are computed for at a time: forward only, and forward and backward."""
    widths = [width(spec.architecture, layer) for layer in layers] or [3.0]
    last = {block_of(layer): layer for layer in layers}
    pooled = sum(width(spec.architecture, layer) / 4 for block, layer in last.items() if block < max(last))
    forward = spec.itemsize * FORWARD_ONLY * max(widths)
    return forward, spec.itemsize * (sum(widths) + pooled + ON_THE_WAY * max(widths))


def kept_bytes(spec: Spec, segments: Sequence[Segment], index: int) -> float:
    """Bytes for each pixel of the image that are kept at most while a segment is processed, forward or back."""

    def cut_before(segment: Segment | None) -> float:
        if segment is None or segment.is_first:
            return 0.0
        layers = spec.architecture.layers
        before = layers[layers.index(segment.start) - 1]
        return _itemsize_of_maps(spec) * width(spec.architecture, before) / 4

    def own(segment: Segment) -> float:
        signs = sum(width(spec.architecture, layer) for layer in segment.linear) / 8
        return signs + _itemsize_of_maps(spec) * sum(width(spec.architecture, layer) for layer in segment.kept)

    before = sum(own(each) + cut_before(each) for each in segments[: index + 1])
    after = segments[index + 1] if index + 1 < len(segments) else None
    return before + cut_before(after) + cut_before(segments[index])


def width(architecture: Architecture, layer: str) -> float:
    """Channels of a layer for each pixel of the image."""
    return float(architecture.filters[layer] / 4 ** (block_of(layer) - 1))


def operations(architecture: Architecture, layers: Iterable[str]) -> float:
    """Multiplications for each pixel of the image of some layers, forward."""
    names = architecture.layers
    inputs = {name: architecture.filters[before] for before, name in pairwise(names)}
    return sum(9 * inputs.get(layer, 3) * width(architecture, layer) for layer in layers)


def weight_bytes(spec: Spec) -> float:
    """Bytes of the network's kernels."""
    table = spec.architecture
    return sum((spec.itemsize * operations(table, [each]) * float(stride_at(each)) ** 2 for each in spec.below), 0.0)


def _cut_at_poolings(spec: Spec) -> list[tuple[str, ...]]:
    """The layers of each segment."""
    groups = [[1 if layer == IMAGE else block_of(layer) for layer in group] for group in spec.groups]

    def is_cut(block: int) -> bool:
        return block > FIRST_CUT and spec.has_cuts and not any(min(group) < block <= max(group) for group in groups)

    found: list[tuple[str, ...]] = [()]
    for layer in spec.below:
        if found[-1] and block_of(found[-1][-1]) != block_of(layer) and is_cut(block_of(layer)):
            found.append(())
        found[-1] += (layer,)
    return found


def _recomputed(spec: Spec, layers: tuple[str, ...], *, is_first: bool) -> tuple[str, ...]:
    """Layers of a segment that are computed again: the first, of which the input is there, or all that are used."""
    used = [index for index, layer in enumerate(layers) if layer in spec.layers]
    others = sum(width(spec.architecture, layers[index]) for index in used if index)
    if used and (is_first or _itemsize_of_maps(spec) * others > KEPT):
        return layers[: max(used) + 1]
    return layers[: 0 in used]


def _side(spec: Spec, segment: Segment, available: float, kept: float) -> int:
    """Side of the tiles of a segment, whose memory is what is kept leaves, but half of the whole at least."""
    window = isqrt(int(max(available - kept, available / 2) / working_bytes(spec, segment.layers)[1]))
    return max((window - 2 * segment.halo) // segment.stride * segment.stride, segment.stride)


def _itemsize_of_maps(spec: Spec) -> int:
    """Bytes of what is kept, which has the precision of the picture."""
    return max(4, spec.itemsize)
