"""A network as it looks at images of any size: at once, or tile by tile."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from keras import ops

from neural_style import backend
from neural_style.backend import Tensor
from neural_style.errors import InvalidInputError
from neural_style.features import vgg, weights
from neural_style.features.statistics import Statistic, layers_of
from neural_style.features.tiling import FORWARD, IMAGE, Tile, TileShape, tiles_of
from neural_style.features.vgg import BGR_MEAN

if TYPE_CHECKING:
    import keras


KEPT = 64
"""Programs that an eye keeps: a picture has at most nine frames, and three kinds of programs for each."""


def preprocess(image: Tensor) -> Tensor:
    """From (H, W, 3), RGB in 0..255, to what the networks see: (1, H, W, 3), BGR minus the mean of ImageNet."""
    return (image[None, :, :, ::-1]) - ops.convert_to_tensor(BGR_MEAN, dtype=image.dtype)


def features_of(image: np.ndarray, network: keras.Model) -> dict[str, Tensor]:
    """Features of one image (H, W, 3), RGB in 0..255, by layer: (1, h, w, C)."""
    return dict(network(preprocess(ops.convert_to_tensor(image, dtype=network.input.dtype))))


class FeatureExtractor:
    """A network that looks at images.

    Attributes:
        architecture: which one it is.
        network: from a preprocessed image to a dict of features; see `neural_style.features.vgg.build`.
        weights_sha256: fingerprint of its weights.
    """

    def __init__(
        self,
        architecture: vgg.Architecture,
        network: keras.Model,
        weights_sha256: str = "",
        extended: Callable[[tuple[str, ...]], FeatureExtractor] | None = None,
    ) -> None:
        """
        Args:
            architecture, network, weights_sha256: see above.
            extended: makes an extractor of the same weights for more layers.
        """
        self.architecture, self.network, self.weights_sha256 = architecture, network, weights_sha256
        self._extended = extended
        self._programs: dict[Any, Callable[..., Any]] = {}

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that it computes."""
        return tuple(self.network.output)

    def including(self, layers: Iterable[str]) -> FeatureExtractor:
        """An extractor with the same weights that computes these layers, too.

        Raises:
            InvalidInputError: the network has no such layer, or this extractor was not made by `feature_extractor`.
        """
        self.architecture.check_layers(layers)
        missing = [layer for layer in layers if layer not in self.layers]
        if not missing:
            return self
        if self._extended is None:
            raise InvalidInputError(f"this extractor computes {' '.join(self.layers)} only: build it with {missing[0]}")
        return self._extended((*self.layers, *missing))

    @property
    def dtype(self) -> str:
        """Of images, sums and gradients."""
        return str(self.network.input.dtype)

    def __call__(self, image: Tensor) -> dict[str, Tensor]:
        """Features by layer (1, h, w, C) of an image (H, W, 3), RGB in 0..255; `IMAGE` is what the network sees."""
        x = preprocess(ops.cast(image, self.dtype))
        return {**self.network(x), IMAGE: x}

    def features(self, image: np.ndarray, layers: Iterable[str], *, tile: int | None = None) -> dict[str, np.ndarray]:
        """Features by layer (1, h, w, C) of an image (H, W, 3), RGB in 0..255; by tiles of that side, if given."""
        layers = tuple(layers)
        if not layers:
            return {}
        if tile is None:
            return backend.explain_out_of_memory(self._all_features)(image, layers)  # type: ignore[no-any-return]
        found: dict[str, np.ndarray] = {}
        for part in self._tiles(image, tile * FORWARD, layers):
            seen = self._program("features", part.shape, layers)(self._seen(image, part))
            for layer, values in zip(layers, seen, strict=True):
                if layer not in found:
                    shape = *vgg.size_at(layer, (image.shape[0], image.shape[1])), values.shape[-1]
                    found[layer] = np.empty((1, *shape), self.dtype)
                found[layer][(0, *part.place_at(layer))] = ops.convert_to_numpy(values)[0]
        return found

    def sums(self, image: np.ndarray, statistics: Sequence[Statistic], *, tile: int | None = None) -> list[Tensor]:
        """Statistics of an image (H, W, 3), RGB in 0..255; by tiles of that side, if given."""
        if tile is None:
            return backend.explain_out_of_memory(self._all_sums)(image, statistics)  # type: ignore[no-any-return]
        totals: list[np.ndarray] = []
        for part in self._tiles(image, tile * FORWARD, layers_of(statistics)):
            found = self._program("sums", part.shape, statistics)(self._seen(image, part), _fields(statistics, part))
            # In float64: the sums of many tiles are to be as good as one over all.
            shares = [np.asarray(ops.convert_to_numpy(each), np.float64) for each in found]
            totals = [a + b for a, b in zip(totals, shares, strict=True)] if totals else shares
        return [ops.convert_to_tensor(total, dtype=self.dtype) for total in totals]

    def vjp(
        self, image: np.ndarray, statistics: Sequence[Statistic], slopes: Sequence[Tensor], *, tile: int
    ) -> np.ndarray:
        """Gradient (H, W, 3) of `sum_i <slopes_i, statistic_i(image)>`, tile by tile.

        A tile gives the share of its own positions, which reaches into its halo; there, shares of neighbours add up.
        """
        gradient = np.zeros(image.shape, self.dtype)
        for part in self._tiles(image, tile, layers_of(statistics)):
            program = self._program("gradient", part.shape, statistics)
            share = program(self._seen(image, part), (list(slopes), _fields(statistics, part)))
            gradient[part.seen] += ops.convert_to_numpy(share)
        return gradient

    def _all_features(self, image: np.ndarray, layers: Iterable[str]) -> dict[str, np.ndarray]:
        whole = features_of(image, self.network)
        return {layer: np.asarray(ops.convert_to_numpy(whole[layer])) for layer in layers}

    def _all_sums(self, image: np.ndarray, statistics: Sequence[Statistic]) -> list[Tensor]:
        features = self(ops.convert_to_tensor(image, dtype=self.dtype))
        return [statistic.of(features) for statistic in statistics]

    def _tiles(self, image: np.ndarray, side: float, layers: Iterable[str]) -> tuple[Tile, ...]:
        return tiles_of((image.shape[0], image.shape[1]), int(side), self.architecture, layers)

    def _seen(self, image: np.ndarray, part: Tile) -> Tensor:
        return ops.convert_to_tensor(image[part.seen], dtype=self.dtype)

    def _program(self, what: str, shape: TileShape, of: Sequence[Any]) -> Callable[..., Any]:
        """What a tile of this shape needs, compiled once; statistics that differ in their fields alone share it."""
        key = what, shape, tuple(getattr(each, "key", each) for each in of)
        if key not in self._programs:
            kinds: dict[str, Callable[..., Callable[..., Any]]] = {
                "features": self._features_in,
                "sums": self._sums_in,
                "gradient": self._gradient_in,
            }
            if len(self._programs) == KEPT:
                del self._programs[next(iter(self._programs))]
            self._programs[key] = backend.compiled(kinds[what](shape, [getattr(each, "bare", each) for each in of]))
        return self._programs[key]

    def _features_in(self, shape: TileShape, layers: Sequence[str]) -> Callable[..., list[Tensor]]:
        def features(image: Tensor) -> list[Tensor]:
            found = self(image)
            return [_crop(found[layer], shape, layer, 0) for layer in layers]

        return features

    def _sums_in(self, shape: TileShape, statistics: Sequence[Statistic]) -> Callable[..., list[Tensor]]:
        def sums(image: Tensor, fields: Any) -> list[Tensor]:
            seen, found = self(image), []
            for statistic, own in zip(statistics, fields, strict=True):
                cropped = {name: _crop(seen[name], shape, name, statistic.halo) for name in statistic.layers}
                found.append(statistic.of(cropped, own))
            return found

        return sums

    def _gradient_in(self, shape: TileShape, statistics: Sequence[Statistic]) -> Callable[..., Tensor]:
        sums = self._sums_in(shape, statistics)

        def product(image: Tensor, constants: Any) -> tuple[Tensor, Any]:
            slopes, fields = constants
            shares = zip(slopes, sums(image, fields), strict=True)
            total = sum(ops.sum(slope * share) for slope, share in shares)
            return total, ()

        differentiated = backend.value_and_grad(product)
        return lambda image, constants: differentiated(image, constants)[2]


def _crop(features: Tensor, shape: TileShape, layer: str, halo: int) -> Tensor:
    rows, columns = shape.core_at(layer, halo=halo)
    return features[:, rows, columns]


def _fields(statistics: Iterable[Statistic], part: Tile) -> list[list[Tensor]]:
    """The part of each statistic's fields that belongs to a tile."""
    found = []
    for statistic in statistics:
        place = slice(None), *part.place_at(statistic.layers[0], halo=statistic.halo)
        found.append([ops.convert_to_tensor(field.values[place]) for field in statistic.fields])
    return found


class _Source(NamedTuple):
    """Where weights come from, and what tells that they are others than before under the same name."""

    name: str | None
    modified: tuple[int, int] | None
    cache: str | None


def feature_extractor(
    model: str, source: str | None, layers: Sequence[str], *, pooling: str = "max", precision: str = "float32"
) -> FeatureExtractor:
    """A feature extractor; the same one for the same arguments, so that its programs are compiled once.

    Args:
        model: `vgg16`, `vgg19` or `mini`.
        source: of the weights, see `neural_style.features.weights.load`.
        layers: which activations it returns.
        pooling: `max` or `ave`.
        precision: of weights and activations.

    Raises:
        InvalidInputError, MissingFileError: see `neural_style.features.weights.load`.
    """
    path = Path(source or "")
    stat = path.stat() if source and path.is_file() else None
    modified = None if stat is None else (stat.st_mtime_ns, stat.st_size)
    return _open(model, _Source(source, modified, os.environ.get("KERAS_HOME")), tuple(layers), pooling, precision)


@lru_cache(maxsize=2)
def _open(model: str, source: _Source, layers: tuple[str, ...], pooling: str, precision: str) -> FeatureExtractor:
    table = vgg.architecture(model)
    loaded: Mapping[str, np.ndarray] = weights.load(table, source.name, table.up_to_deepest(layers))
    network = vgg.build(model, layers, loaded, pooling=pooling, dtype=precision)

    def extended(more: tuple[str, ...]) -> FeatureExtractor:
        return feature_extractor(model, source.name, more, pooling=pooling, precision=precision)

    return FeatureExtractor(table, network, weights.fingerprint(loaded), extended)
