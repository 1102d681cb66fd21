"""`paint` against the former defaults of `network` at equal processor seconds, on pairs: numbers, and a sheet.

    python benchmarks/painting.py --photos photos/ --paintings paintings/ --judge vgg19.npz --out sheet/

For each pair of photo and painting: processor seconds (set TF_NUM_INTRAOP_THREADS=1 and TF_NUM_INTEROP_THREADS=1); SSIM
with the photo; and the relative Gram error, `sum_l |G_l - A_l|^2 / |A_l|^2` averaged over conv1_1, conv2_1, conv3_1 and
conv3_3 of VGG-19 (mean Gram matrices G of the picture and A of the painting), where both are reduced to 1, 1/2 and 1/4
of their size: at a quarter it registers strokes and no grain.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image

from neural_style import Content, Network, Style, images, paint
from neural_style.features.extractor import feature_extractor
from neural_style.metrics import relative_gram_error, structural_similarity
from neural_style.objectives.canvas import Canvas

PAIRS = (
    ("golden_gate", "starry_night"),
    ("golden_gate", "wave_kanagawa"),
    ("hoover_tower", "the_scream"),
    ("hoover_tower", "candy"),
    ("winter_wolf", "water_lilies"),
    ("winter_wolf", "shipwreck"),
    ("blue_moon_lake", "starry_night"),
    ("blue_moon_lake", "red_canna"),
    ("dawn_sky", "the_scream"),
    ("ancient_city", "wave_kanagawa"),
    ("bamboo_forest", "patterned_leaves"),
    ("bamboo_forest", "water_lilies"),
)
LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv3_3")
SCALES = (1, 2, 4)


def gram_errors(extractor, picture, painting, padding="none"):
    """The mean over layers of the relative Gram error at each scale."""
    errors, stride = [], extractor.architecture.stride(LAYERS)
    for scale in SCALES:
        sizes = [(each.shape[0] // scale, each.shape[1] // scale) for each in (picture, painting)]
        reduced = [
            images.resize(each, size, method="box") for each, size in zip((picture, painting), sizes, strict=True)
        ]
        features = [
            extractor.features(Canvas.of(padding, size, stride).padded(each), LAYERS)
            for each, size in zip(reduced, sizes, strict=True)
        ]
        errors.append(np.mean([relative_gram_error(features[0][layer], features[1][layer]) for layer in LAYERS]))
    return errors


FORMER = {"normalization": "titu1994", "content_weight": 0.0025, "padding": "none"}
"""The defaults of `network --model mini` before there was `paint`."""


def at_equal_seconds(photo, painting, rows, seconds, **settings):
    """The picture of the former defaults after so many processor seconds."""
    started, image = time.process_time(), None
    run = {"image_size": rows, "iterations": 100, "bounded": False}
    for step in Network(model="mini", **FORMER, **settings).steps(photo, painting, **run):
        image = step.image
        if time.process_time() - started >= seconds:
            break
    return image


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--paintings", type=Path, required=True)
    parser.add_argument("--judge", help="weights of VGG-19 (default: mini judges)")
    parser.add_argument("--padding", default="none", help="of the judge: none, or reflect without zeros beyond borders")
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--pairs", type=int, default=len(PAIRS), help="how many")
    parser.add_argument("--skip", type=int, default=0, help="pairs that another process paints")
    parser.add_argument("--model", default="mini")
    parser.add_argument("--weights")
    parser.add_argument("--out", type=Path, default=Path("painted"))
    found = parser.parse_args(arguments)
    found.out.mkdir(parents=True, exist_ok=True)
    extractor = feature_extractor("vgg19" if found.judge else "mini", found.judge, LAYERS)
    print("| pair | seconds | SSIM | Gram error at 1, 1/2, 1/4 | default: SSIM | Gram error at 1, 1/2, 1/4 |")
    print("|---" * 6 + "|")
    rows_of_sheet, ratios, similarities = [], [], []
    for photo_name, painting_name in PAIRS[found.skip :][: found.pairs]:
        photo, painting = (
            images.read(next(folder.glob(f"{name}.*"))).rgb
            for folder, name in ((found.photos, photo_name), (found.paintings, painting_name))
        )
        started = time.process_time()
        run = {"strength": found.strength, "model": found.model, "weights": found.weights, "image_size": found.rows}
        painted = paint(photo, painting, **run).image
        seconds = time.process_time() - started
        default = at_equal_seconds(photo, painting, found.rows, seconds)
        original = images.resize(Content(photo).picture.rgb, painted.shape[:2])
        style = Style(painting).at(painted.shape[:2])
        line = f"| {photo_name} + {painting_name} | {seconds:.0f} "
        errors = []
        for image in (painted, default):
            similarity = structural_similarity(image, original)
            errors.append(gram_errors(extractor, image, style, found.padding))
            line += f"| {similarity:.2f} | {' '.join(f'{error:.3f}' for error in errors[-1])} "
            similarities.append(similarity)
        ratios.append(np.array(errors[0]) / np.array(errors[1]))
        print(line + "|", flush=True)
        row = [
            images.resize(each, (found.rows, round(found.rows * 1.5))) for each in (original, style, default, painted)
        ]
        rows_of_sheet.append(np.concatenate(row, axis=1))
        Image.fromarray(painted).save(found.out / f"{photo_name}_{painting_name}.png")
        Image.fromarray(np.concatenate(rows_of_sheet)).save(found.out / "sheet.png")
    median = np.median(ratios, axis=0)
    print(f"median of the ratios at 1, 1/2, 1/4: {' '.join(f'{value:.2f}' for value in median)}")
    print(f"SSIM of paint: {min(similarities[::2]):.2f} to {max(similarities[::2]):.2f}")


if __name__ == "__main__":
    main()
