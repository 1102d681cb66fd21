"""From the command to the end of the first evaluation, against a bare script: seconds of processes run in turn.

    python benchmarks/start.py --rows 400 --models mini vgg19 --backends tensorflow jax --runs 5

The bare script imports Keras, builds the same network of Keras' layers with the same weights, computes its targets, and
calls a compiled gradient of Gram matrices and squared errors once. The library reads its inputs, plans the memory,
loads the network, computes its targets, and hands the objective to `lbfgs`, which evaluates it once. `--with_step` adds
the whole first iteration of a run, 20 evaluations. Seconds are of the processor, of a whole process; the ratio is the
median over pairs of processes.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

CONTENT_LAYERS = {"mini": "conv3_3", "vgg19": "conv5_2"}
STYLE_LAYERS = {
    "mini": ("conv1_1", "conv2_1", "conv3_1", "conv3_3"),
    "vgg19": ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"),
}


def noise(rows):
    import numpy as np

    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (rows, rows, 3), np.uint8) for _ in range(2)]


def library(model, weights, rows):
    """The first evaluation of a run by `Network`."""
    from neural_style import Network
    from neural_style.solvers import lbfgs

    content, style = noise(rows)
    objective = Network(model=model, weights=weights).objective(content, style, image_size=rows)
    next(iter(lbfgs.minimise(objective.function, content.astype("float32"), evaluations=20)))


def first_step(model, weights, rows):
    """The first iteration of a run, with its 20 evaluations."""
    from neural_style import Network

    content, style = noise(rows)
    next(iter(Network(model=model, weights=weights).steps(content, style, image_size=rows, iterations=1)))


def bare(model, weights, rows):
    """The same function without the library; `weights` is a file of NumPy or `random`."""
    import keras
    import numpy as np
    from keras import ops

    blocks = {"mini": (32, 64, 128), "vgg19": (64, 128, 256, 512, 512)}[model]
    counts = {"mini": (2, 2, 4), "vgg19": (2, 2, 4, 4, 4)}[model]
    content_layer, style_layers = CONTENT_LAYERS[model], STYLE_LAYERS[model]
    last = max(content_layer, *style_layers)
    x = image = keras.Input((None, None, 3))
    outputs = {}
    for block, (filters, count) in enumerate(zip(blocks, counts, strict=True), start=1):
        x = keras.layers.MaxPooling2D(2)(x) if block > 1 else x
        for index in range(1, count + 1):
            x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv{block}_{index}")(x)
            outputs[f"conv{block}_{index}"] = x
            if f"conv{block}_{index}" == last:
                break
    network = keras.Model(image, {layer: outputs[layer] for layer in (content_layer, *style_layers)})
    if weights != "random":
        file = np.load(weights)
        for layer in network.layers:
            if layer.name.startswith("conv"):
                name = f"block{layer.name[4]}_conv{layer.name[6:]}"
                layer.set_weights([file[f"{name}_kernel"], file[f"{name}_bias"]])
    content, style = (ops.convert_to_tensor(each[None, ..., ::-1] - np.float32(120)) for each in noise(rows))

    def gram(features):
        flat = ops.reshape(features, (-1, features.shape[-1]))
        return ops.matmul(ops.transpose(flat), flat)

    of_content, of_style = network(content)[content_layer], network(style)
    targets = {layer: gram(of_style[layer]) for layer in style_layers}

    def loss(x):
        found = network(x)
        value = ops.sum(ops.square(found[content_layer] - of_content))
        return value + sum(ops.sum(ops.square(gram(found[layer]) - targets[layer])) for layer in style_layers)

    np.asarray(gradient_of(loss)(content))


def gradient_of(loss):
    """A compiled gradient, by the backend itself."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(jax.grad(loss))
    import tensorflow as tf

    @tf.function
    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = loss(x)
        return tape.gradient(value, x)

    return gradient


def seconds(what, model, weights, rows, backend):
    """Processor seconds of a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, __file__, "--one", what, "--models", model, "--weights", weights, "--rows", str(rows)]
    environment = {**os.environ, "KERAS_BACKEND": backend}
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


ONE = {"bare": bare, "library": library, "step": first_step}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--models", nargs="+", default=["mini", "vgg19"])
    parser.add_argument("--weights", default="random", help="`random`, or a .npz file with Keras' names")
    parser.add_argument("--backends", nargs="+", default=["tensorflow"])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--with_step", action="store_true", help="also the whole first iteration of a run")
    parser.add_argument("--one", choices=ONE, help="one of them in this process, without a table")
    found = parser.parse_args()
    if found.one:
        ONE[found.one](found.models[0], found.weights, found.rows)
        print(f"{found.one}: {sum(os.times()[:2]):.1f} s")
        return
    kinds = ["bare", "library", *(["step"] if found.with_step else [])]
    print("| backend | model | " + " | ".join(f"{kind} s" for kind in kinds) + " | ratio |")
    print("|---" * (len(kinds) + 3) + "|", flush=True)
    for backend in found.backends:
        for model in found.models:
            times = [
                [seconds(kind, model, found.weights, found.rows, backend) for kind in kinds] for _ in range(found.runs)
            ]
            ratio = statistics.median(row[1] / row[0] for row in times)
            medians = " | ".join(f"{statistics.median(column):.1f}" for column in zip(*times, strict=True))
            print(f"| {backend} | {model} | {medians} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
