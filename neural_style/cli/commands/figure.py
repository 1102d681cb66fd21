"""`neural-style figure gatys2015-3 --draft`: reproduces a figure of a paper."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from neural_style import interruption
from neural_style.cli.engine_flags import add_engine_flags, engine_of
from neural_style.cli.flags import Parser, file_path
from neural_style.cli.groups import add_machine_flags
from neural_style.cli.progress import Bar, duration, report, report_error
from neural_style.cli.session import FAILED, start_backend
from neural_style.errors import InvalidInputError

DESCRIPTION = """\
Reproduce a figure of a paper, with metrics under every picture and a caption that states the differences from the
paper. A .json of the same name contains every setting, metric and time. Finished panels are kept in a folder, so that
the same command resumes an interrupted figure."""

EPILOG = """\
examples:
  neural-style figure --list
  neural-style figure gatys2015-3 --draft
  neural-style figure gatys2016-4 --paper --input photo=lake.jpg painting=starry.jpg --output ratios.pdf
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    from neural_style import figures
    from neural_style.figures.by_panels import PanelsFailedError

    found = _parser().read(arguments)
    settings = {
        name: getattr(found, name)
        for name in ("scale", "model", "weights", "image_size", "iterations", "seed", "precision")
    }
    if found.list:
        print(_listed(settings))
        return 0
    if found.name is None:
        raise InvalidInputError("name a figure; use neural-style figure --list to see them")
    engine = engine_of(found, is_folder=True)
    _, figure = figures.plan(found.name, **settings)
    output = found.output or Path(f"{found.name}.png")
    with Bar(figures.cost(figure).evaluations, quiet=found.quiet) as bar:
        try:
            figures.make(
                found.name,
                output,
                inputs=dict(found.input or ()),
                panels=found.panels,
                overwrite=found.overwrite,
                progress=_shown_by(bar),
                prepare=lambda: start_backend(found.device),
                engine=engine,
                device=found.device,
                **settings,
            )
        except PanelsFailedError as error:
            for title, problem in error.failed:
                report_error(problem, about=title)
            report(f"finished panels are kept in {found.panels}, and the same command paints the others")
            return FAILED
        except KeyboardInterrupt:
            report(f"interrupted; finished panels are kept in {found.panels}, and the same command resumes the figure")
            return interruption.exit_status()
    if not found.quiet:
        print(f"wrote {output}, {output.with_suffix('.json')}; panels are kept in {found.panels}")
    return 0


def _shown_by(bar: Bar) -> Callable[[str, int, float], None]:
    """The `progress` of `figures.make` that shows the panels on a bar."""
    done: dict[str, int] = {}

    def progress(key: str, evaluations: int, loss: float) -> None:
        before = sum(count for other, count in done.items() if other != key)
        done[key] = evaluations
        bar.begin(f"panel {len(done)}", before)
        bar.advance(evaluations, loss)

    return progress


def _listed(settings: Mapping[str, Any]) -> str:
    """A line for each figure, with its cost under these settings of `figures.plan`."""
    from neural_style import figures

    lines = [f"{'':<24}{'panels':>7}{'evaluations':>12}{'time':>9}"]
    for name, recipe in figures.RECIPES.items():
        _, figure = figures.plan(name, **settings)
        cost = figures.cost(figure)
        time = duration(cost.seconds) if cost.panels else "-"
        lines.append(f"{name:<24}{cost.panels or '-':>7}{cost.evaluations or '-':>12}{time:>9}  {recipe.summary}")
        lines.append(f"  {recipe.source}; pictures: {', '.join(recipe.inputs)}")
    network = settings["model"] or ("mini" if settings["scale"] == "draft" else "the paper's network")
    lines.append(f"\nTimes are estimates for two CPU cores, {network} and --{settings['scale']}. Figures marked - have")
    lines.append("none: seconds with mini; for curves of convergence minutes, or hours with a VGG network.")
    return "\n".join(lines)


def _pair(text: str) -> tuple[str, str]:
    name, equals, path = text.partition("=")
    if not equals or not path.strip():
        raise ArgumentTypeError(f'"{text}" is not NAME=FILE, such as photo=lake.jpg')
    return name, path


def _parser() -> Parser:
    parser = Parser("figure", DESCRIPTION, usage="NAME [flags]", epilog=EPILOG)
    parser.add_argument("name", nargs="?", metavar="NAME", help="the figure, one of --list")
    parser.add_argument("--list", action="store_true", help="list all figures with their cost, and exit")
    _add_scale(parser)
    network = parser.add_argument_group("network")
    network.add_argument(
        "--model", metavar="NAME", help="vgg16, vgg19 or mini (default: the paper's network; for --draft mini)"
    )
    network.add_argument(
        "--weights",
        metavar="NAME",
        help="imagenet, embedded, random, random:<seed>, or a path to an .h5 or .npz file; a file may lack the deepest "
        "blocks, whose layers are then replaced",
    )
    network.add_argument(
        "--precision",
        choices=("float32", "bfloat16", "auto"),
        default="float32",
        help="of the features: bfloat16 takes half to a quarter of the time on processors with AVX512-BF16 or AMX "
        "and on GPUs, and its losses differ by about a percent, on GPUs by up to 11; auto is bfloat16 there and "
        "float32 elsewhere (default: float32)",
    )
    pictures = parser.add_argument_group("pictures")
    pictures.add_argument(
        "--input",
        nargs="+",
        type=_pair,
        metavar="NAME=FILE",
        help="your own pictures, by the names in --list; samples are used for the others",
    )
    pictures.add_argument("--output", type=file_path, metavar="FILE", help="a .png or .pdf (default: <figure>.png)")
    pictures.add_argument(
        "--panels",
        type=file_path,
        default=Path("panels"),
        metavar="FOLDER",
        help="folder in which finished panels are kept (default: panels)",
    )
    pictures.add_argument("--overwrite", action="store_true", help="replace an existing figure")
    pictures.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the noise (default: 0)")
    add_engine_flags(parser, part="panel", note=" (charts are measured one after the other)")
    add_machine_flags(parser)
    return parser


def _add_scale(parser: Parser) -> None:
    """Flags for the size of a picture and the length of a run."""
    group = parser.add_argument_group("scale")
    scales = group.add_mutually_exclusive_group()
    for name, text in (
        ("draft", "at most 128 rows and 160 evaluations a picture, with mini: minutes"),
        ("usual", "at most 256 rows and 300 evaluations a picture (the default)"),
        ("paper", "sizes and evaluations of the paper: hours on a CPU"),
    ):
        scales.add_argument(f"--{name}", dest="scale", action="store_const", const=name, default="usual", help=text)
    group.add_argument("--image_size", type=int, metavar="N", help="most rows of a picture (default: the scale's)")
    group.add_argument(
        "--num_iter",
        dest="iterations",
        type=int,
        metavar="N",
        help="most iterations, of 20 evaluations each (default: the scale's)",
    )
