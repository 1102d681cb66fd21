"""Values and gradients of every kind of objective, and losses of every solver: run on one backend, and on the other.

    python tests/backend/agreement.py found.npz

At 256 rows, where counts of pixels squared do not fit into the integers of 32 bits that JAX computes with.
"""

import sys

import numpy as np
from keras import ops

from neural_style import Content, INetwork, Network, NeuralDoodle, Style, backend
from neural_style.losses.patches import nearest_patches

if backend.NAME == "jax":
    import jax

ROWS, COLUMNS = 256, 264
DEEP = {"model": "mini", "weights": "random", "pooling": "ave"}
SETTINGS = {**DEEP, "content_layer": "conv2_1", "style_layers": ("conv1_1", "conv2_1")}
REFERENCE = {**SETTINGS, "normalization": "titu1994", "content_weight": 0.0025, "padding": "none"}
POOLED = "neighbours"
"""The style loss whose operations differ most from those of the others; at 24 rows."""


def objectives():
    """By name: a technique, and what it is made of."""
    rng = np.random.default_rng(0)
    photo, painting, other = (rng.integers(0, 256, (ROWS, COLUMNS, 3), np.uint8) for _ in range(3))
    left = np.zeros((ROWS, COLUMNS), bool)
    left[:, :100] = True
    styles = [Style(painting), Style(other, weight=0.5)]
    masked = [Style(painting, mask=left), Style(other, mask=~left)]
    regions = np.where(left[..., None], np.uint8([255, 0, 0]), np.uint8([0, 0, 255]))
    return {
        "relative": (Network(**{**DEEP, "pooling": "l2"}), photo, styles),
        "titu1994": (Network(**REFERENCE), photo, styles),
        "content loss 1": (Network(content_loss_type=1, **REFERENCE), photo, painting),
        "gatys2016": (Network(normalization="gatys2016", normalize_gradients=True, **SETTINGS), photo, styles),
        "johnson2016": (Network(normalization="johnson2016", **SETTINGS), photo, styles),
        "masks of titu1994": (Network(**REFERENCE), Content(photo), masked),
        "masks of gatys2017": (Network(mask_normalization="gatys2017", **SETTINGS), Content(photo, mask=left), masked),
        "inetwork": (INetwork(variant="titu1994", **SETTINGS), photo, styles),
        "novak2016": (INetwork(variant="novak2016", **SETTINGS), photo, styles),
        "doodle": (
            NeuralDoodle(labels=2, **SETTINGS),
            Content(photo, label_map=regions),
            Style(painting, label_map=regions[:, ::-1]),
        ),
    }


def found():
    """All numbers by name."""
    values = {}
    x = np.random.default_rng(1).uniform(0, 255, (ROWS, COLUMNS, 3))
    for name, (technique, content, styles) in objectives().items():
        objective = technique.objective(content, styles, image_size=ROWS)
        values[name], values[f"{name}, gradient"] = objective.value_and_grad(x)
    photo, painting = (np.random.default_rng(seed).integers(0, 256, (24, 32, 3), np.uint8) for seed in (2, 3))
    objective = Network(style_loss=POOLED, **SETTINGS).objective(photo, painting, image_size=24)
    values[POOLED], values[f"{POOLED}, gradient"] = objective.value_and_grad(x[:24, :32])
    network = Network(**SETTINGS)
    for solver in ("lbfgs", "scipy_lbfgs", "adam"):
        values[solver] = network.transfer(photo, painting, image_size=24, iterations=1, solver=solver).loss
    values["patches in float64"] = patches_in_float64()
    return values


def patches_in_float64():
    """The places of the nearest patches, found in several blocks. Last: JAX keeps 64 bits from here on."""
    features, painting = (np.random.default_rng(seed).random((9, 8, 4)) for seed in (4, 5))
    if backend.NAME == "jax":
        jax.config.update("jax_enable_x64", True)
    matches = nearest_patches(ops.convert_to_tensor(features), [ops.convert_to_tensor(painting)], block=200)
    return np.asarray(matches.first)


if __name__ == "__main__":
    np.savez(sys.argv[1], **found())
