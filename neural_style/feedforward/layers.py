"""Layers that Keras lacks. A process must have imported this module before it loads a network that has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from neural_style.backend import Tensor
from neural_style.features.vgg import weight_name
from neural_style.feedforward import model
from neural_style.feedforward.encoder import ENCODER, LAYERS, RIDGES, Style
from neural_style.feedforward.settings import MULTIPLE

EPSILON = 1e-3
"""Added to variances; that of lengstrom/fast-style-transfer."""

SIGNS, VALUES = 127, 128
"""Periods of two squares, one of signs and one of normal numbers: their product repeats after 16256 pixels only."""


@keras.saving.register_keras_serializable("neural_style")
class ReflectionPadding2D(keras.layers.Layer):  # type: ignore[misc] # Keras has no types
    """A border of `width` pixels, reflected: (N, H, W, C) to (N, H + 2 width, W + 2 width, C)."""

    def __init__(self, width: int, **common: Any) -> None:
        super().__init__(**common)
        self.width = width

    def call(self, x: Tensor) -> Tensor:
        border = [self.width, self.width]
        return ops.pad(x, [[0, 0], border, border, [0, 0]], mode="reflect")

    def compute_output_shape(self, shape: Sequence[int | None]) -> tuple[int | None, ...]:
        rows, columns = (extent and extent + 2 * self.width for extent in shape[1:3])
        return shape[0], rows, columns, shape[3]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "width": self.width}


@keras.saving.register_keras_serializable("neural_style")
class ConditionalInstanceNormalization(keras.layers.Layer):  # type: ignore[misc] # Keras has no types
    """Instance normalisation with a scale and a shift of each style, mixed by the styles' weights.

    Takes the activations (N, H, W, C) and the weights (N, styles), which add up to 1.
    """

    def __init__(self, styles: int, affine: bool = True, epsilon: float = EPSILON, **common: Any) -> None:
        super().__init__(**common)
        self.styles, self.affine, self.epsilon = styles, affine, epsilon

    def build(self, shape: Sequence[Sequence[int | None]]) -> None:
        if self.affine:
            numbers = (self.styles, shape[0][-1])
            self.scale = self.add_weight(name="scale", shape=numbers, initializer="ones")
            self.shift = self.add_weight(name="shift", shape=numbers, initializer="zeros")
        super().build(shape)

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        x, weights = inputs
        mean, variance = ops.moments(x, axes=(1, 2), keepdims=True)
        normal = (x - mean) * ops.rsqrt(variance + self.epsilon)
        if not self.affine:
            return normal
        scale, shift = (ops.matmul(weights, each)[:, None, None] for each in (self.scale, self.shift))
        return normal * scale + shift

    def compute_output_shape(self, shape: Sequence[Sequence[int | None]]) -> tuple[int | None, ...]:
        return tuple(shape[0])

    def get_config(self) -> dict[str, Any]:
        own = {"styles": self.styles, "affine": self.affine, "epsilon": self.epsilon}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("neural_style")
class PaintsOneStyle(keras.layers.Layer):  # type: ignore[misc] # Keras has no types
    """`neural_style.feedforward.model.paint` in one style: (N, H, W, 3) to the same, RGB in 0..255, H and W from 32.

    The noise for flat areas is part of the layer, the same at the same place of every photo; in training it is moved at
    random, so that nothing is learnt about one place.

    Attributes:
        rounds: of correction.
        decoder: weights that are trained, as `model.fixed` makes them.
        encoder, means, roots: of mini and of the painting; they stay as they are.
    """

    def __init__(self, rounds: int = model.ROUNDS, seed: int = 0, **common: Any) -> None:
        super().__init__(**common)
        self.rounds, self.seed = rounds, seed

    def build(self, shape: Sequence[int | None]) -> None:
        self.decoder = {
            name: self._weight(name, size[-1:] if name.split(".")[-1] in ("scale", "shift") else size)
            for name, size in model.shapes(rounds=self.rounds).items()
            if not name.startswith("code")
        }
        self.encoder, channels = {}, 3
        for layer in ENCODER.up_to_deepest(LAYERS):
            filters, name = ENCODER.filters[layer], weight_name(layer)
            self.encoder[f"{name}_kernel"] = self._weight(f"{name}_kernel", (3, 3, channels, filters), trainable=False)
            self.encoder[f"{name}_bias"] = self._weight(f"{name}_bias", (filters,), trainable=False)
            channels = filters
        sizes = {name: 3 if name == "rgb" else ENCODER.filters[name] for name in RIDGES}
        self.means = {name: self._weight(f"{name}_mean", (1, 1, n), trainable=False) for name, n in sizes.items()}
        self.roots = {name: self._weight(f"{name}_root", (1, n, n), trainable=False) for name, n in sizes.items()}
        self.signs = self._weight("signs", (SIGNS, SIGNS, model.NOISE), trainable=False)
        self.values = self._weight("values", (VALUES, VALUES, model.NOISE), trainable=False)
        rng = np.random.default_rng(self.seed)
        self.signs.assign(rng.choice([-1.0, 1.0], self.signs.shape))
        self.values.assign(rng.standard_normal(self.values.shape))
        self.places = keras.random.SeedGenerator(self.seed)
        super().build(shape)

    def _weight(self, name: str, shape: Sequence[int], *, trainable: bool = True) -> keras.Variable:
        return self.add_weight(name=name.replace(".", "_"), shape=shape, initializer="zeros", trainable=trainable)

    def call(self, photo: Tensor, training: bool = False) -> Tensor:
        rows, columns = ops.shape(photo)[1:3]
        photo_of_eights = _to_multiples(photo)
        extents = ops.shape(photo_of_eights)[1:3]
        noise = self._noise(extents, training) + 0 * photo_of_eights[..., :1]
        decoder, encoder, means, roots = (
            {name: ops.convert_to_tensor(value) for name, value in each.items()}
            for each in (self.decoder, self.encoder, self.means, self.roots)
        )
        style = Style(means, {}, roots)
        painted = model.paint(decoder, encoder, photo_of_eights, style, noise, rounds=self.rounds)[-1]
        return painted[:, :rows, :columns]

    def _noise(self, extents: Sequence[Any], training: bool) -> Tensor:
        """(H, W, 2), normal with deviation 1."""
        start = keras.random.randint((2,), 0, SIGNS * VALUES, seed=self.places) if training else (0, 0)
        rows, columns = (ops.arange(extents[axis], dtype="int32") + start[axis] for axis in (0, 1))
        squares = ((self.signs, SIGNS), (self.values, VALUES))
        found = [
            ops.take(ops.take(square, rows % period, axis=0), columns % period, axis=1) for square, period in squares
        ]
        return found[0] * found[1]

    def compute_output_shape(self, shape: Sequence[int | None]) -> tuple[int | None, ...]:
        return tuple(shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rounds": self.rounds, "seed": self.seed}


def _to_multiples(photo: Tensor) -> Tensor:
    """Continued by reflection, below and to the right, to multiples of 8; by indices, which may be known late."""
    for axis in (1, 2):
        extent = ops.shape(photo)[axis]
        if isinstance(extent, int) and extent % MULTIPLE == 0:
            continue
        index = ops.arange(extent + (-extent) % MULTIPLE, dtype="int32")
        photo = ops.take(photo, ops.where(index < extent, index, 2 * (extent - 1) - index), axis=axis)
    return photo
