"""Make the pictures of the page of figures, and the numbers of their claims: `python docs/figures.py`.

Each is made by the command that stands under it, and kept as WebP in docs/pictures/figures/; numbers are in claims.json
there. Takes two hours on 2 cores, without a download. An interrupted run resumes.

With `--weights vgg19.npz` it makes a second set with real weights, in docs/pictures/figures/vgg19/, at 256 rows and
with 15 iterations, each evaluation of which takes a second of a CPU. `--rows` and `--iterations` change both.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from neural_style.cli import main as neural_style
from neural_style.figures import RECIPES, cost, plan

PICTURES = Path(__file__).resolve().parent / "pictures" / "figures"
WIDTH, QUALITY = 1400, 80

MANY = {
    name: ["--draft", "--image_size", "96", "--num_iter", "6"]
    for name in (
        *("gatys2015-1", "gatys2015-2", "gatys2015-3", "li2016", "losses"),
        *("novak2016-1", "novak2016-ablation", "novak2016-convergence", "titu1994-pooling"),
    )
} | {"control2017-4": ["--draft", "--image_size", "192"]}
"""Flags of figures with many runs, or with several for each picture, or whose effect shows at more rows only; the
others have `--draft`."""
REAL_WIDTH, REAL_QUALITY = 1200, 70


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("gallery"), help="folder for figures and panels")
    parser.add_argument(
        "--only", nargs="+", choices=RECIPES, help="make these, in this order; by default all, cheapest first"
    )
    parser.add_argument("--weights", help="weights of VGG-19, of which a file may lack the deepest blocks")
    parser.add_argument("--rows", type=int, help="rows of pictures with these weights; by default 256")
    parser.add_argument("--iterations", type=int, help="iterations with these weights; by default 15")
    parser.add_argument("--precision", help="of the features with these weights; by default float32")
    found = parser.parse_args()
    found.work.mkdir(parents=True, exist_ok=True)
    folder, width, quality, with_weights = PICTURES, WIDTH, QUALITY, None
    if found.weights is not None:
        folder, width, quality = PICTURES / "vgg19", REAL_WIDTH, REAL_QUALITY
        with_weights = ["--model", "vgg19", "--weights", found.weights]
        flags = {"--image_size": found.rows, "--num_iter": found.iterations, "--precision": found.precision}
        with_weights += [each for flag, value in flags.items() if value is not None for each in (flag, str(value))]
    folder.mkdir(parents=True, exist_ok=True)
    for name in found.only or sorted(RECIPES, key=lambda name: cost(plan(name, scale="draft")[1]).seconds):
        figure, how = found.work / f"{name}.png", with_weights or MANY.get(name, ["--draft"])
        print("neural-style figure", name, *how, flush=True)
        places = ["--output", str(figure), "--panels", str(found.work / "panels"), "--overwrite", "--quiet"]
        if neural_style(["figure", name, *how, *places]):
            sys.exit(f"{name} failed")
        with Image.open(figure) as picture:
            small = picture.convert("RGB")
            small.thumbnail((width, 10 * width), Image.Resampling.LANCZOS)
            small.save(folder / f"{name}.webp", quality=quality, method=6)
        store(folder / "claims.json", name, json.loads(figure.with_suffix(".json").read_text(encoding="utf-8")))


def store(path: Path, name: str, summary: dict[str, object]) -> None:
    """Put the claims of a figure, and the settings that its caption states, among those of the others."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    claims = [_rounded(each) for key in ("claims", "findings") for each in _of(summary[key]) if "holds" in each]
    known[name] = {"planned": summary["planned"], "claims": claims}
    text = json.dumps({key: known[key] for key in RECIPES if key in known}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def _of(value: object) -> Iterable[dict[str, object]]:
    return value if isinstance(value, list) else []


def _rounded(value: object) -> object:
    """Numbers with four digits, so that the file shows what changed and no noise."""
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items() if key != "text"}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


if __name__ == "__main__":
    main()
