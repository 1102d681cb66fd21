"""Flags made from the fields of a dataclass: their types, defaults and help texts.

The texts and defaults stand in the dataclasses: `neural_style.network` and the other techniques, `runs/settings.py` and
`runs/outputs.py`.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import UnionType
from typing import Any, NamedTuple, NoReturn, Union, cast, get_args, get_origin, get_type_hints

from neural_style.aliases import meant_by
from neural_style.errors import InvalidInputError
from neural_style.runs.settings import Run, RunSettings
from neural_style.validation import did_you_mean, help_texts

_NEGATIVE = re.compile(r"-\.?\d")
"""Start of a value that is not a flag; argparse recognises neither -1e-5 nor a list such as -1,2."""

_TRUE, _FALSE = ("true", "yes", "t", "1"), ("false", "no", "f", "0")

_QUOTED = re.compile(r"`([^`]+)`")
"""A name in a help text."""

_NO_NUMBER = re.compile(r"argument (.+): invalid (int|float) value: .(.*).")
_NO_CHOICE = re.compile(r"argument (.+): invalid choice: .(.*). \(choose from (.*)\)")
_NUMBERS = {"int": "whole number", "float": "number"}
"""Messages of argparse, which are reworded, and its types."""


class Parser(argparse.ArgumentParser):
    """A parser that raises the library's errors and suggests the nearest flag."""

    def __init__(
        self,
        command: str,
        description: str,
        *,
        usage: str | None = None,
        epilog: str = "",
        fuller: Callable[[], Parser] | None = None,
    ) -> None:
        """`fuller` makes the parser of a command with more flags, which a message about an unknown one names."""
        super().__init__(
            prog=f"neural-style {command}",
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
            usage=usage and f"neural-style {command} {usage}",
        )
        self._negative_number_matcher = _NEGATIVE
        self._fuller = fuller

    def read(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Parse the arguments; `--image-size` is the same as `--image_size`.

        Raises:
            InvalidInputError: an argument is unknown, missing or malformed.
        """
        end = list(arguments).index("--") if "--" in arguments else len(arguments)  # after it come names only
        flags_first = [*map(_underscored, arguments[:end]), *arguments[end:]]
        known = {option for action in self._actions for option in action.option_strings}
        # Before argparse, which would report an argument as missing that an unknown flag has swallowed.
        flags = [word.partition("=")[0] for word in flags_first[:end] if word.startswith("--") and " " not in word]
        self._check_known(flag for flag in flags if flag not in known)
        found, unknown = self.parse_known_args(flags_first)
        self._check_known(flag for flag in unknown if flag.startswith("-"))
        if unknown:
            self.error(f"unexpected argument {' '.join(unknown)}: give flags that take several values last")
        return found

    def flag(self, name: str) -> argparse.Action | None:
        """The flag or argument of this name, or made from the field of this name."""
        actions = self._actions
        return next((each for each in actions if f"--{name}" in each.option_strings or each.dest == name), None)

    def given(self, found: argparse.Namespace) -> list[argparse.Action]:
        """The flags whose value in `found` is not the default."""
        flags = [action for action in self._actions if action.option_strings]
        return [flag for flag in flags if getattr(found, flag.dest, flag.default) != flag.default]

    def spelled(self, found: argparse.Namespace) -> list[str]:
        """The words that set each flag whose value in `found` is not the default."""
        return [word for flag in self.given(found) for word in _spelled(flag, getattr(found, flag.dest))]

    def _check_known(self, unknown: Iterable[str]) -> None:
        """Raise `InvalidInputError` for the first of the unknown flags."""
        for flag in unknown:
            self.error(f"unknown flag {flag}{self._suggestion(flag)}")

    def _suggestion(self, flag: str) -> str:
        """The flag or argument that was meant, if any."""
        name = flag.partition("=")[0]
        if self._fuller is not None and (fuller := self._fuller()).flag(name.lstrip("-")) is not None:
            return f", which {fuller.prog} has"
        meant = meant_by(name.lstrip("-"), [each.dest for each in self._actions])
        action = None if meant is None else self.flag(meant)
        if action is not None and not action.option_strings:
            usage = (self.usage or self.prog).removesuffix(" [flags]")
            return f": give the {action.metavar or action.dest} without a flag, as {usage}"
        known = [option for each in self._actions for option in each.option_strings]
        hint = f'did you mean "{action.option_strings[0]}"?' if action is not None else did_you_mean(name, known)
        return f": {hint}" if hint.startswith("did") else ""

    def error(self, message: str) -> NoReturn:
        if message.startswith("the following arguments are required"):
            message += " (give flags that take several values after them)"
        message = _plainly(message)
        raise InvalidInputError(f"{message}{' See' if message.endswith('?') else '; see'} {self.prog} --help")


@dataclass(frozen=True)
class Spelling:
    """How flags differ from the fields that they are made from; every mapping is by the field's name.

    Attributes:
        names: names of the flag, where they are not the field's.
        advice: a sentence that is added to the field's help text.
        texts: a help text in place of the field's.
        defaults: a default other than the field's.
        parsers: a function that reads the value, in place of the field's type.
        switches: booleans that take no value; the others are spelled `--flag True`, as in the reference scripts.
    """

    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    advice: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    parsers: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)
    switches: Sequence[str] = ()

    def but(self, **changes: Any) -> Spelling:
        """The same with entries added to, or replaced in, its mappings."""
        merged = {name: {**getattr(self, name), **value} for name, value in changes.items()}
        return Spelling(**{**{each.name: getattr(self, each.name) for each in fields(self)}, **merged})

    def flags_of(self, name: str) -> list[str]:
        """The flags of a field, as they are written: the reference's names first, and the field's own last."""
        return [f"--{each}" for each in dict.fromkeys((*self.names.get(name, ()), name))]


def boolean(text: str) -> bool:
    """`true`, `yes`, `t`, `1` and their opposites, in any case, as the reference scripts spell them."""
    if text.lower() in _TRUE + _FALSE:
        return text.lower() in _TRUE
    raise argparse.ArgumentTypeError(f'"{text}" is neither True nor False')


def file_path(text: str) -> Path:
    """A path; an empty name, which `Path` takes for the current folder, is an error."""
    if not text.strip():
        raise argparse.ArgumentTypeError(f'an empty name, received "{text}": name a file')
    return Path(text)


def number_or_name(text: str) -> float | str:
    """A number if the text is one, otherwise the text."""
    try:
        return float(text)
    except ValueError:
        return text


def add_fields(
    group: argparse._ActionsContainer, settings: type, names: Sequence[str], spelling: Spelling | None = None
) -> None:
    """Add a flag for each of the named fields of a dataclass.

    Args:
        group: the parser, or a group of it.
        settings: the dataclass, whose fields have help texts.
        names: fields, in the order of the help.
        spelling: differences between flags and fields.
    """
    spelling = spelling or Spelling()
    hints = get_type_hints(settings)
    defaults = {each.name: each.default for each in fields(settings)} | dict(spelling.defaults)
    texts = {**help_texts(settings), **spelling.texts}
    for name in names:
        text = _QUOTED.sub(lambda found: _unquoted(found[1], list(hints), spelling), texts[name])
        is_shown = defaults[name] not in (None, ()) and name not in spelling.switches
        group.add_argument(
            *spelling.flags_of(name),
            dest=name,
            default=defaults[name],
            help=_help(text, spelling.advice.get(name, ""), _text(defaults[name]) if is_shown else ""),
            **_options(name, hints[name], spelling),
        )


def values(arguments: argparse.Namespace, settings: type) -> dict[str, Any]:
    """The arguments that are fields of a dataclass."""
    return {each.name: getattr(arguments, each.name) for each in fields(settings) if each.name in arguments}


def run_settings(arguments: argparse.Namespace) -> RunSettings:
    """The arguments that are settings of a run."""
    return cast(RunSettings, values(arguments, Run))


def _plainly(message: str) -> str:
    """The messages of argparse about a value as this library words its own; others are themselves."""
    if found := _NO_NUMBER.fullmatch(message):
        return f'{found[1]} must be a {_NUMBERS[found[2]]}, received "{found[3]}"'
    if found := _NO_CHOICE.fullmatch(message):
        known = [each.strip("'") for each in found[3].split(", ")]
        return f'unknown {found[1]} "{found[2]}": {did_you_mean(found[2], known)}'
    return message


class _Kind(NamedTuple):
    """What a flag takes: values of a type, one or several."""

    value: Callable[[str], Any]
    is_several: bool


def _options(name: str, hint: Any, spelling: Spelling) -> dict[str, Any]:
    """Keywords of `add_argument` that follow from the field's type."""
    kind = _kind(hint)
    if name in spelling.switches:
        return {"action": "store_true"}
    if name in spelling.parsers:
        return {"type": spelling.parsers[name], "metavar": "NAME"}
    if kind.value is bool:
        return {"type": boolean, "nargs": "?", "const": True, "metavar": "BOOL"}
    metavar = {int: "N", float: "X", number_or_name: "X"}.get(kind.value, "NAME")
    return {"type": kind.value, "metavar": metavar, "nargs": "+" if kind.is_several else None}


def _kind(hint: Any) -> _Kind:
    """What the flag of a field takes, from the field's type; text, where there are several types."""
    types = [each for each in _types(hint) if each is not type(None)]
    several = [each for each in types if get_origin(each) in (tuple, Sequence)]
    if several:
        # The name of a preset may stand for several numbers.
        return _Kind(get_args(several[0])[0] if len(types) == 1 else number_or_name, True)
    return _Kind(types[0] if len(types) == 1 and types[0] in (bool, int, float) else str, False)


def _types(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _unquoted(name: str, settings: Sequence[str], spelling: Spelling) -> str:
    """A name in the help text of a field as a command line has it: a setting is a flag, a value is itself."""
    owner, _, last = name.rpartition(".")
    if owner == "neural_style":
        return f"neural-style {last} --help"
    return spelling.flags_of(last)[0] if owner or name in settings else name


def _help(text: str, advice: str, default: str) -> str:
    """A help text with its default; a single sentence has no full stop."""
    sentences = " ".join(filter(None, [text, advice]))
    if default or not advice:
        sentences = sentences.removesuffix(".")
    return (f"{sentences} (default: {default})" if default else sentences).replace("%", "%%")


def _spelled(action: argparse.Action, value: Any) -> list[str]:
    flag = action.option_strings[0]
    if action.nargs == 0:
        return [flag]
    words = [_text(each) for each in (value if isinstance(value, list | tuple) else [value])]
    return [f"{flag}={words[0]}"] if words[0].startswith("-") else [flag, *words]


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(map(_text, value))
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 1e6 else str(value)


def _underscored(argument: str) -> str:
    if not argument.startswith("--"):
        return argument
    name, equals, value = argument[2:].partition("=")
    return f"--{name.replace('-', '_')}{equals}{value}"
