"""VGG-16, VGG-19 and mini (Simonyan & Zisserman 2014, arXiv:1409.1556) from one table of layers.

Layers are named as in the style transfer papers, `conv<block>_<index>`, and stand for the activation after the
ReLU. Keras' own names (`block1_conv1`) are used for the weights only. The networks are built here because those of
`keras.applications` have max pooling only, and mini is not among them. Which layers and weights a technique uses by
default says `PRESETS` in `neural_style.objectives.presets`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from neural_style.errors import InvalidInputError
from neural_style.validation import check_choice, did_you_mean

if TYPE_CHECKING:
    import keras
    import numpy as np

    from neural_style.backend import Tensor

BGR_MEAN = (103.939, 116.779, 123.68)
"""Mean of ImageNet in the order that the Caffe weights expect; subtracted from images in 0..255."""

POOLING = ("max", "ave", "l2")

L2_GAIN = 0.78
"""With which `l2` keeps the size of activations of a network that was trained with maxima (an empirical number of
crowsonkb/style-transfer-pytorch)."""

_OTHER_LAYER_NAMES = re.compile(r"(?:relu|conv|block)_?(\d+)_(?:conv|relu)?(\d+)")
"""Layers as Torch and Keras call them, relu3_1 and block3_conv1."""


@dataclass(frozen=True)
class Architecture:
    """One network of the VGG family.

    Attributes:
        name: what the user calls it.
        blocks: number of filters of each convolution, by block; 2x2 pooling lies between blocks.
        weights: source of the weights when the user names none, see `neural_style.features.weights`.
    """

    name: str
    blocks: tuple[tuple[int, ...], ...]
    weights: str

    @property
    def filters(self) -> dict[str, int]:
        """Number of filters by layer name, in the order of the network."""
        return {
            f"conv{b}_{i}": count
            for b, block in enumerate(self.blocks, start=1)
            for i, count in enumerate(block, start=1)
        }

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of all layers in the order of the network."""
        return tuple(self.filters)

    def check_layers(self, names: Iterable[str], *, what: str = "that layer") -> None:
        """Raise `InvalidInputError` for a name that is not a layer of this network; `what` names the setting."""
        for name in names:
            if name in self.layers:
                continue
            other = _OTHER_LAYER_NAMES.fullmatch(str(name))
            meant = f"conv{other[1]}_{other[2]}" if other else str(name)
            if (
                meant not in self.layers
                and meant in ARCHITECTURES["vgg19"].layers
                and block_of(meant) > len(self.blocks)
            ):
                raise InvalidInputError(
                    f'{self.name} has no layer "{name}": {self.name} ends at block {len(self.blocks)}: leave {what} '
                    "out, or use vgg19"
                )
            raise InvalidInputError(f'{self.name} has no layer "{name}": {did_you_mean(meant, self.layers)}')

    def up_to_deepest(self, names: Iterable[str]) -> tuple[str, ...]:
        """All layers needed to compute `names`: the network truncated at the deepest of them."""
        return self.layers[: max(map(self.layers.index, names)) + 1]

    def stride(self, names: Iterable[str]) -> int:
        """Image pixels per position of the deepest of `names`: 2 to the number of poolings before it."""
        return int(2 ** max(block_of(name) - 1 for name in names))


ARCHITECTURES = {
    a.name: a
    for a in (
        Architecture(
            "vgg16",
            ((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3),
            weights="imagenet",
        ),
        Architecture(
            "vgg19",
            ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4),
            weights="imagenet",
        ),
        Architecture(
            "mini",
            ((32, 32), (64, 64), (128,) * 4),
            weights="embedded",
        ),
    )
}


def architecture(name: str) -> Architecture:
    """The entry of the table called `name`.

    Raises:
        InvalidInputError: there is none, with the nearest name.
    """
    check_choice("model", name, ARCHITECTURES)
    return ARCHITECTURES[name]


def size_at(layer: str, image_size: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of a layer's map: every pooling before it halves them, and drops an odd one."""
    factor = 2 ** (block_of(layer) - 1)
    return image_size[0] // factor, image_size[1] // factor


def aligned_size(layers: Iterable[str], image_size: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of a layer's map, or of two neighbours as `neural_style.losses.style.aligned` makes them."""
    first, *deeper = (size_at(layer, image_size) for layer in layers)
    for below in deeper:
        factor = 1 if below == first else 2
        first = below[0] * factor, below[1] * factor
    return first


def block_of(layer: str) -> int:
    """Number of the block that a layer belongs to: 3 for `conv3_1`."""
    return _numbers(layer)[0]


def weight_name(layer: str) -> str:
    """Keras' name of a layer: `block3_conv1` for `conv3_1`."""
    block, index = _numbers(layer)
    return f"block{block}_conv{index}"


def _numbers(layer: str) -> tuple[int, int]:
    """Block, and index within it, of a layer; names are not to be compared as strings, where 10 comes before 2.

    Raises:
        InvalidInputError: the name is not one of a layer.
    """
    match = re.fullmatch(r"conv(\d+)_(\d+)", layer)
    if match is None:
        raise InvalidInputError(f"a layer is named conv<block>_<index>, such as conv3_1, received {layer!r}")
    return int(match[1]), int(match[2])


def build(
    name: str,
    layers: Iterable[str],
    weights: Mapping[str, np.ndarray],
    *,
    pooling: str = "max",
    dtype: str = "float32",
) -> keras.Model:
    """A network that computes the named layers and nothing deeper.

    Args:
        name: `vgg16`, `vgg19` or `mini`.
        layers: which activations to return, in any order.
        weights: `block1_conv1_kernel` (3, 3, C_in, C_out) and `block1_conv1_bias` (C_out,) and so on, for every layer
            up to the deepest one.
        pooling: of 2x2 positions: `max`, the largest; `ave`, the mean; or `l2`, `0.78 sqrt(sum x^2)`.
        dtype: of weights and activations. With bfloat16 the image, which would be rounded to whole grey levels, and the
            first layer stay in float32, and so do the features returned.

    Returns:
        A functional model from (N, H, W, 3), BGR minus `BGR_MEAN`, any H and W, to a dict of layer name to
        (N, h, w, C).

    Raises:
        InvalidInputError: unknown network, layer or pooling; or see `neural_style.backend.check_process`.
    """
    import keras  # here, so that the table above can be read without starting a backend

    from neural_style import backend

    backend.check_process()
    table = architecture(name)
    layers = tuple(layers)
    table.check_layers(layers)
    check_choice("pooling", pooling, POOLING)

    # Not Keras' own defaults, which a keras.json in the user's home may have changed.
    common = {"data_format": "channels_last", "dtype": dtype}
    precise = "float32" if dtype == "bfloat16" else dtype
    image = keras.Input((None, None, 3), dtype=precise, name="image")
    x, block, outputs = image, 1, {}
    for layer in table.up_to_deepest(layers):
        if block_of(layer) > block:
            x = _pooled(x, pooling, name=f"block{block}_pool", **common)
            block += 1
        settings = {**common, "dtype": precise} if layer == table.layers[0] else common
        x = keras.layers.Conv2D(
            table.filters[layer], 3, padding="same", activation="relu", name=weight_name(layer), **settings
        )(x)
        if layer in layers:
            outputs[layer] = x if x.dtype == precise else keras.ops.cast(x, precise)
    model = keras.Model(image, outputs, name=name)
    for layer in table.up_to_deepest(layers):
        kernel, bias = (weights[f"{weight_name(layer)}_{part}"] for part in ("kernel", "bias"))
        model.get_layer(weight_name(layer)).set_weights([kernel, bias])
    model.trainable = False
    return model


def _pooled(x: Tensor, pooling: str, *, name: str, **common: str) -> Tensor:
    """The layer between two blocks: (N, h, w, C) to (N, h // 2, w // 2, C)."""
    import keras
    from keras import ops

    if pooling != "l2":
        pool = keras.layers.MaxPooling2D if pooling == "max" else keras.layers.AveragePooling2D
        return pool(2, strides=2, name=name, **common)(x)
    means = ops.average_pool(ops.square(x), 2, strides=2, data_format=common["data_format"])
    # The slope of a root is infinite at zero, where ReLUs often leave all four positions.
    is_positive = means > 0
    roots = ops.sqrt(ops.where(is_positive, means, ops.ones_like(means)))
    return ops.where(is_positive, 2 * L2_GAIN * roots, ops.zeros_like(means))
