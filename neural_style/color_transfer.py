"""Colour transfer between pictures: by luminance, by histograms, and by the linear maps of Gatys et al. 2016.

Colours can be matched before a style transfer (`match_colors` on the style, with the content as the reference: each
stroke keeps one colour) or after it (`transfer_color` on the result: colours are exactly the content's).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.images import LUMA, ImageSource, Picture
from neural_style.images.bands import by_bands
from neural_style.images.picture import resize_bands
from neural_style.masks.mask import Mask, MaskSource, read_mask, warn_of_stretching
from neural_style.validation import check_choice

Array = np.ndarray[Any, Any]

LINEAR_MAPS = ("cholesky", "pca", "monge_kantorovich")
MATCHES = ("histogram", *LINEAR_MAPS)
METHODS = ("luminance", *MATCHES)

NOISE = 1e-5 * 255**2
"""Variance in squared grey levels, 0.65, below which colours count as noise, which no map may amplify: the 1e-5 of
leongatys/NeuralImageSynthesis, whose colours are in 0..1."""


def transfer_color(
    content: ImageSource, generated: ImageSource, *, method: str = "luminance", mask: MaskSource | None = None
) -> Array:
    """`generated` in the colours of `content`, at the size of `generated`.

    Example:
        >>> from neural_style import transfer_color
        >>> from neural_style.samples import sample
        >>> cat, night = sample("cat"), sample("night")
        >>> recoloured = transfer_color(cat, night, method="pca")
        >>> [picture.mean(axis=(0, 1)).round().tolist() for picture in (cat, night, recoloured)]
        [[148.0, 111.0, 87.0], [78.0, 112.0, 139.0], [148.0, 111.0, 87.0]]

    Args:
        content: the picture that provides the colours; resized (bicubic) to the size of `generated`.
        generated: the picture that gets them.
        method: `luminance` keeps the brightness of each pixel of `generated` and takes the colour of the same pixel
            of `content` (Y of the former with Cb and Cr of the latter). `histogram` matches the distributions of R, G
            and B separately. `cholesky`, `pca` and `monge_kantorovich` match mean and covariance of all three, see
            `linear_map`.
        mask: white pixels get the colours of `content`; statistics are those of the white pixels in both pictures.

    Returns:
        (rows, columns, 3) RGB in 0..255: uint8 if both pictures are, otherwise float32, which keeps 16 bits.

    Raises:
        InvalidInputError, MissingFileError: a picture or the mask cannot be read, or the method is unknown.

    `luminance` and `histogram` of uint8 pictures equal the reference to the grey level. `luminance` therefore converts
    to 8-bit YCbCr and back, which darkens the whole picture, inside and outside of the mask, by up to three levels; of
    float pictures it is exact, and pixels outside of the mask keep their values. Unlike the reference, `histogram` with
    a mask compares the masked regions instead of single pixels, and a picture that has the colours already is returned
    unchanged.

    Pixels that cannot be seen do not count: colours are those of the picture without white behind it, statistics are
    those of pixels with at least half of the largest alpha, and `luminance` changes a pixel by as much as that of
    `content` can be seen. The array returned is over white; `recolored` returns its transparency as well.
    """
    return recolored(content, generated, method=method, mask=mask).rgb


def recolored(
    content: ImageSource, generated: ImageSource, *, method: str = "luminance", mask: MaskSource | None = None
) -> Picture:
    """As `transfer_color`, as a picture with the transparency of `generated`."""
    check_choice("method of colour transfer", method, METHODS)
    source, target = images.read(content, what="content"), images.read(generated, what="generated")
    area = None if mask is None else read_mask(mask)
    if method == "luminance" or (
        area is not None and np.ptp(area.grey)
    ):  # otherwise only the colours of the content count, not their places
        images.warn_of_other_shape("content", source.size, "generated picture", target.size)
    warn_of_stretching(area, "mask", "generated picture", target.size)
    return recolored_picture(source, target, method=method, mask=area)


def recolored_picture(source: Picture, target: Picture, *, method: str, mask: Mask | None) -> Picture:
    """As `recolored`, of pictures and a mask in memory, which may be of another shape on purpose."""
    where = None if mask is None else mask.at(target.size, method="bicubic")
    if source.alpha is not None:  # Pillow would mix the colours of invisible pixels with the others
        source = source.resized(target.size, method="bicubic")
    if method == "luminance":
        return target.with_colors(_luminance(source.colors, target.colors, _weight(source, where)))
    reference = source.resized(target.size, method="bicubic")
    colors = np.clip(reference.colors, 0, 255)
    weights = _weight(target, where), _weight(reference, where)
    return target.with_colors(_matched(target.colors, colors, method, where, *weights))


def match_colors(
    image: ImageSource,
    reference: ImageSource,
    *,
    method: str = "pca",
    mask: MaskSource | None = None,
    reference_mask: MaskSource | None = None,
) -> Array:
    """`image` with the distribution of colours of `reference`; the two pictures may have any size and layout.

    Args:
        image: the picture that changes, for example a style before a transfer.
        reference: the picture that provides the colours, for example the content.
        method: `histogram`, `cholesky`, `pca` (the authors' choice) or `monge_kantorovich`.
        mask: white pixels of `image` are measured and changed.
        reference_mask: white pixels of `reference` are measured.

    Returns:
        As `transfer_color`, at the size of `image`.

    Raises:
        InvalidInputError, MissingFileError: a picture or a mask cannot be read, or the method cannot be used here.

    Reference: Gatys, Bethge, Hertzmann, Shechtman 2016, Preserving Color in Neural Artistic Style Transfer,
    https://arxiv.org/abs/1606.05897
    """
    return matched(image, reference, method=method, mask=mask, reference_mask=reference_mask).rgb


def matched(
    image: ImageSource,
    reference: ImageSource,
    *,
    method: str = "pca",
    mask: MaskSource | None = None,
    reference_mask: MaskSource | None = None,
) -> Picture:
    """As `match_colors`, as a picture with the transparency of `image`."""
    if method == "luminance":
        raise InvalidInputError(
            "luminance takes colours pixel by pixel and needs two pictures of the same scene: use transfer_color, or "
            f"choose one of: {', '.join(MATCHES)}"
        )
    check_choice("method of colour matching", method, MATCHES)
    target, source = images.read(image, what="image"), images.read(reference, what="reference")
    where, of_reference = (
        None if each is None else read_mask(each).at(picture.size, method="bicubic")
        for each, picture in ((mask, target), (reference_mask, source))
    )
    weights = _weight(target, where), _weight(source, of_reference)
    return target.with_colors(_matched(target.colors, source.colors, method, where, *weights))


def linear_map(covariance_from: Array, covariance_to: Array, *, method: str) -> Array:
    """The matrix A of a map x -> A x + b that gives colours with covariance S the covariance C: A S A^T = C.

    Example:
        >>> import numpy as np
        >>> from neural_style.color_transfer import linear_map
        >>> linear_map(np.diag([1.0, 4.0, 9.0]), np.diag([4.0, 4.0, 4.0]), method="pca").round(2).tolist()
        [[2.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.67]]

    With b = mean_C - A mean_S the means agree as well. A is not unique; the methods differ by a rotation:

    - `cholesky`: A = L_C L_S^-1, where S = L_S L_S^T and L is lower triangular; depends on the order of the channels.
    - `pca`: A = C^1/2 S^-1/2, from Image Analogies; moves colours less.
    - `monge_kantorovich`: A = S^-1/2 (S^1/2 C S^1/2)^1/2 S^-1/2; symmetric, moves colours the least in the mean square.

    Args:
        covariance_from: S, (channels, channels), symmetric, without negative eigenvalues.
        covariance_to: C, likewise.
        method: one of the three.

    Returns:
        A, float64. For a singular S there is no such A, and A maps S + N to C + N instead: N raises the eigenvalues of
        S to 1e-12 of the largest entry of both, and is zero if they are larger already.

    Raises:
        InvalidInputError: the method is unknown.

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


def _weight(picture: Picture, mask: Array | None) -> Array | None:
    """How much each pixel counts, (rows, columns) in 0..1: the mask, where the picture can be seen.

    Raises:
        InvalidInputError: nothing can be seen there.
    """
    if picture.alpha is None:
        return mask
    weight: Array = picture.alpha / np.float32(255) * (1 if mask is None else mask)
    if not weight.any():
        raise InvalidInputError(f"all of {picture.name} is transparent where the mask is white: choose another mask")
    return weight


def _luminance(content: Array, generated: Array, mask: Array | None) -> Array:
    """Y of `generated` with the colours of `content`."""
    if content.dtype == generated.dtype == np.uint8:
        return _luminance_uint8(content, generated, mask)
    content = content.astype(np.float32, copy=False)
    reference = np.clip(images.resize(content, generated.shape[:2], method="bicubic"), 0, 255)
    # RGB = Y + chroma, and both are linear in RGB: Cb and Cr are not needed.
    recoloured = reference + ((generated - reference.astype(np.float64)) @ LUMA)[..., None]
    return _blended(generated.astype(np.float32), recoloured, mask)


def _luminance_uint8(content: Array, generated: Array, mask: Array | None) -> Array:
    """Y of `generated` with Cb and Cr of `content`, in 8 bits by Pillow; `content` is resized in YCbCr, as in the
    reference."""
    size = generated.shape[0], generated.shape[1]
    before = by_bands(_to_ycbcr, generated)
    colours = resize_bands(
        lambda band: _to_ycbcr(content[band]), (content.shape[0], content.shape[1]), size, method="bicubic"
    )
    colours[..., 0] = before[..., 0]
    after = _blended(before, colours, mask)
    return generated.copy() if np.array_equal(before, after) else by_bands(_from_ycbcr, after)


def _to_ycbcr(rgb: Array) -> Array:
    return np.array(Image.fromarray(rgb).convert("YCbCr"))


def _from_ycbcr(values: Array) -> Array:
    planes = [Image.fromarray(np.ascontiguousarray(values[..., channel])) for channel in range(3)]
    return np.array(Image.merge("YCbCr", planes).convert("RGB"))


def _matched(
    image: Array,
    reference: Array,
    method: str,
    mask: Array | None,
    weight: Array | None,
    reference_weight: Array | None,
) -> Array:
    """`image` with the colours of `reference`: pixels with half of the largest weight are measured, and all pixels
    change in proportion to the mask."""
    if image.dtype != reference.dtype:
        image, reference = image.astype(np.float32), reference.astype(np.float32)
    measured, wanted = _measured(image, weight), _measured(reference, reference_weight)
    pixels = image.reshape(-1, 3)
    if method == "histogram":
        matched = _histograms_matched(pixels if weight is not None else measured, measured, wanted)
    else:
        matched = _moments_matched(pixels, measured, wanted, method)
    return _blended(image, matched.reshape(image.shape), mask)


def _measured(image: Array, weight: Array | None) -> Array:
    return image.reshape(-1, 3) if weight is None else image[weight >= weight.max() / 2]


def _histograms_matched(pixels: Array, measured: Array, wanted: Array) -> Array:
    """`pixels` (n, 3) under the map that gives each channel of `measured` the histogram of `wanted`."""
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
    """`pixels` (n, 3) under the linear map that gives `measured` the mean and covariance of `wanted`."""
    (mean, covariance), (wanted_mean, wanted_covariance) = _moments(measured), _moments(wanted)
    matrix = linear_map(*_without_noise(covariance, wanted_covariance, NOISE), method=method)
    return np.asarray((pixels - mean) @ matrix.T + wanted_mean)


def _moments(pixels: Array) -> tuple[Array, Array]:
    mean = pixels.mean(axis=0, dtype=np.float64)
    centred = pixels - mean
    return mean, centred.T @ centred / len(pixels)


def _without_noise(start: Array, goal: Array, floor: float) -> tuple[Array, Array]:
    """Both covariances plus the matrix that raises the eigenvalues of `start` to `floor`.

    Both get the same matrix, so that equal pictures stay equal; it is zero if all eigenvalues are larger already.
    """
    values, vectors = np.linalg.eigh(start)
    noise = (vectors * np.maximum(floor - values, 0)) @ vectors.T
    return start + noise, goal + noise


def _root(covariance: Array) -> Array:
    """The symmetric square root."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)


def _lower_root(covariance: Array) -> Array:
    """The Cholesky factor by QR of the symmetric root, which exists for a singular covariance, too."""
    upper = np.asarray(np.linalg.qr(_root(covariance), mode="r"))
    return np.asarray((upper * np.where(np.diag(upper) < 0, -1, 1)[:, None]).T)


def _blended(before: Array, after: Array, mask: Array | None) -> Array:
    """`after` where `mask` (rows, columns) is 1 and `before` where it is 0, in 0..255, in the type of `before`."""
    if mask is not None:
        return by_bands(_mixed, before, after, mask)
    return by_bands(lambda band: _rounded(band, before.dtype), after)


def _mixed(before: Array, after: Array, mask: Array) -> Array:
    return _rounded(before + mask[..., None] * (after - before.astype(np.float64)), before.dtype)


def _rounded(values: Array, dtype: Any) -> Array:
    if dtype == np.uint8:
        return images.to_uint8(values)
    return np.clip(values, 0, 255).astype(dtype)
