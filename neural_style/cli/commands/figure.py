"""`neural-style figure gatys2015-3 --draft`: a figure of a paper, made by one command."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from neural_style.cli.flags import Parser
from neural_style.cli.progress import Bar, duration
from neural_style.cli.session import INTERRUPTED, start_backend
from neural_style.errors import InvalidInputError

DESCRIPTION = """\
Make a figure of a paper, with metrics under every picture and a caption that tells what differs from the paper.
Beside it lies a .json with every setting, metric and time. Finished panels are kept in a folder, so that a figure that
was interrupted goes on where it stopped."""

EPILOG = """\
examples:
  neural-style figure --list
  neural-style figure gatys2015-3 --draft
  neural-style figure gatys2016-4 --paper --input photo=lake.jpg painting=starry.jpg --output ratios.pdf
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    from neural_style import figures

    found = _parser().read(arguments)
    settings = {
        name: getattr(found, name) for name in ("scale", "model", "weights", "image_size", "iterations", "seed")
    }
    if found.list:
        print(_listed(settings))
        return 0
    if found.name is None:
        raise InvalidInputError("name a figure; neural-style figure --list tells which there are")
    _, figure = figures.plan(found.name, **settings)
    output = found.output or Path(f"{found.name}.png")
    done: dict[str, int] = {}
    with Bar(figures.cost(figure).evaluations, quiet=found.quiet) as bar:

        def progress(key: str, evaluations: int, loss: float) -> None:
            before = sum(count for other, count in done.items() if other != key)
            done[key] = evaluations
            bar.begin(f"panel {len(done)}", before)
            bar.advance(evaluations, loss)

        try:
            figures.make(
                found.name,
                output,
                inputs=dict(found.input or ()),
                panels=found.panels,
                overwrite=found.overwrite,
                progress=progress,
                prepare=lambda: start_backend(found.device),
                **settings,
            )
        except KeyboardInterrupt:
            bar.tell(f"interrupted: finished panels are kept in {found.panels}, and the same command goes on there")
            return INTERRUPTED
    if not found.quiet:
        print(f"wrote {output}, {output.with_suffix('.json')}; panels are kept in {found.panels}")
    return 0


def _listed(settings: Mapping[str, Any]) -> str:
    """A line for each figure, with what it takes with these settings of `figures.plan`."""
    from neural_style import figures

    lines = [f"{'':<24}{'panels':>7}{'evaluations':>12}{'time':>9}"]
    for name, recipe in figures.RECIPES.items():
        _, figure = figures.plan(name, **settings)
        cost = figures.cost(figure)
        lines.append(f"{name:<24}{cost.panels:>7}{cost.evaluations:>12}{duration(cost.seconds):>9}  {recipe.summary}")
        lines.append(f"  {recipe.source}; pictures: {', '.join(recipe.inputs)}")
    network = settings["model"] or ("mini" if settings["scale"] == "draft" else "the paper's network")
    scale = settings["scale"]
    lines.append(
        f"\nTimes are estimates for two CPU cores, {network} and --{scale}; a GPU is ten times faster and more."
    )
    return "\n".join(lines)


def _pair(text: str) -> tuple[str, str]:
    name, equals, path = text.partition("=")
    if not equals or not path:
        raise ArgumentTypeError(f'"{text}" is not NAME=FILE, such as photo=lake.jpg')
    return name, path


def _parser() -> Parser:
    parser = Parser("figure", DESCRIPTION, usage="NAME [flags]", epilog=EPILOG)
    parser.add_argument("name", nargs="?", metavar="NAME", help="which figure, see --list")
    parser.add_argument("--list", action="store_true", help="list all figures with what they take, and end")
    scale = parser.add_argument_group("scale")
    scales = scale.add_mutually_exclusive_group()
    for name, text in (
        ("draft", "128 rows and 160 evaluations a picture at most, with mini: minutes"),
        ("usual", "256 rows and 300 evaluations a picture at most (the default)"),
        ("paper", "as large and as long as in the paper: hours on a CPU"),
    ):
        scales.add_argument(f"--{name}", dest="scale", action="store_const", const=name, default="usual", help=text)
    scale.add_argument("--image_size", type=int, metavar="N", help="rows of a picture at most, in place of the scale's")
    scale.add_argument(
        "--num_iter",
        dest="iterations",
        type=int,
        metavar="N",
        help="iterations of 20 evaluations at most, in place of the scale's",
    )
    network = parser.add_argument_group("network")
    network.add_argument("--model", metavar="NAME", help="vgg16, vgg19 or mini (default: the paper's, of a draft mini)")
    network.add_argument(
        "--weights",
        metavar="NAME",
        help="as for the other commands; a file may lack the deepest blocks, whose layers are then replaced",
    )
    pictures = parser.add_argument_group("pictures")
    pictures.add_argument(
        "--input",
        nargs="+",
        type=_pair,
        metavar="NAME=FILE",
        help="pictures of yours, by the names that --list has; samples stand in for the others",
    )
    pictures.add_argument("--output", type=Path, metavar="FILE", help="a .png or .pdf (default: <figure>.png)")
    pictures.add_argument("--panels", type=Path, default=Path("panels"), metavar="FOLDER", help="(default: panels)")
    pictures.add_argument("--overwrite", action="store_true", help="replace the figure if it is there")
    run = parser.add_argument_group("run")
    run.add_argument("--seed", type=int, default=0, metavar="N", help="of noise (default: 0)")
    run.add_argument("--device", metavar="NAME", help="cpu, gpu or gpu:<n> (default: a GPU if there is one)")
    run.add_argument("--quiet", action="store_true", help="print errors and warnings only")
    return parser
