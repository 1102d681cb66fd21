"""Make the pictures of the page of figures: `python docs/figures.py`, an hour on 2 cores, no download.

Each is made by the command that stands under it, and kept as WebP in docs/pictures/figures/.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from PIL import Image

from neural_style.cli import main as neural_style
from neural_style.figures import RECIPES

PICTURES = Path(__file__).resolve().parent / "pictures" / "figures"
WIDTH = 1400


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("gallery"), help="folder for figures and panels")
    parser.add_argument("--only", nargs="+", choices=RECIPES, default=list(RECIPES), help="make these again")
    found = parser.parse_args()
    found.work.mkdir(parents=True, exist_ok=True)
    PICTURES.mkdir(exist_ok=True)
    for name in found.only:
        figure = found.work / f"{name}.png"
        print("neural-style figure", name, "--draft", flush=True)
        flags = ["--draft", "--output", str(figure), "--panels", str(found.work / "panels"), "--overwrite", "--quiet"]
        if neural_style(["figure", name, *flags]):
            sys.exit(f"{name} failed")
        with Image.open(figure) as picture:
            small = picture.convert("RGB")
            small.thumbnail((WIDTH, 10 * WIDTH), Image.Resampling.LANCZOS)
            small.save(PICTURES / f"{name}.webp", quality=80, method=6)


if __name__ == "__main__":
    main()
