"""`--vary NAME VALUE VALUE ...`: the values of one flag, read in the same way as by its command."""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Sequence
from typing import Any, NamedTuple

from neural_style.cli.flags import Parser, boolean
from neural_style.errors import InvalidInputError
from neural_style.validation import did_you_mean

UNSEEN = ("tile", "memory_limit", "device", "quiet", "overwrite", "frame")
"""Fields of flags that change how a picture is computed, reported or written, but not the picture; and the frame, since
all pictures of a sheet have the same inputs."""


class Axis(NamedTuple):
    """A flag, the field that it sets, and its values: as written, and as read."""

    name: str
    field: str
    texts: Sequence[str]
    values: Sequence[Any]


def read_axes(given: Sequence[Sequence[str]] | None, command: Parser, found: Namespace) -> list[Axis]:
    """The varied flags, each once.

    Args:
        given: for each `--vary` the name and the values, in which commas join the items of a list.
        command: the parser of the varied command.
        found: the other arguments of the sheet.

    Raises:
        InvalidInputError: there are none, or more than two; one is unknown, cannot be varied, or has a value that
            cannot be read.
    """
    if not given:
        raise InvalidInputError("nothing is varied: name a flag and its values, such as --vary style_weight 0.1 1 10")
    if len(given) > 2:
        raise InvalidInputError(
            f"--vary is given {len(given)} times, but a sheet has rows and columns only: vary one or two flags"
        )
    axes = [_axis(name, texts, command, found) for name, *texts in given]
    if len(axes) == 2 and axes[0].field == axes[1].field:
        raise InvalidInputError(f"--vary {axes[0].name} is given twice: give all its values at once")
    varied = {axis.field for axis in axes}
    if "image_size" in varied and ("sizes" in varied or found.sizes):
        raise InvalidInputError("--vary image_size has no effect with --sizes, which replaces it: vary one of them")
    return axes


def _axis(name: str, texts: Sequence[str], command: Parser, found: Namespace) -> Axis:
    name = name.lstrip("-").replace("-", "_")
    action = command.flag(name)
    if action is None:
        raise InvalidInputError(f'unknown flag "{name}" in --vary: {did_you_mean(name, _names(command, found))}')
    if not _is_variable(action, found):
        raise InvalidInputError(
            f"--vary {name}: only flags that change the picture can be varied; see {command.prog} --help"
        )
    flag = action.option_strings[0].removeprefix("--")
    if not texts:
        raise InvalidInputError(f"--vary {name} has no values: give the values to compare")
    values = [_value(action, text, command, found) for text in texts]
    twice = next((text for i, text in enumerate(texts) if values[i] in values[:i]), None)
    if twice is not None:
        raise InvalidInputError(f"--vary {name} has the value {twice} twice: give it once")
    return Axis(flag, action.dest, texts, values)


def _value(action: argparse.Action, text: str, command: Parser, found: Namespace) -> Any:
    """A value as the command reads it; a single weight for several styles is that of the first."""
    flag = action.option_strings[0]
    if action.nargs == 0:
        try:
            return boolean(text)
        except argparse.ArgumentTypeError as error:
            raise InvalidInputError(f"argument {flag}: {error}") from None
    words = [flag, *text.split(",")] if action.nargs == "+" else [f"{flag}={text}"]
    value = getattr(command.read([found.content, *found.styles, "out", *words]), action.dest)
    if action.dest == "style_weight" and len(value) == 1:
        return [*value, *(found.style_weight or [1.0] * len(found.styles))[1:]]
    return value


def _names(command: Parser, found: Namespace) -> list[str]:
    """Names of all flags that can be varied."""
    actions = (command.flag(field) for field in vars(found))
    return [
        each.option_strings[0].removeprefix("--") for each in actions if each is not None and _is_variable(each, found)
    ]


def _is_variable(action: argparse.Action, found: Namespace) -> bool:
    """Whether a flag of the command is also one of the sheet's, and changes the picture."""
    return bool(action.option_strings) and action.dest in found and action.dest not in UNSEEN
