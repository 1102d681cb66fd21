"""The image transformation network of Johnson, Alahi & Fei-Fei 2016 (arXiv:1603.08155), for one style or for several.

Of width w: c9s1-w, c3s2-2w, c3s2-4w, five residual blocks of 4w, two enlargements to 2w and w, c9s1-3. Normalisation
is that of each picture's channels (Ulyanov et al. 2016, arXiv:1607.08022),

    y = g (x - m) / sqrt(v + 0.001) + b,

with mean m and variance v over the positions. Of several styles each has its own g and b (Dumoulin et al. 2017,
arXiv:1610.07629), and a mixture of styles is their weighted mean; all other weights are shared.
"""

from __future__ import annotations

from math import sqrt

import keras
import numpy as np

from neural_style.backend import Tensor
from neural_style.feedforward.layers import EPSILON, ConditionalInstanceNormalization, ReflectionPadding2D
from neural_style.feedforward.settings import TransformerSettings

SCALES = {"tanh": (150.0, 127.5), "sigmoid": (255.0, 0.0)}
"""Factor and constant that turn the last activation into grey levels."""


def transformer(settings: TransformerSettings, *, styles: int = 1, seed: int = 0) -> keras.Model:
    """The network before training.

    Example:
        >>> import numpy as np
        >>> from neural_style.feedforward.settings import TransformerSettings
        >>> from neural_style.feedforward.transformer import transformer
        >>> network = transformer(TransformerSettings(width=4, blocks=1, ends=3))
        >>> tuple(network(np.zeros((2, 16, 24, 3), "float32")).shape)
        (2, 16, 24, 3)

    Args:
        settings: width, kernels and the like.
        styles: number of styles.
        seed: of the kernels.

    Returns:
        A model from `photo` (N, H, W, 3), RGB in 0..255, H and W multiples of 4, to the same shape and range (a
        tanh exceeds it by 22.5); of several styles it takes a list of that and `style`, weights (N, styles).
    """
    builder = _Builder(settings, styles)
    w = settings.width
    x = keras.layers.Rescaling(1 / 255)(builder.photo)
    x = builder.convolution(x, w, settings.ends)
    x = builder.convolution(x, 2 * w, 3, stride=2)
    x = builder.convolution(x, 4 * w, 3, stride=2)
    for _ in range(settings.blocks):
        inner = builder.convolution(builder.convolution(x, 4 * w, 3), 4 * w, 3, activation=None)
        x = keras.layers.Add()([x, inner])
    x = builder.enlarged(builder.enlarged(x, 2 * w), w)
    x = builder.convolution(x, 3, settings.ends, activation=settings.output, normalized=settings.normalize_output)
    factor, constant = SCALES[settings.output]
    inputs = builder.photo if styles == 1 else [builder.photo, builder.style]
    network = keras.Model(inputs, keras.layers.Rescaling(factor, constant)(x), name="transformer")
    _draw(network, settings.deviation, seed)
    return network


class _Builder:
    """The layers of a network, and its inputs."""

    def __init__(self, settings: TransformerSettings, styles: int) -> None:
        self.settings, self.styles = settings, styles
        self.photo = keras.Input((None, None, 3), dtype="float32", name="photo")
        self.style = keras.Input((styles,), dtype="float32", name="style") if styles > 1 else None

    def convolution(
        self,
        x: Tensor,
        filters: int,
        size: int,
        *,
        stride: int = 1,
        activation: str | None = "relu",
        normalized: bool = True,
    ) -> Tensor:
        """Convolution, normalisation and activation."""
        padding = "same"
        if self.settings.padding == "reflect":
            x, padding = (ReflectionPadding2D(size // 2)(x) if size > 1 else x), "valid"
        x = keras.layers.Conv2D(
            filters,
            size,
            strides=stride,
            padding=padding,
            use_bias=not normalized,
            data_format="channels_last",
        )(x)
        return self._finished(x, activation, normalized)

    def enlarged(self, x: Tensor, filters: int) -> Tensor:
        """Twice as many rows and columns."""
        if self.settings.upsampling == "nearest":
            x = keras.layers.UpSampling2D(2, interpolation="nearest", data_format="channels_last")(x)
            return self.convolution(x, filters, 3)
        x = keras.layers.Conv2DTranspose(
            filters,
            3,
            strides=2,
            padding="same",
            use_bias=False,
            data_format="channels_last",
        )(x)
        return self._finished(x, "relu", True)

    def _finished(self, x: Tensor, activation: str | None, normalized: bool) -> Tensor:
        if normalized:
            affine = self.settings.affine
            if self.style is None:
                x = keras.layers.GroupNormalization(groups=-1, epsilon=EPSILON, center=affine, scale=affine)(x)
            else:
                x = ConditionalInstanceNormalization(self.styles, affine)([x, self.style])
        return keras.layers.Activation(activation)(x) if activation else x


def _draw(network: keras.Model, deviation: float, seed: int) -> None:
    """Give every kernel its values from one generator, so that a seed makes the same network on every backend.

    With a deviation of the settings' own they are truncated at twice that, as by TensorFlow's `truncated_normal`. A
    transposed kernel, (rows, columns, out, in), has the fan-in of its inputs.
    """
    rng = np.random.default_rng(seed)
    for layer in network.layers:
        if not isinstance(layer, keras.layers.Conv2D | keras.layers.Conv2DTranspose):
            continue
        rows, columns, *channels = layer.kernel.shape
        inputs = channels[isinstance(layer, keras.layers.Conv2DTranspose)]
        draw = rng.standard_normal(layer.kernel.shape)
        while deviation and (outside := np.abs(draw) > 2).any():
            draw[outside] = rng.standard_normal(int(outside.sum()))
        layer.kernel.assign(draw * (deviation or sqrt(2 / (rows * columns * inputs))))
