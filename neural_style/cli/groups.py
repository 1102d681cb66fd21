"""Groups of flags that several commands share, each written once."""

from __future__ import annotations

from argparse import SUPPRESS, Action, ArgumentParser, ArgumentTypeError, Namespace, _ArgumentGroup
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from neural_style.cli.flags import Parser, Spelling, add_fields, boolean, file_path
from neural_style.inputs import Content
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
    *("model", "weights", "pooling", "content_layer", "content_layers", "content_layer_weights"),
    *("style_layers", "style_layer_weights"),
    *("content_loss_type", "content_power", "normalization", "style_loss", "painting_rotations", "painting_scales"),
    *("normalize_gradients", "precision", "padding"),
)
"""Settings that select the network, its layers and the units of the loss; a technique may lack some."""

RUN_FIELDS = (
    *("image_size", "sizes", "maintain_aspect_ratio", "iterations", "init", "solver", "bounded", "keep_grey", "memory"),
    *("learning_rate", "betas", "averaging", "tile", "memory_limit", "seed", "min_improvement"),
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
    if rescale:
        add_enhancement_flags(parser)


def add_enhancement_flags(parser: Parser) -> None:
    """`--enhance`, and a flag for each of its most common steps, which are taken in the order of the flags."""
    group = parser.add_argument_group("enhancement of the finished picture, step by step in the order of the flags")
    for name, text in {"denoise": "remove noise", "sharpen": "sharpen edges"}.items():
        group.add_argument(f"--{name}", action=_Appended, nargs=0, help=f"{text}; the same as --enhance {name}")
    group.add_argument(
        "--upscale", action=_Appended, metavar="2|4", help="enlarge by the embedded network, 2 or 4 times"
    )
    group.add_argument(
        "--enhance",
        default=Output.enhance,
        metavar="STEPS",
        help='several steps, such as "denoise upscale:2 sharpen:1"; see neural-style enhance --help',
    )


class _Appended(Action):
    """Adds a step to those of `--enhance`. The flag has no value of its own, so that it is not spelled twice."""

    def __init__(self, option_strings: Sequence[str], dest: str, **settings: Any) -> None:
        super().__init__(option_strings, dest, default=SUPPRESS, **settings)

    def __call__(self, parser: Any, namespace: Namespace, values: Any, option_string: str | None = None) -> None:
        step = f"{self.dest}:{values}" if self.nargs is None else self.dest
        namespace.enhance = f"{namespace.enhance} {step}".strip()


def add_frame_flag(parser: ArgumentParser | _ArgumentGroup) -> None:
    """`--frame`."""
    parser.add_argument(
        "--frame",
        type=int,
        metavar="N",
        help="frame of an animation, or page of a TIFF, that is read, counted from 1, for every photo and painting "
        "that has several (default: the first in full size)",
    )


def add_prepare_flag(parser: ArgumentParser | _ArgumentGroup) -> None:
    """`--prepare`."""
    parser.add_argument(
        "--prepare",
        default=Content.prepare,
        metavar="STEPS",
        help='steps that the photo goes through before it is painted, such as "darker contrast" for a bright one; '
        "see neural-style enhance --help",
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
