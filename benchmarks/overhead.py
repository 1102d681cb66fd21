"""Overhead of the library over the bare computation: seconds per evaluation, both in one run.

    python benchmarks/overhead.py --sizes 256 512

The bare computation is a `tf.function` of the same network, Gram matrices and squared errors, without total variation,
preprocessing or terms by name. The two are timed in turn, A B A B, so that a machine whose speed drifts slows both;
the ratio is that of the medians.
"""

import argparse
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from neural_style import Network


def bare(network, size, content, style, content_layer, style_layers):
    """Value and gradient of a plain implementation."""
    # One grey for all: the value of the mean costs no time.
    preprocessed = [tf.constant(image[None, ..., ::-1] - 120.0, tf.float32) for image in (content, style)]
    of_content, of_style = (network(image) for image in preprocessed)

    def gram(features):
        flat = tf.reshape(features, (-1, features.shape[-1]))
        return tf.matmul(flat, flat, transpose_a=True)

    targets = [gram(of_style[layer]) for layer in style_layers]

    @tf.function
    def evaluate(x):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            features = network(x)
            loss = 0.025 * tf.reduce_sum(tf.square(features[content_layer] - of_content[content_layer]))
            for layer, target in zip(style_layers, targets, strict=True):
                loss += tf.reduce_sum(tf.square(gram(features[layer]) - target)) / (36.0 * np.prod(size) ** 2)
        return loss, tape.gradient(loss, x)

    x = preprocessed[0]
    return lambda: evaluate(x)[1].numpy()


def seconds(function):
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="vgg19")
    parser.add_argument("--weights", default="random")
    parser.add_argument("--content_layer", default="conv5_2")
    parser.add_argument("--style_layers", nargs="+", default=["conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"])
    parser.add_argument("--sizes", nargs="+", type=int, default=[256, 512])
    parser.add_argument("--runs", type=int, default=9)
    found = parser.parse_args()

    technique = Network(
        model=found.model,
        weights=found.weights,
        content_layer=found.content_layer,
        style_layers=tuple(found.style_layers),
    )
    print(f"{found.model}, {found.content_layer} and {' '.join(found.style_layers)}; tensorflow {tf.__version__}")
    print("rows    bare s   library s   ratio")
    for rows in found.sizes:
        rng = np.random.default_rng(0)
        content, style = (rng.uniform(0, 255, (rows, rows, 3)).astype("float32") for _ in range(2))
        objective = technique.objective(content, style, image_size=rows)
        plain = bare(objective.extractor.network, (rows, rows), content, style, found.content_layer, found.style_layers)
        ours = lambda: objective.value_and_grad(content)  # noqa: E731, B023
        times = [(seconds(plain), seconds(ours)) for _ in range(found.runs + 1)][1:]
        medians = [statistics.median(column) for column in zip(*times, strict=True)]
        print(f"{rows:4d}  {medians[0]:8.4f}  {medians[1]:10.4f}  {medians[1] / medians[0]:6.3f}")


if __name__ == "__main__":
    main()
