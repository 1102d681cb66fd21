"""Content losses: the distance between features of the pastiche and of the content, position by position."""

from __future__ import annotations

from math import prod, sqrt

from keras import ops

from neural_style.backend import Tensor
from neural_style.losses.shapes import FEATURES, check_axes, check_target


def squared_error(features: Tensor, target: Tensor) -> Tensor:
    """`sum (F - P)^2` over positions and channels.

    It is additive: the values of the parts of an image add up to that of the image.

    Args:
        features: F, (N, h, w, C), of the pastiche.
        target: P, (N, h, w, C) or (1, h, w, C), of the content.

    Returns:
        (N,), in squared units of the features; grows with the number of positions.

    Raises:
        InvalidInputError: the shapes are not these.
    """
    check_axes("features", features, FEATURES)
    check_target("features", features, target)
    return ops.sum(ops.square(features - target), axis=(1, 2, 3))


def content_loss_titu1994(
    features: Tensor, target: Tensor, *, image_size: tuple[int, int], loss_type: int = 0
) -> Tensor:
    r"""Content loss of titu1994/Neural-Style-Transfer: `m * sum (F - P)^2`.

    `m` depends on the type: 0: 1; 1: 1 / (2 sqrt(C) sqrt(H W)); 2: 1 / (C H W). `C` is the layer's number of channels,
    H and W are the size of the IMAGE, not of the layer, as in the reference scripts. Gatys et al. 2016 (equation 1)
    print m = 1/2.

    Args:
        features: F, (N, h, w, C), of the pastiche.
        target: P, (N, h, w, C) or (1, h, w, C), of the content.
        image_size: rows and columns of the working image.
        loss_type: 0, 1 or 2.

    Returns:
        (N,); type 0 grows with the number of pixels, type 2 does not.

    Raises:
        InvalidInputError: the shapes are not these.
    """
    height, width = image_size
    channels = features.shape[-1]
    multiplier = (1.0, 1 / (2 * sqrt(channels) * sqrt(height * width)), 1 / (channels * height * width))[loss_type]
    return multiplier * squared_error(features, target)


def content_loss_gatys2016(features: Tensor, target: Tensor, *, count: int | None = None) -> Tensor:
    """Content loss in the units of the authors' own code: `mean (F - P)^2` over positions and channels.

    Source: leongatys/PytorchNeuralStyleTransfer. Gatys et al. 2016, equation 1, prints `1/2 sum (F - P)^2`, to which
    the weights that the paper gives do not belong. Johnson et al. 2016 (arXiv:1603.08155, equation 2) print this mean,
    and jcjohnson/neural-style computes it.

    Args:
        features: F, (N, h, w, C), of the pastiche.
        target: P, (N, h, w, C) or (1, h, w, C), of the content.
        count: number of elements of a picture's whole map, of which these features may be a part; None if they are all
            of it.

    Returns:
        (N,), in squared units of the features; does not depend on the size of the image.

    Raises:
        InvalidInputError: the shapes are not these.
    """
    return squared_error(features, target) / float(prod(features.shape[1:]) if count is None else count)
