"""Tiles against the whole: value, gradient and time, and whether a painted picture shows where it was cut.

    python benchmarks/tiles.py --rows 512 --tile 256
    python benchmarks/tiles.py --seams photo.jpg painting.jpg --rows 2048 --tile 512 --out seams.png

    python benchmarks/tiles.py --rows 4096 --tile 1024 --whole_rows 1024 --rounds 1 --only "Network, max"

The first compares evaluations of each technique on noise, VGG-19 with weights of noise, whole and by tiles in turn, by
seconds of processor time. The second paints by tiles (mini) and compares neighbouring pixels across the borders of
tiles with those elsewhere. The third compares the time by tiles with that of a smaller whole, scaled by pixels.
"""

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from PIL import Image

from neural_style import Content, INetwork, Network, Style, images
from neural_style.features.tiling import tiles_of
from neural_style.solvers import lbfgs


def inputs_of(rows):
    """A content, two paintings, and the same with masks: noise."""
    rng = np.random.default_rng(0)
    content, *paintings = (rng.integers(0, 256, (rows, rows, 3), np.uint8) for _ in range(3))
    row, column = np.mgrid[0:rows, 0:rows]
    mask = (row / rows - 0.4) ** 2 + (column / rows - 0.6) ** 2 < 0.1
    styles = [Style(paintings[0]), Style(paintings[1], weight=0.5)]
    masked = [Style(paintings[0], mask=mask), Style(paintings[1], mask=~mask)]
    return {"": (content, styles), "masks": (content, masked), "guides": (Content(content, mask=mask), masked)}


def compare(rows, tile, model, only, rounds, whole_rows):
    settings = {"model": model, "weights": "random"}
    cases = {
        "Network, max": (Network(**settings), ""),
        "Network, ave": (Network(**settings, pooling="ave"), ""),
        "Network, masks": (Network(**settings), "masks"),
        "Network, guides": (Network(**settings, mask_normalization="gatys2017"), "guides"),
        "INetwork, titu1994": (INetwork(**settings, variant="titu1994"), ""),
        "INetwork, novak2016": (INetwork(**settings, variant="novak2016"), ""),
    }
    print(
        f"| {rows} x {rows}, tiles of {tile} | value | gradient | whole s | by tiles s | ratio |\n" + "|---" * 6 + "|"
    )
    for name in only or cases:
        technique, kind = cases[name]
        objectives, images_at = [], []
        for size, side in ((whole_rows, None), (rows, tile)):
            objectives.append(technique.objective_at(technique.inputs(*inputs_of(size)[kind]))((size, size), side))
            images_at.append(np.random.default_rng(1).uniform(0, 255, (size, size, 3)).astype(np.float32))
        pairs = list(zip(objectives, images_at, strict=True))
        whole, tiled = (objective.evaluate(x) for objective, x in pairs)
        times = np.array([[seconds_of(*pair) for pair in pairs] for _ in range(rounds)])
        times[:, 0] *= (rows / whole_rows) ** 2
        errors = ["-", "-"]
        if rows == whole_rows:
            difference = np.linalg.norm(tiled.gradient - whole.gradient) / np.linalg.norm(whole.gradient)
            errors = [f"{abs(tiled.value / whole.value - 1):.1e}", f"{difference:.1e}"]
        seconds, ratio = np.median(times, axis=0), np.median(times[:, 1] / times[:, 0])
        print(f"| {name} | {' | '.join(errors)} | {seconds[0]:.2f} | {seconds[1]:.2f} | {ratio:.2f} |", flush=True)


def seconds_of(objective, x):
    """Processor seconds of an evaluation."""
    started = time.process_time()
    objective.evaluate(x)
    return time.process_time() - started


def seams(photo, painting, rows, tile, evaluations, out):
    technique = Network(model="mini", normalization="titu1994", content_weight=0.0005)
    objective = technique.objective(photo, painting, image_size=rows, tile=tile)
    start = images.resize(images.read(photo).rgb, objective.image_size).astype(np.float32)
    started = time.perf_counter()
    points = lbfgs.minimise(objective.function, start, evaluations=evaluations)
    pastiche = images.to_uint8(np.asarray(min(points, key=lambda point: point.value).x))
    seconds = time.perf_counter() - started
    Image.fromarray(pastiche).save(out)
    image = pastiche.astype(np.float64)
    spec = technique.extractor_spec
    for axis, name in enumerate(("rows", "columns")):
        tiles = tiles_of(image.shape[:2], tile, spec.architecture, spec.layers)
        borders = sorted({part.core[axis].start for part in tiles} - {0})
        steps = np.abs(np.diff(image, axis=axis)).mean(axis=(1 - axis, 2))
        at = steps[np.array(borders) - 1]
        print(
            f"{name}: {at.mean():.2f} grey levels across the borders at {borders}, {steps.mean():.2f} elsewhere; "
            f"steps between other lines lie in {np.percentile(steps, 1):.2f}..{np.percentile(steps, 99):.2f}"
        )
    print(f"{image.shape[0]} x {image.shape[1]}, {seconds:.0f} s for {evaluations} evaluations")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=512)
    parser.add_argument("--tile", type=int, default=256)
    parser.add_argument("--model", default="vgg19", help="of the comparison")
    parser.add_argument("--only", nargs="+", metavar="CASE", help="of the comparison, such as 'Network, max'")
    parser.add_argument("--rounds", type=int, default=5, help="of the comparison")
    parser.add_argument("--whole_rows", type=int, help="of the whole, --rows by default")
    parser.add_argument("--seams", nargs=2, metavar=("PHOTO", "PAINTING"))
    parser.add_argument("--evaluations", type=int, default=20)
    parser.add_argument("--out", default="seams.png")
    found = parser.parse_args()
    if found.seams:
        photo, painting = found.seams
        seams(photo, painting, found.rows, found.tile, found.evaluations, found.out)
    else:
        compare(found.rows, found.tile, found.model, found.only, found.rounds, found.whole_rows or found.rows)


if __name__ == "__main__":
    main()
