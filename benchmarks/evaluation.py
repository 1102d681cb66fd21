"""Seconds and GFLOP/s of one evaluation, beside the machine's ceiling, by size and precision, in one run.

    python benchmarks/evaluation.py --sizes 256 512 --precisions float32 bfloat16

The ceiling is a 3x3 convolution of 256 to 256 channels at 128 x 128, in the same precision. It and the evaluation are
timed in turn, so that a machine whose speed drifts slows both; the table has medians. KERAS_BACKEND chooses the
backend. Floating-point operations are those of convolutions and Gram matrices, forward and backward.
"""

import argparse
import os
import statistics
import time
from math import prod

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import ops

from neural_style import Network, backend
from neural_style.features.vgg import architecture, size_at
from neural_style.solvers import lbfgs


def ceiling(precision):
    """A large convolution, and its number of operations."""
    rng = np.random.default_rng(0)
    image, kernel = (
        ops.convert_to_tensor(rng.standard_normal(shape).astype("float32"), dtype=precision)
        for shape in ((1, 128, 128, 256), (3, 3, 256, 256))
    )
    convolve = backend.compiled(lambda x, k: ops.sum(ops.conv(x, k, padding="same")[0, 0]))
    return lambda: float(convolve(image, kernel)), 2 * 9 * 256 * 256 * 128 * 128


def operations(technique, size):
    """Of one evaluation: each convolution forward and for the gradient of its input, each Gram matrix three times."""
    table, channels, total = architecture(technique.model), 3, 0
    for layer in table.up_to_deepest(technique.used_layers):
        positions, filters = prod(size_at(layer, size)), table.filters[layer]
        total += 2 * 2 * 9 * channels * filters * positions
        if layer in technique.resolved().style_layers:
            total += 3 * 2 * filters**2 * positions
        channels = filters
    return total


def seconds(function):
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="vgg19")
    parser.add_argument("--content_layer", default="conv5_1")
    parser.add_argument("--sizes", nargs="+", type=int, default=[256, 512])
    parser.add_argument("--precisions", nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("--runs", type=int, default=7)
    found = parser.parse_args()

    print(f"{found.model} to {found.content_layer}, {backend.version()}, keras {keras.__version__}")
    print("| rows | precision | evaluation s | GFLOP/s | ceiling GFLOP/s | part | step of lbfgs s | solver s |")
    print("|---|---|---|---|---|---|---|---|")
    for rows in found.sizes:
        for precision in found.precisions:
            technique = Network(
                model=found.model, weights="random", content_layer=found.content_layer, precision=precision
            )
            rng = np.random.default_rng(0)
            content, style = (rng.uniform(0, 255, (rows, rows, 3)).astype("float32") for _ in range(2))
            objective = technique.objective(content, style, image_size=rows)
            image = ops.convert_to_tensor(content)
            convolve, convolved = ceiling(precision)
            # Enough to fill the memory, though not every evaluation is a step: an empty one is cheaper.
            points = lbfgs.minimise(objective.function, content + 1, evaluations=10**6)
            for _ in range(2 * lbfgs.MEMORY):
                next(points)

            def evaluate(objective=objective, image=image):
                float(objective.function(image).value)

            def step(points=points):
                next(points)

            columns = [[seconds(function) for function in (convolve, evaluate, step)] for _ in range(found.runs + 1)]
            convolving, evaluation, stepping = (statistics.median(c) for c in zip(*columns[1:], strict=True))
            count = operations(technique, (rows, rows))
            speeds = count / evaluation / 1e9, convolved / convolving / 1e9
            print(
                f"| {rows} | {precision} | {evaluation:.4f} | {speeds[0]:.0f} | {speeds[1]:.0f} "
                f"| {speeds[0] / speeds[1]:.2f} | {stepping:.4f} | {stepping - evaluation:.4f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
