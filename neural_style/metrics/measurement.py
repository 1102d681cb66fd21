"""All metrics of a pastiche at once, with the features of a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.features import vgg
from neural_style.images import ImageSource, Picture
from neural_style.inputs import Content, Style, as_content, as_styles
from neural_style.metrics.feature_distances import (
    relative_content_error,
    relative_gram_error,
    relative_sliced_wasserstein_distance,
)
from neural_style.metrics.pixel_metrics import SSIM_WINDOW, clipped_share, structural_similarity, total_variation
from neural_style.network import PRESETS
from neural_style.validation import check_count

Array = np.ndarray[Any, Any]


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
    """All metrics of a pastiche against its content, its styles, or both, with the features of a network.

    Sizes are those of a transfer at the size of the pastiche: the content is resized to it, and each painting to its
    area, with the painting's own shape and `scale`. For a fair comparison judge with a different network than the one
    that made the picture, such as vgg19 for pictures of mini, or with other layers.

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
        content_layers: layers of the content error; None is the model's own content layer.
        style_layers: layers of the Gram error and the Wasserstein distance; None is the model's own style layers.
        seed: seed of the directions of the sliced Wasserstein distance.
        tile: side of the tiles in which pictures too large for the memory are processed.

    Returns:
        `content.<layer>`, the relative content error, and `ssim`, if there is a content; for the j-th style
        `gram.<j>.<layer>`, the relative Gram error, and `swd.<j>.<layer>`, the relative sliced Wasserstein distance;
        `tv`, the total variation; `clipped`, the share of clipped pixels.

    Raises:
        InvalidInputError, MissingFileError: an input cannot be used, with what to do; before any work is done, unless
            all activations of a layer are zero for the content or a style.
    """
    check_count("seed", seed, at_least=0)
    has_styles = not (isinstance(styles, list | tuple) and len(styles) == 0)
    at_content, at_styles, layers = _layers(model, content_layers, style_layers, content is not None, has_styles)
    painted = images.read(pastiche, what="pastiche")
    photo = None if content is None else as_content(content)
    paintings = as_styles(styles) if has_styles else ()
    stride = vgg.architecture(model).stride(layers)
    _check_inputs(painted, photo, paintings, layers[-1], stride)
    # Keras, and with it the backend, starts here and not when the package is imported.
    from neural_style.features.extractor import feature_extractor

    extractor = feature_extractor(model, weights, layers, pooling=pooling)
    features = extractor.features(painted.rgb, layers, tile=tile)
    found: dict[str, float] = {}
    if photo is not None:
        original = images.resize(photo.picture.rgb, painted.size)
        targets = extractor.features(original, at_content, tile=tile)
        _check_activity(targets, photo.picture.name)
        found |= {f"content.{layer}": relative_content_error(features[layer], targets[layer]) for layer in at_content}
        found["ssim"] = structural_similarity(painted.rgb, original)
    for index, style in enumerate(paintings):
        targets = extractor.features(style.at(painted.size, minimum=stride), at_styles, tile=tile)
        _check_activity(targets, style.picture.name)
        for layer in at_styles:
            pair = features[layer], targets[layer]
            found[f"gram.{index}.{layer}"] = relative_gram_error(*pair)
            found[f"swd.{index}.{layer}"] = relative_sliced_wasserstein_distance(*pair, seed=seed)
    return {**found, "tv": total_variation(painted.rgb), "clipped": clipped_share(painted.rgb)}


def _layers(
    model: str, content: Sequence[str] | None, styles: Sequence[str] | None, has_content: bool, has_styles: bool
) -> tuple[tuple[str, ...], ...]:
    """Layers for the content, for the styles, and for both in the order of the network; checked."""
    table = vgg.architecture(model)
    preset = PRESETS[model]
    at_content = _layer_names(content, (preset.content_layer,)) if has_content else ()
    at_styles = _layer_names(styles, preset.style_layers) if has_styles else ()
    if not at_content and not at_styles:
        raise InvalidInputError("a pastiche is measured against something: give a content, styles, or both")
    table.check_layers([*at_content, *at_styles])
    return at_content, at_styles, tuple(layer for layer in table.layers if layer in {*at_content, *at_styles})


def _layer_names(layers: Sequence[str] | None, default: tuple[str, ...]) -> tuple[str, ...]:
    names = default if layers is None else (layers,) if isinstance(layers, str) else tuple(layers)
    if not names:
        raise InvalidInputError("name at least one layer, or pass None for the model's own")
    return names


def _check_inputs(painted: Picture, photo: Content | None, paintings: Sequence[Style], deepest: str, side: int) -> None:
    if any(each is not None and each.mask is not None for each in (photo, *paintings)):
        raise InvalidInputError("metrics compare whole pictures: remove the masks, or crop each picture to the region")
    if photo is not None and min(painted.size) < SSIM_WINDOW:
        raise InvalidInputError(f"{painted.name} is too small: SSIM needs at least {SSIM_WINDOW} pixels on a side")
    if min(painted.size) < side:
        raise InvalidInputError(
            f"{painted.name} has {painted.size[0]} x {painted.size[1]} pixels and {deepest} needs at least {side} on a "
            "side: choose shallower layers"
        )


def _check_activity(targets: Mapping[str, Array], name: str) -> None:
    for layer, features in targets.items():
        if not np.any(features):
            raise InvalidInputError(
                f"all activations of {name} in {layer} are zero, and no error is relative to them: choose other "
                "layers, or other weights"
            )
