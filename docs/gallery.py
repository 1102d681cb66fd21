"""Make the pictures of README and documentation: `python docs/gallery.py`, about ten minutes on 2 cores, no download.

Inputs are those of `neural-style samples`. Each picture is made by the commands that stand under it on its page
(tests/test_docs.py compares); inputs and results side by side go to docs/pictures/.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from neural_style import images
from neural_style.cli import main as neural_style
from neural_style.images import grid

ROOT = Path(__file__).resolve().parent.parent

HEIGHT, WIDTH, GAP = 240, 1100, 6
"""Rows of the panels of a picture, the columns that it has at most, and the white between panels; contact sheets are
kept as they are."""


class Picture(NamedTuple):
    """What is shown side by side, and the commands that make of the samples what is not among them."""

    panels: tuple[str, ...]
    commands: tuple[str, ...]


MINI = "--model mini --image_size 320"
SMALL = "--model mini --image_size 192"
NOVAK = "--variant novak2016"
KEPT = f"{SMALL} --normalization relative --num_iter 10"
SHEET = "--model mini --rows 160 --num_iter 10"

PICTURES = {
    "demo": Picture(
        ("cat", "night", "demo"),
        ("paint cat.png night.png demo --model mini --image_size 384",),
    ),
    **{
        f"painted_{photo}": Picture(
            (f"painted_{photo}",),
            (f"paint {photo}.png {painting}.png painted_{photo} --model mini --image_size 400 {flags}".rstrip(),),
        )
        for photo, painting, flags in (
            ("portrait", "harvest", ""),
            ("rocket", "night", ""),
            ("coffee", "harvest", "--strength 2"),
        )
    },
    "fast": Picture(
        ("cat", "night", "fast_night", "harvest", "fast_harvest"),
        tuple(f"apply embedded cat.png fast_{name}.png --style {name}.png" for name in ("night", "harvest")),
    ),
    "judged": Picture(
        ("judged",),
        (
            "apply embedded cat.png fast.png --style night.png",
            "network cat.png night.png slow --model mini --image_size 384 --num_iter 10",
            "color_transfer night.png cat.png --method pca --output tinted.png",
            "judge cat.png night.png fast.png slow.png tinted.png --model mini --output judged.png",
        ),
    ),
    "network": Picture(
        ("portrait", "harvest", "less", "default", "more"),
        tuple(
            f"network portrait.png harvest.png {name} --content_weight {weight} {MINI} --num_iter 5"
            for name, weight in (("less", 0.1), ("default", 0.01), ("more", 0.001))
        ),
    ),
    "inetwork": Picture(
        ("cat", "harvest", "inetwork"),
        (f"inetwork cat.png harvest.png inetwork {NOVAK} {MINI}",),
    ),
    "improvements": Picture(
        ("plain", "geometric", "shifted", "chained"),
        tuple(
            f"inetwork cat.png night.png {name} {NOVAK} {SMALL} {flags}".rstrip()
            for name, flags in (
                ("plain", "--geometric_weights False --activation_shift 0 --chain False"),
                ("geometric", "--activation_shift 0 --chain False"),
                ("shifted", "--chain False"),
                ("chained", ""),
            )
        ),
    ),
    "masks": Picture(
        ("coffee", "cup", "masks"),
        (
            f"network coffee.png night.png harvest.png masks --style_masks table.png cup.png {MINI} "
            "--mask_normalization gatys2017",
        ),
    ),
    "guides": Picture(
        ("rocket", "launchpad", "by_area", "by_guide"),
        (
            f"network rocket.png night.png by_area --style_masks launchpad.png {SMALL}",
            f"network rocket.png night.png by_guide --style_masks launchpad.png {SMALL} --mask_normalization gatys2017",
        ),
    ),
    "colours": Picture(
        ("coffee", "night", "colours"), (f"network coffee.png night.png colours --preserve_color luminance {MINI}",)
    ),
    "before": Picture(
        ("plainly", "before", "after"),
        (
            f"network coffee.png night.png plainly {SMALL}",
            f"network coffee.png night.png before --preserve_color pca --color_when before {SMALL}",
            f"network coffee.png night.png after --preserve_color pca {SMALL}",
        ),
    ),
    "staged": Picture(
        ("rocket", "staged", "finished"),
        (
            "network rocket.png night.png staged --model mini --sizes 192 384 768 --num_iter 2 --style_masks sky.png "
            "--mask_normalization gatys2017",
            'enhance staged.png enlarged.png --steps "upscale:4 rows:1200"',
            'enhance rocket.png photo.png --steps "upscale:4 rows:1200"',
            "color_transfer photo.png enlarged.png --method luminance --output coloured.png",
            "mask_transfer photo.png coloured.png sky.png --feather 3 --output pasted.png",
            'enhance pasted.png finished.png --steps "sharpen denoise"',
        ),
    ),
    "mask_transfer": Picture(
        ("colours", "table", "mask_transfer"),
        ("mask_transfer coffee.png colours.png table.png --feather 3 --output mask_transfer.png",),
    ),
    "methods": Picture(
        ("luminance", "histogram", "cholesky", "pca", "monge_kantorovich"),
        tuple(
            f"color_transfer coffee.png plainly.png --method {method} --output {method}.png"
            for method in ("luminance", "histogram", "cholesky", "pca", "monge_kantorovich")
        ),
    ),
    "doodle": Picture(
        ("night", "night_map", "doodle_map", "doodle"),
        (
            "doodle --nlabels 4 --style-image night.png --style-mask night_map.png --target-mask doodle_map.png "
            "--target-image-prefix doodle --model mini --sizes 80 160 320 --num_iter 5",
        ),
    ),
    "doodle_patches": Picture(
        ("night", "doodle_map", "doodle", "by_patches"),
        (
            "doodle --style-image night.png --style-mask night_map.png --target-mask doodle_map.png "
            "--target-image-prefix by_patches --variant patches --model mini --image_size 256 --num_iter 5",
        ),
    ),
    "analogy": Picture(
        ("night_map", "night", "doodle_map", "by_analogy"),
        ("analogy night_map.png night.png doodle_map.png by_analogy --model mini --image_size 192 --num_iter 5",),
    ),
    "contents": Picture(
        ("cat", "content_1_2", "content_3_4", "content_max"),
        tuple(
            f"reconstruct content cat.png {name} {flags} {KEPT} --total_variation_weight 1e-7"
            for name, flags in (
                ("content_1_2", "--layer conv1_2"),
                ("content_3_4", "--layer conv3_4"),
                ("content_max", "--layer conv3_4 --pool_type max"),
            )
        ),
    ),
    "styles": Picture(
        ("night", "style_1", "style_2", "style_3"),
        tuple(
            f"reconstruct style night.png {name} --layers {layers} {KEPT} --total_variation_weight 1e-8"
            for name, layers in (
                ("style_1", "conv1_1"),
                ("style_2", "conv1_1 conv2_1"),
                ("style_3", "conv1_1 conv2_1 conv3_1"),
            )
        ),
    ),
    "pyramid": Picture(
        ("at_once", "coarse_to_fine"),
        (
            "network rocket.png harvest.png at_once --model mini --image_size 400 --num_iter 6",
            "network rocket.png harvest.png coarse_to_fine --model mini --sizes 100 200 400 --num_iter 4",
        ),
    ),
    **{
        f"sheet_{name}": Picture(
            (f"sheet_{name}",), (f"sheet cat.png night.png sheet_{name}.png --vary {name} {values} {flags}".rstrip(),)
        )
        for name, values, flags in (
            ("content_weight", "0.3 0.05 0.01 0.003 0.0005", SHEET),
            ("style_weight", "0.1 1 10", SHEET),
            ("content_layer", "conv1_2 conv2_2 conv3_1 conv3_4", SHEET),
            ("style_layers", "conv1_1 conv1_1,conv2_1 conv1_1,conv2_1,conv3_1 conv3_1", SHEET),
            ("total_variation_weight", "0 1e-6 1e-5 1e-4", SHEET),
            ("pool_type", "max ave l2", SHEET),
            ("num_iter", "1 3 10 30", "--model mini --rows 160"),
            ("init_image", "content gray noise", SHEET),
            ("stroke_scale", "0.5 1 2", SHEET),
        )
    },
}
"""In the order in which they can be made: some take the result of one before."""


AFTERWARDS = ("apply", "mask_transfer", "color_transfer", "enhance", "judge")
"""Commands without iterations, and so without flags for them."""


def together(names: tuple[str, ...], path: Path) -> None:
    """Write pictures side by side, in the same height; a single one is a contact sheet, and is kept as it is."""
    panels = [np.asarray(Image.open(f"{name}.png").convert("RGB")) for name in names]
    if len(panels) > 1:
        aspects = [panel.shape[1] / panel.shape[0] for panel in panels]
        rows = min(HEIGHT, round((WIDTH - GAP * (len(panels) - 1)) / sum(aspects)))
        panels = [images.resize(p, (rows, round(p.shape[1] * rows / p.shape[0])), method="lanczos") for p in panels]
    sheet, _ = grid.draw([[grid.Cell(panel) for panel in panels]], gap=GAP, margin=0)
    Image.fromarray(sheet).save(path, quality=88)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("gallery"), help="folder for inputs and pictures")
    parser.add_argument("--only", nargs="+", choices=PICTURES, default=list(PICTURES), help="make these again")
    found = parser.parse_args()
    found.work.mkdir(parents=True, exist_ok=True)
    os.chdir(found.work)
    neural_style(["samples", ".", "--overwrite"])
    for name in found.only:
        for command in PICTURES[name].commands:
            technique = command.split()[0]
            quiet = (
                []
                if technique in AFTERWARDS
                else ["--quiet"]
                if technique == "sheet"
                else ["--quiet", "--save_every", "0"]
            )
            print("neural-style", command, flush=True)
            if neural_style([*shlex.split(command), *quiet, "--overwrite"]):
                sys.exit(f"{name} failed")
        together(PICTURES[name].panels, ROOT / "docs" / "pictures" / f"{name}.jpg")


if __name__ == "__main__":
    main()
