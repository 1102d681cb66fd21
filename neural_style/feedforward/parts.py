"""How the operations of the embedded network are applied: to whole pictures, or to windows of one.

A map is what an operation takes and returns: a tensor (N, H, W, C) for the whole, or a `Map` in tiles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, Protocol

import numpy as np
from keras import ops

from neural_style import backend
from neural_style.backend import Tensor
from neural_style.feedforward.encoder import RIDGES, Tensors
from neural_style.feedforward.transport import moments

Array = np.ndarray[Any, np.dtype[Any]]
Encode = Callable[[Tensor, Sequence[str]], Tensors]

HALO = 32
"""Pixels around a tile that its values depend on: 27 for conv3_3, and fewer for every other step."""


class Parts(Protocol):
    """What the network needs of either."""

    def each(self, operation: Callable[..., Tensor], *maps: Any) -> Any:
        """An operation on maps, whose result at a pixel depends on less than `HALO` pixels around it."""

    def kept(self, x: Any, *, exactly: bool = False) -> Any:
        """The same map, computed; `exactly` in float32."""

    def encoded(self, encode: Encode, picture: Any) -> dict[str, Any]:
        """Those features of a picture that are mapped, and its colours."""

    def moments(self, x: Any) -> tuple[Tensor, Tensor]:
        """Mean (N, 1, C) and covariance (N, C, C) over all positions."""

    def spread(self, x: Any) -> tuple[Tensor, Tensor]:
        """Mean and variance of each channel, (N, 1, 1, C)."""


class Whole:
    """Maps are tensors."""

    def each(self, operation: Callable[..., Tensor], *maps: Tensor) -> Tensor:
        return operation(*maps)

    def kept(self, x: Tensor, *, exactly: bool = False) -> Tensor:
        return x

    def encoded(self, encode: Encode, picture: Tensor) -> dict[str, Tensor]:
        return dict(encode(picture, [name for name in RIDGES if name != "rgb"]))

    def moments(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return moments(ops.stop_gradient(x))

    def spread(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean = ops.mean(x, (1, 2), keepdims=True)
        return mean, ops.mean(ops.square(x - mean), (1, 2), keepdims=True)


@dataclass(frozen=True)
class Window:
    """A part of a picture: the tile in rows and columns of the whole, and the window around it, in pixels.

    All are multiples of 8, so that each is a whole number of positions at every layer.
    """

    tile: tuple[slice, slice]
    around: tuple[slice, slice]

    def within(self, x: Tensor) -> Tensor:
        """The tile of a map that was computed in the window, (1, h, w, C)."""
        scale = (self.around[0].stop - self.around[0].start) // x.shape[1]
        rows, columns = (
            slice((tile.start - around.start) // scale, (tile.stop - around.start) // scale)
            for tile, around in zip(self.tile, self.around, strict=True)
        )
        return x[:, rows, columns]

    def scale(self, tile: Tensor) -> int:
        """Pixels per row of a map in the tile."""
        return int((self.tile[0].stop - self.tile[0].start) // tile.shape[1])


def windows(size: tuple[int, int], tile: int) -> Iterable[Window]:
    """Windows of one shape that cover a picture: tiles of at most `tile` pixels, each with `HALO` around it.

    Those at the border are moved inwards, where they see more of the picture than they need.

    Args:
        size: rows and columns, multiples of 8.
        tile: a multiple of 8.
    """

    def along(extent: int) -> list[tuple[slice, slice]]:
        length = min(extent, tile + 2 * HALO)
        found = []
        for start in range(0, extent, tile):
            begin = min(max(start - HALO, 0), extent - length)
            found.append((slice(start, min(start + tile, extent)), slice(begin, begin + length)))
        return found

    return [
        Window((rows[0], columns[0]), (rows[1], columns[1])) for rows in along(size[0]) for columns in along(size[1])
    ]


@dataclass(frozen=True, eq=False)
class Map:
    """A map of the whole picture that is computed window by window, when it is needed.

    Attributes:
        at: the tensor (1, h, w, C) of a window.
        spread: mean and variance of each channel, where they are known.
        moments: mean and covariance, where they are known.
        stored: the whole, (1, h, w, C), where it is kept.
    """

    at: Callable[[Window], Tensor]
    spread: tuple[Tensor, Tensor] | None = None
    stored: Array | None = None
    moments: tuple[Tensor, Tensor] | None = None


@dataclass
class Tiles:
    """Maps are `Map`s, of one picture. What a layer computes is stored in float16, and that of full size not at all.

    Attributes:
        size: rows and columns of the picture.
        tile: side of the tiles, in pixels.
    """

    size: tuple[int, int]
    tile: int
    _windows: list[Window] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._windows = list(windows(self.size, self.tile))

    def each(self, operation: Callable[..., Tensor], *maps: Map) -> Map:
        return Map(lambda window: operation(*(x.at(window) for x in maps)))

    def kept(self, x: Map, *, exactly: bool = False) -> Map:
        found = _Stored(self, np.float32 if exactly else np.float16)
        moments = []
        for window in self._windows:
            tile = window.within(x.at(window))
            if exactly or window.scale(tile) > 1:
                found.put(window, tile)
            weight = prod(tile.shape[1:3]) * window.scale(tile) ** 2 / prod(self.size)
            mean, square = (np.float64(ops.mean(each, (1, 2), keepdims=True)) for each in (tile, ops.square(tile)))
            moments.append((weight * mean, weight * square))
        mean, square = (np.sum([pair[i] for pair in moments], 0) for i in (0, 1))
        spread = _tensor(mean), _tensor(np.maximum(square - mean**2, 0))
        return Map(x.at if found.array is None else found.at, spread, found.array)

    def encoded(self, encode: Encode, picture: Map) -> dict[str, Map]:
        *shallow, deepest = (name for name in RIDGES if name != "rgb")
        program = backend.compiled(lambda x: encode(x, [*shallow, deepest]))
        found = _Stored(self, np.float16)

        def compute(window: Window) -> Tensors:
            features = program(picture.at(window))
            found.put(window, window.within(features[deepest]))
            return {name: features[name] for name in RIDGES}

        moments = self.all_moments(compute)
        # The deepest is kept; the others take little time and much memory.
        again = {name: backend.compiled(lambda x, name=name: encode(x, [name])[name]) for name in shallow}
        maps = {
            "rgb": picture.at,
            **{name: self.each(program, picture).at for name, program in again.items()},
            deepest: found.at,
        }
        return {name: Map(at, moments=moments[name]) for name, at in maps.items()}

    def moments(self, x: Map) -> tuple[Tensor, Tensor]:
        assert x.moments is not None, "only features are mapped"
        return x.moments

    def all_moments(self, compute: Callable[[Window], Tensors]) -> dict[str, tuple[Tensor, Tensor]]:
        """Mean and covariance of several maps, which are computed together in each window."""
        totals: dict[str, Any] = {}
        for window in self._windows:
            for name, x in compute(window).items():
                tile = window.within(x)
                flat = ops.reshape(tile, (-1, tile.shape[-1]))
                products = ops.matmul(ops.transpose(flat), flat)
                sums = len(flat), np.float64(ops.sum(flat, 0)), np.float64(products)
                totals[name] = [old + new for old, new in zip(totals.get(name, (0, 0, 0)), sums, strict=True)]
        found = {}
        for name, (count, total, products) in totals.items():
            mean = total / count
            found[name] = _tensor(mean[None, None]), _tensor((products / count - np.outer(mean, mean))[None])
        return found

    def spread(self, x: Map) -> tuple[Tensor, Tensor]:
        assert x.spread is not None, "a layer is kept before it is normalised"
        return x.spread


class _Stored:
    """A map in memory, filled tile by tile."""

    def __init__(self, parts: Tiles, dtype: type[np.floating[Any]]) -> None:
        self._size, self._dtype = parts.size, dtype
        self.array: Array | None = None

    def put(self, window: Window, tile: Tensor) -> None:
        scale = window.scale(tile)
        if self.array is None:
            rows, columns = (extent // scale for extent in self._size)
            self.array = np.empty((1, rows, columns, tile.shape[-1]), self._dtype)
        self.array[(slice(None), *_reduced(window.tile, scale))] = ops.convert_to_numpy(tile)

    def at(self, window: Window) -> Tensor:
        assert self.array is not None
        return _tensor(self.array[(slice(None), *_reduced(window.around, self._size[0] // self.array.shape[1]))])


def picture_map(rgb: Array) -> Map:
    """The map of a picture (H, W, 3) of any type."""
    return Map(lambda window: _tensor(rgb[None][(slice(None), *window.around)]))


def _reduced(place: tuple[slice, slice], scale: int) -> tuple[slice, slice]:
    rows, columns = (slice(each.start // scale, each.stop // scale) for each in place)
    return rows, columns


def _tensor(values: Array) -> Tensor:
    return ops.convert_to_tensor(values.astype(np.float32))
