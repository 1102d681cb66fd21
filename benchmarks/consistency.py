"""Networks of one style with and without the loss of consistency: flicker and quality.

    python benchmarks/consistency.py --images photos/ --steps 100 --crop 96

The embedded painter is trained for a sample painting with each weight of consistency, and from the same photos. Printed
are the seconds of the processor, the flicker (`metrics.warping_error`, a mean over sample clips with exact flow) of
frames by themselves and of those blended along the flow, and of the first frames the Gram error over the layers of
`neural_style.painting` and the content error at conv3_3, relative, in features of mini.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from neural_style import Style, images, metrics
from neural_style.features.extractor import feature_extractor
from neural_style.feedforward import presets, train
from neural_style.painting import CONTENT_LAYERS, STYLE_LAYERS
from neural_style.samples import sample
from neural_style.samples.clips import clip
from neural_style.video.fast import Fast


def trained(found, weight, steps, path):
    """Seconds of a training."""
    settings = {**presets.EMBEDDED_START, "steps": steps, "crop": found.crop, "style_size": found.crop, "seed": 0}
    started = time.process_time()
    train([sample(found.style)], found.images, path, overwrite=True, consistency=weight, **settings)
    return time.process_time() - started


def flicker(network, clips, **settings):
    """The mean over clips, and the first frame of each as it was painted."""
    errors, first = [], []
    for film in clips:
        method = Fast(model=network, **settings)
        frames = np.stack([method.transfer(frame) for frame in film.frames])
        errors.append(metrics.warping_error(frames, film.flows, film.valid))
        first.append(frames[0])
    return float(np.mean(errors)), first


def quality(pictures, photos, painting):
    """Mean relative Gram and content errors."""
    extractor = feature_extractor("mini", None, STYLE_LAYERS)
    wanted, grams, contents = extractor.features(painting, STYLE_LAYERS), [], []
    for picture, photo in zip(pictures, photos, strict=True):
        features, own = (extractor.features(each, STYLE_LAYERS) for each in (picture, photo))
        grams.append(sum(metrics.relative_gram_error(features[layer], wanted[layer]) for layer in STYLE_LAYERS))
        contents.append(metrics.relative_content_error(features[CONTENT_LAYERS[0]], own[CONTENT_LAYERS[0]]))
    return float(np.mean(grams)), float(np.mean(contents))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", required=True)
    parser.add_argument("--style", default="night")
    parser.add_argument("--weights", type=float, nargs="+", default=[0.0, 0.1, 0.5])
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--crop", type=int, default=96)
    parser.add_argument("--rows", type=int, default=96)
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--motions", nargs="+", default=["pan", "zoom", "rotation", "layer"])
    found = parser.parse_args(arguments)
    size, photos = (found.rows, found.rows * 3 // 2), ("cat", "coffee", "portrait")
    pairs = zip(found.motions, photos * len(found.motions), strict=False)
    clips = [clip(sample(photo), motion, frames=found.frames, size=size) for motion, photo in pairs]
    print(
        "| consistency | steps | CPU-s | E by themselves | E blended | Gram | content |\n" + "|---" * 7 + "|",
        flush=True,
    )
    runs = [(weight, found.steps) for weight in found.weights]
    if 0.0 in found.weights:
        runs.append((0.0, 2 * found.steps))  # about the time of the others
    size = Style(sample(found.style)).size_at((found.crop, found.crop))
    painting = images.resize(sample(found.style), size)  # with the strokes that are trained
    with tempfile.TemporaryDirectory() as folder:
        for index, (weight, steps) in enumerate(runs):
            path = Path(folder, f"{index}.keras")
            seconds = trained(found, weight, steps, path)
            alone, pictures = flicker(path, clips, blend=0)
            blended, _ = flicker(path, clips)
            gram, content = quality(pictures, [film.frames[0] for film in clips], painting)
            numbers = f"{alone:.4f} | {blended:.4f} | {gram:.3f} | {content:.3f}"
            print(f"| {weight:g} | {steps} | {seconds:.0f} | {numbers} |", flush=True)


if __name__ == "__main__":
    main()
