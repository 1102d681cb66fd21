"""Sums of statistics over an image, and their vjp, by tiles: segment by segment, there and back.

See `neural_style.features.segments` for the segments. The way there keeps the signs of a tile's activations, one bit
each, and the way back is linear: it transposes convolutions, and passes nothing where an activation was zero.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from neural_style import backend
from neural_style.backend import Tensor
from neural_style.backend.program import Program
from neural_style.features.blocks import Blocks, Extractor
from neural_style.features.segments import Segment, Spec, segments_of
from neural_style.features.statistics import Statistic, layers_of
from neural_style.features.tiling import IMAGE, Tile, TileShape, stride_at
from neural_style.features.vgg import size_at

Packed = tuple[np.ndarray, tuple[int, ...]]
"""Signs, eight to a byte, and the shape that they had."""


class Ahead(NamedTuple):
    """Outputs of the forward pass of a tile.

    Attributes:
        sums: the tile's share of each statistic of the segment.
        pooled: the core of the map at the segment's end; none in the last segment.
        signs: of the layers that are not recomputed, see `Blocks.forward`.
        kept: features of `Segment.kept`.
    """

    sums: list[Tensor]
    pooled: list[Tensor]
    signs: list[Tensor]
    kept: list[Tensor]


class TiledStatistics:
    """Statistics of an image by tiles, and once after that their vjp."""

    def __init__(
        self,
        extractor: Extractor,
        images: np.ndarray,
        statistics: Sequence[Statistic],
        tile: int,
        *,
        has_vjp: bool = True,
    ) -> None:
        """
        Args:
            extractor: the network.
            images: a picture (H, W, 3) or a batch (N, H, W, 3).
            statistics: additive ones.
            tile: side of the tiles.
            has_vjp: whether the vjp is wanted. Sums alone pass the network at once, so that nothing is kept of a
                painting, which may be much larger than the pastiche.
        """
        self._extractor, self._images, self._statistics = extractor, images, tuple(statistics)
        self._size = images.shape[-3], images.shape[-2]
        spec = spec_of(extractor, statistics)
        spec = spec._replace(has_cuts=spec.has_cuts and has_vjp)
        self._segments = segments_of(spec, self._size, tile)
        places = [_place(statistic, self._segments) for statistic in statistics]
        self._indices = [[i for i, place in enumerate(places) if place == n] for n in range(len(self._segments))]
        self._inputs: list[np.ndarray | None] = []
        self._kept: list[list[tuple[list[Packed], list[np.ndarray]]]] = []

    def sums(self) -> list[Tensor]:
        """Each statistic, as its function returns it."""
        totals: dict[int, np.ndarray] = {}
        source: np.ndarray | None = self._images
        for segment, indices in zip(self._segments, self._indices, strict=True):
            kept, behind = [], []  # type: ignore[var-annotated]
            for part in segment.tiles(self._size, ahead=True):
                found = self._ahead(segment, indices, part, source)
                for index, share in zip(indices, found.sums, strict=True):
                    # In float64, so that the sums of many tiles are as accurate as one over the whole.
                    totals[index] = totals.get(index, 0) + _array(share).astype(np.float64)
                for core in map(_array, found.pooled):
                    if not behind:
                        behind.append(
                            np.empty((len(core), *size_at(str(segment.end), self._size), core.shape[-1]), core.dtype)
                        )
                    behind[0][:, *part.place_at(str(segment.end))] = core
                signs = [_array(each) for each in found.signs]
                kept.append(
                    ([(np.packbits(each), each.shape) for each in signs], [_array(each) for each in found.kept])
                )
            self._kept.append(kept)
            self._inputs.append(source if segment.recomputed or segment.is_first else None)
            source = behind[0] if behind else None
        return [
            ops.convert_to_tensor(totals[index], dtype=self._extractor.dtype) for index in range(len(self._statistics))
        ]

    def vjp(self, slopes: Sequence[Tensor]) -> np.ndarray:
        """Gradient of `sum_i <slopes_i, statistic_i(images)>`, of the shape of the images.

        A tile gives the share of its own positions, which extends into its halo; there, shares of neighbours add up.
        """
        behind = None
        for segment, indices in zip(reversed(self._segments), reversed(self._indices), strict=True):
            source, kept = self._inputs.pop(), self._kept.pop()
            gradient = np.zeros(self._shape_at(segment), self._extractor.dtype)
            for part in segment.tiles(self._size):
                signs, features = kept.pop(0) if segment.linear else ([], [])
                constants: tuple[list[Any], ...] = (
                    [slopes[index] for index in indices],
                    self._arguments(indices, part),
                    [] if behind is None else [self._tensor(behind[:, *part.place_at(str(segment.end))])],
                    [ops.convert_to_tensor(_unpacked(*each)) for each in signs],
                    [self._tensor(each) for each in features],
                )
                place = part.window_at(segment.start)
                window = np.zeros_like(gradient[..., *place, :]) if source is None else source[..., *place, :]
                share = self._program(_back, segment, indices, part)(self._tensor(window), constants)
                gradient[..., *place, :] += _array(share)
            behind = gradient
        assert behind is not None
        return behind

    def _ahead(self, segment: Segment, indices: list[int], part: Tile, source: np.ndarray | None) -> Ahead:
        assert source is not None
        window = self._tensor(source[..., *part.window_at(segment.start), :])
        found: Ahead = self._program(_ahead, segment, indices, part)(window, self._arguments(indices, part))
        return found

    def _shape_at(self, segment: Segment) -> tuple[int, ...]:
        """Shape of the map that a segment begins with."""
        if segment.is_first:
            return self._images.shape
        filters, layers = self._extractor.architecture.filters, self._extractor.architecture.layers
        before = layers[layers.index(segment.start) - 1]
        count = len(self._images) if self._images.ndim == 4 else 1
        return count, *size_at(segment.start, self._size), filters[before]

    def _arguments(self, indices: list[int], part: Tile) -> list[list[Tensor]]:
        """The constants of some statistics, and the part of their fields that belongs to a tile."""
        chosen = [self._statistics[index] for index in indices]
        dtype = self._extractor.dtype
        return [each.arguments(dtype, part.place_at(each.layers[0], halo=each.halo)) for each in chosen]

    def _tensor(self, array: np.ndarray) -> Tensor:
        return ops.convert_to_tensor(array, dtype=self._extractor.dtype)

    def _program(self, make: Callable[..., Program], segment: Segment, indices: list[int], part: Tile) -> Program:
        """A program for tiles of a shape; statistics that differ only in fields and constants share it."""
        chosen = [self._statistics[index] for index in indices]
        alike = segment._replace(side=0)
        key: Hashable = make.__name__, part.shape, alike, tuple(each.key for each in chosen)
        bare, extractor, shape = [each.bare for each in chosen], self._extractor, part.shape
        return extractor.programs.get(key, lambda: backend.compiled(make(extractor, alike, shape, bare)))


def spec_of(extractor: Extractor, statistics: Sequence[Statistic]) -> Spec:
    """What the segments for some statistics follow from."""
    return Spec(
        extractor.architecture,
        tuple(layers_of(statistics)),
        tuple(statistic.layers for statistic in statistics),
        has_cuts=Blocks.are_known(extractor),
        precision=extractor.precision,
        reach=max((each.halo * stride_at(each.layers[0]) for each in statistics), default=0),
    )


def _ahead(
    extractor: Extractor, segment: Segment, shape: TileShape, statistics: Sequence[Statistic]
) -> Callable[[Tensor, Any], Ahead]:
    """The forward pass of a tile, of its window and the arguments of the statistics."""
    blocks = Blocks(extractor, segment)

    def ahead(window: Tensor, arguments: Any) -> Ahead:
        features, pooled, signs = blocks.forward(window)
        return Ahead(
            [
                statistic.of(cropped_to(shape, features, statistic), own)
                for statistic, own in zip(statistics, arguments, strict=True)
            ],
            [core_of(shape, each, str(segment.end)) for each in pooled],
            signs,
            [features[layer] for layer in segment.kept],
        )

    return ahead


def _back(
    extractor: Extractor, segment: Segment, shape: TileShape, statistics: Sequence[Statistic]
) -> Callable[[Tensor, Any], Tensor]:
    """The vjp of a tile: its share of the gradient by its window.

    It takes the window, and slopes and arguments of the statistics, the gradient by the core of the map at the
    segment's end, signs and kept features.
    """
    blocks = Blocks(extractor, segment)
    kept_of = [bool(set(statistic.layers) & set(segment.kept)) for statistic in statistics]

    def total(features: Mapping[str, Tensor], constants: Any, *, of_kept: bool) -> Tensor:
        slopes, arguments = constants
        chosen = zip(kept_of, statistics, slopes, arguments, strict=True)
        shares = [
            ops.sum(slope * statistic.of(cropped_to(shape, features, statistic), own))
            for is_kept, statistic, slope, own in chosen
            if is_kept == of_kept
        ]
        return sum(shares, start=ops.zeros((), extractor.dtype))

    slopes_by_features = backend.value_and_grad(lambda seen, constants: (total(seen, constants, of_kept=True), ()))

    def product(window: Tensor, constants: Any) -> tuple[Tensor, Any]:
        slopes, arguments, behind, signs, features_kept = constants
        kept = dict(zip(segment.kept, features_kept, strict=True))
        features, x = blocks.recomputed(window)
        value = total(features, (slopes, arguments), of_kept=False)
        linear, end = blocks.linear(x, signs, kept)
        if any(kept_of):
            seen = {layer: ops.stop_gradient(values) for layer, values in features.items()} | kept
            for layer, slope in slopes_by_features(seen, (slopes, arguments))[2].items():
                value += ops.sum(ops.stop_gradient(slope) * {**features, **linear}[layer])
        for slope, pooled in zip(behind, end, strict=True):
            value += ops.sum(slope * core_of(shape, pooled, str(segment.end)))
        return value, ()

    differentiated = backend.value_and_grad(product)
    return lambda window, constants: differentiated(window, constants)[2]


def core_of(shape: TileShape, features: Tensor, layer: str, *, halo: int = 0) -> Tensor:
    """The core of a layer's map of the window, and up to `halo` rows and columns after it, where there are any."""
    rows, columns = shape.core_at(layer, halo=halo)
    height, width = features.shape[1:3]
    return backend.part_of(
        features, slice(rows.start, min(rows.stop, height)), slice(columns.start, min(columns.stop, width))
    )


def cropped_to(shape: TileShape, features: Mapping[str, Tensor], statistic: Statistic) -> dict[str, Tensor]:
    """What a statistic takes of the features of a window."""
    return {layer: core_of(shape, features[layer], layer, halo=statistic.halo) for layer in statistic.layers}


def _place(statistic: Statistic, segments: Sequence[Segment]) -> int:
    """Index of the segment that a statistic belongs to."""
    layers = [layer for layer in statistic.layers if layer != IMAGE]
    return next(index for index, each in enumerate(segments) if set(layers) <= set(each.layers))


def _unpacked(packed: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return np.unpackbits(packed, count=int(np.prod(shape))).reshape(shape).view(bool)


def _array(tensor: Tensor) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(tensor))
