"""Flags that choose where pictures, shots of a film or panels are painted, and the engine that they choose."""

from __future__ import annotations

from argparse import Namespace

from neural_style.cli.flags import Parser
from neural_style.engines.interface import Engine
from neural_style.engines.local import Local
from neural_style.engines.on_ray import OnRay
from neural_style.errors import InvalidInputError

ENGINE_FLAGS = ("jobs", "engine", "address", "per_task_gpus")
"""Fields of the flags."""


def add_engine_flags(parser: Parser, *, part: str = "picture", note: str = "") -> None:
    """`--jobs`, `--engine` and the flags of Ray.

    Args:
        parser: of a command.
        part: what a process paints at a time.
        note: on these parts, behind the title of the group.
    """
    group = parser.add_argument_group(f"several {part}s at once{note}")
    group.add_argument(
        "--jobs",
        type=int,
        default=1,
        metavar="N",
        help=f"paint N {part}s at once, each by a process of its own with a part of the cores (default: 1)",
    )
    group.add_argument(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help=f"local paints on this machine; ray by Ray, a {part} on each core or GPU of this machine or a cluster "
        "(default: local)",
    )
    group.add_argument(
        "--address", metavar="HOST:PORT", help="head of a cluster for --engine ray (default: start Ray here)"
    )
    group.add_argument(
        "--per_task_gpus",
        type=float,
        default=0.0,
        metavar="X",
        help=f"GPUs of each {part} for --engine ray, such as 1 or 0.5 (default: 0, a core)",
    )


def engine_of(found: Namespace, *, is_folder: bool) -> Engine | None:
    """The engine of the flags; None for one picture after the other in this process.

    Args:
        found: the arguments.
        is_folder: whether there are several pictures.

    Raises:
        InvalidInputError: the flags do not go together, or there is only one picture.
    """
    given = {
        "jobs": found.jobs != 1,
        "engine": found.engine == "ray",
        "address": found.address is not None,
        "per_task_gpus": found.per_task_gpus != 0,
    }
    for name in [name for name, is_given in given.items() if is_given]:
        if not is_folder:
            raise InvalidInputError(f"--{name} paints several pictures at once: name a folder, or leave it out")
        if name in ("address", "per_task_gpus") and found.engine != "ray":
            raise InvalidInputError(f"--{name} needs --engine ray")
    if found.engine == "ray":
        if given["jobs"]:
            raise InvalidInputError("--jobs is for --engine local: Ray has a task on each core or GPU")
        return OnRay(found.address, found.per_task_gpus)
    return None if found.jobs == 1 else Local(found.jobs)
