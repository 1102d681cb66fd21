"""Masks: cost of an evaluation, and effect on a transfer.

    python benchmarks/masks.py content.jpg mask.jpg style1.jpg style2.jpg style3.jpg --rows 256

Cost: seconds per evaluation of the objective with one style, with one masked style, with three styles, and with three
styles of one mask each; timed in turn, medians, as ratios to the first. Effect: a transfer of the first style where the
mask is white, and the relative Gram error of the style in VGG features,

    sum_l |G_l - A_l|^2 / |A_l|^2,  G_l the mean Gram matrix over the positions inside the mask, or outside,

before and after: it must fall inside and stay outside.
"""

import argparse
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from neural_style import Content, Network, Style, images, read_mask
from neural_style.features.extractor import features_of


def seconds(function):
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def error(image, target, mask, network, layers):
    """Relative Gram error of an image (H, W, 3) where `mask`, against the Gram matrices `target`."""
    found, total = features_of(image, network), 0.0
    for layer in layers:
        features = np.asarray(found[layer], np.float64)[0]
        weights = mask.at(features.shape[:2])[..., None]
        gram = np.einsum("hwi,hwj->ij", features * weights, features) / weights.sum()
        total += np.square(gram - target[layer]).sum() / np.square(target[layer]).sum()
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("content")
    parser.add_argument("mask")
    parser.add_argument("styles", nargs=3)
    parser.add_argument("--model", default="mini")
    parser.add_argument("--weights")
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--iterations", type=int, default=5)
    parser.add_argument("--runs", type=int, default=9)
    found = parser.parse_args()

    technique = Network(model=found.model, weights=found.weights, mask_normalization="gatys2017")
    inside = read_mask(found.mask)
    outside = read_mask(255 - inside.grey)
    masks = [inside, outside, inside]
    cases = {
        "one style": [Style(found.styles[0])],
        "one masked style": [Style(found.styles[0], mask=inside)],
        "three styles": [Style(name) for name in found.styles],
        "three styles, two masks": [Style(name, mask=mask) for name, mask in zip(found.styles, masks, strict=True)],
    }
    objectives = {
        name: technique.objective(found.content, styles, image_size=found.rows) for name, styles in cases.items()
    }
    image = np.random.default_rng(0).uniform(0, 255, (*objectives["one style"].image_size, 3))
    times = {name: [] for name in cases}
    for _ in range(found.runs + 1):
        for name, objective in objectives.items():
            times[name].append(seconds(lambda o=objective: o.value_and_grad(image)))
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}
    for name, value in medians.items():
        print(f"{name:24} {value:7.4f} s  {value / medians['one style']:5.2f}")

    result = technique.transfer(
        found.content, cases["one masked style"], image_size=found.rows, iterations=found.iterations
    )
    network, layers = objectives["one style"].extractor.network, technique.preset.style_layers
    style = features_of(Style(found.styles[0]).read().at(objectives["one style"].image_size), network)
    target = {}
    for layer in layers:
        features = np.asarray(style[layer], np.float64)[0]
        target[layer] = np.einsum("hwi,hwj->ij", features, features) / np.prod(features.shape[:2])
    before = images.resize(Content(found.content).read().picture.rgb, objectives["one style"].image_size)
    for name, mask in (("inside", inside), ("outside", outside)):
        pair = [error(picture, target, mask, network, layers) for picture in (before, result.image)]
        print(f"relative Gram error {name:8} {pair[0]:9.4f} before, {pair[1]:9.4f} after")


if __name__ == "__main__":
    main()
