"""Numbers about finished pictures: how near a pastiche is to its content and its styles, and how clean it is.

All are functions of arrays, computed in float64; `measure` has a network look at pictures and calls them all. Errors of
features are relative, `|V - T|^2 / |T|^2`, so that they may be compared between layers, sizes and networks: 0 is the
target itself, 1 is what a picture without any features would get.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.features import vgg
from neural_style.images import LUMA, ImageSource
from neural_style.inputs import Content, Style, as_content, as_styles
from neural_style.network import PRESETS
from neural_style.validation import check_count

Array = np.ndarray[Any, Any]

SSIM_WINDOW = 11
"""Side of the Gaussian window of Wang et al. 2004, and so of the smallest picture that can be compared."""


def relative_content_error(features: Array, target: Array) -> float:
    """`|F - P|^2 / |P|^2`, the content loss of Gatys et al. 2016 (CVPR, equation 1) without units.

    Example:
        >>> import numpy as np
        >>> from neural_style import metrics
        >>> features = np.ones((1, 2, 2, 3))
        >>> metrics.relative_content_error(1.5 * features, features)
        0.25

    Args:
        features, target: (1, h, w, C) or any other shape, of the pastiche and of the content.

    Returns:
        At least 0; 0 where both are the same.

    Raises:
        InvalidInputError: the shapes differ, or the target is zero everywhere.
    """
    _check_same_shape("features", features, target)
    return _relative(features, target)


def relative_gram_error(features: Array, target: Array) -> float:
    """`|G - A|^2 / |A|^2` of mean Gram matrices, the style loss of Gatys et al. 2016 (CVPR, equation 4) without units.

    `G = F^T F / M` for F as a (M positions, C) matrix, so that pastiche and style may differ in size.

    Example:
        >>> import numpy as np
        >>> from neural_style import metrics
        >>> metrics.relative_gram_error(np.full((1, 2, 2, 3), 2.0), np.full((1, 4, 4, 3), 1.0))
        9.0

    Args:
        features, target: (1, h, w, C), of the pastiche and of the style.

    Returns:
        At least 0; 0 where both have the same correlations.

    Raises:
        InvalidInputError: the numbers of channels differ, or the target is zero everywhere.
    """
    return _relative(*(flat.T @ flat / len(flat) for flat in _flattened(features, target)))


def sliced_wasserstein_distance(features: Array, target: Array, *, seed: int = 0) -> float:
    """How far apart two distributions of activations are: `mean_v integral_0^1 (Q_v(t) - R_v(t))^2 dt`.

    Q_v and R_v are the quantile functions of the features projected on a direction v: step functions of M and N steps,
    integrated exactly. It is the style loss of Heitz et al. 2021 (arXiv:2006.07229), who have equally many samples on
    both sides, and sees the whole distribution of which a Gram matrix has the second moments. There are C directions as
    in the paper, but not drawn one by one: they are a random orthonormal basis, in which the share of the means is
    exact. So the value changes by a percent from seed to seed, and not by ten.

    Example:
        >>> import numpy as np
        >>> from neural_style import metrics
        >>> features = np.random.default_rng(0).normal(size=(1, 4, 4, 3))
        >>> metrics.sliced_wasserstein_distance(features[:, ::-1], features)
        0.0
        >>> round(metrics.sliced_wasserstein_distance(features + 2, features), 6)
        4.0

    Args:
        features, target: (1, h, w, C), of the pastiche and of the style, of any two sizes.
        seed: of the directions.

    Returns:
        At least 0, in squared units of the features; 0 where positions are only permuted.

    Raises:
        InvalidInputError: the numbers of channels differ.
    """
    check_count("seed", seed, at_least=0)
    one, other = _flattened(features, target)
    basis, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((one.shape[1], one.shape[1])))
    return float(np.mean([_squared_wasserstein(one @ direction, other @ direction) for direction in basis.T]))


def relative_sliced_wasserstein_distance(features: Array, target: Array, *, seed: int = 0) -> float:
    """`sliced_wasserstein_distance` divided by that of features that are all zero: the target's mean square.

    Arguments and errors are those of `sliced_wasserstein_distance`; a target that is zero everywhere is one, too.
    """
    norm = float(np.mean(np.square(target, dtype=np.float64)))
    return _divided(sliced_wasserstein_distance(features, target, seed=seed), norm)


def structural_similarity(image: Array, reference: Array) -> float:
    """SSIM of the luminance of two pictures (Wang, Bovik, Sheikh & Simoncelli 2004), by scikit-image.

    The constants are the paper's: a Gaussian window of 11 x 11 with a standard deviation of 1.5, population
    covariances, K1 = 0.01, K2 = 0.03, and a range of 255. Luminance is that of ITU-R 601-2. Between a pastiche and its
    content it tells how much of the drawing is left; colours do not count.

    Example:
        >>> from neural_style import metrics
        >>> from neural_style.samples import sample
        >>> cat = sample("cat")
        >>> metrics.structural_similarity(cat, cat)
        1.0
        >>> metrics.structural_similarity(255 - cat, cat) < 0
        True

    Args:
        image, reference: (H, W, 3), RGB in 0..255; what lies outside is clipped.

    Returns:
        At most 1, which is the same picture.

    Raises:
        InvalidInputError: the shapes differ or are not those of pictures, or a side is smaller than the window.
    """
    _check_picture(image)
    _check_same_shape("pictures", image, reference)
    if min(image.shape[:2]) < SSIM_WINDOW:
        raise InvalidInputError(
            f"SSIM needs at least {SSIM_WINDOW} pixels on a side, received {image.shape[0]} x {image.shape[1]}"
        )
    from skimage.metrics import structural_similarity as ssim

    one, other = (np.clip(each, 0, 255).astype(np.float64) @ LUMA for each in (image, reference))
    found = ssim(one, other, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False)
    return float(found)


def total_variation(image: Array) -> float:
    """`mean sqrt((x[i+1,j] - x[i,j])^2 + (x[i,j+1] - x[i,j])^2)` (Rudin, Osher & Fatemi 1992): how grainy a picture is.

    The mean is over channels and over all pixels but the last row and column, so that the size changes little. The term
    of an objective is a sum with another exponent, see `neural_style.losses.total_variation`.

    Example:
        >>> import numpy as np
        >>> from neural_style import metrics
        >>> slope = np.broadcast_to(np.arange(8.0)[:, None, None] * 3, (8, 8, 3))
        >>> metrics.total_variation(slope)
        3.0

    Args:
        image: (H, W, 3), at least 2 x 2.

    Returns:
        Grey levels from pixel to pixel: 0 for one colour, about 130 for noise uniform in 0..255.

    Raises:
        InvalidInputError: the picture has a single row or column.
    """
    if min(image.shape[:2]) < 2:
        raise InvalidInputError(f"total variation needs at least 2 x 2 pixels, received {image.shape[:2]}")
    x = np.asarray(image, np.float64)
    corner = x[:-1, :-1]
    return float(np.mean(np.hypot(x[1:, :-1] - corner, x[:-1, 1:] - corner)))


def clipped_share(image: Array) -> float:
    """Share of pixels that have a channel at or beyond the ends of 0..255.

    In a float picture they are those that saving clips; in a saved one, those that were clipped, and what is of pure
    colour anyway, such as white paper: compare with the share in the content or the style.

    Example:
        >>> import numpy as np
        >>> from neural_style import metrics
        >>> metrics.clipped_share(np.array([[[0, 9, 9], [9, 9, 9]], [[9, 255, 9], [8, 8, 8]]]))
        0.5

    Args:
        image: (H, W, 3), RGB, of any type.

    Returns:
        In 0..1.

    Raises:
        InvalidInputError: the shape is not that of a picture.
    """
    _check_picture(image)
    return float(np.mean(np.any((image <= 0) | (image >= 255), axis=-1)))


def measure(
    pastiche: ImageSource,
    content: Content | ImageSource | None = None,
    styles: Sequence[Style | ImageSource] | Style | ImageSource = (),
    *,
    model: str = "vgg19",
    weights: str | None = None,
    pooling: str = "max",
    content_layers: Sequence[str] | None = None,
    style_layers: Sequence[str] | None = None,
    seed: int = 0,
    tile: int | None = None,
) -> dict[str, float]:
    """All metrics of a pastiche against its content, its styles, or both, in the eye of a network.

    It is judged in its own size: the content is brought to it, and the paintings as in a transfer, to its area in their
    own shape, with their `scale`. A fair judge is another eye than the one that the picture was made for, such as vgg19
    for pictures of mini, or other layers.

    Example:
        >>> from neural_style import metrics
        >>> from neural_style.samples import sample
        >>> cat = sample("cat")[::8, ::8]
        >>> found = metrics.measure(cat, cat, sample("night"), model="mini", style_layers=["conv1_1"])
        >>> sorted(found)
        ['clipped', 'content.conv3_3', 'gram.0.conv1_1', 'ssim', 'swd.0.conv1_1', 'tv']
        >>> found["content.conv3_3"]
        0.0

    Args:
        pastiche: a path, a PIL image or an array (H, W, 3), RGB in 0..255.
        content: the photo, or None.
        styles: one painting or several; without masks.
        model: `vgg16`, `vgg19` or `mini`.
        weights: see `neural_style.features.weights.load`; None is the model's own.
        pooling: `max` or `ave`.
        content_layers: where the content error is taken; None is the model's own content layer.
        style_layers: where styles are compared; None is the model's own style layers.
        seed: of the directions of the sliced Wasserstein distance.
        tile: side of the tiles by which pictures are looked at that are too large for the memory.

    Returns:
        `content.<layer>`, the relative content error, and `ssim`, where there is a content; for the j-th style
        `gram.<j>.<layer>`, the relative Gram error, and `swd.<j>.<layer>`, the relative sliced Wasserstein distance;
        `tv`, the total variation; `clipped`, the share of clipped pixels.

    Raises:
        InvalidInputError, MissingFileError: an input cannot be used, with what to do; before any work is done, unless
            a layer turns out to see nothing in the content or in a style.
    """
    has_styles = not (isinstance(styles, list | tuple) and len(styles) == 0)
    if content is None and not has_styles:
        raise InvalidInputError("a pastiche is measured against something: give a content, styles, or both")
    check_count("seed", seed, at_least=0)
    table = vgg.architecture(model)
    at_content = _named(content_layers, (PRESETS[model].content_layer,)) if content is not None else ()
    at_styles = _named(style_layers, PRESETS[model].style_layers) if has_styles else ()
    layers = tuple(layer for layer in table.layers if layer in {*at_content, *at_styles})
    table.check_layers([*at_content, *at_styles])
    painted = images.read(pastiche, what="pastiche")
    photo = None if content is None else as_content(content)
    paintings = as_styles(styles) if at_styles else ()
    if any(each is not None and each.mask is not None for each in (photo, *paintings)):
        raise InvalidInputError("whole pictures are measured: take the masks away, or cut the region out of each")
    if photo is not None and min(painted.size) < SSIM_WINDOW:
        raise InvalidInputError(
            f"{painted.name} is too small to be compared with a content: SSIM needs {SSIM_WINDOW} pixels on a side"
        )
    stride = table.stride(layers)
    if min(painted.size) < stride:
        raise InvalidInputError(
            f"{painted.name} has {painted.size[0]} x {painted.size[1]} pixels and {layers[-1]} needs at least {stride} "
            "on a side: choose shallower layers"
        )
    # Keras, and with it the backend, starts here and not when the package is imported.
    from neural_style.features.extractor import feature_extractor

    extractor = feature_extractor(model, weights, layers, pooling=pooling)
    found: dict[str, float] = {}
    seen = extractor.features(painted.rgb, layers, tile=tile)
    if photo is not None:
        original = images.resize(photo.picture.rgb, painted.size)
        targets = extractor.features(original, at_content, tile=tile)
        _check_activity(targets, photo.picture.name)
        found |= {f"content.{layer}": relative_content_error(seen[layer], targets[layer]) for layer in at_content}
        found["ssim"] = structural_similarity(painted.rgb, original)
    for index, style in enumerate(paintings):
        targets = extractor.features(style.at(painted.size, minimum=stride), at_styles, tile=tile)
        _check_activity(targets, style.picture.name)
        for layer in at_styles:
            pair = seen[layer], targets[layer]
            found[f"gram.{index}.{layer}"] = relative_gram_error(*pair)
            found[f"swd.{index}.{layer}"] = relative_sliced_wasserstein_distance(*pair, seed=seed)
    return {**found, "tv": total_variation(painted.rgb), "clipped": clipped_share(painted.rgb)}


def _named(layers: Sequence[str] | None, default: tuple[str, ...]) -> tuple[str, ...]:
    """Layers as they were given, or the model's own.

    Raises:
        InvalidInputError: an empty list was given.
    """
    if layers is None:
        return default
    named = (layers,) if isinstance(layers, str) else tuple(layers)
    if not named:
        raise InvalidInputError("name at least one layer, or none at all for the model's own")
    return named


def _check_activity(targets: Mapping[str, Array], name: str) -> None:
    for layer, features in targets.items():
        if not np.any(features):
            raise InvalidInputError(
                f"{name} has no activation but zero in {layer}, so nothing is relative to it: choose other layers, or "
                "other weights"
            )


def _relative(value: Array, target: Array) -> float:
    value, target = np.asarray(value, np.float64), np.asarray(target, np.float64)
    return _divided(float(np.sum(np.square(value - target))), float(np.sum(np.square(target))))


def _divided(squared: float, norm: float) -> float:
    if norm == 0:
        raise InvalidInputError("the target's features are zero everywhere, so nothing is relative to them")
    return squared / norm


def _flattened(features: Array, target: Array) -> tuple[Array, Array]:
    """Both as (positions, C) in float64."""
    if features.shape[-1] != target.shape[-1]:
        raise InvalidInputError(
            f"features must have equally many channels, received {features.shape} and {target.shape}"
        )
    one, other = (np.asarray(each, np.float64).reshape(-1, each.shape[-1]) for each in (features, target))
    return one, other


def _squared_wasserstein(one: Array, other: Array) -> float:
    """`integral_0^1 (Q(t) - R(t))^2 dt` of the quantile functions of two samples, of M and of N numbers."""
    one, other = np.sort(one), np.sort(other)
    if len(one) == len(other):
        return float(np.mean(np.square(one - other)))
    count, others = len(one), len(other)
    # Steps end at i / M and j / N; times M N they are whole numbers, which can be told apart exactly.
    ends = np.union1d(np.arange(1, count + 1) * others, np.arange(1, others + 1) * count)
    widths = np.diff(ends, prepend=0)
    steps = np.square(one[(ends - 1) // others] - other[(ends - 1) // count])
    return float(np.sum(widths * steps) / (count * others))


def _check_picture(image: Array) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise InvalidInputError(f"a picture must have the shape (H, W, 3), received {image.shape}")


def _check_same_shape(what: str, one: Array, other: Array) -> None:
    if one.shape != other.shape:
        raise InvalidInputError(f"{what} must have the same shape, received {one.shape} and {other.shape}")
