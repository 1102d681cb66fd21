"""The normalised network of Gatys et al.: the same network in units that give every filter a mean activation of 1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import prod

import numpy as np
from keras import ops

from neural_style import images as pictures
from neural_style.backend import Tensor
from neural_style.errors import InvalidInputError
from neural_style.features import vgg
from neural_style.features.extractor import FeatureExtractor
from neural_style.features.statistics import Statistic
from neural_style.features.vgg import size_at, weight_name
from neural_style.features.weights import Weights
from neural_style.images import ImageSource


def normalised(
    weights: Mapping[str, np.ndarray],
    images: Iterable[ImageSource],
    *,
    model: str,
    pooling: str = "max",
    tile: int | None = None,
) -> Weights:
    """Weights with which the mean activation of each filter, over images and positions, is one.

    Gatys et al. 2016 (CVPR), section 2. With m_l the mean activations of layer l before::

        W'_l[..., i, j] = W_l[..., i, j] m_{l-1}[i] / m_l[j],    b'_l[j] = b_l[j] / m_l[j],    m_0 = 1,

    and every activation is divided by its filter's m_l: ReLU and all poolings commute with positive factors. So the
    network computes the same features, but errors of all filters and layers are in one unit, the one that the papers'
    ratios of weights belong to. The means depend on the pooling: with another one the inputs of deeper layers differ.

    A filter whose activation is zero on all images keeps its weights.

    Example:
        >>> import numpy as np
        >>> from neural_style import Network
        >>> from neural_style.features import vgg, weights
        >>> from neural_style.features.calibration import normalised
        >>> from neural_style.samples import sample
        >>> table = vgg.architecture("mini")
        >>> scaled = normalised(weights.load(table, "embedded", table.layers), [sample("cat")], model="mini")
        >>> np.savez("normalised.npz", **scaled)
        >>> net = Network(model="mini", weights="normalised.npz")

    Args:
        weights: see `neural_style.features.vgg.build`; of all layers of the model, or of the first ones.
        images: paths, PIL images or arrays (H, W, 3), RGB in 0..255, each used in its own size. Every position counts
            the same, so that a large image counts more.
        model: `vgg16`, `vgg19` or `mini`.
        pooling: `max`, `ave` or `l2`.
        tile: side of the tiles in which images too large for the memory are processed.

    Returns:
        float32, by the same names.

    Raises:
        InvalidInputError, MissingFileError: there is no image, one is smaller than the network's stride, or the weights
            have no first layer.
    """
    table = vgg.architecture(model)
    layers = tuple(layer for layer in table.layers if f"{weight_name(layer)}_kernel" in weights)
    if layers != table.layers[: len(layers)] or not layers:
        raise InvalidInputError(f"weights must be of the first layers of {model} without a gap, received {layers}")
    extractor = FeatureExtractor(table, vgg.build(model, layers, weights, pooling=pooling))
    scaled: Weights = {}
    before = np.ones(3)
    for layer, means in _mean_activations(extractor, layers, images, tile).items():
        kernel, bias = (f"{weight_name(layer)}_{part}" for part in ("kernel", "bias"))
        scaled[kernel] = (weights[kernel] * before[:, None] / means).astype(np.float32)
        scaled[bias] = (weights[bias] / means).astype(np.float32)
        before = means
    return scaled


def _mean_activations(
    extractor: FeatureExtractor, layers: Sequence[str], images: Iterable[ImageSource], tile: int | None
) -> dict[str, np.ndarray]:
    """By layer, (C,), over the positions of all images; 1 for a filter that is zero on all of them.

    Raises:
        InvalidInputError, MissingFileError: there is no image, or one cannot be used.
    """
    table = extractor.architecture
    sums, positions = {layer: np.zeros(table.filters[layer]) for layer in layers}, dict.fromkeys(layers, 0)
    statistics = [Statistic((layer,), channel_sums) for layer in layers]
    for source in images:
        picture = pictures.read(source, what="calibration image")
        if min(picture.size) < table.stride(layers):
            raise InvalidInputError(
                f"{picture.name} has {picture.size[0]} x {picture.size[1]} pixels and {layers[-1]} needs at least "
                f"{table.stride(layers)} on a side: choose larger images"
            )
        for layer, found in zip(layers, extractor.sums(picture.rgb, statistics, tile=tile), strict=True):
            sums[layer] += ops.convert_to_numpy(found)[0]
            positions[layer] += prod(size_at(layer, picture.size))
    if not positions[layers[0]]:
        raise InvalidInputError("no image was given: mean activations are taken over some photos")
    return {layer: np.where(total > 0, total / positions[layer], 1.0) for layer, total in sums.items()}


def channel_sums(features: Tensor) -> Tensor:
    """`sum F` over positions: (N, C) of (N, h, w, C)."""
    return ops.sum(features, axis=(1, 2))
