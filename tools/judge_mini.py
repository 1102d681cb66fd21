"""How well mini stands in for its teacher: both paint the same pairs, and the teacher looks at the pictures.

    python tools/judge_mini.py --teacher vgg19.npz --images shared/images --out judged/

Each pair of a photo and a painting that mini was not trained on is painted twice by `Network`, with mini and with the
first three blocks of VGG-19, both at mini's default layers and weights: nothing is adjusted in between, because
tools/train_mini.py sees to it that weights mean the same with both. With G, A and C the mean Gram matrices of pastiche,
style and content in the TEACHER's features, reported are

    Gram error      sum_l |G_l - A_l|^2 / |A_l|^2, divided by sum_l |C_l - A_l|^2 / |A_l|^2, over mini's style layers:
                    1 is the photo itself, 0 the painting's texture;
    content error   |F - P|^2 / |P|^2 of features of pastiche and content at mini's content layer;

and the ratio of mini's to the teacher's own, who is of course better at pleasing himself.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
from PIL import Image

from neural_style import Content, Network, Style, images
from neural_style.features import vgg, weights
from neural_style.features.extractor import features_of
from neural_style.inputs import working_size
from neural_style.losses.style import mean_gram_matrix
from neural_style.objectives.presets import PRESETS

PAIRS = (("golden_gate", "wave_kanagawa"), ("hoover_tower", "the_scream"), ("blue_moon_lake", "starry_night"))
MINI = PRESETS["mini"]


class Errors(NamedTuple):
    """Of one pastiche, in the teacher's extractor."""

    gram: float
    content: float


class FeatureExtractor:
    """The teacher, as a judge."""

    def __init__(self, teacher: str) -> None:
        table = vgg.architecture("vgg19")
        layers = {*MINI.style_layers, MINI.content_layer}
        self.network = vgg.build("vgg19", layers, weights.load(table, teacher, table.up_to_deepest(layers)))

    def see(self, rgb: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Mean Gram matrices (C, C) by layer, and the features of the content layer, of an image (H, W, 3)."""
        found = features_of(rgb, self.network)
        grams = {layer: np.asarray(mean_gram_matrix(found[layer])[0], np.float64) for layer in MINI.style_layers}
        return grams, np.asarray(found[MINI.content_layer], np.float64)

    def errors(self, pastiche: np.ndarray, content: np.ndarray, style: np.ndarray) -> Errors:
        """See the top of this file; images (H, W, 3), RGB in 0..255."""
        (painted, features), (before, wanted), (target, _) = map(self.see, (pastiche, content, style))

        def distance(grams: dict[str, np.ndarray]) -> float:
            return sum(np.sum((grams[layer] - a) ** 2) / np.sum(a**2) for layer, a in target.items())

        return Errors(distance(painted) / distance(before), np.sum((features - wanted) ** 2) / np.sum(wanted**2))


def judge(arguments: argparse.Namespace) -> None:
    """Paint, measure, print the table, and write pictures and sheet."""
    arguments.out.mkdir(parents=True, exist_ok=True)
    extractor = FeatureExtractor(arguments.teacher)
    settings = {
        "content_layer": MINI.content_layer,
        "style_layers": MINI.style_layers,
        "content_weight": arguments.content_weight,
        "total_variation_weight": arguments.total_variation_weight,
        "pooling": arguments.pooling,
        "normalization": "titu1994",
        "padding": "none",
    }
    painters = {
        "mini": Network(model="mini", weights=arguments.weights, **settings),
        "teacher": Network(model="vgg19", weights=arguments.teacher, **settings),
    }
    sheet = []
    print(f"{'pair':32}  Gram error: mini  teacher  ratio   content error: mini  teacher  ratio")
    for names in PAIRS:
        content_file, style_file = (
            arguments.images / folder / f"{name}.jpg" for folder, name in zip(("content", "style"), names, strict=True)
        )
        content, style = Content(content_file).read(), Style(style_file).read()
        size = working_size(content.picture, arguments.rows)
        originals = [images.resize(content.picture.rgb, size), style.at(size)]
        row, errors = [*originals], []
        for painter, network in painters.items():
            file = arguments.out / f"{'+'.join(names)}_{painter}.png"
            if arguments.reuse and painter == "teacher" and file.is_file():
                picture = np.asarray(Image.open(file))
            else:
                started = time.time()
                result = network.transfer(content, [style], image_size=arguments.rows, iterations=arguments.iterations)
                result.save(file, overwrite=True)
                picture = result.image
                print(f"  {file.name}: {time.time() - started:.0f} s", flush=True)
            row.append(picture)
            errors.append(extractor.errors(picture, *originals))
        (mini, teacher), pair = errors, " + ".join(names)
        print(
            f"{pair:32}  {mini.gram:16.4f}  {teacher.gram:7.4f}  {mini.gram / teacher.gram:5.2f}   "
            f"{mini.content:19.4f}  {teacher.content:7.4f}  {mini.content / teacher.content:5.2f}",
            flush=True,
        )
        sheet.append(row)
    write_sheet(sheet, arguments.out / "sheet.png")


def write_sheet(rows: Sequence[Sequence[np.ndarray]], path: Path) -> None:
    """Content, style, mini, teacher from left to right, a pair in each row, all as tall as the content."""
    pictures = [[Image.fromarray(np.clip(np.rint(image), 0, 255).astype(np.uint8)) for image in row] for row in rows]
    for row in pictures:
        height = row[0].height
        row[:] = [image.resize((image.width * height // image.height, height)) for image in row]
    widths = [max(row[i].width for row in pictures) for i in range(len(pictures[0]))]
    sheet = Image.new("RGB", (sum(widths), sum(row[0].height for row in pictures)), "white")
    top = 0
    for row in pictures:
        for i, image in enumerate(row):
            sheet.paste(image, (sum(widths[:i]), top))
        top += row[0].height
    sheet.save(path)


def main(arguments: Sequence[str] | None = None) -> None:
    defaults = Network()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teacher", default="imagenet", help="a weights file of VGG-19, or imagenet")
    parser.add_argument("--weights", default="embedded", help="of mini: embedded, a file, or random:<seed>")
    parser.add_argument("--images", type=Path, required=True, help="folder with content/ and style/ in it")
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--iterations", type=int, default=10, help="of 20 evaluations each")
    parser.add_argument("--content-weight", type=float, default=MINI.content_weight)
    parser.add_argument("--total-variation-weight", type=float, default=defaults.total_variation_weight)
    parser.add_argument("--pooling", default=defaults.pooling, choices=vgg.POOLING)
    parser.add_argument("--reuse", action="store_true", help="take the teacher's pictures from --out if they are there")
    parser.add_argument("--out", type=Path, default=Path("judged"), help="folder for the pictures and their sheet")
    judge(parser.parse_args(arguments))


if __name__ == "__main__":
    main()
