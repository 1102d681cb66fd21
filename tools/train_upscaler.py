"""Make `neural_style/enhancement/upscaler.npz`: networks that enlarge a picture two and four times.

    python tools/train_upscaler.py --images photos/ --minutes 26 --out neural_style/enhancement/upscaler.npz

Every twelfth picture of the folder is held out, and pictures that look like one of those are left out. A crop is shrunk
by Pillow's bicubic filter; the network, see `neural_style.enhancement.network`, learns what bicubic enlargement of the
small crop lacks, by Adam on the mean absolute difference of luminance. A part of the small crops are shrunk by other
filters, compressed as JPEG, or noisy, so that the network does not sharpen what is no detail of a picture.

The scales share the minutes. Four times starts from the layers of two times.
"""

from __future__ import annotations

import argparse
import io
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from neural_style.enhancement.network import HALO, details, pixel_shuffle, pixel_unshuffle, shapes
from neural_style.enhancement.sizes import SCALES

Array = np.ndarray
Weights = dict[str, Array]

CORE, MARGIN, BATCH = 40, 4, 8
"""Pixels of a small crop that the loss counts, and around the halo so that no filter meets an edge; crops of a step."""

RATES = 2e-3, 2e-5
"""Adam's learning rate, from the first to the last step on a cosine."""

FILTERS = tuple(getattr(Image.Resampling, name) for name in ("BOX", "BILINEAR", "HAMMING", "LANCZOS"))
OTHER_FILTER, COMPRESSED, NOISY = 0.15, 0.15, 0.1
"""Shares of small crops that are not clean and bicubic."""

EVERY = 120
"""Seconds between two saves."""


def pictures(folder: Path) -> tuple[list[Path], list[Path]]:
    """The pictures to train with, and those held out: every twelfth, whose copies are in neither."""
    paths = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in (".jpg", ".jpeg", ".png")]
    held_out = paths[::12]
    banned = [_thumbnail(path) for path in held_out]
    # Copies of one picture, however resized or compressed, correlate above 0.99; different ones were seen up to 0.9.
    train = [
        path
        for path in paths
        if path not in held_out and not any(np.vdot(_thumbnail(path), other) > 0.95 for other in banned)
    ]
    return train, held_out


def _thumbnail(path: Path) -> Array:
    """(24, 24, 3), each channel's mean removed, unit norm: the inner product of two is their correlation."""
    small = np.asarray(Image.open(path).convert("RGB").resize((24, 24), Image.Resampling.BILINEAR), np.float64)
    small -= small.mean((0, 1))
    return small / max(float(np.linalg.norm(small)), 1e-9)


def luminance(path: Path) -> Array:
    """(H, W), uint8."""
    return np.asarray(Image.open(path).convert("L"))


def enlarged(small: Array, scale: int) -> Array:
    """(h, w) to (scale h, scale w), float32, by Pillow's bicubic filter."""
    size = small.shape[1] * scale, small.shape[0] * scale
    return np.asarray(Image.fromarray(small.astype(np.float32)).resize(size, Image.Resampling.BICUBIC), np.float32)


def batches(images: Sequence[Array], scale: int, rng: np.random.Generator) -> Iterator[tuple[Array, Array]]:
    """Small crops (BATCH, CORE + 2 HALO, ..., 1) and the details that they lack (BATCH, CORE, CORE, scale^2)."""
    window = CORE + 2 * (HALO + MARGIN)
    usable = [image for image in images if min(image.shape) >= window * scale]
    chances = np.array([image.size for image in usable], np.float64)
    chances /= chances.sum()
    while True:
        given, wanted = [], []
        for index in rng.choice(len(usable), BATCH, p=chances):
            crop = _crop(usable[index], window * scale, rng)
            small = _shrunk(crop, scale, rng)
            lacking = crop / np.float32(255) - enlarged(small, scale)
            edge = (HALO + MARGIN) * scale
            given.append(small[MARGIN:-MARGIN, MARGIN:-MARGIN])
            wanted.append(lacking[edge:-edge, edge:-edge])
        yield np.stack(given)[..., None], pixel_unshuffle(np.stack(wanted), scale)


def _crop(image: Array, side: int, rng: np.random.Generator) -> Array:
    """(side, side) from somewhere, turned and mirrored."""
    top, left = (int(rng.integers(extent - side + 1)) for extent in image.shape)
    turned = np.rot90(image[top : top + side, left : left + side], int(rng.integers(4)))
    return np.ascontiguousarray(turned if rng.random() < 0.5 else turned[::-1])


def _shrunk(crop: Array, scale: int, rng: np.random.Generator) -> Array:
    """A small crop, float32 in 0..1, with the faults of pictures that were not shrunk for this."""
    size = crop.shape[1] // scale, crop.shape[0] // scale
    is_other = rng.random() < OTHER_FILTER
    by = FILTERS[int(rng.integers(len(FILTERS)))] if is_other else Image.Resampling.BICUBIC
    small = Image.fromarray(crop).resize(size, by)
    chance = rng.random()
    if chance < COMPRESSED:
        buffer = io.BytesIO()
        small.save(buffer, "JPEG", quality=int(rng.integers(60, 96)))
        small = Image.open(buffer)
    pixels = np.asarray(small, np.float32)
    if COMPRESSED <= chance < COMPRESSED + NOISY:
        pixels = pixels + rng.normal(0, rng.uniform(0.5, 5), pixels.shape).astype(np.float32)
    return np.asarray(np.clip(pixels, 0, 255) / 255, np.float32)


def initial(scale: int, rng: np.random.Generator, start: Weights | None) -> Weights:
    """He-normal kernels, or the layers of another scale; the last layer starts at zero."""
    found: Weights = {}
    for name, shape in shapes(scale).items():
        if start is not None and start[name].shape == shape:
            found[name] = start[name]
        elif name.endswith("bias") or name == "last_kernel":
            found[name] = np.zeros(shape, np.float32)
        else:
            found[name] = (rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[:3]))).astype(np.float32)
    return found


def train(
    images: Sequence[Array], scale: int, seconds: float, start: Weights, save: Callable[[Weights], None]
) -> Weights:
    """Weights after that time, from `start`; `save` gets those of each save."""
    rng = np.random.default_rng(scale)
    variables = {name: keras.Variable(value, name=name) for name, value in start.items()}
    optimizer = keras.optimizers.Adam(RATES[0])
    optimizer.build(list(variables.values()))

    @tf.function
    def step(given: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.abs(details({name: v.value for name, v in variables.items()}, given) - wanted))
        optimizer.apply(tape.gradient(loss, [v.value for v in variables.values()]))
        return loss

    begin = saved = time.monotonic()
    losses: list[float] = []
    for count, (given, wanted) in enumerate(batches(images, scale, rng)):
        share = min(1.0, (time.monotonic() - begin) / seconds)
        optimizer.learning_rate = RATES[1] + (RATES[0] - RATES[1]) * 0.5 * (1 + math.cos(math.pi * share))
        losses.append(float(step(tf.constant(given), tf.constant(wanted))))
        if time.monotonic() - saved > EVERY or share == 1:
            found = {name: np.asarray(v.value, np.float32) for name, v in variables.items()}
            print(f"x{scale} {count + 1} steps, {share:.0%}, loss {255 * np.mean(losses):.3f} levels", flush=True)
            save(found)
            saved, losses = time.monotonic(), []
            if share == 1:
                return found
    raise AssertionError("batches have no end")


def gains(weights: Weights, scale: int, held_out: Sequence[Array]) -> Array:
    """PSNR in dB of bicubic enlargement and of the network, for each picture."""
    found = []
    run = tf.function(
        lambda x: details({name: tf.constant(v) for name, v in weights.items()}, x), reduce_retracing=True
    )
    for image in held_out:
        rows, columns = (extent // scale * scale for extent in image.shape)
        whole = image[:rows, :columns]
        small = np.asarray(
            Image.fromarray(whole).resize((columns // scale, rows // scale), Image.Resampling.BICUBIC), np.float32
        )
        bicubic = enlarged(small / 255, scale)
        padded = np.pad(small / np.float32(255), HALO, mode="reflect")[None, ..., None]
        ours = bicubic + pixel_shuffle(run(tf.constant(padded)).numpy(), scale)[0]
        found.append([_psnr(each, whole) for each in (bicubic, ours)])
    return np.array(found)


def _psnr(found: Array, wanted: Array) -> float:
    difference = np.rint(np.clip(255 * found, 0, 255)) - wanted
    return float(10 * np.log10(255**2 / np.mean(difference[8:-8, 8:-8] ** 2)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, help="folder of pictures")
    parser.add_argument("--out", type=Path, required=True, help="the .npz file")
    parser.add_argument("--minutes", type=float, default=26, help="of both scales together")
    arguments = parser.parse_args()
    paths, apart = pictures(arguments.images)
    print(f"{len(paths)} pictures, {len(apart)} held out")
    images, held_out = [luminance(path) for path in paths], [luminance(path) for path in apart]
    done: dict[int, Weights] = {}

    def save(scale: int, found: Weights) -> None:
        done[scale] = {name: value.astype(np.float16).astype(np.float32) for name, value in found.items()}
        arrays = {f"x{each}_{name}": v.astype(np.float16) for each, ws in done.items() for name, v in ws.items()}
        np.savez_compressed(arguments.out, **arrays)
        bicubic, ours = gains(done[scale], scale, held_out).T
        print(
            f"x{scale} held out: bicubic {bicubic.mean():.2f} dB, network {ours.mean():.2f}, better on "
            f"{int((ours > bicubic).sum())} of {len(ours)}; {arguments.out.stat().st_size} bytes",
            flush=True,
        )

    weights: Weights | None = None
    for scale in SCALES:
        start = initial(scale, np.random.default_rng(0), weights)
        weights = train(images, scale, 60 * arguments.minutes / len(SCALES), start, partial(save, scale))


if __name__ == "__main__":
    main()
