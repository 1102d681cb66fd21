"""The style losses of `network` at equal evaluations, on pairs: numbers, seconds of an evaluation, and a sheet.

    python benchmarks/style_losses.py --photos photos/ --paintings paintings/ --weights vgg19.npz --out losses/

Each pair of photo and painting is painted with each loss, and judged by `metrics.judge` with VGG-19 (`--weights`),
which no loss has optimised; without weights mini judges, which all have. Processor seconds are those of the last
iteration, 20 evaluations (set TF_NUM_INTRAOP_THREADS=1 and TF_NUM_INTEROP_THREADS=1).
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from neural_style import Content, Network, Style, images, metrics
from neural_style.images import grid
from neural_style.objectives.transfer_loss import STYLE_LOSSES

PAIRS = (
    ("golden_gate", "starry_night"),
    ("hoover_tower", "the_scream"),
    ("winter_wolf", "water_lilies"),
    ("blue_moon_lake", "red_canna"),
    ("ancient_city", "wave_kanagawa"),
    ("bamboo_forest", "patterned_leaves"),
)
EVALUATIONS = 20
"""Of the loss, in an iteration."""


def painted(style_loss: str, photo: np.ndarray, painting: np.ndarray, run: dict[str, Any]) -> tuple[np.ndarray, float]:
    """The picture, and processor seconds of an evaluation."""
    started = time.process_time()
    for step in Network(model="mini", style_loss=style_loss).steps(photo, painting, **run):
        picture, seconds = step.image, time.process_time() - started
        started = time.process_time()
    return picture, seconds / EVALUATIONS


def numbers(judgement: metrics.Judgement) -> list[float]:
    """Relative Gram errors at 1, 1/2 and 1/4, sliced Wasserstein, content, SSIM."""
    return [*judgement.gram.values(), judgement.wasserstein, judgement.content, judgement.ssim]


def line(pair: str, style_loss: str, values: Sequence[float]) -> str:
    """One of the table."""
    return f"| {pair} | `{style_loss}` | {' | '.join(f'{value:.3f}' for value in values)} |"


def row_of_sheet(inputs: dict[str, np.ndarray], pictures: dict[str, np.ndarray]) -> list[grid.Cell]:
    """Inputs and pictures in one size, 4 x 3."""
    rows = next(iter(pictures.values())).shape[0]
    columns = {**inputs, **pictures}
    return [
        grid.Cell(images.to_uint8(images.resize(each, (rows, rows * 4 // 3), method="lanczos")), grid.Label("", name))
        for name, each in columns.items()
    ]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--paintings", type=Path, required=True)
    parser.add_argument("--weights", help="of VGG-19, the judge (default: mini judges)")
    parser.add_argument("--losses", nargs="+", choices=STYLE_LOSSES, default=STYLE_LOSSES)
    parser.add_argument("--rows", type=int, default=128)
    parser.add_argument("--iterations", type=int, default=2, help="of 20 evaluations; the first includes compilation")
    parser.add_argument("--pairs", type=int, default=len(PAIRS), help="how many")
    parser.add_argument("--without_inputs", action="store_true", help="leave photos and paintings out of the sheet")
    parser.add_argument("--out", type=Path, default=Path("losses"))
    found = parser.parse_args(arguments)
    found.out.mkdir(parents=True, exist_ok=True)
    run = {"image_size": found.rows, "iterations": found.iterations}
    network = {"model": "vgg19", "weights": found.weights} if found.weights else {"model": "mini"}
    table: dict[str, list[list[float]]] = {name: [] for name in found.losses}
    sheet = []
    print("| pair | style loss | Gram error at 1 | 1/2 | 1/4 | sliced Wasserstein | content | SSIM | seconds |")
    print("|---" * 9 + "|")
    for photo_name, painting_name in PAIRS[: found.pairs]:
        photo, painting = (
            images.read(next(folder.glob(f"{name}.*"))).rgb
            for folder, name in ((found.photos, photo_name), (found.paintings, painting_name))
        )
        results = {name: painted(name, photo, painting, run) for name in found.losses}
        pictures = {name: picture for name, (picture, _) in results.items()}
        judged = metrics.judge(Content(photo), Style(painting), list(pictures.values()), **network)
        for (name, (_, seconds)), judgement in zip(results.items(), judged, strict=True):
            table[name].append([*numbers(judgement), seconds])
            print(line(f"{photo_name} + {painting_name}", name, table[name][-1]), flush=True)
        sheet.append(row_of_sheet({} if found.without_inputs else {"photo": photo, "painting": painting}, pictures))
        Image.fromarray(grid.draw(sheet, gap=6, margin=6)[0]).save(found.out / "sheet.webp", quality=80)
    for name, measured in table.items():
        print(line("mean", name, np.mean(measured, axis=0)))


if __name__ == "__main__":
    main()
