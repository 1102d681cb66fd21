"""Recipes: that of the embedded start, and those of published code, which list where they depart from their source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LENGSTROM: Mapping[str, Any] = {
    "width": 32,
    "blocks": 5,
    "ends": 9,
    "upsampling": "transposed",
    "padding": "zeros",
    "affine": True,
    "output": "tanh",
    "normalize_output": True,
    "deviation": 0.1,
    "model": "vgg19",
    "pooling": "max",
    "content_layer": "conv4_2",
    "style_layers": ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"),
    "content_weight": 7.5,
    "style_weight": 100.0,
    "total_variation_weight": 200.0,
    "range_weight": 0.0,
    "consistency": 0.0,
    "normalization": "johnson2016",
    "content_normalization": "mean",
    "start": "scratch",
    "steps": 41_391,
    "batch": 4,
    "crop": 256,
    "rate": 1e-3,
    "schedule": "constant",
}
"""lengstrom/fast-style-transfer, `src/optimize.py` and `src/transform.py`: two epochs of COCO 2014, 82,783 photos.

Departures: random square crops in place of photos squeezed to 256 x 256; a painting of the area of a crop in place of
its own size (`style_size`)."""

MSOKOLOFF1: Mapping[str, Any] = {
    "width": 32,
    "blocks": 5,
    "ends": 9,
    "upsampling": "transposed",
    "padding": "reflect",
    "affine": False,
    "output": "sigmoid",
    "normalize_output": False,
    "deviation": 0.0,
    "model": "vgg19",
    "pooling": "ave",
    "content_layer": "conv3_3",
    "style_layers": ("conv1_2", "conv2_2", "conv3_3", "conv4_1", "conv5_1"),
    "content_weight": 0.05,
    "style_weight": 3.0,
    "total_variation_weight": 0.0,
    "range_weight": 0.0,
    "consistency": 0.0,
    "normalization": "norm",
    "content_normalization": "norm",
    "start": "scratch",
    "steps": 20_000,
    "batch": 1,
    "crop": 256,
    "rate": 1e-4,
    "schedule": "constant",
}
"""msokoloff1/Real-Time-Style-Transfer, `Loss.py` and `Generator.py` of commit 850aac4, with the layers of `Runner.py`.

The weight of 3 is the default of `Loss.py`; its README calls weights extremely sensitive, and `Runner.py` has others in
each of its versions: 0.8, and 7.5e-6 once the style loss was no longer divided by the norm of the style's features.

Departures: the content loss is divided by the norm of each photo's own features, in place of one photo's; the variance
has 1e-3 added before its root, in place of 1e-6 after; square crops in place of photos of one size."""

EMBEDDED_START: Mapping[str, Any] = {"start": "embedded", "steps": 1000, "batch": 1, "rate": 5e-4, "save_every": 50}
"""Training from the embedded network, with the defaults of `--start embedded`: a CPU takes ten minutes or so."""

PRESETS: Mapping[str, Mapping[str, Any]] = {"lengstrom": LENGSTROM, "msokoloff1": MSOKOLOFF1}
"""Settings of `neural_style.feedforward.settings` by name of the recipe."""
