"""Groups of flags that several commands share, each written once."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, _ArgumentGroup
from collections.abc import Sequence
from dataclasses import fields, replace

from neural_style.cli.flags import Parser, Spelling, add_fields, boolean, file_path
from neural_style.runs.outputs import Output
from neural_style.runs.settings import Run

SPELLING = Spelling(
    names={"pooling": ["pool_type"], "iterations": ["num_iter"], "init": ["init_image"]},
    advice={
        "model": "mini is part of this package; the papers use vgg19.",
        "weights": "imagenet is downloaded once.",
    },
)
"""The reference scripts' names, where they are not the fields'; and advice for every technique."""

NETWORK_FIELDS = (
    *("model", "weights", "pooling", "content_layer", "detail_layer", "style_layers", "style_layer_weights"),
    *("content_loss_type", "content_power", "normalization", "precision", "padding"),
)
"""Settings that select the network, its layers and the units of the loss; a technique may lack some."""

RUN_FIELDS = (
    *("image_size", "sizes", "maintain_aspect_ratio", "iterations", "init", "solver", "bounded", "keep_grey", "memory"),
    *("tile", "memory_limit", "seed", "min_improvement"),
)

PREFIX_HELP = "beginning of the names of all output files: <prefix>.png, <prefix>_at_iteration_<n>.png"


def color_method(text: str) -> str:
    """The method of `--preserve_color`: its name, or the boolean of the reference scripts."""
    try:
        return "luminance" if boolean(text) else "none"
    except ArgumentTypeError:
        return text


COLORS = Spelling(parsers={"preserve_color": color_method}, advice={"preserve_color": "True is the same as luminance."})
"""How `--preserve_color` is written in every command."""


def add_run_flags(
    parser: Parser,
    spelling: Spelling = SPELLING,
    *,
    with_checkpoint: bool = True,
    names: Sequence[str] = RUN_FIELDS,
) -> None:
    """Flags for sizes, solver and memory of a run, and for its checkpoint; `names` are the fields in question."""
    group = parser.add_argument_group("run")
    add_fields(group, Run, names, spelling)
    if not with_checkpoint:
        return
    group.add_argument(
        "--checkpoint",
        type=file_path,
        metavar="FILE",
        help="save the run in this file after every iteration until the picture is finished (solvers lbfgs and adam)",
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="resume the run in --checkpoint, or start it; the result equals an uninterrupted run. --num_iter may be "
        "raised",
    )


def add_color_flags(parser: Parser, *, with_mask: bool = False) -> None:
    """Flags that keep the colours of the photo."""
    group = parser.add_argument_group("colours")
    add_fields(group, Run, ["preserve_color", "color_when"], COLORS)
    if with_mask:
        group.add_argument(
            "--color_mask",
            metavar="MASK",
            help="a mask, white where the photo's colours are kept (default: everywhere)",
        )


def add_output_flags(parser: Parser, spelling: Spelling | None = None, *, rescale: bool = True) -> None:
    """Flags for the files of a run."""
    names = ["save_every", "gif", "record", "overwrite", *(["rescale_image", "rescale_method"] if rescale else [])]
    spelling = replace(spelling or Spelling(), switches=["gif", "record", "overwrite"])
    add_fields(parser.add_argument_group("output"), Output, names, spelling)


def add_frame_flag(parser: ArgumentParser | _ArgumentGroup) -> None:
    """`--frame`."""
    parser.add_argument(
        "--frame",
        type=int,
        metavar="N",
        help="frame of an animation, or page of a TIFF, that is read, counted from 1, for every photo and painting "
        "that has several (default: the first in full size)",
    )


def add_machine_flags(parser: Parser, *, quiet: str = "print errors and warnings only") -> None:
    """`--device` and `--quiet`."""
    group = parser.add_argument_group("machine")
    group.add_argument("--device", metavar="NAME", help="cpu, gpu or gpu:<n> (default: a GPU if there is one)")
    group.add_argument("--quiet", action="store_true", help=quiet)


def fields_of(settings: type, names: Sequence[str]) -> list[str]:
    """Those of the names that are fields of a dataclass, in their order."""
    known = [each.name for each in fields(settings)]
    return [name for name in names if name in known]
