"""Watch a transfer while it runs, and stop it when the strokes have settled: the run as an iterator.

python examples/early_stop.py photo.jpg painting.jpg out.png --enough 2
"""

import argparse

from PIL import Image

from neural_style import Network
from neural_style.metrics import structural_similarity


def settled(net, photo, painting, *, enough, **run):
    """The first picture that differs from the one before by less than `enough` percent, and its step.

    The loss still falls when the picture no longer changes visibly, so pictures are compared: by SSIM, which is 1 for
    equal ones.
    """
    before = None
    for step in net.steps(photo, painting, **run):
        change = 100.0 if before is None else 100 * (1 - structural_similarity(step.image, before))
        print(f"iteration {step.iteration}: loss {step.loss:.4g}, change {change:.2g} %", flush=True)
        if change < enough:
            break
        before = step.image
    return step


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo")
    parser.add_argument("painting")
    parser.add_argument("output")
    parser.add_argument("--enough", type=float, default=2.0, help="stop below this change in percent")
    parser.add_argument("--model", default="mini")
    parser.add_argument("--weights", help="a file of weights, or random (default: the model's own)")
    parser.add_argument("--image_size", type=int, default=256, help="rows of the pastiche")
    parser.add_argument("--iterations", type=int, default=20, help="at most")
    found = parser.parse_args(arguments)

    net = Network(model=found.model, weights=found.weights, content_weight=0.005)
    run = {"image_size": found.image_size, "iterations": found.iterations}
    step = settled(net, found.photo, found.painting, enough=found.enough, **run)
    Image.fromarray(step.image).save(found.output)
    print(f"stopped after {step.iteration} iterations")


if __name__ == "__main__":
    main()
