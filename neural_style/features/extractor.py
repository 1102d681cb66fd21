"""Feature extraction from pictures of any size, whole or by tiles."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from keras import ops

from neural_style import backend
from neural_style.backend import NETWORKS, PROGRAMS, Cache, Tensor
from neural_style.backend.program import Program
from neural_style.errors import InvalidInputError
from neural_style.features import vgg, weights
from neural_style.features.additivity import probe
from neural_style.features.checkpointing import TiledStatistics, core_of
from neural_style.features.sent_files import is_at_hand
from neural_style.features.statistics import Statistic, check_additive
from neural_style.features.tiling import FORWARD, IMAGE, Tile, TileShape, tiles_of
from neural_style.features.vgg import BGR_MEAN

if TYPE_CHECKING:
    import keras


SIZES_OF_PICTURES = 12
"""Sizes of whole pictures whose programs are kept, 12 MB each: of four shapes in a folder the three that `paint` uses.
With fewer, a folder whose shapes take turns would have every program made again."""

PROBED = 64
"""Kinds of statistics that an extractor remembers to be additive."""


def preprocess(images: Tensor) -> Tensor:
    """What the networks take, (N, H, W, 3), BGR minus the mean of ImageNet, of pictures in RGB, 0..255.

    Args:
        images: a picture (H, W, 3), which becomes a batch of one, or a batch (N, H, W, 3).

    Raises:
        InvalidInputError: the shape is neither.
    """
    shape = tuple(images.shape)
    if len(shape) not in (3, 4) or shape[-1] not in (3, None):
        raise InvalidInputError(f"pictures must have shape (H, W, 3) or (N, H, W, 3), received {shape}")
    batch = images if len(shape) == 4 else images[None]
    return batch[..., ::-1] - ops.convert_to_tensor(BGR_MEAN, dtype=images.dtype)


@backend.eager
def features_of(images: np.ndarray, network: keras.Model) -> dict[str, Tensor]:
    """Features by layer, (N, h, w, C), of a picture (H, W, 3) or a batch (N, H, W, 3), RGB in 0..255."""
    return dict(network(preprocess(ops.convert_to_tensor(images, dtype=network.input.dtype))))


class FeatureExtractor:
    """A network with its weights, as a function of pictures.

    Pictures are RGB in 0..255: one (H, W, 3), which counts as a batch of one, or a batch (N, H, W, 3). Whole or by
    tiles, they have the same features and sums up to rounding.

    Example:
        >>> import numpy as np
        >>> from neural_style.features.extractor import feature_extractor
        >>> extractor = feature_extractor("mini", "random", ("conv1_1", "conv2_1"))
        >>> batch = np.zeros((4, 24, 36, 3), "float32")
        >>> extractor.features(batch, ["conv2_1"])["conv2_1"].shape
        (4, 12, 18, 64)

    Attributes:
        architecture: name and table of layers.
        network: from a preprocessed batch to a dict of features; see `neural_style.features.vgg.build`.
        weights_sha256: fingerprint of the weights.
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
        self.programs: Cache[Program] = Cache(PROGRAMS)
        self.objective_programs: Cache[Program] = Cache(PROGRAMS, SIZES_OF_PICTURES)
        self._additive: set[Hashable] = set()

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

    @property
    def precision(self) -> str:
        """Of the activations behind the first layer: `bfloat16`, or `dtype`."""
        computed = {getattr(layer, "compute_dtype", None) for layer in self.network.layers}
        return "bfloat16" if "bfloat16" in computed else self.dtype

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers whose features it computes."""
        return tuple(self.network.output)

    def __call__(self, images: Tensor) -> dict[str, Tensor]:
        """Features of pictures as operations on tensors, which may be part of a larger program and differentiated.

        Args:
            images: a picture or a batch, see the class.

        Returns:
            (N, h, w, C) by layer; under `IMAGE` the preprocessed pictures.
        """
        x = self.preprocessed(images)
        return {**self.network(x), IMAGE: x}

    def preprocessed(self, images: Tensor) -> Tensor:
        """What the network takes of pictures; see `preprocess`."""
        return preprocess(ops.cast(images, self.dtype))

    def features(self, images: np.ndarray, layers: Iterable[str], *, tile: int | None = None) -> dict[str, np.ndarray]:
        """Features of pictures as arrays.

        Args:
            images: a picture or a batch, see the class.
            layers: names of layers.
            tile: side of the tiles in which pictures too large for the memory are processed; None for whole pictures.

        Returns:
            (N, h, w, C) by layer.
        """
        layers = tuple(layers)
        if not layers:
            return {}
        if tile is None:
            computed = self._program("features", None, layers)(ops.convert_to_tensor(images, dtype=self.dtype))
            return dict(zip(layers, (np.asarray(ops.convert_to_numpy(each)) for each in computed), strict=True))
        found: dict[str, np.ndarray] = {}
        for part in self._tiles(images, tile * FORWARD, layers):
            computed = self._program("features", part.shape, layers)(self._window(images, part))
            for layer, values in zip(layers, map(ops.convert_to_numpy, computed), strict=True):
                if layer not in found:
                    size = vgg.size_at(layer, _size(images))
                    found[layer] = np.empty((len(values), *size, values.shape[-1]), self.dtype)
                found[layer][:, *part.place_at(layer)] = values
        return found

    def sums(self, images: np.ndarray, statistics: Sequence[Statistic], *, tile: int | None = None) -> list[Tensor]:
        """Statistics of pictures.

        Args:
            images: a picture or a batch, see the class.
            statistics: what to compute; by tiles all must be additive.
            tile: side of the tiles in which pictures too large for the memory are processed; None for whole pictures.

        Returns:
            What each statistic's function returns: N Gram matrices (N, C, C), for example.

        Raises:
            InvalidInputError: a statistic is not additive, and there are tiles.
        """
        if tile is None:
            arguments = [statistic.arguments(self.dtype) for statistic in statistics]
            program = self._program("sums", None, statistics)
            return list(program(ops.convert_to_tensor(images, dtype=self.dtype), arguments))
        self.check_additive(statistics)
        return TiledStatistics(self, images, statistics, tile, has_vjp=False).sums()

    def vjp(
        self, images: np.ndarray, statistics: Sequence[Statistic], *, tile: int
    ) -> tuple[list[Tensor], Callable[[Sequence[Tensor]], np.ndarray]]:
        """Statistics by tiles, and the function that brings their gradients back to the pictures, as `jax.vjp` does.

        Args:
            images: a picture or a batch, see the class.
            statistics: additive ones.
            tile: side of the tiles.

        Returns:
            What each statistic's function returns; and a function, to be called once, from slopes, a tensor of the
            shape of each statistic, to the gradient of `sum_i <slopes_i, statistic_i(images)>`, of that of `images`.

        Raises:
            InvalidInputError: a statistic is not additive.
        """
        self.check_additive(statistics)
        tiled = TiledStatistics(self, images, statistics, tile)
        return tiled.sums(), tiled.vjp

    def check_additive(self, statistics: Iterable[Statistic]) -> None:
        """Check that statistics can be computed by tiles: that they are declared additive, and are.

        The second is tried once for each kind of statistic; see `neural_style.features.additivity.probe`.

        Raises:
            InvalidInputError: one of them is not additive.
        """
        statistics = list(statistics)
        check_additive(statistics)
        for statistic in statistics:
            if statistic.key not in self._additive:
                probe(statistic, self.architecture, self.dtype)
                if len(self._additive) == PROBED:
                    self._additive.clear()
                self._additive.add(statistic.key)

    def _tiles(self, images: np.ndarray, side: float, layers: Iterable[str]) -> tuple[Tile, ...]:
        return tiles_of(_size(images), int(side), self.architecture, layers)

    def _window(self, images: np.ndarray, part: Tile) -> Tensor:
        return ops.convert_to_tensor(images[..., *part.window_at(IMAGE), :], dtype=self.dtype)

    def _program(self, what: str, shape: TileShape | None, of: Sequence[Any]) -> Program:
        """A program for tiles of a shape, or for whole pictures; statistics that differ only in fields and constants
        share it."""
        key = what, shape, tuple(getattr(each, "key", each) for each in of)
        kinds: dict[str, Callable[..., Program]] = {
            "features": self._features_in,
            "sums": self._sums_in,
        }
        bare = [getattr(each, "bare", each) for each in of]
        if shape is None and not backend.COMPILES_OPERATIONS:  # nothing that is worth keeping
            return backend.compiled(kinds[what](shape, bare), is_run_once=True)
        return self.programs.get(key, lambda: backend.compiled(kinds[what](shape, bare), is_run_once=shape is None))

    def _features_in(self, shape: TileShape | None, layers: Sequence[str]) -> Callable[..., list[Tensor]]:
        def features(window: Tensor) -> list[Tensor]:
            found = self(window)
            return [core_of(shape, found[layer], layer) if shape else found[layer] for layer in layers]

        return features

    def _sums_in(self, shape: None, statistics: Sequence[Statistic]) -> Callable[..., list[Tensor]]:
        def sums(images: Tensor, arguments: Any) -> list[Tensor]:
            features = self(images)
            return [statistic.of(features, own) for statistic, own in zip(statistics, arguments, strict=True)]

        return sums


def _size(images: np.ndarray) -> tuple[int, int]:
    """Rows and columns of a picture (H, W, 3), or of those of a batch."""
    return images.shape[-3], images.shape[-2]


class _Source(NamedTuple):
    """The source of weights, with what distinguishes them from other weights under the same name.

    Attributes:
        name: as the user gave it.
        sha256: of the file, whose size and time another file may share.
        cache: Keras' folder.
    """

    name: str | None
    sha256: str
    cache: str | None


def feature_extractor(
    model: str, source: str | None, layers: Sequence[str], *, pooling: str = "max", precision: str = "float32"
) -> FeatureExtractor:
    """A feature extractor; the same one for the same arguments, so that its programs are compiled once.

    Args:
        model: `vgg16`, `vgg19` or `mini`.
        source: of the weights, see `neural_style.features.weights.load`.
        layers: which activations it returns.
        pooling: `max`, `ave` or `l2`.
        precision: of weights and activations.

    Raises:
        InvalidInputError, MissingFileError: see `neural_style.features.weights.load`; or TensorFlow does not compute.
    """
    backend.check_eager()
    backend.check_process()
    path = Path(source or "")
    sha256 = weights.hash_of(path) if source and is_at_hand(path) else ""
    asked = model, _Source(source, sha256, os.environ.get("KERAS_HOME")), tuple(layers), pooling, precision
    return _EXTRACTORS.get(asked, lambda: _open(*asked))


_EXTRACTORS: Cache[FeatureExtractor] = Cache(NETWORKS)


def _open(model: str, source: _Source, layers: tuple[str, ...], pooling: str, precision: str) -> FeatureExtractor:
    table = vgg.architecture(model)
    loaded: Mapping[str, np.ndarray] = weights.load(table, source.name, table.up_to_deepest(layers))
    network = vgg.build(model, layers, loaded, pooling=pooling, dtype=precision)

    def extended(more: tuple[str, ...]) -> FeatureExtractor:
        return feature_extractor(model, source.name, more, pooling=pooling, precision=precision)

    return FeatureExtractor(table, network, weights.fingerprint(loaded), extended)
