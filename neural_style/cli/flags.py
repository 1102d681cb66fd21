"""Flags made from the fields of a dataclass: its defaults, and the text of its docstring."""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, NoReturn, get_type_hints

from neural_style.errors import InvalidInputError, did_you_mean

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
        settings: the dataclass; help comes from the `Attributes` section of its docstring.
        names: of fields, in the order in which they are to be shown.
        flags: the flag's name where it is not the field's.
        advice: a sentence to add to the help.
        switches: booleans that take no value; the others are spelled `--flag True`, as in the reference scripts.
    """
    hints, texts = get_type_hints(settings), described(settings)
    defaults = {field.name: field.default for field in fields(settings)}
    for name in names:
        hint, default = str(hints[name]), defaults[name]
        options: dict[str, Any] = {"type": _type_of(hint)}
        if name in switches:
            options = {"action": "store_true"}
        elif "bool" in hint:
            options |= {"nargs": "?", "const": True, "metavar": "BOOL"}
        else:
            options["metavar"] = {int: "N", float: "X"}.get(options["type"], "NAME")
            options["nargs"] = "+" if "tuple" in hint or "Sequence" in hint else None
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


def described(settings: type) -> dict[str, str]:
    """The sentence for each name in the `Attributes` sections of a dataclass and its bases."""
    texts: dict[str, str] = {}
    for base in reversed(settings.__mro__):
        _, _, section = inspect.cleandoc(base.__doc__ or "").partition("Attributes:\n")
        entries = re.findall(r"^    (\w[\w, ]*): (.*(?:\n {8}.*)*)", section, flags=re.MULTILINE)
        texts |= {name: " ".join(text.split()) for names, text in entries for name in names.split(", ")}
    return texts


def values(arguments: argparse.Namespace, settings: type) -> dict[str, Any]:
    """Those arguments that are fields of a dataclass."""
    return {field.name: getattr(arguments, field.name) for field in fields(settings) if field.name in arguments}


def _type_of(hint: str) -> Any:
    for name, kind in (("bool", boolean), ("int", int), ("float", float)):
        if name in hint and "ImageSource" not in hint and "str |" not in hint:
            return kind
    return str


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
