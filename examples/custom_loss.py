"""Add a loss of your own to a technique: here the edges of the photo, which keep drawing where style would dissolve it.

python examples/custom_loss.py photo.jpg painting.jpg out.png --sizes 128 256 --checkpoint run.ckpt --resume
"""

import argparse

import numpy as np
from keras import ops

from neural_style import Network, Run, Statistic, Term, images, minimise
from neural_style.features.statistics import Field

LUMA_BGR = np.array([[0.114], [0.587], [0.299]], "float32")
"""Luminance of ITU-R BT.601; inside an objective the image is BGR."""


def edge_error(image, photo):
    """`sum |grad Y(x) - grad Y(c)|^2` over pixels, Y being the luminance: a sum, so it adds up over tiles.

    Args:
        image: x, (1, H, W, 3), BGR minus the mean of ImageNet, which gradients do not depend on.
        photo: c, likewise.
    """
    difference = ops.matmul(image - photo, LUMA_BGR)
    corner = difference[:, :-1, :-1]
    return ops.sum(ops.square(difference[:, 1:, :-1] - corner) + ops.square(difference[:, :-1, 1:] - corner))


def with_edges(technique, inputs, weight):
    """The technique's objective at any size, with `weight` times the edge error per pixel added."""
    objective_at = technique.objective_at(inputs)

    def at(size, tile=None):
        objective = objective_at(size, tile)
        photo = objective.canvas.padded(images.resize(inputs.content.picture.rgb, size).astype("float32"))
        # halo=1: a difference of pixels extends to one row and one column beyond a tile.
        edges = Statistic(("image",), edge_error, (Field(photo[None, :, :, ::-1]),), halo=1)
        return objective.with_terms(Term("edges", weight / (size[0] * size[1]), edges))

    return at


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo")
    parser.add_argument("painting")
    parser.add_argument("output")
    parser.add_argument("--edges", type=float, default=1e-4, help="weight of the edges beside relative style errors")
    parser.add_argument("--model", default="mini")
    parser.add_argument("--weights", help="a file of weights, or random (default: the model's own)")
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 256], help="rows of each level of the pyramid")
    parser.add_argument("--iterations", type=int, default=5, help="at each size")
    parser.add_argument("--tile", type=int, help="side of the tiles (default: tiles where memory is short)")
    parser.add_argument("--checkpoint", help="a file that stores the run after every iteration")
    parser.add_argument("--resume", action="store_true", help="resume the run in --checkpoint")
    found = parser.parse_args(arguments)

    technique = Network(model=found.model, weights=found.weights, normalization="relative", content_weight=0.0)
    inputs = technique.inputs(found.photo, found.painting)
    run = Run(sizes=found.sizes, iterations=found.iterations, tile=found.tile)
    result = minimise(
        with_edges(technique, inputs, found.edges),
        found.photo,
        run,
        extractor_spec=technique.extractor_spec,
        identity={"edges": found.edges, "technique": technique.identity(inputs, run)},
        checkpoint=found.checkpoint,
        resume=found.resume,
        on_step=lambda step: print(f"iteration {step.iteration}: {step.loss:.4g}", flush=True),
    )
    result.save(found.output, overwrite=True)
    print({name: f"{value:.3g}" for name, value in result.losses.items()})


if __name__ == "__main__":
    main()
