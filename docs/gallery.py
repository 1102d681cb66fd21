"""Make the pictures of the README: `python docs/gallery.py`, about five minutes on 2 cores, no download.

Photographs are scikit-image's, paintings are made by tools/paint_style.py, masks and doodles are drawn here. Each
picture is made by the command that the README shows under it; sheets of inputs and picture go to docs/pictures/.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from skimage import data

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from paint_style import paint_style  # noqa: E402

from neural_style.cli import main as neural_style  # noqa: E402

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
SKY, MOON, WATER, LAND = "#2040c0", "#ffe060", "#20a0a0", "#108020"


def draw_inputs() -> None:
    """Photographs, paintings and masks, in the working folder."""
    Image.fromarray(data.chelsea()).save("cat.png")
    Image.fromarray(data.coffee()).save("coffee.png")
    for name in ("night", "harvest"):
        Image.fromarray(paint_style(512, 640, seed=0, palette=name)).save(f"{name}.png")
    cup = Image.new("L", (600, 400), 0)
    ImageDraw.Draw(cup).ellipse((155, 52, 450, 345), fill=255)
    cup.save("cup.png")
    Image.fromarray(255 - np.asarray(cup)).save("table.png")
    draw_map(
        "night_map.png",
        horizon=300,
        moon=(407, 175, 105),
        shore=[(0, 512), (0, 300), (110, 200), (200, 420), (640, 500), (640, 512)],
    )
    draw_map(
        "doodle_map.png",
        horizon=350,
        moon=(170, 130, 90),
        shore=[(640, 512), (640, 330), (560, 290), (380, 420), (60, 470), (0, 512)],
    )


def draw_map(name: str, *, horizon: int, moon: tuple[int, int, int], shore: list[tuple[int, int]]) -> None:
    """Sky, a moon, water and land in four colours."""
    image = Image.new("RGB", (640, 512), SKY)
    draw = ImageDraw.Draw(image)
    x, y, radius = moon
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=MOON)
    draw.rectangle((0, horizon, 640, 512), fill=WATER)
    draw.polygon(shore, fill=LAND)
    image.save(name)


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
    draw_inputs()
    for name in found.only:
        quiet = [] if name in ("mask_transfer", "color_transfer") else ["--save_every", "0", "--quiet"]
        print("neural-style", COMMANDS[name], flush=True)
        if neural_style([*shlex.split(COMMANDS[name]), *quiet, "--overwrite"]):
            sys.exit(f"{name} failed")
        sheet(SHEETS[name], ROOT / "docs" / "pictures" / f"{name}.jpg")


if __name__ == "__main__":
    main()
