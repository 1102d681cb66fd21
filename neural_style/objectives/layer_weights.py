"""Layers of a technique and their weights: checks, and the weights that published code uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from neural_style.errors import InvalidInputError
from neural_style.features import vgg
from neural_style.features.vgg import Architecture
from neural_style.validation import check_choice, check_weight

GATYS2016_SCALE = 1e3
"""Of leongatys/PytorchNeuralStyleTransfer and leongatys/NeuralImageSynthesis, beside a content weight of 1."""


def gatys2016(channels: int) -> float:
    """`1000 / C^2` for a layer of C channels: the weights of the authors' notebooks on the stock VGG-19.

    They belong to `normalization="gatys2016"` and a content weight of 1 at conv4_2. Source: the style weights
    `1e3/n**2` of leongatys/PytorchNeuralStyleTransfer, and BasicStyleTransfer of leongatys/NeuralImageSynthesis.

    Example:
        >>> from neural_style.objectives.layer_weights import gatys2016
        >>> [gatys2016(channels) for channels in (64, 128, 256, 512)]
        [0.244140625, 0.06103515625, 0.0152587890625, 0.003814697265625]
    """
    return GATYS2016_SCALE / channels**2


PRESETS: dict[str, Callable[[int], float]] = {"gatys2016": gatys2016}
"""The weight of a layer by its number of channels."""


def style_layer_weights(preset: str, architecture: Architecture, layers: Sequence[str]) -> tuple[float, ...]:
    """The weights of a preset, one for each of the layers.

    Example:
        >>> from neural_style.features.vgg import architecture
        >>> from neural_style.objectives.layer_weights import style_layer_weights
        >>> style_layer_weights("gatys2016", architecture("vgg19"), ("conv1_1", "conv2_1"))
        (0.244140625, 0.06103515625)

    Args:
        preset: a name in `PRESETS`.
        architecture: the network.
        layers: some of its layers.

    Raises:
        InvalidInputError: there is no such preset, or no such layer.
    """
    check_choice("preset of style layer weights", preset, PRESETS)
    architecture.check_layers(layers)
    return tuple(PRESETS[preset](architecture.filters[layer]) for layer in layers)


def validate_layers(settings: Any, name: str) -> None:
    """Normalise a field that names one or several layers to a tuple, and check them.

    Args:
        settings: a technique.
        name: the field; None in it is left alone.

    Raises:
        InvalidInputError: a layer is unknown, or named twice, or none is named.
    """
    layers = getattr(settings, name)
    if layers is None:
        return
    if not isinstance(layers, str | Iterable):
        raise InvalidInputError(f"{name} must be names of layers such as conv3_1, received {layers!r}")
    several = (layers,) if isinstance(layers, str) else tuple(layers)
    object.__setattr__(settings, name, several)
    if not several or len(set(several)) != len(several):
        raise InvalidInputError(f"{name} must be different layers, at least one, received {list(several)}")
    vgg.architecture(settings.model).check_layers(several, what=name)


def validate_layer_weights(settings: Any, *, layers: str = "style_layers", part: str = "style") -> None:
    """Normalise `style_layer_weights`, or `content_layer_weights`, to a tuple of a weight for each layer, and check it.

    Args:
        settings: a technique.
        layers: the field that names the layers; a mapping in it gives both layers and weights.
        part: `style`, whose weights may be the name of a preset, or `content`.

    Raises:
        InvalidInputError: layers have weights in both fields, or one of them is impossible.
    """
    name, named = f"{part}_layer_weights", getattr(settings, layers)
    if isinstance(named, Mapping):
        if getattr(settings, name) is not None:
            raise InvalidInputError(f"{layers} has weights already: leave {name} out")
        object.__setattr__(settings, name, tuple(named.values()))
        object.__setattr__(settings, layers, tuple(named))
    weights = getattr(settings, name)
    if weights is None:
        return
    if isinstance(weights, list | tuple) and len(weights) == 1 and isinstance(weights[0], str):
        weights = weights[0]
        object.__setattr__(settings, name, weights)
    if isinstance(weights, str) and part == "style":
        check_choice(name, weights, PRESETS)
        return
    if isinstance(weights, str) or not isinstance(weights, Iterable):
        raise InvalidInputError(f"{name} must be a number for each {part} layer, received {weights!r}")
    object.__setattr__(settings, name, tuple(weights))
    for weight in getattr(settings, name):
        check_weight(f"each of {name}", weight)


def validate_content_layers(settings: Any) -> None:
    """Normalise and check `content_layer`, `content_layers` and `content_layer_weights` of a technique.

    Raises:
        InvalidInputError: a layer is unknown or named twice, both fields name some, or a weight is impossible.
    """
    if settings.content_layer is not None:
        if settings.content_layers is not None:
            raise InvalidInputError("content_layers replace content_layer: give one of them")
        vgg.architecture(settings.model).check_layers([settings.content_layer], what="content_layer")
    validate_layer_weights(settings, layers="content_layers", part="content")
    validate_layers(settings, "content_layers")


def content_weights_of(settings: Any, layers: tuple[str, ...]) -> dict[str, float]:
    """The weight of each content layer: those of `content_layer_weights`, by default 1/n for n layers.

    Raises:
        InvalidInputError: there are more or fewer weights than layers.
    """
    return _paired(settings, "content", layers) or {layer: 1 / len(layers) for layer in layers}


def weights_of_layers(settings: Any, layers: tuple[str, ...]) -> dict[str, float] | None:
    """The weights that `style_layer_weights` gives to the style layers in use; None where it is not set.

    Args:
        settings: a technique, after `validate_layer_weights`.
        layers: its style layers, in the order in which they were named.

    Raises:
        InvalidInputError: there are more or fewer weights than layers.
    """
    weights = settings.style_layer_weights
    if isinstance(weights, str):
        return dict(zip(layers, style_layer_weights(weights, vgg.architecture(settings.model), layers), strict=True))
    return _paired(settings, "style", layers)


def _paired(settings: Any, part: str, layers: tuple[str, ...]) -> dict[str, float] | None:
    """The weights of the field `<part>_layer_weights` by layer; None where it is not set."""
    weights = getattr(settings, f"{part}_layer_weights")
    if weights is None:
        return None
    if len(weights) != len(layers):
        raise InvalidInputError(
            f"{part}_layer_weights has {len(weights)} values for {len(layers)} {part} layers ({' '.join(layers)}): "
            "give one for each"
        )
    return dict(zip(layers, weights, strict=True))
