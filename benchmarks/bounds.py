"""The loss of the saved picture, free and within 0..255, after equally many evaluations.

    python benchmarks/bounds.py --photos photos/ --paintings paintings/ --rows 128

The saved picture is rounded to 8 bits, and what lies outside of 0..255 is cut off; its loss is the one that counts, and
stands beside the loss that the run reports (`Run.bounded`). Photos and paintings are cropped to one shape, so that all
pairs share their programs.

Beside the ratio of the saved pictures' losses stand the share of the free picture's pixels that are cut, and the loss
that the free run reports in parts of that of its saved picture: all that cutting costs, so that a bounded run, which
has fewer pictures to choose from, can hardly get below it.
"""

import argparse
from pathlib import Path

import numpy as np

from neural_style import Network, images
from neural_style.metrics import clipped_share

PAIRS = (
    ("golden_gate", "starry_night"),
    ("golden_gate", "wave_kanagawa"),
    ("hoover_tower", "the_scream"),
    ("hoover_tower", "candy"),
    ("winter_wolf", "water_lilies"),
    ("winter_wolf", "shipwreck"),
    ("blue_moon_lake", "red_canna"),
    ("dawn_sky", "the_scream"),
    ("ancient_city", "wave_kanagawa"),
    ("bamboo_forest", "patterned_leaves"),
)
EVALUATIONS = (20, 40, 100)


def cropped(path, rows):
    """The middle of a picture at `rows` rows and half as many columns more."""
    rgb = images.read(path).rgb
    height, width = rgb.shape[:2]
    side = min(height, 2 * width // 3)
    top, left = (height - side) // 2, (width - side * 3 // 2) // 2
    return images.resize(rgb[top : top + side, left : left + side * 3 // 2], (rows, rows * 3 // 2))


def losses(network, photo, painting, bounded):
    """Loss of the saved picture after each of `EVALUATIONS`; the last reported one and share of cut pixels."""
    objective = network.objective(photo, painting, image_size=len(photo))
    saved = []
    run = {"image_size": len(photo), "iterations": max(EVALUATIONS) // 20, "bounded": bounded}
    for step in network.steps(photo, painting, **run):
        if step.evaluations in EVALUATIONS:
            saved.append(objective.value_and_grad(step.image.astype(np.float32))[0])
    return saved, step.loss, clipped_share(step.image)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--paintings", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=128)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--model", default="mini")
    parser.add_argument("--weights")
    found = parser.parse_args(arguments)
    after = ", ".join(map(str, EVALUATIONS))
    print(f"| pair | units | free (reported) | cut | bounded (reported) | ratio after {after} | least |")
    print("|---" * 7 + "|")
    for units, weight in (("titu1994", 0.0025), ("relative", 0.011)):
        network = Network(model=found.model, weights=found.weights, normalization=units, content_weight=weight)
        last = []
        for photo_name, painting_name in PAIRS[: found.pairs]:
            photo, painting = (
                cropped(next(folder.glob(f"{name}.*")), found.rows)
                for folder, name in ((found.photos, photo_name), (found.paintings, painting_name))
            )
            (free, free_reported, cut), (bounded, reported, _) = (
                losses(network, photo, painting, is_bounded) for is_bounded in (False, True)
            )
            ratios = np.array(bounded) / free
            last.append(ratios[-1])
            print(
                f"| {photo_name} + {painting_name} | {units} | {free[-1]:.4g} ({free_reported:.4g}) | {cut:.1%} | "
                f"{bounded[-1]:.4g} ({reported:.4g}) | {' '.join(f'{ratio:.2f}' for ratio in ratios)} | "
                f"{free_reported / free[-1]:.2f} |",
                flush=True,
            )
        print(f"{units}: median {np.median(last):.2f}, largest {max(last):.2f}")


if __name__ == "__main__":
    main()
