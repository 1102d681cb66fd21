"""Paint photos in the strokes of the package's own landscapes: more paintings to train the embedded painter with.

    python tools/make_paintings.py --images photos/ --first 260 --out painted/

Colours are the photo's, half of the time in another palette; strokes follow its edges, and a wind where it has none.
Landscapes of both motifs are added. Everything depends on numbers from 0 on, so that the same call paints the same.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from PIL import Image
from scipy import ndimage

from neural_style.samples import landscape

Array = np.ndarray[Any, np.dtype[Any]]

CALM = 2e-4  # strength of an edge, squared grey levels of 0..1, from which on strokes follow it and not the wind


def painted(photo: Image.Image, seed: int) -> Image.Image:
    """The photo in oil, at 300 to 420 rows."""
    random = np.random.default_rng(seed)
    rows = int(random.integers(300, 420))
    width = max(200, round(photo.width * rows / photo.height))
    picture = np.asarray(photo.resize((width, rows), Image.Resampling.LANCZOS), np.float32) / 255
    scale = float(np.exp(random.uniform(np.log(0.6), np.log(1.5)))) * 0.75
    scene = landscape.Scene(picture.shape[0], picture.shape[1], random)
    colour = ndimage.gaussian_filter(picture, (1.5 * scale, 1.5 * scale, 0))
    if random.random() < 0.5:
        colour = other_palette(colour, random)
    colour = (colour - 0.5) * random.uniform(1, 1.5) + 0.5
    scene.colour = np.clip(colour, 0, 1).astype(np.float32)
    grey = ndimage.gaussian_filter(picture.mean(-1), 1.5)
    scene.direction = directions(grey, np.pi * scene.noise(3, 4) * 0.5, 6 * scale)
    scene.body = (grey * random.integers(3, 7)).astype(np.int32)

    canvas = scene.colour.repeat(2, 0).repeat(2, 1)
    relief = np.zeros(canvas.shape[:2], np.float32)
    detail = ndimage.gaussian_gradient_magnitude(scene.colour.mean(-1), 2 * scale) * scale
    for number, (stroke, length, coverage) in enumerate(landscape.PASSES):
        count = int(coverage * grey.size / (stroke * length * scale**2))
        start = (random.uniform(-0.03, 1.03, (count, 2)) * grey.shape).astype(np.float32)
        if number == len(landscape.PASSES) - 1:
            down, across = np.clip(start.astype(int), 0, np.array(grey.shape) - 1).T
            start = start[random.random(count) < 0.15 + 12 * detail[down, across]]
        landscape.brush(scene, canvas, relief, stroke * scale, length * scale, start)
    thick = random.uniform(0.3, 1.2)
    slope_down, slope_across = np.gradient(ndimage.gaussian_filter(relief, 0.7 * scale))
    slope = np.tanh(0.16 * (slope_down + slope_across))[..., None] * thick
    lit = canvas * (1 + 0.3 * slope) + 0.22 * np.clip(slope, 0, 1) ** 2
    lit = lit.reshape(picture.shape[0], 2, picture.shape[1], 2, 3).mean((1, 3))
    return Image.fromarray(np.array(np.clip(lit, 0, 1) * 255 + 0.5, np.uint8))


def other_palette(colour: Array, random: np.random.Generator) -> Array:
    """Colours turned about their mean, and the mean moved."""
    mean = colour.mean((0, 1))
    turn, _ = np.linalg.qr(random.normal(size=(3, 3)))
    share = random.uniform(0, 0.6)
    change = ((1 - share) * np.eye(3) + share * turn * random.uniform(1, 1.6)).astype(np.float32)
    found: Array = (colour - mean) @ change + mean + random.normal(0, 0.12, 3)
    return found


def directions(grey: Array, wind: Array, reach: float) -> Array:
    """Unit vectors (H, W, 2), down and across, along the edges of (H, W), or at the angle `wind` where there are none.

    The direction is the eigenvector of the smaller eigenvalue of the structure tensor, to which that of the wind with
    the weight `CALM` has been added.
    """
    down, across = np.gradient(grey)
    xx, yy, xy = (ndimage.gaussian_filter(v, reach) for v in (across * across, down * down, across * down))
    angle = 0.5 * np.arctan2(2 * xy - CALM * np.sin(2 * wind), xx - yy - CALM * np.cos(2 * wind)) + np.pi / 2
    found: Array = np.stack([np.sin(angle), np.cos(angle)], -1).astype(np.float32)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, required=True, help="folder of photos")
    parser.add_argument("--first", type=int, default=260, help="so many of them, in order of name")
    parser.add_argument("--paintings", type=int, default=160)
    parser.add_argument("--landscapes", type=int, default=12)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    photos = sorted(options.images.glob("*.jpg"))[: options.first]
    for seed in range(options.paintings):
        photo = photos[np.random.default_rng(1000 + seed).integers(0, len(photos))]
        painted(Image.open(photo).convert("RGB"), seed).save(options.out / f"p{seed:03d}.jpg", quality=90)
    for seed in range(options.landscapes):
        motif = ("night", "harvest")[seed % 2]
        made = landscape.paint_landscape(400, 520, motif=motif, seed=100 + seed)
        Image.fromarray(made).save(options.out / f"l{seed:03d}.jpg", quality=90)


if __name__ == "__main__":
    main()
