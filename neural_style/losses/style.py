"""Style losses: Gram matrices of features, and the distance between those of the pastiche and of a style.

Three losses differ in their units only. With Gram matrices G and A that are sums over the M = h w positions of a layer
of C channels, and an image of H x W pixels::

    titu1994      sum (G - A)^2 / (4 * 9 * (H W)^2)
    gatys2016     sum (G / M - A / M)^2 / C^2
    johnson2016   sum (G / (C M) - A / (C M))^2 / C^2
"""

from __future__ import annotations

from math import prod

from keras import ops

from neural_style.backend import Tensor
from neural_style.errors import InvalidInputError
from neural_style.losses.shapes import FEATURES, GRAM_MATRICES, check_axes, check_target

REFERENCE_CHANNELS = 3
"""The `channels` of the reference's normalisation: those of the image, at every layer."""


def gram_matrix(features: Tensor, *, shift: float = 0.0) -> Tensor:
    """Correlations between channels: `G = (F + s)^T (F + s)`, F being a picture's features as a (positions, C) matrix.

    Gatys et al. 2016, equation 3, with s = 0: a plain sum over positions, nothing is divided here. Novak & Nikulin
    2016 (arXiv:1605.04603, section 3.3) shift every activation by s = -1, so that channels that are silent together
    count too.

    Args:
        features: F, (N, h, w, C).
        shift: s, in units of the features.

    Returns:
        (N, C, C), in squared units of the features: a matrix for each picture, symmetric and positive semidefinite,
        unchanged when positions are permuted.

    Raises:
        InvalidInputError: the shape is not this.
    """
    flat = _flat(features, shift)
    return _products(flat, flat)


def mean_gram_matrix(features: Tensor, *, shift: float = 0.0) -> Tensor:
    """`gram_matrix` divided by the number of positions: the same for a texture of any extent.

    Arguments, shapes and errors are those of `gram_matrix`.
    """
    return gram_matrix(features, shift=shift) / float(positions(features))


def cross_gram_matrix(features: Tensor, deeper: Tensor) -> Tensor:
    """Correlations between the channels of two layers: `(F^l)^T F^k`, a plain sum over positions.

    Novak & Nikulin 2016, sections 3.4 and 3.5, for features that `aligned` has brought to one size.

    Args:
        features: F^l, (N, h, w, C_l), of the shallower layer.
        deeper: F^k, (N, h, w, C_k).

    Returns:
        (N, C_l, C_k), in squared units of the features.

    Raises:
        InvalidInputError: the shapes are not these.
    """
    flat = _flat(features, 0.0), _flat(deeper, 0.0)
    if features.shape[:3] != deeper.shape[:3]:
        raise InvalidInputError(
            f"features of two layers must have one size, received {tuple(features.shape)} and {tuple(deeper.shape)}: "
            "bring them to it by `aligned`"
        )
    return _products(*flat)


def aligned(features: Tensor, deeper: Tensor) -> tuple[Tensor, Tensor]:
    """Features of two neighbouring layers at one size: the smaller map is repeated if a pooling lies between them.

    A row or column of the larger map that the pooling has dropped is left out.

    Args:
        features: (N, h, w, C_l).
        deeper: (N, h, w, C_k), or (N, h // 2, w // 2, C_k) behind a pooling.

    Returns:
        Both with the positions of the deeper layer, or twice as many rows and columns as it has.

    Raises:
        InvalidInputError: the shapes are not these.
    """
    check_axes("features", features, FEATURES)
    check_axes("deeper features", deeper, FEATURES)
    (rows, columns), found = features.shape[1:3], tuple(deeper.shape[1:3])
    if found == (rows, columns):
        return features, deeper
    if found != (rows // 2, columns // 2):
        raise InvalidInputError(
            f"deeper features must have {rows} x {columns} positions, or {rows // 2} x {columns // 2} behind a "
            f"pooling, received {found[0]} x {found[1]}"
        )
    deeper = ops.repeat(ops.repeat(deeper, 2, axis=1), 2, axis=2)
    return features[:, : deeper.shape[1], : deeper.shape[2]], deeper


def positions(features: Tensor) -> int:
    """Number of positions of (N, h, w, C): M = h w."""
    return prod(features.shape[1:3])


def style_loss_titu1994(gram: Tensor, target: Tensor, *, image_size: tuple[int, int]) -> Tensor:
    """Style loss of titu1994/Neural-Style-Transfer: `sum (G - A)^2 / (4 * 3^2 * (H W)^2)`.

    H and W are the size of the IMAGE and 3 its channels, at every layer; Gatys et al. 2016 (equation 4) divide by the
    layer's own channels and positions. So deep layers, which have fewer positions, count less here.

    Args:
        gram: G, (N, C, C), of the pastiche, a sum over positions.
        target: A, (N, C, C) or (1, C, C), of the style, a sum over equally many positions.
        image_size: rows and columns of the working image.

    Returns:
        (N,); stays about the same when the image grows.

    Raises:
        InvalidInputError: the shapes are not these.
    """
    height, width = image_size
    # As a float: the integer, 2.5e12 at 512 x 512, overflows the 32 bits that JAX gives to integers.
    return _squared_distance(gram, target) / float(4 * REFERENCE_CHANNELS**2 * (height * width) ** 2)


def style_loss_gatys2016(gram: Tensor, target: Tensor) -> Tensor:
    """Style loss in the units of the authors' own code: the mean over all C x C entries of `(G - A)^2`.

    Source: leongatys/PytorchNeuralStyleTransfer. Equation 4 of the paper has a further 1/4.

    Args:
        gram: G, (N, C, C), of the pastiche, divided by its number of positions; C_l x C_k between two layers.
        target: A, (N, C, C) or (1, C, C), of the style, divided by its own number of positions.

    Returns:
        (N,); does not depend on the size of the image.

    Raises:
        InvalidInputError: the shapes are not these.
    """
    return _squared_distance(gram, target) / float(prod(gram.shape[1:]))


def style_loss_johnson2016(gram: Tensor, target: Tensor) -> Tensor:
    """Style loss of jcjohnson/neural-style and its kin: the mean over all C x C entries of `(G / C - A / C)^2`.

    The Gram matrices, divided by `C h w` altogether, are those of Johnson, Alahi & Fei-Fei 2016 (arXiv:1603.08155,
    equation 3). Sources: jcjohnson/neural-style, jcjohnson/fast-neural-style, ProGamerGov/neural-style-pt. Equation 4
    has the squared Frobenius norm, the sum over entries in place of the mean, which makes it `style_loss_gatys2016`;
    this is 1 / C^2 of that, so that layers of many channels count less.

    Args:
        gram: G, (N, C, C), of the pastiche, divided by its number of positions; C_l x C_k between two layers.
        target: A, (N, C, C) or (1, C, C), of the style, divided by its own number of positions.

    Returns:
        (N,); does not depend on the size of the image.

    Raises:
        InvalidInputError: the shapes are not these.
    """
    return _squared_distance(gram, target) / float(prod(gram.shape[1:]) ** 2)


def _squared_distance(gram: Tensor, target: Tensor) -> Tensor:
    """`sum (G - A)^2` over the entries of each matrix, (N,)."""
    check_axes("Gram matrices", gram, GRAM_MATRICES)
    check_target("Gram matrices", gram, target)
    return ops.sum(ops.square(gram - target), axis=(1, 2))


def _flat(features: Tensor, shift: float) -> Tensor:
    """(N, h, w, C), shifted, as matrices of positions by channels: (N, h w, C), but (h w, C) for a batch of one."""
    check_axes("features", features, FEATURES)
    channels = features.shape[-1]
    flat = ops.reshape(features, (-1, channels) if features.shape[0] == 1 else (ops.shape(features)[0], -1, channels))
    return flat + shift if shift else flat


def _products(one: Tensor, other: Tensor) -> Tensor:
    """`one^T other` of each picture, (N, C, K), of what `_flat` makes of two layers.

    For a batch of one it is a product of two matrices, which is a few percent faster than a batched product, and in
    which TensorFlow gets the same last bits in a graph as outside of one: a loss is exactly 0 at its target.
    """
    product = ops.matmul(ops.swapaxes(one, -1, -2), other)
    return product if len(product.shape) == 3 else ops.expand_dims(product, 0)
