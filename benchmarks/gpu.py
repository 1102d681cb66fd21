"""The whole table of speeds on a GPU machine: seconds an evaluation by size and precision, with what is installed.

    python benchmarks/gpu.py --sizes 256 512 1024 2048

One evaluation is the loss and gradient of Network's objective (VGG-19 to conv5_1 with random weights, five Gram
matrices, content at conv5_1). It needs one of: this library (Keras on TensorFlow or JAX, as KERAS_BACKEND says), plain
JAX, PyTorch; each that can be imported gets its rows, in one run. `tf32` is float32 whose products have ten bits of
mantissa; `bfloat16` are bfloat16 features with Gram matrices in float32. It runs without a GPU too, slowly.
"""

import argparse
import importlib.util
import os
import statistics
import sys
import time
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # leaves memory for PyTorch
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

BLOCKS = ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,))
"""VGG-19 to conv5_1; the first layer of each block is a style layer, the last of all the content layer."""

PRECISIONS = ("float32", "tf32", "bfloat16")


def kernels():
    """He-normal (3, 3, C_in, C_out), by block."""
    rng, channels = np.random.default_rng(0), 3
    found = []
    for block in BLOCKS:
        found.append([])
        for filters in block:
            scale = np.sqrt(2 / (9 * channels))
            found[-1].append((rng.standard_normal((3, 3, channels, filters)) * scale).astype("float32"))
            channels = filters
    return found


def operations(rows):
    """Floating-point operations of one evaluation: convolutions forward and back, Gram matrices three times."""
    total, channels, positions = 0, 3, rows * rows
    for index, block in enumerate(BLOCKS):
        positions = (rows // 2**index) ** 2
        for filters in block:
            total += 2 * 2 * 9 * channels * filters * positions
            channels = filters
        total += 3 * 2 * block[0] ** 2 * positions
    return total


def of_library(precision, content, style):
    """The library's own evaluation; float32 means float32 there."""
    from keras import ops

    from neural_style import Network, backend

    backend.grow_memory()  # leaves memory for PyTorch

    technique = Network(
        model="vgg19", weights="random", content_layer="conv5_1", total_variation_weight=0, precision=precision
    )
    function = technique.objective(content, style, image_size=content.shape[0]).function
    image = ops.convert_to_tensor(content)
    return f"neural_style, {backend.version()}", lambda: function(image).value


def of_jax(precision, content, style):
    """The same in plain JAX."""
    import jax
    from jax import numpy as jnp

    exact = {"float32": "highest", "tf32": "default", "bfloat16": "default"}[precision]
    dtype = jnp.bfloat16 if precision == "bfloat16" else jnp.float32
    weights = [[jnp.asarray(kernel, dtype) for kernel in block] for block in kernels()]

    def features(image, weights):
        x, found = image[None].astype(dtype), []
        for index, block in enumerate(weights):
            if index:
                x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
            for position, kernel in enumerate(block):
                x = jax.lax.conv_general_dilated(
                    x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"), precision=exact
                )
                x = jax.nn.relu(x)
                if position == 0:
                    found.append(x.astype(jnp.float32))
        return found

    def gram(x):
        flat = x.reshape(-1, x.shape[-1])
        return jnp.matmul(flat.T, flat, precision=exact)

    def loss(image, weights, target, grams):
        found = features(image, weights)
        value = 0.025 * jnp.sum((found[-1] - target) ** 2)
        for x, wanted in zip(found, grams, strict=True):
            value += jnp.sum((gram(x) - wanted) ** 2) / (36.0 * 5 * content.shape[0] ** 4)
        return value

    target = features(jnp.asarray(content), weights)[-1]
    grams = [gram(x) for x in features(jnp.asarray(style), weights)]
    evaluate, image = jax.jit(jax.value_and_grad(loss)), jnp.asarray(content)
    return f"jax {jax.__version__}", lambda: jax.block_until_ready(evaluate(image, weights, target, grams))[0]


def of_pytorch(precision, content, style):
    """The same in eager PyTorch."""
    import torch
    from torch.nn.functional import conv2d, max_pool2d

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision != "float32"
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    weights = [[torch.tensor(k.transpose(3, 2, 0, 1).copy()).to(device, dtype) for k in block] for block in kernels()]

    def features(image):
        x, found = image.permute(2, 0, 1)[None].to(dtype), []
        for index, block in enumerate(weights):
            if index:
                x = max_pool2d(x, 2)
            for position, kernel in enumerate(block):
                x = torch.relu(conv2d(x, kernel, padding=1))
                if position == 0:
                    found.append(x.float())
        return found

    def gram(x):
        flat = x.flatten(2)[0]
        return flat @ flat.T

    image, painting = (torch.tensor(x).to(device) for x in (content, style))
    with torch.no_grad():
        target, grams = features(image)[-1], [gram(x) for x in features(painting)]
    image.requires_grad_(True)

    def evaluate():
        image.grad = None
        found = features(image)
        value = 0.025 * (found[-1] - target).square().sum()
        for x, wanted in zip(found, grams, strict=True):
            value = value + (gram(x) - wanted).square().sum() / (36.0 * 5 * content.shape[0] ** 4)
        value.backward()
        return value.item() + 0 * image.grad[0, 0, 0].item()

    return f"torch {torch.__version__} eager, {device}", evaluate


def seconds(evaluate, runs):
    for _ in range(2):
        float(evaluate())
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        float(evaluate())
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", type=int, default=[256, 512, 1024, 2048])
    parser.add_argument("--precisions", nargs="+", default=PRECISIONS, choices=PRECISIONS)
    parser.add_argument("--runs", type=int, default=15)
    found = parser.parse_args()

    makers = {
        name: maker
        for name, needed, maker in (
            ("library", "keras", of_library),
            ("jax", "jax", of_jax),
            ("torch", "torch", of_pytorch),
        )
        if importlib.util.find_spec(needed)
    }
    print("| rows | precision | with | s an evaluation | GFLOP/s | 500 evaluations s |")
    print("|---|---|---|---|---|---|")
    for rows in found.sizes:
        rng = np.random.default_rng(0)
        content, style = (rng.uniform(0, 255, (rows, rows, 3)).astype("float32") for _ in range(2))
        for precision in found.precisions:
            for name, maker in makers.items():
                if name == "library" and precision == "tf32":
                    continue  # it keeps its promise of float32
                try:
                    what, evaluate = partial(maker, precision)(content, style)
                    took = seconds(evaluate, found.runs)
                except Exception as error:  # out of memory above all: the other rows are still wanted
                    first = (str(error).splitlines() or [type(error).__name__])[0]
                    print(f"| {rows} | {precision} | {name} | {first[:80]} | | |", flush=True)
                    continue
                speed = operations(rows) / took / 1e9
                print(f"| {rows} | {precision} | {what} | {took:.5f} | {speed:.0f} | {500 * took:.1f} |", flush=True)


if __name__ == "__main__":
    main()
