"""Minimise a function of the input of any Keras model by L-BFGS: here, find a photo again from a model's output.

python examples/lbfgs_keras_model.py --size 64 --evaluations 200 --output found.png
"""

import argparse

import keras
import numpy as np
from keras import layers, ops

from neural_style import images
from neural_style.samples import sample
from neural_style.solvers import SOLVERS, minimise


def small_model(size, seed):
    """Two convolutions with random weights around a pooling; the output has twice as many numbers as the input."""
    kernels = [keras.initializers.HeNormal(seed=seed + i) for i in range(2)]
    return keras.Sequential(
        [
            keras.Input((size, size, 3)),
            layers.Rescaling(1 / 127.5, offset=-1.0),  # of grey levels to -1..1
            layers.Conv2D(16, 3, padding="same", activation="relu", kernel_initializer=kernels[0]),
            layers.AveragePooling2D(2),
            layers.Conv2D(24, 3, padding="same", activation="relu", kernel_initializer=kernels[1]),
        ]
    )


def relative_error(model, photo):
    """The function `|f(x) - f(p)|^2 / |f(p)|^2` of a picture x (H, W, 3) for a photo p and a model f.

    Source: Mahendran & Vedaldi 2015, arXiv:1412.0035, equations 1 and 4, without a regulariser.
    """
    target = model(photo[None])
    norm = ops.sum(ops.square(target))

    def function(x):
        return ops.sum(ops.square(model(x[None]) - target)) / norm

    return function


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=64, help="rows and columns of the model's input")
    parser.add_argument("--evaluations", type=int, default=200)
    parser.add_argument("--solver", choices=SOLVERS, default="lbfgs")
    parser.add_argument("--seed", type=int, default=0, help="of the model's weights and of the noise to start from")
    parser.add_argument("--output", help="write the picture that was found to this file")
    found = parser.parse_args(arguments)

    photo = images.resize(sample("cat"), (found.size, found.size)).astype("float32")
    start = np.random.default_rng(found.seed).uniform(0, 255, (found.size, found.size, 3)).astype("float32")
    function = relative_error(small_model(found.size, found.seed), photo)

    minimum = minimise(function, start, solver=found.solver, evaluations=found.evaluations)
    print(f"relative error of the output: {minimum.history[0]:.3g} at the start, {minimum.value:.3g} ", end="")
    print(f"after {minimum.evaluations} evaluations{f': {minimum.stopped}' if minimum.stopped else ''}")
    differences = [np.abs(x - photo).mean() for x in (start, minimum.x)]
    print(f"mean difference from the photo: {differences[0]:.1f} and {differences[1]:.1f} grey levels")
    if found.output:
        images.write(found.output, images.to_uint8(minimum.x), overwrite=True)
    return minimum


if __name__ == "__main__":
    main()
