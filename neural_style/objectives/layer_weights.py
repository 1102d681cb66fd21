"""Weights of style layers that published code uses, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from neural_style.features.vgg import Architecture
from neural_style.validation import check_choice

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
