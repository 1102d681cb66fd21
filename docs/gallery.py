"""Make the pictures of the README: `python docs/gallery.py`, about five minutes on 2 cores, no download.

Inputs are those of `neural-style samples`. Each picture is made by the command that the README shows under it; sheets
of inputs and picture go to docs/pictures/.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path

from PIL import Image

from neural_style.cli import main as neural_style

ROOT = Path(__file__).resolve().parent.parent

HEIGHT = 240
"""Rows of a sheet in the README."""

MINI = "--model mini --image_size 320"
COMMANDS = {
    "demo": "network cat.png night.png demo --model mini --sizes 192 384 --num_iter 5 --content_weight 0.0005 "
    "--total_variation_weight 0.0003",
    "inetwork": f"inetwork cat.png harvest.png inetwork --variant novak2016 {MINI}",
    "masks": f"network coffee.png night.png harvest.png masks --style_masks table.png cup.png {MINI} "
    "--mask_normalization gatys2017",
    "colours": f"network coffee.png night.png colours --preserve_color luminance {MINI}",
    "mask_transfer": "mask_transfer coffee.png colours.png table.png --feather 3 --output mask_transfer.png",
    "color_transfer": "color_transfer cat.png demo.png --method pca --output color_transfer.png",
    "doodle": "doodle --nlabels 4 --style-image night.png --style-mask night_map.png --target-mask doodle_map.png "
    "--target-image-prefix doodle --model mini --sizes 80 160 320 --num_iter 5",
}
SHEETS = {
    "demo": ("cat", "night", "demo"),
    "inetwork": ("cat", "harvest", "inetwork"),
    "masks": ("coffee", "cup", "masks"),
    "colours": ("coffee", "night", "colours"),
    "mask_transfer": ("colours", "table", "mask_transfer"),
    "color_transfer": ("cat", "demo", "color_transfer"),
    "doodle": ("night", "night_map", "doodle_map", "doodle"),
}


def sheet(names: tuple[str, ...], path: Path) -> None:
    """Pictures side by side, HEIGHT rows each."""
    pictures = [Image.open(f"{name}.png").convert("RGB") for name in names]
    pictures = [p.resize((round(p.width * HEIGHT / p.height), HEIGHT), Image.Resampling.LANCZOS) for p in pictures]
    together = Image.new("RGB", (sum(p.width + 6 for p in pictures) - 6, HEIGHT), "white")
    left = 0
    for picture in pictures:
        together.paste(picture, (left, 0))
        left += picture.width + 6
    together.save(path, quality=88)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("gallery"), help="folder for inputs and pictures")
    parser.add_argument("--only", nargs="+", choices=COMMANDS, default=list(COMMANDS), help="make these again")
    found = parser.parse_args()
    found.work.mkdir(parents=True, exist_ok=True)
    os.chdir(found.work)
    neural_style(["samples", ".", "--overwrite"])
    for name in found.only:
        quiet = [] if name in ("mask_transfer", "color_transfer") else ["--save_every", "0", "--quiet"]
        print("neural-style", COMMANDS[name], flush=True)
        if neural_style([*shlex.split(COMMANDS[name]), *quiet, "--overwrite"]):
            sys.exit(f"{name} failed")
        sheet(SHEETS[name], ROOT / "docs" / "pictures" / f"{name}.jpg")


if __name__ == "__main__":
    main()
