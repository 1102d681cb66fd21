"""How far the pastiche's texture statistics are from the style's."""

from __future__ import annotations

from keras import ops

from neural_style.backend import Tensor

REFERENCE_CHANNELS = 3
"""The `channels` of the reference's normalisation: those of the image, at every layer."""


def gram_matrix(features: Tensor) -> Tensor:
    """Correlations between channels: `G = F^T F`, F being the features as a (positions, C) matrix.

    Gatys et al. 2016, equation 3: a plain sum over positions, nothing is divided here.

    Args:
        features: (1, h, w, C).

    Returns:
        (C, C), symmetric and positive semidefinite, unchanged when positions are permuted.
    """
    flat = ops.reshape(features, (-1, features.shape[-1]))
    return ops.matmul(ops.transpose(flat), flat)


def mean_gram_matrix(features: Tensor) -> Tensor:
    """`F^T F / M` with the M positions of the features (1, h, w, C): the same for a texture of any extent."""
    return gram_matrix(features) / (features.shape[1] * features.shape[2])


def style_loss_titu1994(gram: Tensor, target: Tensor, *, image_size: tuple[int, int]) -> Tensor:
    """Style loss of titu1994/Neural-Style-Transfer: `sum (G - A)^2 / (4 * 3^2 * (H W)^2)`.

    H and W are the size of the IMAGE and 3 its channels, at every layer; Gatys et al. 2016 (equation 4) divide by the
    layer's own channels and positions. So deep layers, which have fewer positions, count less here.

    Args:
        gram, target: (C, C) Gram matrices of the pastiche and of the style, as sums over equally many positions.
        image_size: rows and columns of the working image.

    Returns:
        A scalar that stays about the same when the image grows.
    """
    height, width = image_size
    return ops.sum(ops.square(gram - target)) / (4 * REFERENCE_CHANNELS**2 * (height * width) ** 2)


def style_loss_gatys2016(gram: Tensor, target: Tensor) -> Tensor:
    """Style loss in the units of the authors' own code: the mean over all C x C entries of `(G - A)^2`.

    Source: leongatys/PytorchNeuralStyleTransfer. Equation 4 of the paper has a further 1/4.

    Args:
        gram, target: (C, C) Gram matrices, each divided by its own number of positions.

    Returns:
        A scalar that does not depend on the size of the image.
    """
    return ops.mean(ops.square(gram - target))
