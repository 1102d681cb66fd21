"""The speeds of this library on a GPU machine, beside plain JAX and PyTorch where they are installed.

    python benchmarks/gpu.py
    python benchmarks/gpu.py evaluations --sizes 256 512 1024 2048 --only library torch

Parts: `memory`, the plan against the peak; `evaluations`, seconds of an evaluation by size and precision; `run`, a run
of 500 evaluations by lbfgs; `painter`, a photo painted in one pass; `training`, steps of a network of one's own.

One evaluation is the loss and gradient of Network's objective (VGG-19 to conv5_1 with random weights, five Gram
matrices, content at conv5_1). It needs one of: this library (Keras on TensorFlow or JAX, as KERAS_BACKEND says), plain
JAX, PyTorch, eager and compiled; each that can be imported gets its rows, in one run. `tf32` is float32 whose products
have ten bits of mantissa; `bfloat16` are bfloat16 features with Gram matrices in float32. It runs without a GPU too,
slowly.
"""

import argparse
import importlib.util
import os
import resource
import statistics
import sys
import tempfile
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


def of_pytorch(precision, content, style, *, compiles=False):
    """The same in PyTorch, eager or compiled."""
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

    def loss(image):
        found = features(image)
        value = 0.025 * (found[-1] - target).square().sum()
        for x, wanted in zip(found, grams, strict=True):
            value = value + (gram(x) - wanted).square().sum() / (36.0 * 5 * content.shape[0] ** 4)
        return value

    if compiles:
        torch._dynamo.reset()  # otherwise sizes become dynamic, and the ninth program runs eagerly
    used = torch.compile(loss) if compiles else loss

    def evaluate():
        image.grad = None
        value = used(image)
        value.backward()
        return value.item() + 0 * image.grad[0, 0, 0].item()

    return f"torch {torch.__version__} {'compiled' if compiles else 'eager'}, {device}", evaluate


def seconds(evaluate, runs):
    for _ in range(2):
        float(evaluate())
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        float(evaluate())
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def noise(rows, columns=None):
    """A picture of noise."""
    return np.random.default_rng(0).uniform(0, 255, (rows, columns or rows, 3)).astype("float32")


def first_line(error):
    """Of an error, out of memory above all: the other rows are still wanted."""
    return (str(error).splitlines() or [type(error).__name__])[0][:80]


MAKERS = {
    "library": ("keras", of_library),
    "jax": ("jax", of_jax),
    "torch": ("torch", of_pytorch),
    "torch_compiled": ("torch", partial(of_pytorch, compiles=True)),
}
"""The module that is needed, and what makes an evaluation."""


def print_evaluations(found):
    """Seconds of an evaluation, in turn with each of those that are installed."""
    makers = {name: MAKERS[name][1] for name in found.only if importlib.util.find_spec(MAKERS[name][0])}
    print("| rows | precision | with | s an evaluation | GFLOP/s | 500 evaluations s |")
    print("|---|---|---|---|---|---|")
    for rows in found.sizes:
        content, style = noise(rows), noise(rows)[::-1].copy()
        for precision in found.precisions:
            for name, maker in makers.items():
                if name == "library" and precision == "tf32":
                    continue  # it keeps its promise of float32
                try:
                    what, evaluate = maker(precision, content, style)
                    took = seconds(evaluate, found.runs)
                except Exception as error:
                    print(f"| {rows} | {precision} | {name} | {first_line(error)} | | |", flush=True)
                    continue
                speed = operations(rows) / took / 1e9
                print(f"| {rows} | {precision} | {what} | {took:.5f} | {speed:.0f} | {500 * took:.1f} |", flush=True)


def peak_bytes():
    """The most memory so far: of the backend on a GPU, of the process on a CPU."""
    from neural_style import backend

    if backend.device_name() == "cpu":
        return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if backend.NAME == "jax":
        import jax

        return jax.local_devices()[0].memory_stats()["peak_bytes_in_use"]
    import tensorflow as tf

    return tf.config.experimental.get_memory_info("GPU:0")["peak"]


def print_memory(found):
    """Sizes grow, so that each peak is that of its own size."""
    from neural_style import Network
    from neural_style.runs.memory_plan import GIB, estimates
    from neural_style.runs.settings import Run

    print("| rows | peak GiB | planned | ratio |")
    print("|---|---|---|---|")
    technique = Network(model="vgg19", weights="random")
    for rows in sorted(found.sizes):
        inputs = technique.inputs(noise(rows), noise(rows)[::-1].copy())
        run = Run(image_size=rows, iterations=1, memory_limit=10.0**4)
        (plan,) = estimates(technique.extractor_spec, inputs.content.canvas, inputs.styles, run)
        try:
            technique.transfer(inputs, image_size=rows, iterations=1, memory_limit=10.0**4)
        except Exception as error:
            print(f"| {rows} | {first_line(error)} | {plan.bytes / GIB:.2f} | |", flush=True)
            continue
        peak = peak_bytes()
        print(f"| {rows} | {peak / GIB:.2f} | {plan.bytes / GIB:.2f} | {plan.bytes / peak:.2f} |", flush=True)


def print_run(found):
    """The second of two runs, whose programs are compiled."""
    from neural_style import Network

    print("| precision | rows | evaluations | s | with compilation |")
    print("|---|---|---|---|---|")
    rows, iterations = found.run_rows, found.iterations
    for precision in [each for each in found.precisions if each != "tf32"]:
        technique, times = Network(model="vgg19", weights="random", precision=precision), []
        inputs = technique.inputs(noise(rows), noise(rows)[::-1].copy())
        for _ in range(2):
            started = time.perf_counter()
            try:
                technique.transfer(inputs, image_size=rows, iterations=iterations)
            except Exception as error:
                print(f"| {precision} | {rows} | {first_line(error)} | | |", flush=True)
                break
            times.append(time.perf_counter() - started)
        else:
            print(f"| {precision} | {rows} | {20 * iterations} | {times[1]:.2f} | {times[0]:.2f} |", flush=True)


def print_painter(found):
    """One pass of the embedded network, with a painting of the same size, after a first one that compiles."""
    from neural_style.feedforward import Painter

    print("| rows | columns | s a picture | with compilation and the painting |")
    print("|---|---|---|---|")
    painter = Painter()
    for rows, columns in found.pictures:
        photo, style, times = noise(rows, columns), painter.style(noise(rows, columns)[::-1].copy()), []
        for _ in range(1 + found.runs):
            started = time.perf_counter()
            painter.paint(photo, style)
            times.append(time.perf_counter() - started)
        print(f"| {rows} | {columns} | {statistics.median(times[1:]):.3f} | {times[0]:.2f} |", flush=True)


def print_training(found):
    """Steps after the first, which compiles."""
    import keras

    from neural_style import images
    from neural_style.feedforward.training import train

    ends = []
    timer = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: ends.append(time.perf_counter()))
    with tempfile.TemporaryDirectory() as folder:
        for number in range(8):
            images.write(Path(folder) / f"{number}.png", noise(found.crop).astype(np.uint8), overwrite=False)
        settings = {"model": found.training_model, "weights": "random", "crop": found.crop, "batch": found.batch}
        steps = found.runs + 1
        train([noise(found.crop)], folder, Path(folder) / "n.keras", callbacks=[timer], steps=steps, **settings)
    took = statistics.median(np.diff(ends))
    print("| loss network | crop | batch | steps a second |")
    print("|---|---|---|---|")
    print(f"| {found.training_model} | {found.crop} | {found.batch} | {1 / took:.2f} |", flush=True)


PARTS = {
    "memory": print_memory,  # first, since a peak is that of everything before
    "evaluations": print_evaluations,
    "run": print_run,
    "painter": print_painter,
    "training": print_training,
}


def size(text):
    """`2160x3840` as rows and columns."""
    rows, _, columns = text.partition("x")
    return int(rows), int(columns)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument("--sizes", nargs="+", type=int, default=[256, 512, 1024, 2048])
    parser.add_argument("--precisions", nargs="+", default=PRECISIONS, choices=PRECISIONS)
    parser.add_argument("--only", nargs="+", default=list(MAKERS), choices=MAKERS, help="of the evaluations")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--run_rows", type=int, default=512)
    parser.add_argument("--iterations", type=int, default=25, help="of 20 evaluations, of the run")
    parser.add_argument("--pictures", nargs="+", type=size, default=[(512, 512), (2160, 3840)], metavar="ROWSxCOLUMNS")
    parser.add_argument("--training_model", default="vgg19")
    parser.add_argument("--crop", type=int, default=256)
    parser.add_argument("--batch", type=int, default=4)
    found = parser.parse_args()
    for part in found.parts or PARTS:
        if part not in PARTS:
            parser.error(f"there is no part {part}")
        if part != "evaluations" and not importlib.util.find_spec("keras"):
            continue
        print(f"\n{part}: {(PARTS[part].__doc__ or part).splitlines()[0]}")
        PARTS[part](found)


if __name__ == "__main__":
    main()
