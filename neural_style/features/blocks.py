"""The layers of a segment as operations: forward, and the linear function that the way back differentiates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

from keras import activations, layers, ops

from neural_style import backend
from neural_style.backend import Tensor
from neural_style.features.segments import Segment
from neural_style.features.tiling import IMAGE
from neural_style.features.vgg import block_of, weight_name

if TYPE_CHECKING:
    import keras

    from neural_style.backend import Cache
    from neural_style.backend.program import Program
    from neural_style.features.vgg import Architecture


class Extractor(Protocol):
    """What tiles need of a `neural_style.features.extractor.FeatureExtractor`; see there."""

    architecture: Architecture
    network: keras.Model
    programs: Cache[Program]

    @property
    def dtype(self) -> str: ...

    @property
    def layers(self) -> tuple[str, ...]: ...

    @property
    def precision(self) -> str: ...

    def __call__(self, images: Tensor) -> dict[str, Tensor]: ...

    def preprocessed(self, images: Tensor) -> Tensor: ...


class Blocks:
    """The layers of a segment.

    With frozen weights, a convolution and a pooling by means are linear, a ReLU multiplies by its derivative, 0 or 1,
    and a pooling by maxima passes one position of four. So the vjp of a layer needs its signs and not its features:
    whether an activation is positive, and, before a pooling by maxima, is the one that passes.
    """

    def __init__(self, extractor: Extractor, segment: Segment) -> None:
        """
        Args:
            extractor: its network is one of `neural_style.features.vgg.build`, or the segment all of it.
            segment: which of its layers.
        """
        self._extractor, self._segment = extractor, segment
        following = segment.layers + ((segment.end,) if segment.end else ())
        self._pooled = {one for one, other in pairwise(following) if block_of(one) != block_of(other)}
        self._is_all = segment.is_first and segment.end is None and not segment.linear

    @staticmethod
    def are_known(extractor: Extractor) -> bool:
        """Whether a network is the chain that segments compute.

        From the picture to the deepest layer these are convolutions 3x3 with ReLUs, and between two blocks a pooling
        2x2 by maxima or means, under the names of `neural_style.features.vgg.build`, each of which takes what the one
        before makes; the features are what the convolutions make. Anything else, such as another activation, or a
        normalisation in between, has other derivatives than `linear`.
        """
        network = extractor.network
        named = {layer.name: layer for layer in network.layers}
        x, block = network.input, 1
        for layer in extractor.architecture.up_to_deepest(extractor.layers) if extractor.layers else ():
            if block_of(layer) > block:
                pooling: Any = named.get(f"block{block}_pool")
                if not (_is_pooling(pooling) and pooling.input is x):
                    return False
                x, block = pooling.output, block + 1
            convolution: Any = named.get(weight_name(layer))
            if not (_is_convolution(convolution) and convolution.input is x):
                return False
            x = convolution.output
            if layer in extractor.layers and not _is_made_of(network, network.output[layer], x):
                return False
        return True

    def forward(self, window: Tensor) -> tuple[dict[str, Tensor], list[Tensor], list[Tensor]]:
        """Features by layer, the pooled map at the end, if there is one, and the signs of the linear layers."""
        features, x = self.recomputed(window)
        signs = []
        for layer in self._segment.linear:
            x = self._layer(weight_name(layer))(x)
            features[layer] = ops.cast(x, self._extractor.dtype)
            sign = x > 0
            if layer in self._pooled:
                pooling = self._layer(f"block{block_of(layer)}_pool")
                if _is_maximum(pooling):
                    sign = ops.logical_and(sign, _passing(pooling)(x, ())[2] > 0)
                x = pooling(x)
            signs.append(sign)
        return features, [ops.cast(x, self._extractor.dtype)] if self._segment.end else [], signs

    def recomputed(self, window: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """Features of the layers that both passes compute, and what the next layer takes."""
        if self._is_all:
            return self._extractor(window), window
        features: dict[str, Tensor] = {}
        x = window
        if self._segment.is_first:
            x = features[IMAGE] = self._extractor.preprocessed(window)
        for layer in self._segment.recomputed:
            x = self._layer(weight_name(layer))(x)
            features[layer] = ops.cast(x, self._extractor.dtype)
            if layer in self._pooled:
                x = self._layer(f"block{block_of(layer)}_pool")(x)
        return features, x

    def linear(
        self, x: Tensor, signs: list[Tensor], kept: Mapping[str, Tensor]
    ) -> tuple[dict[str, Tensor], list[Tensor]]:
        """A function of `x` with the derivative of the linear layers: of those with kept features, and of the map at
        the end."""
        found = {}
        for layer, sign in zip(self._segment.linear, signs, strict=True):
            convolution = self._layer(weight_name(layer))
            kernel = ops.cast(convolution.kernel, convolution.compute_dtype)
            x = ops.cast(x, convolution.compute_dtype)
            x = ops.conv(x, kernel, 1, "same", data_format="channels_last")
            # Not a product, for which TensorFlow would make floats of all signs before it needs the first.
            nothing = ops.zeros((), x.dtype)
            if layer in kept:  # by its own sign, as that before a pooling by maxima leaves out what does not pass
                found[layer] = ops.cast(ops.where(kept[layer] > 0, x, nothing), self._extractor.dtype)
            x = ops.where(sign, x, nothing)
            if layer in self._pooled:
                factor = 4 if _is_maximum(self._layer(f"block{block_of(layer)}_pool")) else 1
                x = ops.average_pool(x, 2, 2, data_format="channels_last") * factor
        return found, [ops.cast(x, self._extractor.dtype)] if self._segment.end else []

    def _layer(self, name: str) -> Any:
        return self._extractor.network.get_layer(name)


def _passing(pooling: Any) -> Callable[[Tensor, Any], tuple[Tensor, Any, Tensor]]:
    """Its third result is 1 where a pooling by maxima passes a position, as the backend chooses among equal ones."""
    return backend.value_and_grad(lambda x, _: (ops.sum(pooling(x)), ()))


def _is_maximum(pooling: Any) -> bool:
    return type(pooling) is layers.MaxPooling2D


def _is_pooling(layer: Any) -> bool:
    """Whether a layer is a pooling of `neural_style.features.vgg.build` by maxima or means."""
    return (
        (_is_maximum(layer) or type(layer) is layers.AveragePooling2D)
        and layer.pool_size == layer.strides == (2, 2)
        and layer.padding == "valid"
        and layer.data_format == "channels_last"
    )


def _is_convolution(layer: Any) -> bool:
    """Whether a layer is a convolution of `neural_style.features.vgg.build`."""
    return (
        type(layer) is layers.Conv2D
        and layer.kernel_size == (3, 3)
        and layer.strides == layer.dilation_rate == (1, 1)
        and layer.groups == 1
        and layer.padding == "same"
        and layer.activation is activations.relu
        and layer.data_format == "channels_last"
    )


def _is_made_of(network: Any, features: Any, x: Any) -> bool:
    """Whether features are what a layer makes, or that in another precision."""
    if features is x:
        return True
    casts = (each for each in network.operations if type(each).__name__ == "Cast")
    return any(each.output is features and each.input is x for each in casts)
