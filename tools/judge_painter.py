"""Judge the embedded painter on 16 pairs that it was never trained with, and draw them.

    python tools/judge_painter.py --weights painter.npz --vgg19 vgg19.npz --out judged/
    python tools/judge_painter.py ... --evaluations 5 10 20 200  # beside optimisation with mini, which takes minutes

Whole pictures are judged in the features of VGG-19's first three blocks. The Gram error is sum_l |G - A|^2 / |A|^2 over
four layers, divided by the photo's own; the content error |F - P|^2 / |P|^2 at conv3_3. `half` and `quarter` are Gram
errors of pictures and paintings of 1/2 and 1/4 of the size, which see strokes rather than grain. `lbfgs<n>` is what
L-BFGS with mini has after n evaluations, and `equal` what it has after the CPU seconds that the painter took, both
without the time in which programs are made. `shift` is what is left of a move of the photo by one pixel after the
painting was moved back, in grey levels, where the noise moves along; `held` is the same where the noise stays; `grain`
is what noise of 2 grey levels in the photo changes.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from keras import ops
from PIL import Image

from neural_style import Content, Network, Style, images, solvers
from neural_style.features import vgg
from neural_style.features.weights import load
from neural_style.feedforward import encoder, transport
from neural_style.feedforward.embedded import EmbeddedNetwork, noise
from neural_style.inputs import working_size

Array = np.ndarray[Any, np.dtype[Any]]

PHOTOS = ("golden_gate", "hoover_tower", "blue_moon_lake", "winter_wolf")
PAINTINGS = ("starry_night", "wave_kanagawa", "the_scream", "water_lilies")
COLUMNS = ("gram", "content", "half", "quarter")


class Judge:
    """VGG-19's first three blocks, as the papers have them."""

    def __init__(self, weights: str) -> None:
        table = vgg.architecture("vgg19")
        layers = table.up_to_deepest(encoder.LAYERS)
        self.network = vgg.build("vgg19", encoder.LAYERS, load(table, weights, layers))

    def grams(self, picture: Array) -> tuple[dict[str, Array], Array]:
        x = np.asarray(picture, np.float32)[None, :, :, ::-1] - np.array(vgg.BGR_MEAN, np.float32)
        found = {name: ops.convert_to_numpy(f)[0] for name, f in self.network(ops.convert_to_tensor(x)).items()}
        flat = {name: f.reshape(-1, f.shape[-1]) for name, f in found.items()}
        return {name: f.T @ f / len(f) for name, f in flat.items()}, found["conv3_3"]

    def __call__(self, pictures: dict[str, Array], photo: Array, painting: Array) -> dict[str, list[float]]:
        """Gram, content, half and quarter errors by name of the picture."""
        found: dict[str, list[float]] = {name: [] for name in pictures}
        for scale in (1, 2, 4):
            wanted, _ = self.grams(smaller(painting, scale))
            start, content = self.grams(smaller(photo, scale))
            for name, picture in pictures.items():
                seen, features = self.grams(smaller(picture, scale))
                found[name].append(difference(seen, wanted) / difference(start, wanted))
                if scale == 1:
                    found[name].append(float(np.sum((features - content) ** 2) / np.sum(content**2)))
        return found


def difference(found: dict[str, Array], wanted: dict[str, Array]) -> float:
    return float(sum(np.sum((found[name] - a) ** 2) / np.sum(a**2) for name, a in wanted.items()))


def smaller(picture: Array, scale: int) -> Array:
    rows, columns = (extent // scale * scale for extent in picture.shape[:2])
    blocks = picture[:rows, :columns].reshape(rows // scale, scale, columns // scale, scale, 3)
    found: Array = np.asarray(blocks, np.float32).mean((1, 3))
    return found


def colour_transfer(photo: Array, painting: Array) -> Array:
    """The map of the colours alone, as the network begins with it."""
    x, y = (np.asarray(each, np.float64).reshape(-1, 3) for each in (photo, painting))
    covariance, root = np.cov(x.T)[None], transport.roots_of(ops.convert_to_tensor(np.cov(y.T)[None]))[0]
    moved = transport.transport(ops.convert_to_tensor(covariance), root, encoder.RIDGES["rgb"])
    result = (x - x.mean(0)) @ ops.convert_to_numpy(moved)[0] + y.mean(0)
    return np.clip(result.reshape(photo.shape), 0, 255).astype(np.float32)


def steadiness(network: EmbeddedNetwork, photo: Array, style: encoder.Style) -> list[float]:
    """Shift, held and grain."""
    height, width = (extent // 8 * 8 for extent in photo.shape[:2])
    whole = photo[:height, :width].astype(np.float32)
    grain = noise((height, width), 0)

    def painted(x: Array, n: Array) -> Array:
        found: Array = network.run_with_noise(x[None], style, n)[0]
        return found

    plain = painted(whole, grain)
    moved = np.roll(whole, 1, 1)
    shift, held = (np.roll(painted(moved, n), -1, 1) for n in (np.roll(grain, 1, 2), grain))
    noisy = whole + np.random.default_rng(0).normal(0, 2, whole.shape).astype(np.float32)
    others = shift, held, painted(noisy, grain)
    return [float(np.abs(other - plain)[:, 16:-16].mean()) for other in others]


def optimised(photo: Path, painting: Path, rows: int, counts: Sequence[int], seconds: float) -> dict[str, Array]:
    """The best pictures of L-BFGS with mini after so many evaluations, and after so many CPU seconds, as `equal`."""
    picture = images.read(photo)
    objective = Network(model="mini").objective(picture, [painting], image_size=rows)
    start = images.resize(picture.rgb, working_size(picture, rows)).astype(np.float32)

    def points(evaluations: int) -> Iterator[solvers.Point]:
        return solvers.solver("lbfgs")(objective.function, start, evaluations=evaluations, bounds=(0.0, 255.0))

    for _ in points(3):  # makes the programs
        pass
    found: dict[str, Array] = {}
    best, lowest, started = start, np.inf, time.process_time()
    for number, point in enumerate(points(max(counts)), start=1):
        spent = time.process_time() - started
        if "equal" not in found and spent > seconds:
            found["equal"] = np.rint(best)
            print(f"  {number - 1} evaluations of L-BFGS in the {seconds:.2f} s of the painter", flush=True)
        if point.value < lowest:
            best, lowest = np.asarray(point.x), point.value
        if number in counts:
            found[f"lbfgs{number}"] = np.rint(best)
    print(f"  {max(counts)} evaluations: {time.process_time() - started:.1f} s", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, help="of the painter; those in the package, if not named")
    parser.add_argument("--vgg19", required=True, help="weights of VGG-19's first three blocks")
    parser.add_argument("--images", type=Path, default=Path("../shared/images"), help="folder of content/ and style/")
    parser.add_argument("--photos", nargs="+", default=PHOTOS)
    parser.add_argument("--paintings", nargs="+", default=PAINTINGS)
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--evaluations", nargs="*", type=int, default=[], help="of L-BFGS, beside the painter")
    parser.add_argument("--steady", action="store_true", help="measure shift, held and grain, too")
    parser.add_argument("--rounds", type=int, help="of correction, if not those of the network")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True, help="folder of judged.csv, sheet.png and the pictures")
    options = parser.parse_args()

    options.out.mkdir(parents=True, exist_ok=True)
    network, judge = EmbeddedNetwork(options.weights), Judge(options.vgg19)
    if options.rounds is not None:
        network.rounds = options.rounds
    rows: list[list[Any]] = []
    tiles: list[list[Array]] = []
    tops: list[Array] = []
    for photo in options.photos:
        content = Content(options.images / "content" / f"{photo}.jpg").read()
        size = working_size(content.picture, options.rows)
        x = np.asarray(images.resize(content.picture.rgb, size), np.float32)
        tiles.append([x])
        for painting in options.paintings:
            y = np.asarray(Style(options.images / "style" / f"{painting}.jpg").read().at(size), np.float32)
            if photo == options.photos[0]:
                tops.append(y)
            style = network.style(y)
            network.run(x[None], style, seed=options.seed)  # made ready
            started = time.process_time()
            painted = network.run(x[None], style, seed=options.seed)[0]
            seconds = time.process_time() - started
            pictures = {"painter": np.rint(painted), "colour": np.rint(colour_transfer(x, y))}
            if options.evaluations:
                paths = (
                    options.images / kind / f"{name}.jpg" for kind, name in (("content", photo), ("style", painting))
                )
                pictures |= optimised(*paths, options.rows, options.evaluations, seconds)
            errors = judge(pictures, x, y)
            steady = steadiness(network, x, style) if options.steady else []
            for name, values in errors.items():
                more = steady if name == "painter" else [float("nan")] * len(steady)
                rows.append([photo, painting, name, *values, *more])
                said = " ".join(
                    f"{k} {v:.3f}" for k, v in zip((*COLUMNS, "shift", "held", "grain"), (*values, *more), strict=False)
                )
                print(
                    f"{photo:15} {painting:14} {name:8} {said}" + (f" {seconds:.2f} s" if name == "painter" else ""),
                    flush=True,
                )
            tiles[-1].append(painted)
            save(options.out / f"{photo}+{painting}.png", painted)
    with (options.out / "judged.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["photo", "painting", "picture", *COLUMNS, *(("shift", "held", "grain") if options.steady else ())]
        )
        writer.writerows([*row[:3], *(f"{v:.4f}" for v in row[3:])] for row in rows)
    for name, group in itertools.groupby(sorted(rows, key=lambda row: str(row[2])), key=lambda row: row[2]):
        print(f"mean of {name:8}", np.round(np.mean([row[3:] for row in group], 0), 3), flush=True)
    save(options.out / "sheet.png", sheet(tops, tiles))


def sheet(tops: list[Array], tiles: list[list[Array]]) -> Array:
    """Paintings above, photos at the left, pastiches where they meet."""
    rows, columns = tiles[0][0].shape[0], max(row[0].shape[1] for row in tiles)

    def cell(picture: Array | None) -> Array:
        canvas = Image.new("RGB", (columns, rows), "white")
        if picture is not None:
            image = Image.fromarray(np.clip(np.rint(picture), 0, 255).astype(np.uint8))
            image.thumbnail((columns, rows), Image.Resampling.LANCZOS)
            canvas.paste(image, ((columns - image.width) // 2, (rows - image.height) // 2))
        return np.asarray(canvas)

    head = np.concatenate([cell(each) for each in [None, *tops]], 1)
    return np.concatenate([head, *(np.concatenate([cell(each) for each in line], 1) for line in tiles)])


def save(path: Path, picture: Array) -> None:
    Image.fromarray(np.clip(np.rint(picture), 0, 255).astype(np.uint8)).save(path)


if __name__ == "__main__":
    main()
