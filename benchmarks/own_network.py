"""A network of one style: trained for some minutes from the embedded start and from scratch, against L-BFGS.

    python benchmarks/own_network.py painting.jpg --images photos/ --photos held/*.jpg --judge vgg19.npz --minutes 10

Whole photos that are in no way among those of `--images` are judged in VGG-19's features (mini's without `--judge`):
the Gram error sum_l |G - A|^2 / |A|^2 over conv1_1, conv2_1, conv3_1 and conv3_3, in parts of the photo's own, and the
content error |F - P|^2 / |P|^2 at conv3_3. L-BFGS minimises the objective of `paint` at one size, with the network that
the training had in its loss. Minutes are those of the process, so that other programs on the machine matter less. A
picture for each photo has, from left to right, the photo and the columns of the table.
"""

import argparse
import time
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import numpy as np

from neural_style import Style, images
from neural_style.features.extractor import feature_extractor
from neural_style.feedforward import Painter, keeper, presets, train
from neural_style.inputs import working_size
from neural_style.metrics import relative_content_error, relative_gram_error
from neural_style.painting import technique_for
from neural_style.runs.settings import EVALUATIONS_PER_ITERATION

LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv3_3")

STARTS = {
    "embedded": {**presets.EMBEDDED_START, "steps": 10**6},
    "scratch": {"start": "scratch", "width": 16, "ends": 3, "batch": 1, "save_every": 50, "steps": 10**6},
}
"""Settings of each. The minutes end both; from scratch is Johnson's network at half its width and without 9x9 kernels,
as a step of the whole one takes five times as long on a CPU."""


def errors(extractor, picture, photo, painting):
    """Gram error in parts of the photo's, and content error."""
    found, own, wanted = (extractor.features(each, LAYERS) for each in (picture, photo, painting))
    gram, start = (sum(relative_gram_error(each[layer], wanted[layer]) for layer in LAYERS) for each in (found, own))
    return gram / start, relative_content_error(found["conv3_3"], own["conv3_3"])


def trained(found, start):
    """The network of a start after the minutes of the process."""
    path, begun = found.out / f"{start}.keras", time.process_time()
    with mock.patch.object(keeper, "time", SimpleNamespace(monotonic=time.process_time)):
        done = train(
            [found.painting],
            found.images,
            path,
            overwrite=True,
            minutes=found.minutes,
            crop=found.crop,
            style_size=round((found.rows * found.rows * 1.5) ** 0.5),  # strokes as in photos of `--rows`
            content_weight=found.content_weight,
            model=found.model,
            weights=found.weights,
            **STARTS[start],
        )
    print(f"{start}: {done.progress.steps} steps, {time.process_time() - begun:.0f} CPU seconds", flush=True)
    return Painter(path)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("painting", type=Path)
    parser.add_argument("--images", type=Path, required=True, help="photos to train with")
    parser.add_argument("--photos", type=Path, nargs="+", required=True, help="photos to judge")
    parser.add_argument("--judge", help="weights of VGG-19")
    parser.add_argument("--starts", nargs="+", default=list(STARTS), choices=STARTS)
    parser.add_argument("--model", default="mini", help="network of the losses")
    parser.add_argument("--weights")
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--crop", type=int, default=256)
    parser.add_argument("--content_weight", type=float, default=0.05, help="of the trained networks")
    parser.add_argument("--evaluations", type=int, default=100, help="of L-BFGS")
    parser.add_argument("--out", type=Path, default=Path("own"))
    found = parser.parse_args(arguments)
    found.out.mkdir(parents=True, exist_ok=True)
    extractor = feature_extractor("vgg19" if found.judge else "mini", found.judge, LAYERS)
    own = {start: trained(found, start) for start in found.starts}
    painter = Painter()
    style = painter.style(found.painting)
    technique = technique_for(model=found.model, weights=found.weights)
    run = {"image_size": found.rows, "iterations": max(1, found.evaluations // EVALUATIONS_PER_ITERATION)}
    print(f"| photo | painter | {' | '.join(own)} | L-BFGS |")
    print("|---" * (3 + len(own)) + "|")
    table = []
    for path in found.photos:
        photo = images.read(path)
        size = working_size(photo, found.rows)
        pictures = {
            "painter": painter.paint(path, style, size=found.rows).image,
            **{name: each.paint(path, size=found.rows).image for name, each in own.items()},
            "L-BFGS": technique.transfer(path, [found.painting], **run).image,
        }
        plain, target = images.to_uint8(images.resize(photo.rgb, size)), Style(found.painting).read().at(size)
        table.append([errors(extractor, picture, plain, target) for picture in pictures.values()])
        print(f"| {path.stem} | {cells(table[-1])} |", flush=True)
        sheet = np.concatenate([plain, *pictures.values()], axis=1)
        images.write(found.out / f"{path.stem}.png", sheet, overwrite=True)
    print(f"| mean | {cells(np.mean(table, 0))} |")


def cells(values):
    return " | ".join(f"{gram:.3f}, {content:.3f}" for gram, content in values)


if __name__ == "__main__":
    main()
