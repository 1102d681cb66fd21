"""Settings with help texts, and checks of values at the public border.

A setting is a field of a frozen dataclass whose metadata holds its help text: the one source for the command line,
for docstrings and for the studio.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import itertools
import textwrap
from collections.abc import Collection, Iterable, Mapping
from dataclasses import field, fields
from math import isfinite
from typing import Any, TypeVar

import numpy as np

from neural_style.aliases import meant_by
from neural_style.errors import InvalidInputError, UnknownSettingError

MAX_COUNT = 2**31 - 1
"""The largest count; more is a mistake, and overflows in libraries with 32-bit integers."""

_HELP = "help"
_Settings = TypeVar("_Settings", bound=type)


def setting(default: Any, text: str, *, init: bool = True) -> Any:
    """A dataclass field with a default and a help text."""
    return field(default=default, init=init, metadata={_HELP: text})


def help_texts(settings: type) -> dict[str, str]:
    """The help text of each setting of a dataclass, by name."""
    return {each.name: each.metadata[_HELP] for each in fields(settings) if _HELP in each.metadata}


def documented(settings: _Settings) -> _Settings:
    """Append the help texts of a dataclass to its docstring, and check keywords by `check_names`; a class decorator.

    A class attribute `elsewhere` of the dataclass is passed on to `check_names`.
    """
    if settings.__doc__ is not None:  # which python -OO strips
        entries = (
            textwrap.fill(f"{name}: {text}", 120, initial_indent=" " * 4, subsequent_indent=" " * 8)
            for name, text in help_texts(settings).items()
        )
        settings.__doc__ = "\n".join([inspect.cleandoc(settings.__doc__), "", "Attributes:", *entries, ""])
    construct = settings.__init__  # type: ignore[misc]
    known = [each.name for each in fields(settings) if each.init]

    @functools.wraps(construct)
    def checked(self: Any, *arguments: Any, **given: Any) -> None:
        check_names(settings.__name__, given, known, elsewhere=getattr(settings, "elsewhere", {}))
        construct(self, *arguments, **given)

    settings.__init__ = checked  # type: ignore[misc]
    return settings


def printable(text: object) -> str:
    """A text without control characters and others that change how a terminal shows it, which become escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))


def check_names(
    owner: str, given: Iterable[str], known: Collection[str], *, elsewhere: Mapping[str, str] | None = None
) -> None:
    """Raise `UnknownSettingError` for a keyword that is no setting.

    Args:
        owner: whose settings they are.
        given: the keywords.
        known: its settings.
        elsewhere: settings of other objects by name, each with how it is given.
    """
    for name in given:
        if name in known:
            continue
        hint = did_you_mean(name, known)
        if elsewhere and (name in elsewhere or meant_by(name, known) is None):
            other = name if name in elsewhere else meant_by(name, elsewhere)
            hint = elsewhere[other] if other is not None else hint
        raise UnknownSettingError(f'unknown setting of {owner} "{name}": {hint}')


def did_you_mean(name: object, options: Iterable[str]) -> str:
    """`did you mean "vgg19"?` if a close name exists, otherwise the list of options."""
    options = list(options)
    if (meant := meant_by(str(name), options)) is not None:
        return f'did you mean "{meant}"?'
    close = difflib.get_close_matches(str(name), options, n=len(options) or 1)
    # Among equally close names the longest common prefix wins: conv1_3 is a slip for conv1_2, not for conv5_3.
    close.sort(key=lambda option: _common_prefix(option, str(name)), reverse=True)
    return f'did you mean "{close[0]}"?' if close else f"choose one of: {', '.join(options)}"


def check_choice(what: str, name: object, options: Iterable[str]) -> None:
    """Raise `InvalidInputError` unless `name` is one of `options`."""
    options = list(options)
    if name not in options:
        raise InvalidInputError(f'unknown {what} "{name}": {did_you_mean(name, options)}')


def check_weight(what: str, value: float) -> None:
    """Raise `InvalidInputError` unless `value` is a finite number of at least 0."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.number) or not _is_weight(value):
        raise InvalidInputError(f"{what} must be a finite number of at least 0, received {value!r:.40}")


def check_finite(what: str, value: float) -> None:
    """Raise `InvalidInputError` unless `value` is a finite number."""
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool | np.bool_)
    if not is_number or not _is_finite(value):
        raise InvalidInputError(f"{what} must be a finite number, received {value!r:.40}")


def check_count(what: str, value: int, *, at_least: int) -> None:
    """Raise `InvalidInputError` unless `value` is a whole number of at least `at_least`."""
    is_whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not is_whole or not at_least <= value <= MAX_COUNT:
        most = f" and at most {MAX_COUNT}" if is_whole and value > MAX_COUNT else ""
        raise InvalidInputError(f"{what} must be a whole number of at least {at_least}{most}, received {value!r:.40}")


def _is_finite(value: Any) -> bool:
    try:
        return isfinite(value)
    except (OverflowError, TypeError):  # an int of 400 digits; a complex number
        return False


def _is_weight(value: Any) -> bool:
    return _is_finite(value) and bool(value >= 0)


def _common_prefix(one: str, other: str) -> int:
    """Length of the common prefix."""
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
