"""Flags made from the fields of a dataclass: their types, defaults and help texts."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from types import UnionType
from typing import Any, NamedTuple, NoReturn, Union, cast, get_args, get_origin, get_type_hints

from neural_style.errors import InvalidInputError
from neural_style.runs.settings import Run, RunSettings
from neural_style.validation import did_you_mean, help_texts

_NEGATIVE = re.compile(r"-\.?\d")
"""How a value begins that is no flag; argparse knows neither -1e-5 nor a list such as -1,2."""

_TRUE, _FALSE = ("true", "yes", "t", "1"), ("false", "no", "f", "0")


class Parser(argparse.ArgumentParser):
    """A parser whose errors are the library's, and which knows what was probably meant."""

    def __init__(self, command: str, description: str, *, usage: str | None = None, epilog: str = "") -> None:
        super().__init__(
            prog=f"neural-style {command}",
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
            usage=usage and f"neural-style {command} {usage}",
        )
        self._negative_number_matcher = _NEGATIVE

    def read(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Parse; `--image-size` is taken for `--image_size`.

        Raises:
            InvalidInputError: an argument cannot be understood.
        """
        found, unknown = self.parse_known_args([_underscored(argument) for argument in arguments])
        flags = [flag for flag in unknown if flag.startswith("-")]
        if flags:
            known = [option for action in self._actions for option in action.option_strings]
            raise InvalidInputError(f"unknown flag {flags[0]}: {_nearest(flags[0], known)}; see {self.prog} --help")
        if unknown:
            self.error(f"{' '.join(unknown)} was not expected there; flags that take several values come last")
        return found

    def flag(self, name: str) -> argparse.Action | None:
        """The flag or argument of this name, or made from the field of this name."""
        actions = self._actions
        return next((each for each in actions if f"--{name}" in each.option_strings or each.dest == name), None)

    def spelled(self, found: argparse.Namespace) -> list[str]:
        """Those flags, as they are written, whose values in `found` are not the defaults."""
        words = []
        for action in self._actions:
            value = getattr(found, action.dest, action.default)
            if action.option_strings and value != action.default:
                words += _spelled(action, value)
        return words

    def error(self, message: str) -> NoReturn:
        if message.startswith("the following arguments are required"):
            message += " (flags that take several values come after them)"
        raise InvalidInputError(f"{message}; see {self.prog} --help")


def boolean(text: str) -> bool:
    """`true`, `yes`, `t`, `1` and their opposites, in any case, as the reference scripts spell them."""
    if text.lower() in _TRUE + _FALSE:
        return text.lower() in _TRUE
    raise argparse.ArgumentTypeError(f'"{text}" is neither True nor False')


def number_or_name(text: str) -> float | str:
    """A number where it is one, otherwise the text."""
    try:
        return float(text)
    except ValueError:
        return text


def add_fields(
    group: argparse._ArgumentGroup,
    settings: type,
    names: Sequence[str],
    *,
    flags: Mapping[str, str] | None = None,
    advice: Mapping[str, str] | None = None,
    switches: Sequence[str] = (),
) -> None:
    """Add a flag for each of the named fields of a dataclass.

    Args:
        group: where to.
        settings: the dataclass, whose fields hold their help texts.
        names: of fields, in the order in which they are to be shown.
        flags: the flag's name where it is not the field's.
        advice: a sentence to add to the help.
        switches: booleans that take no value; the others are spelled `--flag True`, as in the reference scripts.
    """
    hints, texts = get_type_hints(settings), help_texts(settings)
    defaults = {field.name: field.default for field in fields(settings)}
    for name in names:
        kind, default = _kind(hints[name]), defaults[name]
        options: dict[str, Any] = {"type": boolean if kind.value is bool else kind.value}
        if name in switches:
            options = {"action": "store_true"}
        elif kind.value is bool:
            options |= {"nargs": "?", "const": True, "metavar": "BOOL"}
        else:
            options["metavar"] = {int: "N", float: "X", number_or_name: "X"}.get(kind.value, "NAME")
            options["nargs"] = "+" if kind.is_several else None
        text = " ".join(filter(None, [texts.get(name, ""), (advice or {}).get(name, "")])).replace(". (", " (")
        if default not in (None, ()) and name not in switches:
            text += f" (default: {default})"
        group.add_argument(
            f"--{(flags or {}).get(name, name)}",
            dest=name,
            default=default,
            help=text.replace("%", "%%").replace("`", ""),
            **options,
        )


def values(arguments: argparse.Namespace, settings: type) -> dict[str, Any]:
    """Those arguments that are fields of a dataclass."""
    return {field.name: getattr(arguments, field.name) for field in fields(settings) if field.name in arguments}


def run_settings(arguments: argparse.Namespace) -> RunSettings:
    """Those arguments that are settings of a run."""
    return cast(RunSettings, values(arguments, Run))


class _Kind(NamedTuple):
    """What a flag takes: values of a type, one or several."""

    value: Callable[[str], Any]
    is_several: bool


def _kind(hint: Any) -> _Kind:
    """What the flag of a field takes, from the field's type; text, where there are several types."""
    options = [each for each in _options(hint) if each is not type(None)]
    several = [each for each in options if get_origin(each) in (tuple, Sequence)]
    if several:
        # The name of a preset may stand for several numbers.
        return _Kind(get_args(several[0])[0] if len(options) == 1 else number_or_name, True)
    return _Kind(options[0] if len(options) == 1 and options[0] in (bool, int, float) else str, False)


def _options(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _spelled(action: argparse.Action, value: Any) -> list[str]:
    flag = action.option_strings[0]
    if action.nargs == 0:
        return [flag]
    words = [_text(each) for each in (value if isinstance(value, list | tuple) else [value])]
    return [f"{flag}={words[0]}"] if words[0].startswith("-") else [flag, *words]


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 1e6 else str(value)


def _underscored(argument: str) -> str:
    if not argument.startswith("--"):
        return argument
    name, equals, value = argument[2:].partition("=")
    return f"--{name.replace('-', '_')}{equals}{value}"


def _nearest(flag: str, known: Sequence[str]) -> str:
    hint = did_you_mean(flag.partition("=")[0], known)
    return hint if hint.startswith("did") else "there is nothing like it"
