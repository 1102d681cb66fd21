"""A network that paints any photo in the style of any painting at once, in `keras.ops` alone.

What is known in closed form is computed, and only what is left is learnt.

Features of a photo, seen as samples of a normal distribution with mean m and covariance C, become those of a painting
with mean n and covariance S by the affine map that moves them least (Olkin & Pukelsheim 1982):

    z = T (f - m) + n,    T = S^1/2 (S^1/2 C S^1/2)^-1/2 S^1/2,    so that T C T = S.

That is done with the colours and with mini's conv2_1 and conv3_3. A first decoder turns the three into a sketch. A
second one then looks at the sketch with the same eye: the maps T of its features, which would be the identity were the
style right, say where it is wrong for this very painting, whether or not one like it was ever seen in training. It
corrects the sketch `rounds` times with the same weights, as an optimiser would.

Every convolution is padded by reflection, so that no frame appears, and every change of resolution is a smooth one,
so that the painting follows its photo when that moves by a pixel (after Zhang 2019, arXiv:1904.11486): pooling takes
the maximum at every position and a binomial mean before it drops three of four; enlarging is linear.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import numpy as np
from keras import ops
from keras.backend import backend

from neural_style.features.vgg import BGR_MEAN, architecture, block_of, weight_name

Tensor = Any
Tensors = Mapping[str, Tensor]
Seen = MutableMapping[str, Tensor]
Array = np.ndarray[Any, np.dtype[Any]]

EYE = architecture("mini")
LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv3_3")
"""What a style is described by; conv2_1 and conv3_3 are mapped, too."""

SCALES = {"rgb": 64.0, "conv1_1": 60.0, "conv2_1": 260.0, "conv3_1": 350.0, "conv3_3": 630.0}
"""About one standard deviation of the values; tensors inside the network are divided by them."""

RIDGES = {"rgb": 0.1, "conv2_1": 0.03, "conv3_3": 0.03}
"""Added to the variances of a photo, in parts of their mean, so that noise in flat photos is not taken for content."""

MULTIPLE = 8
"""Rows and columns of a photo must be a multiple of this."""

SMALLEST = 32
"""Rows and columns that a photo must have at least: less cannot be reflected at every level."""

NOISE = 2
"""Channels of noise that the network paints strokes from where a photo has nothing to show."""

CODE = 64
ROUNDS = 1

ITERATIONS = 18

exactly: Callable[[], AbstractContextManager[Any]] = nullcontext
"""Context in which square roots are computed; a program that lets products be less than float32 must replace it."""


class Style(NamedTuple):
    """A painting, or several, as the network knows it.

    Attributes:
        means: of colours and layers, (N, 1, C) by name.
        covariances: (N, C, C) by name.
        roots: square roots of the covariances of what is mapped, (N, C, C) by name.
    """

    means: Tensors
    covariances: Tensors
    roots: Tensors


# Linear algebra


def moments(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (N, 1, C) and covariance (N, C, C) of the values of (N, H, W, C) over all positions."""
    flat = ops.reshape(x, (ops.shape(x)[0], -1, x.shape[-1]))
    mean = ops.mean(flat, 1, keepdims=True)
    flat = flat - mean
    return mean, ops.matmul(ops.transpose(flat, (0, 2, 1)), flat) / ops.cast(ops.shape(flat)[1], flat.dtype)


def loaded(covariance: Tensor, ridge: float) -> Tensor:
    """C + (ridge tr(C) / n + 1e-6) I for (N, n, n)."""
    n = covariance.shape[-1]
    eye = ops.eye(n, dtype=covariance.dtype)
    trace = ops.sum(covariance * eye, (1, 2), keepdims=True)
    return covariance + (trace * (ridge / n) + 1e-6) * eye


def roots_of(matrix: Tensor, iterations: int = ITERATIONS) -> tuple[Tensor, Tensor]:
    """Square root and inverse square root of symmetric positive definite (N, n, n), by products alone.

    Newton's iteration in the coupled form of Denman & Beavers, with Schulz's inverse (Higham 2008, Functions of
    Matrices, 6.35): Y <- Y (3 I - Z Y) / 2, Z <- (3 I - Z Y) Z / 2 from Y = A / |A|, Z = I. An eigenvalue of Z Y
    grows by 9/4 a step until it is near 1, so that 18 steps suffice for those above 1e-5 |A|; smaller ones come out
    too small in the root and not too large in its inverse, which is what a ridge would do with them.
    """
    eye = ops.eye(matrix.shape[-1], dtype=matrix.dtype)
    norm = ops.sqrt(ops.sum(ops.square(matrix), (1, 2), keepdims=True))
    with exactly():
        y, z = matrix / norm, ops.zeros_like(matrix) + eye
        for _ in range(iterations):
            t = 1.5 * eye - 0.5 * ops.matmul(z, y)
            y, z = ops.matmul(y, t), ops.matmul(t, z)
    root = ops.sqrt(norm)
    return y * root, z / root


def transport(covariance: Tensor, root: Tensor, ridge: float) -> Tensor:
    """The map T (N, n, n) from covariance C to S, given S^1/2; C is loaded with the ridge."""
    with exactly():
        middle = ops.matmul(ops.matmul(root, loaded(covariance, ridge)), root)
        _, inverse = roots_of(loaded(middle, 1e-4))
        return ops.matmul(ops.matmul(root, inverse), root)


# Smooth changes of resolution

POOLS = backend() == "tensorflow"
"""Whether they are made of pooling, which TensorFlow has fast programs for, or of slices, which XLA fuses: the values
are the same, and the time of the wrong choice is ten times that of the right one."""


def pad(x: Tensor, rim: int = 1) -> Tensor:
    return ops.pad(x, [[0, 0], [rim, rim], [rim, rim], [0, 0]], mode="reflect")


def halved(x: Tensor) -> Tensor:
    """(N, H, W, C) with a rim of one to (N, H/2 - 1, W/2 - 1, C): weights 1 2 1 around every second position."""
    if POOLS:
        x = ops.average_pool(x, 2, 1, padding="valid", data_format="channels_last")
        return ops.average_pool(x, 2, 2, padding="valid", data_format="channels_last")
    x = 0.25 * (x[:, :-2:2] + x[:, 2::2]) + 0.5 * x[:, 1:-1:2]
    return 0.25 * (x[:, :, :-2:2] + x[:, :, 2::2]) + 0.5 * x[:, :, 1:-1:2]


def pooled(x: Tensor) -> Tensor:
    """Maxima of 2x2 at every position, blurred, of which every fourth is kept: (N, H, W, C) to (N, H/2, W/2, C)."""
    x = pad(x)
    if POOLS:
        return halved(ops.max_pool(x, 2, 1, padding="valid", data_format="channels_last"))
    x = ops.maximum(x[:, 1:], x[:, :-1])
    return halved(ops.maximum(x[:, :, 1:], x[:, :, :-1]))


def shrunk(x: Tensor) -> Tensor:
    """Means with weights 1 3 3 1: (N, H, W, C) to (N, H/2, W/2, C), centred as `pooled` is."""
    x = pad(x)
    if POOLS:
        return halved(ops.average_pool(x, 2, 1, padding="valid", data_format="channels_last"))
    x = 0.5 * (x[:, 1:] + x[:, :-1])
    return halved(0.5 * (x[:, :, 1:] + x[:, :, :-1]))


def enlarged(x: Tensor) -> Tensor:
    """Linear interpolation, (N, H, W, C) to (N, 2 H, 2 W, C): values repeated, then blurred by 1 2 1."""
    if POOLS:
        size = 2 * ops.shape(x)[1], 2 * ops.shape(x)[2]
        return ops.image.resize(x, size, interpolation="bilinear", data_format="channels_last")
    for axis in (1, 2):
        x = ops.repeat(x, 2, axis=axis)
        width = [[0, 0]] * 4
        width[axis] = [1, 1]
        x = ops.pad(x, width, mode="symmetric")
        if axis == 1:
            x = 0.25 * (x[:, :-2] + x[:, 2:]) + 0.5 * x[:, 1:-1]
        else:
            x = 0.25 * (x[:, :, :-2] + x[:, :, 2:]) + 0.5 * x[:, :, 1:-1]
    return x


def grain_of(noise: Tensor) -> Tensor:
    """Noise (N, H, W, C) at a quarter of the size, again with a deviation of 1."""
    noise = ops.pad(noise, [[0, 0], [2, 2], [2, 2], [0, 0]], mode="reflect")
    return 8 * ops.average_pool(noise, 8, 4, padding="valid", data_format="channels_last")


# The eye


def look(eye: Tensors, rgb: Tensor, *, dtype: str = "float32") -> dict[str, Tensor]:
    """What mini sees with smooth pooling and reflected borders.

    Args:
        eye: `<layer>_kernel` and `<layer>_bias`, as in `neural_style.features.weights`.
        rgb: (N, H, W, 3), 0..255.
        dtype: of the products after the first layer; what is returned has the dtype of `rgb`.

    Returns:
        `LAYERS` and `rgb` by name.
    """
    x = rgb[..., ::-1] - ops.convert_to_tensor(BGR_MEAN, dtype=rgb.dtype)
    found, block = {"rgb": rgb}, 1
    for layer in EYE.up_to_deepest(LAYERS):
        if block_of(layer) > block:
            x, block = pooled(x), block + 1
        x = ops.relu(_convolved(x, eye[f"{weight_name(layer)}_kernel"]) + ops.cast(_bias(eye, layer), x.dtype))
        if layer in LAYERS:
            found[layer] = ops.cast(x, rgb.dtype)
        x = ops.cast(x, dtype)
    return found


def _bias(eye: Tensors, layer: str) -> Tensor:
    return eye[f"{weight_name(layer)}_bias"]


def _convolved(x: Tensor, kernel: Tensor) -> Tensor:
    if kernel.shape[0] > 1:
        x = pad(x, kernel.shape[0] // 2)
    return ops.conv(x, ops.cast(kernel, x.dtype), strides=1, padding="valid", data_format="channels_last")


def style_of(seen: Tensors) -> Style:
    """The style of a painting that was looked at."""
    found = {name: moments(seen[name]) for name in SCALES}
    means, covariances = ({name: pair[i] for name, pair in found.items()} for i in (0, 1))
    return Style(means, covariances, {name: roots_of(loaded(covariances[name], 1e-4))[0] for name in RIDGES})


def style_vector(style: Style) -> Tensor:
    """(N, 710): means and logarithms of the deviations of colours and layers, in units of `SCALES`."""
    parts = []
    for name, scale in SCALES.items():
        eye = ops.eye(style.covariances[name].shape[-1], dtype=style.covariances[name].dtype)
        variance = ops.sum(style.covariances[name] * eye, -1) / scale**2
        parts += [style.means[name][:, 0] / scale, 0.5 * ops.log(variance + 1e-3)]
    return ops.concatenate(parts, -1)


# The decoders


def shapes(*, rounds: int = ROUNDS) -> dict[str, tuple[int, ...]]:
    """Shapes of the weights by name: `kernel`, `bias`, `scale` (N(0, 0.01) of the code) and `shift`."""
    found: dict[str, tuple[int, ...]] = {}
    numbers = 2 * (3 + sum(EYE.filters[layer] for layer in LAYERS))
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
    z3, z2 = EYE.filters["conv3_3"], EYE.filters["conv2_1"]
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
            gain = (
                0.01 if "paint" in name else np.sqrt((1.0 if name.startswith("code.") else 2.0) / np.prod(shape[:-1]))
            )
            value = rng.normal(0, gain, shape)
        found[name] = value.astype(np.float32)
    return found


def paint(
    weights: Tensors,
    eye: Tensors,
    photo: Tensor,
    style: Style,
    noise: Tensor,
    *,
    rounds: int = ROUNDS,
    seen: Seen | None = None,
    photo_features: Tensors | None = None,
    dtype: str = "float32",
) -> list[Tensor]:
    """Sketch and corrections of a photo.

    Args:
        weights, eye: of the decoders, see `shapes`, and of the eye, see `look`.
        photo: (N, H, W, 3), RGB in 0..255; H and W multiples of 8 and at least 32.
        style: of N paintings, or of one.
        noise: (N, H, W, 2), normal with deviation 1.
        rounds: of correction.
        seen: what is known of the whole picture, by name. Statistics that are missing are computed from this photo and
            put there; those that are found are used. So a large picture is painted part by part with the statistics of
            a small copy.
        photo_features: of the photo, from `look`, if they are known.
        dtype: of the products in convolutions.

    Returns:
        The pictures (N, H, W, 3) after each step, RGB, nominally in 0..255; the last is the result.
    """
    seen = {} if seen is None else seen
    code = style_vector(style)
    code = ops.matmul(code, weights["code.kernel"]) + weights["code.bias"]
    code = ops.concatenate([code, ops.relu(ops.matmul(code, weights["code2.kernel"]) + weights["code2.bias"])], -1)

    def known(name: str, compute: Callable[[], Tensor]) -> Tensor:
        if name not in seen:
            seen[name] = compute()
        return seen[name]

    def mapped(f: Tensor, name: str, step: str) -> Tensor:
        """Features as those of the painting, in units of `SCALES`."""
        key = f"{step}.{name}"
        if f"{key}.map" not in seen:
            mean, covariance = moments(ops.stop_gradient(f))
            seen[f"{key}.mean"] = mean
            seen[f"{key}.map"] = ops.stop_gradient(transport(covariance, style.roots[name], RIDGES[name]))
        centred = ops.reshape(f, (ops.shape(f)[0], -1, f.shape[-1])) - seen[f"{key}.mean"]
        moved = ops.matmul(centred, seen[f"{key}.map"]) + style.means[name]
        return ops.reshape(moved, ops.shape(f)) / SCALES[name]

    def layer(x: Tensor, name: str, step: str) -> Tensor:
        """Convolution, then mean and deviation of each channel replaced by what the style asks for."""
        x = _convolved(ops.cast(x, dtype), weights[f"{name}.kernel"])
        x = ops.cast(x, "float32")

        def statistics() -> Tensor:
            mean = ops.mean(x, (1, 2), keepdims=True)
            return ops.stack([mean, ops.mean(ops.square(x - mean), (1, 2), keepdims=True)])

        mean, variance = (known(f"{step}.{name}", statistics)[i] for i in (0, 1))
        scale, shift = (
            (ops.matmul(code, weights[f"{name}.{part}"][:-1]) + weights[f"{name}.{part}"][-1])[:, None, None]
            for part in ("scale", "shift")
        )
        scale = scale * ops.rsqrt(variance + 1e-4)
        return ops.cast(x * scale + (shift - mean * scale), dtype)

    def joined(*parts: Tensor) -> Tensor:
        return ops.concatenate([ops.cast(part, dtype) for part in parts], -1)

    def deepened(x: Tensor, stem: str, step: str) -> Tensor:
        for i in (1, 2):
            x = x + layer(ops.relu(layer(x, f"{stem}.deep{i}a", step)), f"{stem}.deep{i}b", step)
        return x

    def strokes(x: Tensor, stem: str) -> Tensor:
        x = _convolved(ops.cast(x, "float32"), weights[f"{stem}.paint.kernel"]) + weights[f"{stem}.paint.bias"]
        return x * SCALES["rgb"]

    f = look(eye, photo, dtype=dtype) if photo_features is None else photo_features
    grain = grain_of(noise)
    z3, z2, rgb = (mapped(f[name], name, "sketch") for name in ("conv3_3", "conv2_1", "rgb"))
    h = ops.relu(layer(shrunk(joined(z3, grain)), "sketch.down", "sketch"))
    h = deepened(h, "sketch", "sketch")
    h = ops.relu(layer(joined(enlarged(h), z3, grain), "sketch.quarter", "sketch"))
    h = ops.relu(layer(joined(enlarged(h), z2), "sketch.half", "sketch"))
    h = ops.relu(layer(joined(enlarged(h), rgb), "sketch.full", "sketch"))
    pictures = [rgb * SCALES["rgb"] + strokes(h, "sketch")]

    for number in range(1, rounds + 1):
        step, picture = f"correct{number}", ops.clip(pictures[-1], 0.0, 255.0)
        f = look(eye, picture, dtype=dtype)
        m3, m2, m0 = (mapped(f[name], name, step) for name in ("conv3_3", "conv2_1", "rgb"))
        d3, d2, d0 = (m - f[n] / SCALES[n] for m, n in ((m3, "conv3_3"), (m2, "conv2_1"), (m0, "rgb")))
        h = ops.relu(layer(joined(m3, d3, z3, grain), "correct.enter", step))
        h = ops.relu(layer(h, "correct.quarter", step))
        h = deepened(h, "correct", step)
        details = ops.relu(layer(joined(m2, d2), "correct.details", step))
        h = ops.relu(layer(joined(enlarged(h), details), "correct.half", step))
        h = ops.relu(layer(joined(enlarged(h), m0, d0, rgb), "correct.full", step))
        pictures.append(pictures[-1] + d0 * SCALES["rgb"] * 0.5 + strokes(h, "correct"))
    return pictures
