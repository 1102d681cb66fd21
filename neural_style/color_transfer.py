"""The colours of one picture on another: luminance, histograms, and the linear maps of Gatys et al. 2016.

Colours can be matched before a transfer (`match_colors` on the style, with the content as the reference: strokes and
colours stay coupled) or after it (`color_transfer` on the result: colours are the content's own).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.images import LUMA, ImageSource
from neural_style.masks.mask import MaskSource, read_mask
from neural_style.validation import check_choice

Array = np.ndarray[Any, Any]

LINEAR_MAPS = ("cholesky", "pca", "monge_kantorovich")
MATCHES = ("histogram", *LINEAR_MAPS)
METHODS = ("luminance", *MATCHES)

NOISE = 1e-5 * 255**2
"""Variance in grey levels squared, 0.65, below which colours are taken for noise that no map may blow up: the 1e-5 of
leongatys/NeuralImageSynthesis, whose colours are in 0..1."""


def transfer_color(
    content: ImageSource, generated: ImageSource, *, method: str = "luminance", mask: MaskSource | None = None
) -> Array:
    """`generated` in the colours of `content`, in the size of `generated`.

    Example:
        >>> from neural_style import transfer_color
        >>> from neural_style.samples import sample
        >>> cat, night = sample("cat"), sample("night")
        >>> recoloured = transfer_color(cat, night, method="pca")
        >>> [picture.mean(axis=(0, 1)).round().tolist() for picture in (cat, night, recoloured)]
        [[148.0, 111.0, 87.0], [78.0, 112.0, 139.0], [148.0, 111.0, 87.0]]

    Args:
        content: the picture whose colours are wanted; resized (bicubic) to the size of `generated`.
        generated: the picture that is to get them.
        method: `luminance` keeps the brightness of each pixel of `generated` and takes the colour of the same pixel
            of `content` (Y of the one with Cb and Cr of the other). `histogram` matches the distribution of each of
            R, G and B by itself. `cholesky`, `pca` and `monge_kantorovich` match mean and covariance of all three,
            see `linear_map`.
        mask: white takes the colours of `content`; statistics are those of the white pixels only, in both pictures.

    Returns:
        (rows, columns, 3) RGB in 0..255: uint8 where both pictures are, otherwise float32, which keeps 16 bits.

    `luminance` and `histogram` on uint8 are the reference's to the grey level. So `luminance` then goes through 8-bit
    YCbCr, which darkens the whole picture, outside of the mask too, by up to three levels; as floats it is exact, and
    leaves what is outside as it is. Unlike the reference, `histogram` with a mask compares the masked regions instead
    of single pixels, and a picture that has the colours already is returned as it is.
    """
    check_choice("method of colour transfer", method, METHODS)
    source, target = images.read(content, what="content"), images.read(generated, what="generated")
    size = target.size
    where = None if mask is None else read_mask(mask).at(size, method="bicubic")
    if method != "luminance":
        reference = np.clip(images.resize(source.rgb, size, method="bicubic"), 0, 255)
        return _matched(target.rgb, reference, method, where, where)
    if source.rgb.dtype == target.rgb.dtype == np.uint8:
        return _luminance_uint8(source.rgb, target.rgb, where)
    reference = np.clip(images.resize(source.rgb.astype(np.float32), size, method="bicubic"), 0, 255)
    # RGB = Y + colour, and both are linear: no need to spell out Cb and Cr.
    recoloured = reference + ((target.rgb - reference.astype(np.float64)) @ LUMA)[..., None]
    return _blended(target.rgb.astype(np.float32), recoloured, where)


def match_colors(
    image: ImageSource,
    reference: ImageSource,
    *,
    method: str = "pca",
    mask: MaskSource | None = None,
    reference_mask: MaskSource | None = None,
) -> Array:
    """`image` with the distribution of colours of `reference`, two pictures of any size and layout.

    Args:
        image: the picture that changes, for example a style before a transfer.
        reference: the picture whose colours are wanted, for example the content.
        method: `histogram`, `cholesky`, `pca` (what the authors use) or `monge_kantorovich`.
        mask: white pixels of `image` are those that are measured and changed.
        reference_mask: white pixels of `reference` are those that are measured.

    Returns:
        As `color_transfer`, in the size of `image`.

    Reference: Gatys, Bethge, Hertzmann, Shechtman 2016, Preserving Color in Neural Artistic Style Transfer,
    https://arxiv.org/abs/1606.05897
    """
    if method == "luminance":
        raise InvalidInputError(
            "luminance takes colours pixel by pixel and needs two pictures of the same scene: use color_transfer, or "
            f"choose one of: {', '.join(MATCHES)}"
        )
    check_choice("method of colour matching", method, MATCHES)
    target, source = images.read(image, what="image"), images.read(reference, what="reference")
    return _matched(
        target.rgb,
        source.rgb,
        method,
        None if mask is None else read_mask(mask).at(target.size, method="bicubic"),
        None if reference_mask is None else read_mask(reference_mask).at(source.size, method="bicubic"),
    )


def linear_map(covariance_from: Array, covariance_to: Array, *, method: str) -> Array:
    """The matrix A of x -> A x + b that gives colours of covariance S the covariance C: A S A^T = C.

    Example:
        >>> import numpy as np
        >>> from neural_style.color_transfer import linear_map
        >>> linear_map(np.diag([1.0, 4.0, 9.0]), np.diag([4.0, 4.0, 4.0]), method="pca").round(2).tolist()
        [[2.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.67]]

    With b = mean_C - A mean_S the means agree as well. A is not unique; the methods differ by a rotation:

    - `cholesky`: A = L_C L_S^-1, where S = L_S L_S^T and L is lower triangular. Depends on the order of the channels.
    - `pca`: A = C^1/2 S^-1/2, of Image Analogies; keeps colours nearer to where they were.
    - `monge_kantorovich`: A = S^-1/2 (S^1/2 C S^1/2)^1/2 S^-1/2; symmetric, moves colours the least in the mean square.

    Args:
        covariance_from: S, (channels, channels), symmetric, no negative eigenvalue.
        covariance_to: C, the same.
        method: one of the three.

    Returns:
        A, float64. Where S is singular there is no such A, and A maps S + N to C + N instead: N raises the eigenvalues
        of S to 1e-12 of the largest of both, and is zero otherwise.

    Reference: https://arxiv.org/abs/1606.05897, section 4.1; the third is `sym` in leongatys/NeuralImageSynthesis.
    """
    check_choice("linear map of colours", method, LINEAR_MAPS)
    largest = max(float(np.abs(covariance).max()) for covariance in (covariance_from, covariance_to))
    start, goal = _without_noise(covariance_from, covariance_to, 1e-12 * largest or 1.0)
    if method == "cholesky":
        return np.asarray(_lower_root(goal) @ np.linalg.inv(_lower_root(start)))
    root = _root(start)
    inverse = np.linalg.inv(root)
    return np.asarray(_root(goal) @ inverse if method == "pca" else inverse @ _root(root @ goal @ root) @ inverse)


def _luminance_uint8(content: Array, generated: Array, mask: Array | None) -> Array:
    """Y of `generated`, Cb and Cr of `content`, by Pillow in 8 bits; `content` is resized in YCbCr, as the reference
    does."""
    before = np.array(Image.fromarray(generated).convert("YCbCr"))
    colours = images.resize(np.array(Image.fromarray(content).convert("YCbCr")), before.shape[:2], method="bicubic")
    after = np.concatenate([before[..., :1], _blended(before[..., 1:], colours[..., 1:], mask)], axis=-1)
    if np.array_equal(before, after):
        return generated.copy()
    planes = [Image.fromarray(np.ascontiguousarray(after[..., channel])) for channel in range(3)]
    return np.array(Image.merge("YCbCr", planes).convert("RGB"))


def _matched(image: Array, reference: Array, method: str, mask: Array | None, reference_mask: Array | None) -> Array:
    """`image` with the colours of `reference`: the pixels that `mask` covers by half or more are measured, and all of
    its pixels are changed, each as far as it is covered."""
    if image.dtype != reference.dtype:
        image, reference = image.astype(np.float32), reference.astype(np.float32)
    measured, wanted = _measured(image, mask), _measured(reference, reference_mask)
    pixels = image.reshape(-1, 3)
    if method == "histogram":
        matched = _histograms_matched(pixels if mask is not None else measured, measured, wanted)
    else:
        matched = _moments_matched(pixels, measured, wanted, method)
    return _blended(image, matched.reshape(image.shape), mask)


def _measured(image: Array, mask: Array | None) -> Array:
    return image.reshape(-1, 3) if mask is None else image[mask >= mask.max() / 2]


def _histograms_matched(pixels: Array, measured: Array, wanted: Array) -> Array:
    """`pixels` (n, 3) by the map that gives the values of `measured` the histogram of `wanted`, in each channel."""
    from skimage.exposure import match_histograms

    matched: Array = match_histograms(measured, wanted, channel_axis=-1)  # uint8 is truncated, as in the reference
    if pixels is measured:
        return matched
    mapped = np.empty(pixels.shape)
    for channel in range(3):
        values, first = np.unique(measured[:, channel], return_index=True)
        mapped[:, channel] = np.interp(pixels[:, channel], values, matched[first, channel])
    return mapped


def _moments_matched(pixels: Array, measured: Array, wanted: Array, method: str) -> Array:
    """`pixels` (n, 3) by the linear map that gives `measured` the mean and the covariance of `wanted`."""
    (mean, covariance), (wanted_mean, wanted_covariance) = _moments(measured), _moments(wanted)
    matrix = linear_map(*_without_noise(covariance, wanted_covariance, NOISE), method=method)
    return np.asarray((pixels - mean) @ matrix.T + wanted_mean)


def _moments(pixels: Array) -> tuple[Array, Array]:
    mean = pixels.mean(axis=0, dtype=np.float64)
    centred = pixels - mean
    return mean, centred.T @ centred / len(pixels)


def _without_noise(start: Array, goal: Array, floor: float) -> tuple[Array, Array]:
    """Both covariances plus what lifts the eigenvalues of `start` to `floor`.

    The same is added to both, so that equal pictures stay equal; nothing is added where all of `start` is above.
    """
    values, vectors = np.linalg.eigh(start)
    noise = (vectors * np.maximum(floor - values, 0)) @ vectors.T
    return start + noise, goal + noise


def _root(covariance: Array) -> Array:
    """The symmetric square root."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)


def _lower_root(covariance: Array) -> Array:
    """The Cholesky factor, by QR of the symmetric root, which a singular covariance has as well."""
    upper = np.asarray(np.linalg.qr(_root(covariance), mode="r"))
    return np.asarray((upper * np.where(np.diag(upper) < 0, -1, 1)[:, None]).T)


def _blended(before: Array, after: Array, mask: Array | None) -> Array:
    """`after` as far as `mask` (rows, columns) is 1, in 0..255, in the type of `before`."""
    if mask is not None:
        after = before + mask[..., None] * (after - before.astype(np.float64))
    if before.dtype == np.uint8 and after.dtype != np.uint8:
        after = np.rint(after)
    return np.asarray(np.clip(after, 0, 255).astype(before.dtype))
