"""`neural-style judge photo.jpg painting.jpg a.png b.png`: compares pictures by any tools, on one table and sheet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from neural_style import images, interruption
from neural_style.cli.flags import Parser, file_path
from neural_style.cli.groups import add_machine_flags
from neural_style.cli.result_file import check_result
from neural_style.cli.session import start_backend
from neural_style.features import vgg
from neural_style.features.weights import check_available
from neural_style.images import grid
from neural_style.images.picture import to_uint8
from neural_style.metrics.judgement import CONTENT_LAYER, SCALES, STYLE_LAYERS, Judgement, judge, judged_size
from neural_style.metrics.measurement import check_scales
from neural_style.painting import default_model

DESCRIPTION = """\
Judge pictures of one photo in the style of one painting, by whatever tools they were made: one table, and one labelled
sheet. All are judged in the size of the smallest, by the same network."""

EPILOG = """\
examples:
  neural-style judge photo.jpg painting.jpg ours.png theirs.png
  neural-style judge photo.jpg painting.jpg pictures/*.png --model vgg19 --rows 256 --output judged.png

columns:
  Gram, 1/2, 1/4  relative error of the painting's Gram matrices, at the whole size (grain and colours), and with the
                  picture and the painting reduced to a half and a quarter (strokes); 0 is the painting's texture
  Wasserstein     relative sliced Wasserstein distance of the activations; sees all of their distribution
  content         relative error of the photo's activations; 0 is the photo itself
  SSIM            structural similarity to the photo; 1 is the photo itself
  clipped         share of pixels that are fully dark or fully bright
The first row is the photo itself: what a picture has to gain.

A fair comparison gives every tool the same seconds on the same machine and the same size, and is judged by a network
that none of them optimised: vgg19 for pictures made with mini, for example.
"""

DEFAULT_NAME = Path("judged.png")


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    found = parser().read(arguments)
    model = found.model or default_model(found.weights)
    layers = [found.content_layer, *found.style_layers]
    vgg.architecture(model).check_layers(layers)
    check_available(model, found.weights, layers)
    check_scales(found.scales)
    check_result(found.output, [found.photo, found.painting, *found.pictures], overwrite=found.overwrite)
    photo, painting = (images.read(getattr(found, name), what=name) for name in ("photo", "painting"))
    pictures = [images.read(path, what="picture") for path in found.pictures]
    size = judged_size(photo, pictures, found.rows)
    start_backend(found.device, "" if found.quiet else model)
    judgements = judge(
        photo,
        painting,
        [photo.resized(size, method="lanczos"), *pictures],
        rows=found.rows,
        model=model,
        weights=found.weights,
        content_layer=found.content_layer,
        style_layers=found.style_layers,
        scales=found.scales,
    )
    names = ["the photo", *found.pictures]
    with interruption.held():
        images.write(found.output, _sheet(names, judgements, painting), overwrite=found.overwrite)
    if found.json:
        entries = [{"picture": name, **_numbers(each)} for name, each in zip(names, judgements, strict=True)]
        print(json.dumps({"model": model, "rows": size[0], "columns": size[1], "judged": entries}, indent=2))
    else:
        if not found.quiet:
            print(f"judged by {model} at {size[0]} x {size[1]} pixels\n")
        print(_table(names, judgements))
    if not (found.json or found.quiet):
        print(f"\nwrote {found.output}")
    return 0


def parser() -> Parser:
    """The command's parser."""
    made = Parser("judge", DESCRIPTION, epilog=EPILOG)
    made.add_argument("photo", help="the photo that all pictures were made from")
    made.add_argument("painting", help="the painting whose style they have")
    made.add_argument("pictures", nargs="+", metavar="picture", help="pictures to compare")
    made.add_argument(
        "--output", type=file_path, default=DEFAULT_NAME, metavar="FILE", help="the sheet (default: judged.png)"
    )
    made.add_argument(
        "--rows", type=int, metavar="N", help="rows at which all are judged (default: those of the smallest picture)"
    )
    made.add_argument("--json", action="store_true", help="print the numbers as JSON")
    made.add_argument("--overwrite", action="store_true", help="replace an existing sheet")
    group = made.add_argument_group("network that judges")
    group.add_argument("--model", metavar="NAME", help="vgg19, vgg16 or mini (default: vgg19 if downloaded, else mini)")
    group.add_argument("--weights", metavar="FILE", help="weights of that network (default: its own)")
    group.add_argument(
        "--content_layer",
        default=CONTENT_LAYER,
        metavar="NAME",
        help=f"of the content error (default: {CONTENT_LAYER})",
    )
    group.add_argument(
        "--style_layers",
        nargs="+",
        default=STYLE_LAYERS,
        metavar="NAME",
        help=f"layers of Gram error and Wasserstein distance (default: {' '.join(STYLE_LAYERS)})",
    )
    group.add_argument(
        "--scales",
        nargs="+",
        type=int,
        default=SCALES,
        metavar="N",
        help="divisors of the size for Gram errors (default: 1 2 4)",
    )
    add_machine_flags(made, quiet="print the table and errors only")
    return made


def _numbers(judgement: Judgement) -> dict[str, object]:
    """All numbers of a judgement by name."""
    return {name: value for name, value in vars(judgement).items() if name != "picture"}


def _columns(judgement: Judgement) -> dict[str, str]:
    """The cells of a row of the table by their headings."""
    grams = {"Gram" if scale == 1 else f"1/{scale}": f"{value:.3f}" for scale, value in judgement.gram.items()}
    return {
        **grams,
        "Wasserstein": f"{judgement.wasserstein:.3f}",
        "content": f"{judgement.content:.3f}",
        "SSIM": f"{judgement.ssim:.2f}",
        "clipped": f"{judgement.clipped:.1%}",
    }


def _table(names: Sequence[str], judgements: Sequence[Judgement]) -> str:
    """One row a picture."""
    rows = [_columns(each) for each in judgements]
    width = max(map(len, names))
    lines = [" " * width + "".join(f"  {heading:>8}" for heading in rows[0])]
    for name, row in zip(names, rows, strict=True):
        lines.append(f"{name:<{width}}" + "".join(f"  {text:>{max(8, len(head))}}" for head, text in row.items()))
    return "\n".join(lines)


def _sheet(names: Sequence[str], judgements: Sequence[Judgement], painting: images.Picture) -> images.picture.Array:
    """The pictures beside each other with their names and numbers, the painting in the corner."""
    cells = [
        grid.Cell(
            to_uint8(each.picture.rgb, each.picture.name),
            grid.Label("picture", Path(name).name),
            [f"{heading} {text}" for heading, text in _columns(each).items()],
        )
        for name, each in zip(names, judgements, strict=True)
    ]
    count = grid.cells_in_a_row(len(cells), cells[0].picture.shape[1])
    rows = [cells[start : start + count] for start in range(0, len(cells), count)]
    return grid.draw(rows, corner=[to_uint8(painting.rgb, painting.name)])[0]
