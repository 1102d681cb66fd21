"""The encoder: mini with smooth pooling and reflected borders, and the statistics that describe a painting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from keras import ops

from neural_style.backend import Tensor
from neural_style.features.vgg import BGR_MEAN, architecture, block_of, weight_name
from neural_style.feedforward.resampling import pad, pooled
from neural_style.feedforward.transport import moments, roots_of, with_ridge

Tensors = Mapping[str, Tensor]

ENCODER = architecture("mini")
LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv3_3")
"""Layers whose statistics describe a style; conv2_1 and conv3_3 are mapped, too."""

SCALES = {"rgb": 64.0, "conv1_1": 60.0, "conv2_1": 260.0, "conv3_1": 350.0, "conv3_3": 630.0}
"""About one standard deviation of the values; tensors inside the network are divided by them."""

RIDGES = {"rgb": 0.1, "conv2_1": 0.03, "conv3_3": 0.03}
"""Added to the variances of a photo, in parts of their mean, so that noise in flat photos is not taken for content."""


class Style(NamedTuple):
    """Statistics of a painting, or of several.

    Attributes:
        means: of colours and layers, (N, 1, C) by name.
        covariances: (N, C, C) by name.
        roots: square roots of the covariances of what is mapped, (N, C, C) by name.
    """

    means: Tensors
    covariances: Tensors
    roots: Tensors


def encode(
    encoder: Tensors, rgb: Tensor, *, dtype: str = "float32", layers: Sequence[str] = LAYERS
) -> dict[str, Tensor]:
    """Features of mini with smooth pooling and reflected borders.

    Args:
        encoder: `<layer>_kernel` and `<layer>_bias`, as in `neural_style.features.weights`.
        rgb: (N, H, W, 3), 0..255.
        dtype: of the products after the first layer; what is returned has the dtype of `rgb`.
        layers: at least one; nothing deeper is computed.

    Returns:
        `layers` and `rgb` by name.
    """
    x = rgb[..., ::-1] - ops.convert_to_tensor(BGR_MEAN, dtype=rgb.dtype)
    found, block = {"rgb": rgb}, 1
    for layer in ENCODER.up_to_deepest(layers):
        if block_of(layer) > block:
            x, block = pooled(x), block + 1
        x = ops.relu(convolved(x, encoder[f"{weight_name(layer)}_kernel"]) + ops.cast(_bias(encoder, layer), x.dtype))
        if layer in layers:
            found[layer] = ops.cast(x, rgb.dtype)
        x = ops.cast(x, dtype)
    return found


def _bias(encoder: Tensors, layer: str) -> Tensor:
    return encoder[f"{weight_name(layer)}_bias"]


def convolved(x: Tensor, kernel: Tensor) -> Tensor:
    """A convolution that keeps the size, reflected at the borders."""
    if kernel.shape[0] > 1:
        x = pad(x, kernel.shape[0] // 2)
    return ops.conv(x, ops.cast(kernel, x.dtype), strides=1, padding="valid", data_format="channels_last")


def style_of(features: Tensors) -> Style:
    """The style of a painting, from its features as `encode` returns them."""
    found = {name: moments(features[name]) for name in SCALES}
    means, covariances = ({name: pair[i] for name, pair in found.items()} for i in (0, 1))
    return with_roots(means, covariances)


def with_roots(means: Tensors, covariances: Tensors) -> Style:
    """The style of these moments."""
    return Style(means, covariances, {name: roots_of(with_ridge(covariances[name], 1e-4))[0] for name in RIDGES})


def style_vector(style: Style) -> Tensor:
    """(N, 710): means and logarithms of the deviations of colours and layers, in units of `SCALES`."""
    parts = []
    for name, scale in SCALES.items():
        identity = ops.identity(style.covariances[name].shape[-1], dtype=style.covariances[name].dtype)
        variance = ops.sum(style.covariances[name] * identity, -1) / scale**2
        parts += [style.means[name][:, 0] / scale, 0.5 * ops.log(variance + 1e-3)]
    return ops.concatenate(parts, -1)
