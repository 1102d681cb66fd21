"""A network that paints any photo in the style of any painting in one pass, in `keras.ops` alone.

Whatever has a closed form is computed, and only the rest is learnt.

Features of a photo, taken as samples of a normal distribution with mean m and covariance C, become those of a painting
with mean n and covariance S by the affine map that moves them least (Olkin & Pukelsheim 1982):

    z = T (f - m) + n,    T = S^1/2 (S^1/2 C S^1/2)^-1/2 S^1/2,    so that T C T = S.

This is done with the colours and with mini's conv2_1 and conv3_3. A first decoder turns the three into a sketch. The
encoder then takes the sketch: the maps T of its features, which would be the identity were the style right, show where
it is wrong for this very painting, whether or not one like it was ever seen in training. A second decoder corrects the
sketch `rounds` times with the same weights, as an optimiser would.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any

import numpy as np
from keras import ops

from neural_style.backend import Tensor
from neural_style.feedforward.encoder import (
    ENCODER,
    LAYERS,
    RIDGES,
    SCALES,
    Style,
    Tensors,
    convolved,
    encode,
    style_vector,
)
from neural_style.feedforward.parts import Parts, Whole
from neural_style.feedforward.resampling import enlarged, grain_of, shrunk
from neural_style.feedforward.transport import transport

Statistics = MutableMapping[str, Any]
Array = np.ndarray[Any, np.dtype[Any]]

SMALLEST = 32
"""Fewest rows and columns of a photo: less cannot be reflected at every level."""

NOISE = 2
"""Channels of noise, for strokes where a photo is flat."""

CODE = 64
ROUNDS = 1


def shapes(*, rounds: int = ROUNDS) -> dict[str, tuple[int, ...]]:
    """Shapes of the weights by name: `kernel`, `bias`, `scale` (N(0, 0.01) of the code) and `shift`."""
    found: dict[str, tuple[int, ...]] = {}
    numbers = 2 * (3 + sum(ENCODER.filters[layer] for layer in LAYERS))
    found["code.kernel"], found["code.bias"] = (numbers, CODE), (CODE,)
    found["code2.kernel"], found["code2.bias"] = (CODE, CODE), (CODE,)
    for name, size, inputs, filters in _convolutions():
        if rounds == 0 and name.startswith("correct"):
            continue
        found[f"{name}.kernel"] = (size, size, inputs, filters)
        if filters == 3:
            found[f"{name}.bias"] = (filters,)
        else:
            found[f"{name}.scale"] = found[f"{name}.shift"] = (2 * CODE + 1, filters)
    return found


def _convolutions() -> list[tuple[str, int, int, int]]:
    """Name, size, inputs and outputs."""
    z3, z2 = ENCODER.filters["conv3_3"], ENCODER.filters["conv2_1"]
    deep, w3, w2, w1 = 96, 64, 32, 16
    rows = [("sketch.down", 3, z3 + NOISE, deep)]
    rows += [(f"sketch.deep{i}{half}", 3, deep, deep) for i in (1, 2) for half in "ab"]
    rows += [
        ("sketch.quarter", 3, deep + z3 + NOISE, w3),
        ("sketch.half", 3, w3 + z2, w2),
        ("sketch.full", 3, w2 + 3, w1),
        ("sketch.paint", 3, w1, 3),
        ("correct.enter", 1, 3 * z3 + NOISE, deep),
        ("correct.quarter", 3, deep, w3),
    ]
    rows += [(f"correct.deep{i}{half}", 3, w3, w3) for i in (1, 2) for half in "ab"]
    rows += [
        ("correct.details", 1, 2 * z2, w2),
        ("correct.half", 3, w3 + w2, w2),
        ("correct.full", 3, w2 + 9, w1),
        ("correct.paint", 3, w1, 3),
    ]
    return rows


def initial(seed: int, *, rounds: int = ROUNDS) -> dict[str, Array]:
    """Weights before training, float32: of the style nothing but its colours is painted with them."""
    rng = np.random.default_rng(seed)
    found = {}
    for name, shape in shapes(rounds=rounds).items():
        kind = name.split(".")[-1]
        if kind == "bias":
            value = np.zeros(shape)
        elif kind in ("scale", "shift"):
            value = rng.normal(0, 0.01, shape)
            value[-1] = kind == "scale"
        else:
            variance = (1.0 if name.startswith("code.") else 2.0) / np.prod(shape[:-1])
            gain = 0.01 if "paint" in name else np.sqrt(variance)
            value = rng.normal(0, gain, shape)
        found[name] = value.astype(np.float32)
    return found


def fixed(weights: Tensors, style: Style) -> dict[str, Tensor]:
    """Weights for one style alone, which paint what `weights` paint in that style.

    Scales and shifts, which are linear in the code of the style, become numbers, (filters,); kernels and biases stay,
    and the layers of the code are left out.
    """
    code = _code(weights, style)
    found = {}
    for name, value in weights.items():
        kind = name.split(".")[-1]
        if kind in ("scale", "shift"):
            found[name] = (ops.matmul(code, value[:-1]) + value[-1])[0]
        elif not name.startswith("code"):
            found[name] = value
    return found


def _code(weights: Tensors, style: Style) -> Tensor:
    """What scales and shifts are linear in, (N, 128)."""
    code = ops.matmul(style_vector(style), weights["code.kernel"]) + weights["code.bias"]
    hidden = ops.relu(ops.matmul(code, weights["code2.kernel"]) + weights["code2.bias"])
    return ops.concatenate([code, hidden], -1)


def paint(
    weights: Tensors,
    encoder: Tensors,
    photo: Tensor,
    style: Style,
    noise: Tensor,
    *,
    rounds: int = ROUNDS,
    statistics: Statistics | None = None,
    photo_features: Tensors | None = None,
    dtype: str = "float32",
    parts: Parts | None = None,
) -> list[Tensor]:
    """Sketch and corrections of a photo.

    Args:
        weights: of the decoders, see `shapes`; or those that `fixed` has made for this style.
        encoder: weights of the encoder, see `neural_style.feedforward.encoder.encode`.
        photo: (N, H, W, 3), RGB in 0..255; H and W multiples of 8 and at least 32.
        style: of N paintings, or of one.
        noise: (N, H, W, 2), normal with deviation 1.
        rounds: of correction.
        statistics: of the whole picture, by name. Missing ones are computed from this photo and stored there; those
            that are there are used. So a large picture is painted part by part with the statistics of a small copy.
        photo_features: of the photo, from `encode`, if they are known.
        dtype: of the products in convolutions.
        parts: how operations are applied: to the whole, or to the tiles of `neural_style.feedforward.parts`, whose maps
            then take the place of the tensors.

    Returns:
        The pictures (N, H, W, 3) after each step, RGB, nominally in 0..255; the last is the result.
    """
    parts = parts or Whole()

    def encoded(picture: Tensor) -> dict[str, Tensor]:
        return parts.encoded(lambda x, layers: encode(encoder, x, dtype=dtype, layers=layers), picture)

    features = encoded(photo) if photo_features is None else photo_features
    decoder = _Decoder(weights, style, {} if statistics is None else statistics, dtype, parts)
    photo_maps = {name: decoder.mapped(features[name], name, "sketch") for name in RIDGES}
    grain = parts.kept(parts.each(grain_of, noise))
    pictures = [parts.kept(_sketch(decoder, photo_maps, grain), exactly=True)]
    for number in range(1, rounds + 1):
        maps = photo_maps if number == rounds else dict(photo_maps)
        features = encoded(parts.each(lambda x: ops.clip(x, 0.0, 255.0), pictures[-1]))
        change = _correction(decoder, features, maps, grain, f"correct{number}")
        pictures.append(parts.kept(decoder.sum(pictures[-1], change), exactly=True))
    return pictures


def _sketch(decoder: _Decoder, maps: Tensors, grain: Tensor) -> Tensor:
    """The first picture, from the mapped colours and features of the photo."""
    layer, joined, enlarged = decoder.layer, decoder.joined, decoder.enlarged
    h = layer(decoder.shrunk(joined(maps["conv3_3"], grain)), "sketch.down", "sketch")
    h = decoder.deepened(h, "sketch", "sketch")
    h = layer(joined(enlarged(h), maps["conv3_3"], grain), "sketch.quarter", "sketch")
    h = layer(joined(enlarged(h), maps["conv2_1"]), "sketch.half", "sketch")
    h = layer(joined(enlarged(h), maps["rgb"]), "sketch.full", "sketch")
    return decoder.sum(decoder.times(maps["rgb"], SCALES["rgb"]), decoder.strokes(h, "sketch"))


def _correction(
    decoder: _Decoder, features: dict[str, Tensor], photo_maps: dict[str, Tensor], grain: Tensor, step: str
) -> Tensor:
    """The change of a picture, from its features and from how far their statistics are from the painting's.

    `features` and `photo_maps` are emptied, for in tiles each holds as much memory as the picture.
    """
    layer, joined, enlarged = decoder.layer, decoder.joined, decoder.enlarged

    def map_and_error(name: str) -> tuple[Tensor, Tensor]:
        own = features.pop(name)
        found = decoder.mapped(own, name, step)
        return found, decoder.sum(found, decoder.times(own, -1 / SCALES[name]))

    h = layer(joined(*map_and_error("conv3_3"), photo_maps.pop("conv3_3"), grain), "correct.enter", step)
    h = layer(h, "correct.quarter", step)
    h = decoder.deepened(h, "correct", step)
    h = layer(
        joined(enlarged(h), layer(joined(*map_and_error("conv2_1")), "correct.details", step)), "correct.half", step
    )
    rgb, error = map_and_error("rgb")
    h = layer(joined(enlarged(h), rgb, error, photo_maps.pop("rgb")), "correct.full", step)
    return decoder.sum(decoder.times(error, SCALES["rgb"] * 0.5), decoder.strokes(h, "correct"))


class _Decoder:
    """The layers of both decoders, for one style."""

    def __init__(self, weights: Tensors, style: Style, statistics: Statistics, dtype: str, parts: Parts) -> None:
        self._weights, self._style, self._statistics, self._dtype = weights, style, statistics, dtype
        self._parts = parts
        self._code = _code(weights, style) if "code.kernel" in weights else None

    def mapped(self, features: Tensor, name: str, step: str) -> Tensor:
        """Features with the statistics of the painting, in units of `SCALES`."""
        key = f"{step}.{name}"
        if f"{key}.map" not in self._statistics:
            mean, covariance = self._parts.moments(features)
            self._statistics[f"{key}.mean"] = mean
            found = transport(covariance, self._style.roots[name], RIDGES[name])
            self._statistics[f"{key}.map"] = ops.stop_gradient(found)
        mean, matrix = (self._statistics[f"{key}.{part}"] for part in ("mean", "map"))

        def moved(x: Tensor) -> Tensor:
            flat = ops.reshape(x, (ops.shape(x)[0], -1, x.shape[-1]))
            flat = ops.matmul(flat - mean, matrix) + self._style.means[name]
            return ops.reshape(flat, ops.shape(x)) / SCALES[name]

        return self._parts.each(moved, features)

    def layer(self, x: Tensor, name: str, step: str, *, relu: bool = True) -> Tensor:
        """A convolution whose channels have the mean and the deviation that the style asks for, and a ReLU."""

        def convolution(x: Tensor) -> Tensor:
            return ops.cast(convolved(ops.cast(x, self._dtype), self._weights[f"{name}.kernel"]), "float32")

        x = self._parts.kept(self._parts.each(convolution, x))
        spread = self._known(f"{step}.{name}", lambda: self._parts.spread(x))
        mean, variance = spread[0], spread[1]  # a pair, or an array of both that a film was resumed with
        scale, shift = (self._affine(f"{name}.{part}") for part in ("scale", "shift"))
        scale = scale * ops.rsqrt(variance + 1e-4)

        def normal(x: Tensor) -> Tensor:
            x = ops.cast(x * scale + (shift - mean * scale), self._dtype)
            return ops.relu(x) if relu else x

        return self._parts.each(normal, x)

    def joined(self, *maps: Tensor) -> Tensor:
        return self._parts.each(lambda *each: ops.concatenate([ops.cast(x, self._dtype) for x in each], -1), *maps)

    def enlarged(self, x: Tensor) -> Tensor:
        return self._parts.each(enlarged, x)

    def shrunk(self, x: Tensor) -> Tensor:
        return self._parts.each(shrunk, x)

    def sum(self, *maps: Tensor) -> Tensor:
        return self._parts.each(ops.add, *maps)

    def times(self, x: Tensor, factor: float) -> Tensor:
        return self._parts.each(lambda x: x * factor, x)

    def deepened(self, x: Tensor, stem: str, step: str) -> Tensor:
        """Two residual blocks."""
        for i in (1, 2):
            inner = self.layer(self.layer(x, f"{stem}.deep{i}a", step), f"{stem}.deep{i}b", step, relu=False)
            x = self._parts.kept(self.sum(x, inner))
        return x

    def strokes(self, x: Tensor, stem: str) -> Tensor:
        """The last convolution, in grey levels."""
        kernel, bias = (self._weights[f"{stem}.paint.{part}"] for part in ("kernel", "bias"))
        return self._parts.each(lambda x: (convolved(ops.cast(x, "float32"), kernel) + bias) * SCALES["rgb"], x)

    def _affine(self, name: str) -> Tensor:
        """A scale or a shift of each channel, linear in the code of the style."""
        weights = self._weights[name]
        if self._code is None:
            return weights
        return (ops.matmul(self._code, weights[:-1]) + weights[-1])[:, None, None]

    def _known(self, name: str, compute: Callable[[], Any]) -> Any:
        if name not in self._statistics:
            self._statistics[name] = compute()
        return self._statistics[name]
