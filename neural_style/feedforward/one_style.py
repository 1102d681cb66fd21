"""The embedded painter for one painting, as a Keras model: statistics and code of the painting become its weights.

It paints what the embedded painter paints, and can be trained further for that painting alone.
"""

from __future__ import annotations

import keras

from neural_style.feedforward import model
from neural_style.feedforward.embedded import EmbeddedNetwork
from neural_style.feedforward.layers import PaintsOneStyle
from neural_style.feedforward.model import Array


def one_style(painting: Array, *, seed: int = 0) -> keras.Model:
    """The embedded painter in the style of a painting, as a model of one input.

    Args:
        painting: (H, W, 3), RGB in 0..255, H and W at least 32.
        seed: of the noise.
    """
    painter = EmbeddedNetwork()
    style = painter.style(painting)
    photo = keras.Input((None, None, 3), dtype="float32", name="photo")
    layer = PaintsOneStyle(painter.rounds, seed, name="painter")
    network = keras.Model(photo, layer(photo), name="one_style")
    values = {
        **{name: (layer.decoder[name], value) for name, value in model.fixed(painter.weights, style).items()},
        **{name: (variable, painter.encoder[name]) for name, variable in layer.encoder.items()},
        **{f"{name}_mean": (variable, style.means[name]) for name, variable in layer.means.items()},
        **{f"{name}_root": (variable, style.roots[name]) for name, variable in layer.roots.items()},
    }
    for variable, value in values.values():
        variable.assign(value)
    return network
