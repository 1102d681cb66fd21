"""All metrics of a pastiche at once, with the features of a network."""

from __future__ import annotations

import itertools
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
from neural_style.objectives.presets import PRESETS
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
        pooling: `max`, `ave` or `l2`.
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
    picture = images.read(pastiche, what="pastiche")
    network, layers = (model, weights, pooling), (content_layers, style_layers)
    reference = reference_for(picture, content, styles, network, layers, scales=scales, padding=padding, tile=tile)
    return reference.measured(picture.rgb, seed=seed)


def reference_for(
    picture: Picture,
    content: Content | ImageSource | None,
    styles: Sequence[Style | ImageSource] | Style | ImageSource,
    network: tuple[str, str | None, str],
    layers: tuple[Sequence[str] | None, Sequence[str] | None],
    *,
    scales: Sequence[int] = (1,),
    padding: str = "none",
    tile: int | None = None,
) -> Reference:
    """What a picture, and others of its size, are measured against.

    Args:
        picture: the first of them.
        content, styles, scales, padding, tile: see `measure`.
        network: model, weights and pooling.
        layers: of the content, and of the styles; None is the model's own.

    Raises:
        InvalidInputError, MissingFileError: as `measure`.
    """
    (model, weights, pooling), (content_layers, style_layers) = network, layers
    check_scales(scales)
    check_choice("padding", padding, PADDINGS)
    table = vgg.architecture(model)
    photo = None if content is None else as_content(content)
    paintings = () if isinstance(styles, list | tuple) and not styles else as_styles(styles)
    if photo is None and not paintings:
        raise InvalidInputError("a pastiche is measured against something: give a content, styles, or both")
    preset = PRESETS[table.name]
    at_content = () if photo is None else _layer_names(content_layers, (preset.content_layer,))
    at_styles = _layer_names(style_layers, preset.style_layers) if paintings else ()
    table.check_layers([*at_content, *at_styles])
    used = tuple(layer for layer in table.layers if layer in {*at_content, *at_styles})
    side, reduced = table.stride(used), max(scales, default=1)
    _check_pictures(picture, photo, paintings, used[-1], side, reduced=reduced)
    measuring = _MeasuringNetwork(_extractor(model, weights, used, pooling), padding, side, tile)
    return Reference(measuring, picture.size, photo, paintings, (at_content, at_styles), scales)


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


class Reference:
    """A content and styles at one size: pictures of that size are measured against them."""

    def __init__(
        self,
        network: _MeasuringNetwork,
        size: tuple[int, int],
        content: Content | None,
        styles: Sequence[Style],
        layers: tuple[tuple[str, ...], tuple[str, ...]],
        scales: Sequence[int],
    ) -> None:
        """
        Args:
            network: computes all features.
            size: rows and columns of the pictures.
            content: the photo, or None.
            styles: paintings.
            layers: of the content, and of the styles.
            scales: divisors of the size for Gram errors.

        Raises:
            InvalidInputError: all activations of a layer are zero.
        """
        self._network, self._layers, self._scales = network, layers, scales
        self._original = None if content is None else images.resize(content.picture.rgb, size)
        self._content: Mapping[str, Array] = {}
        if content is not None and self._original is not None:
            self._content = network.features(self._original, layers[0])
            _check_activity(self._content, content.picture.name)
        self._styles = {
            scale: [self._targets(style, size, scale) for style in styles] for scale in dict.fromkeys((1, *scales))
        }

    def measured(self, rgb: Array, *, seed: int = 0) -> dict[str, float]:
        """The metrics of a picture (H, W, 3) by name, as `measure` returns them."""
        at_content, at_styles = self._layers
        features = self._network.features(rgb, tuple(dict.fromkeys((*at_content, *at_styles))))
        found = {
            f"content.{layer}": relative_content_error(features[layer], self._content[layer]) for layer in at_content
        }
        if self._original is not None:
            found["ssim"] = structural_similarity(rgb, self._original)
        for scale, styles in self._styles.items() if at_styles else ():
            seen = features if scale == 1 else self._network.features(_reduced(rgb, scale), at_styles)
            name = "gram" if scale == 1 else f"gram/{scale}"
            for index, layer in itertools.product(range(len(styles)), at_styles):
                pair = seen[layer], styles[index][layer]
                if scale in self._scales:
                    found[f"{name}.{index}.{layer}"] = relative_gram_error(*pair)
                if scale == 1:
                    found[f"swd.{index}.{layer}"] = relative_sliced_wasserstein_distance(*pair, seed=seed)
        return {**found, "tv": total_variation(rgb), "clipped": clipped_share(rgb)}

    def _targets(self, style: Style, size: tuple[int, int], scale: int) -> dict[str, Array]:
        """The visible features of a painting at 1/scale of the area of the pictures."""
        painting = _reduced(style.at(size, minimum=self._network.stride * scale), scale)
        features = self._network.features(painting, self._layers[1])
        _check_activity(features, style.picture.name)
        where = self._network.visible(painting, style.visible)
        return {layer: _visible(each, where) for layer, each in features.items()}


def _layer_names(layers: Sequence[str] | None, default: tuple[str, ...]) -> tuple[str, ...]:
    names = default if layers is None else (layers,) if isinstance(layers, str) else tuple(layers)
    if not names:
        raise InvalidInputError("name at least one layer, or pass None for the model's own")
    return names


def _check_pictures(
    pastiche: Picture, content: Content | None, styles: Sequence[Style], deepest: str, side: int, *, reduced: int
) -> None:
    """Check that the pastiche is large enough for SSIM and, `reduced` to a fraction of its size, for the layers."""
    if any(each is not None and each.mask is not None for each in (content, *styles)):
        raise InvalidInputError("metrics compare whole pictures: remove the masks, or crop each picture to the region")
    if content is not None and min(pastiche.size) < SSIM_WINDOW:
        raise InvalidInputError(f"{pastiche.name} is too small: SSIM needs at least {SSIM_WINDOW} pixels on a side")
    if min(pastiche.size) < side * reduced:
        at_scale = f" at 1/{reduced} of its size" if reduced > 1 else ""
        raise InvalidInputError(
            f"{pastiche.name} has {pastiche.size[0]} x {pastiche.size[1]} pixels and {deepest} needs at least "
            f"{side * reduced} on a side{at_scale}: choose shallower layers{' or smaller scales' if at_scale else ''}"
        )


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
