"""All metrics of a pastiche at once, with the features of a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.features import vgg
from neural_style.images import ImageSource, Picture
from neural_style.inputs import Content, Style, as_content, as_styles
from neural_style.masks.mask import Mask
from neural_style.metrics.feature_distances import (
    relative_content_error,
    relative_gram_error,
    relative_sliced_wasserstein_distance,
)
from neural_style.metrics.pixel_metrics import SSIM_WINDOW, clipped_share, structural_similarity, total_variation
from neural_style.network import PRESETS
from neural_style.objectives.transfer_loss import PADDINGS
from neural_style.validation import check_choice, check_count

if TYPE_CHECKING:
    from neural_style.features.extractor import FeatureExtractor
    from neural_style.objectives.canvas import Canvas

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
    scales: Sequence[int] = (1,),
    padding: str = "none",
    seed: int = 0,
    tile: int | None = None,
) -> dict[str, float]:
    """All metrics of a pastiche against its content, its styles, or both, with the features of a network.

    Sizes are those of a transfer: the content is resized to the pastiche, and each painting to its area, with its own
    shape and `scale`. For a fair comparison judge with another network than the one that made the picture.

    Example:
        >>> from neural_style import metrics
        >>> from neural_style.samples import sample
        >>> cat = sample("cat")[::8, ::8]
        >>> metrics.measure(cat, cat, sample("night"), model="mini", style_layers=["conv1_1"])["content.conv3_3"]
        0.0

    Args:
        pastiche: a path, a PIL image or an array (H, W, 3), RGB in 0..255.
        content: the photo, or None.
        styles: one painting or several; without masks.
        model: `vgg16`, `vgg19` or `mini`.
        weights: see `neural_style.features.weights.load`; None is the model's own.
        pooling: `max` or `ave`.
        content_layers, style_layers: of the content error, and of Gram error and Wasserstein distance; None is the
            model's own.
        scales: divisors s of the size for Gram errors: pastiche and painting are averaged to 1/s of their rows and
            columns, so that grain is lost and strokes remain.
        padding: `reflect` mirrors pictures at their borders, as a technique does; `none` has zeros beyond them.
        seed: of the directions of the sliced Wasserstein distance.
        tile: side of the tiles in which pictures too large for the memory are processed.

    Returns:
        `content.<layer>`, the relative content error, and `ssim`, if there is a content; for the j-th style
        `gram.<j>.<layer>`, the relative Gram error, at 1/s of the size `gram/<s>.<j>.<layer>`, and `swd.<j>.<layer>`,
        the relative sliced Wasserstein distance;
        `tv`, the total variation; `clipped`, the share of clipped pixels.

    Raises:
        InvalidInputError, MissingFileError: an input cannot be used, or a layer's activations are all zero for one.
    """
    check_count("seed", seed, at_least=0)
    check_scales(scales)
    check_choice("padding", padding, PADDINGS)
    table, pictures = vgg.architecture(model), _read(pastiche, content, styles)
    at_content, at_styles = _layers(table, content_layers, style_layers, pictures)
    layers = tuple(layer for layer in table.layers if layer in {*at_content, *at_styles})
    _check_pictures(pictures, layers[-1], table.stride(layers), reduced=max(scales, default=1))
    network = _MeasuringNetwork(_extractor(model, weights, layers, pooling), padding, table.stride(layers), tile)
    return _measured(pictures, network, (at_content, at_styles), scales, seed=seed)


def layer_mean(found: Mapping[str, float], name: str) -> float:
    """The mean of a metric over layers, and over styles.

    Args:
        found: from `measure`.
        name: `content`, `gram`, `gram/<s>` or `swd`.
    """
    return float(np.mean([value for key, value in found.items() if key.startswith(f"{name}.")]))


def _extractor(model: str, weights: str | None, layers: tuple[str, ...], pooling: str) -> FeatureExtractor:
    import neural_style.backend  # noqa: F401  (starts Keras silently, and not when the package is imported)
    from neural_style.features.extractor import feature_extractor

    return feature_extractor(model, weights, layers, pooling=pooling)


def check_scales(scales: Sequence[int]) -> None:
    """Check divisors of the size.

    Raises:
        InvalidInputError: one is no whole number, or below 1.
    """
    for scale in scales:
        check_count("scale", scale, at_least=1)


class _MeasuringNetwork(NamedTuple):
    """The network that measures, with what lies beyond the borders of pictures; `stride` is the smallest side."""

    extractor: FeatureExtractor
    padding: str
    stride: int
    tile: int | None

    def features(self, image: Array, layers: Sequence[str]) -> Mapping[str, Array]:
        """Features by layer of an image (H, W, 3), mirrored or not."""
        return self.extractor.features(self._canvas(image).padded(image), layers, tile=self.tile)

    def visible(self, painting: Array, where: Mask | None) -> Mask | None:
        """A mask of a painting (H, W, 3) as one of its features."""
        return self._canvas(painting).padded_mask(where, (painting.shape[0], painting.shape[1]))

    def _canvas(self, image: Array) -> Canvas:
        from neural_style.objectives.canvas import Canvas  # which starts Keras

        return Canvas.of(self.padding, (image.shape[0], image.shape[1]), self.stride)


class _Pictures(NamedTuple):
    pastiche: Picture
    content: Content | None
    styles: tuple[Style, ...]


def _read(
    pastiche: ImageSource,
    content: Content | ImageSource | None,
    styles: Sequence[Style | ImageSource] | Style | ImageSource,
) -> _Pictures:
    has_styles = not (isinstance(styles, list | tuple) and len(styles) == 0)
    if content is None and not has_styles:
        raise InvalidInputError("a pastiche is measured against something: give a content, styles, or both")
    return _Pictures(
        images.read(pastiche, what="pastiche"),
        None if content is None else as_content(content),
        tuple(as_styles(styles)) if has_styles else (),
    )


def _layers(
    table: vgg.Architecture, content: Sequence[str] | None, styles: Sequence[str] | None, pictures: _Pictures
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Layers for the content and for the styles, as named or from the preset; none where there is no picture."""
    preset = PRESETS[table.name]
    at_content = () if pictures.content is None else _layer_names(content, (preset.content_layer,))
    at_styles = _layer_names(styles, preset.style_layers) if pictures.styles else ()
    table.check_layers([*at_content, *at_styles])
    return at_content, at_styles


def _layer_names(layers: Sequence[str] | None, default: tuple[str, ...]) -> tuple[str, ...]:
    names = default if layers is None else (layers,) if isinstance(layers, str) else tuple(layers)
    if not names:
        raise InvalidInputError("name at least one layer, or pass None for the model's own")
    return names


def _check_pictures(pictures: _Pictures, deepest: str, side: int, *, reduced: int) -> None:
    """Check that the pastiche is large enough for SSIM and, `reduced` to a fraction of its size, for the layers."""
    pastiche = pictures.pastiche
    if any(each is not None and each.mask is not None for each in (pictures.content, *pictures.styles)):
        raise InvalidInputError("metrics compare whole pictures: remove the masks, or crop each picture to the region")
    if pictures.content is not None and min(pastiche.size) < SSIM_WINDOW:
        raise InvalidInputError(f"{pastiche.name} is too small: SSIM needs at least {SSIM_WINDOW} pixels on a side")
    if min(pastiche.size) < side * reduced:
        at_scale = f" at 1/{reduced} of its size" if reduced > 1 else ""
        raise InvalidInputError(
            f"{pastiche.name} has {pastiche.size[0]} x {pastiche.size[1]} pixels and {deepest} needs at least "
            f"{side * reduced} on a side{at_scale}: choose shallower layers{' or smaller scales' if at_scale else ''}"
        )


def _measured(
    pictures: _Pictures,
    network: _MeasuringNetwork,
    layers: tuple[tuple[str, ...], tuple[str, ...]],
    scales: Sequence[int],
    *,
    seed: int,
) -> dict[str, float]:
    """The metrics by name, at layers for the content and for the styles."""
    (pastiche, content, styles), (at_content, at_styles) = pictures, layers
    features = network.features(pastiche.rgb, tuple(dict.fromkeys((*at_content, *at_styles))))
    found: dict[str, float] = {}
    if content is not None:
        original = images.resize(content.picture.rgb, pastiche.size)
        targets = network.features(original, at_content)
        _check_activity(targets, content.picture.name)
        found |= {f"content.{layer}": relative_content_error(features[layer], targets[layer]) for layer in at_content}
        found["ssim"] = structural_similarity(pastiche.rgb, original)
    for index, style in enumerate(styles):
        painting = style.at(pastiche.size, minimum=network.stride)
        targets = network.features(painting, at_styles)
        where = network.visible(painting, style.visible)
        _check_activity(targets, style.picture.name)
        for layer in at_styles:
            pair = features[layer], _visible(targets[layer], where)
            if 1 in scales:
                found[f"gram.{index}.{layer}"] = relative_gram_error(*pair)
            found[f"swd.{index}.{layer}"] = relative_sliced_wasserstein_distance(*pair, seed=seed)
    for scale in scales:
        if scale > 1:
            found |= _gram_errors(pictures, network, at_styles, scale)
    return {**found, "tv": total_variation(pastiche.rgb), "clipped": clipped_share(pastiche.rgb)}


def _gram_errors(
    pictures: _Pictures, network: _MeasuringNetwork, layers: tuple[str, ...], scale: int
) -> dict[str, float]:
    """Relative Gram errors of pictures reduced to 1/scale of their size, by name."""
    features = network.features(_reduced(pictures.pastiche.rgb, scale), layers)
    found = {}
    for index, style in enumerate(pictures.styles):
        painting = _reduced(style.at(pictures.pastiche.size, minimum=network.stride * scale), scale)
        targets, where = network.features(painting, layers), network.visible(painting, style.visible)
        _check_activity(targets, style.picture.name)
        for layer in layers:
            error = relative_gram_error(features[layer], _visible(targets[layer], where))
            found[f"gram/{scale}.{index}.{layer}"] = error
    return found


def _reduced(rgb: Array, scale: int) -> Array:
    """A picture at 1/scale of its rows and columns, by averaging."""
    rows, columns = rgb.shape[:2]
    return images.resize(rgb, (rows // scale, columns // scale), method="box")


def _visible(features: Array, where: Mask | None) -> Array:
    """Those of the positions (1, h, w, C) at which a painting can be seen, (1, n, 1, C)."""
    if where is None:
        return features
    _, rows, columns, _ = features.shape
    return np.asarray(features[0][where.at((rows, columns)) > 0][None, :, None])


def _check_activity(targets: Mapping[str, Array], name: str) -> None:
    for layer, features in targets.items():
        if not np.any(features):
            raise InvalidInputError(
                f"all activations of {name} in {layer} are zero, and no error is relative to them: choose other "
                "layers, or other weights"
            )
