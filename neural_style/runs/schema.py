"""The schema of what records and checkpoints hold: types, ranges, sizes and depth, checked once where a file is read.

A schema is a function of a value from JSON and of its name in messages, which raises `Mismatch`. Those of settings
follow from the fields of their dataclass, whose constructor checks what a type cannot say.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from neural_style.images.picture import MAX_PIXELS
from neural_style.runs.settings import INITIAL_IMAGES, Run
from neural_style.validation import MAX_COUNT

LONGEST_TEXT = 2**16
"""Letters of a text at most: names of files have 4096, the command of a contact sheet may have more."""

DEEPEST = 6
"""Levels of lists and objects in a part that has no schema of its own."""

Schema = Callable[[Any, str], None]


class Mismatch(ValueError):
    """A value that its schema does not allow; the message names it.

    Attributes:
        where: name of the value, if it is of the wrong type or out of range.
        expected: what it should be; empty if it is wrong in another way.
    """

    def __init__(self, message: str, where: str = "", expected: str = "") -> None:
        super().__init__(message)
        self.where, self.expected = where, expected


def parsed(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        Mismatch: it is none, is nested too deep, or has numbers that JSON lacks (NaN and infinity).
    """

    def refuse(name: str) -> None:
        raise Mismatch(f"{name} is no number of JSON")

    try:
        return json.loads(text, parse_constant=refuse)
    except Mismatch:
        raise
    except (ValueError, RecursionError) as error:
        raise Mismatch(f"it is no JSON: {error!s:.80}") from error


def text(value: Any, where: str) -> None:
    """A text of at most `LONGEST_TEXT` letters."""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise _mismatch(where, "a text", value)


def boolean(value: Any, where: str) -> None:
    if not isinstance(value, bool):
        raise _mismatch(where, "true or false", value)


def number(value: Any, where: str) -> None:
    """A finite number."""
    largest = sys.float_info.max
    if isinstance(value, bool) or not isinstance(value, int | float) or not -largest <= value <= largest:
        raise _mismatch(where, "a finite number", value)


def whole(value: Any, where: str) -> None:
    """A whole number of at most 63 bits."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63:
        raise _mismatch(where, "a whole number", value)


def count(value: Any, where: str) -> None:
    """A whole number from 0 to `MAX_COUNT`."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_COUNT:
        raise _mismatch(where, "a whole number of at least 0", value)


def nothing(value: Any, where: str) -> None:
    if value is not None:
        raise _mismatch(where, "null", value)


def plain(value: Any, where: str, depth: int = 0) -> None:
    """Any value of at most `DEEPEST` levels whose numbers are finite and whose texts are not too long."""
    if depth > DEEPEST:
        raise Mismatch(f"{where} is nested too deep")
    if isinstance(value, dict):
        for name, each in value.items():
            text(name, f"a name in {where}")
            plain(each, f"{where}.{name:.40}", depth + 1)
    elif isinstance(value, list):
        for each in value:
            plain(each, where, depth + 1)
    elif isinstance(value, str):
        text(value, where)
    elif value is not None and not isinstance(value, bool):
        number(value, where)


def list_of(schema: Schema) -> Schema:
    """A list whose values all have a schema."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, list | tuple):
            raise _mismatch(where, "a list", value)
        for index, each in enumerate(value):
            schema(each, f"{where} {index}")

    return check


def mapping_of(schema: Schema) -> Schema:
    """An object whose values all have a schema."""
    return object_of({}, others=schema)


def any_of(*schemas: Schema) -> Schema:
    """A value of one of several schemas; the message is of a part of the value, if it has a part that is wrong."""

    def check(value: Any, where: str) -> None:
        expected: list[str] = []
        for schema in schemas:
            try:
                return schema(value, where)
            except Mismatch as error:
                if not error.expected or error.where != where:
                    raise
                expected.append(error.expected)
        raise _mismatch(where, " or ".join(expected), value)

    return check


def choice(*options: str) -> Schema:
    """One of some texts."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, str) or value not in options:
            raise _mismatch(where, f"one of {', '.join(options)}", value)

    return check


def object_of(known: Mapping[str, Schema], *, needed: Sequence[str] = (), others: Schema | None = None) -> Schema:
    """An object.

    Args:
        known: the schemas of values by name.
        needed: names that must be there.
        others: the schema of further values; None where there may be none.
    """

    def check(value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise _mismatch(where, "an object", value)
        for name in needed:
            if name not in value:
                raise Mismatch(f"{where} has no {name}")
        for name, each in value.items():
            schema = known.get(name, others)
            if schema is None:
                raise Mismatch(f"{where} has no setting {name!r:.60}")
            text(name, f"a name in {where}")
            schema(each, f"{where} {name:.60}")

    return check


def settings_of(settings: type, special: Mapping[str, Schema], *, needed: Sequence[str] = ()) -> Schema:
    """The settings in a dataclass, by the types of its fields.

    Args:
        settings: the dataclass.
        special: schemas of fields that are no plain settings.
        needed: names that must be there.
    """
    hints = get_type_hints(settings)
    known = {each.name: special.get(each.name) or _of_type(hints[each.name]) for each in fields(settings) if each.init}
    missing = [each.name for each in fields(settings) if each.default is MISSING and each.default_factory is MISSING]
    return object_of(known, needed=[*needed, *missing])


def _of_type(hint: Any) -> Schema:
    """The schema of a field's type, whose sequences are lists in JSON."""
    simple: dict[Any, Schema] = {bool: boolean, int: whole, float: number, str: text, NoneType: nothing}
    if hint in simple:
        return simple[hint]
    if get_origin(hint) in (Union, UnionType):
        return any_of(*map(_of_type, get_args(hint)))
    if get_origin(hint) in (tuple, Sequence):
        return list_of(_of_type(get_args(hint)[0]))
    raise TypeError(f"settings of the type {hint} have no schema")


def _mismatch(where: str, expected: str, value: Any) -> Mismatch:
    received = f"{len(value)} letters" if isinstance(value, str) and len(value) > LONGEST_TEXT else _shown(value)
    return Mismatch(f"{where} must be {expected}, received {received}", where, expected)


def _shown(value: Any) -> str:
    """The beginning of a value; of lists and objects only the kind, as they may hold anything."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    if isinstance(value, int) and abs(value) >= 2**63:  # Python writes out no more than 4300 digits
        return "a number of more than 63 bits"
    return repr(value)[:60]


_TERMS = mapping_of(number)

PICTURE = object_of({"image": any_of(text, nothing), "sha256": text}, needed=["image", "sha256"])
"""Of a picture, its path and the hash of its pixels."""

MASK = object_of({"image": any_of(text, nothing), "sha256": text, "soft": boolean}, needed=["image", "sha256", "soft"])

RUN = settings_of(Run, {"init": any_of(choice(*INITIAL_IMAGES), PICTURE)}, needed=["init"])
"""The settings of a run in a record of this version."""

HISTORY = list_of(
    object_of(
        {
            "iteration": count,
            "evaluations": whole,
            "image_size": list_of(count),
            "loss": number,
            "losses": _TERMS,
            "seconds": number,
        },
        needed=["iteration"],
        others=plain,
    )
)
"""One entry an iteration."""

_CELL = object_of({"values": mapping_of(text), "command": text}, needed=["values", "command"], others=plain)

RECORD = object_of(
    {
        "neural_style": text,
        "technique": text,
        "settings": mapping_of(plain),
        "content": mapping_of(plain),
        "styles": list_of(mapping_of(plain)),
        "run": mapping_of(plain),
        "versions": mapping_of(text),
        "weights_sha256": text,
        "losses": _TERMS,
        "history": HISTORY,
        "stopped": text,
        "output": object_of({"rescale_image": boolean, "rescale_method": text, "enhance": text}),
        "cells": list_of(_CELL),
    },
    needed=["technique", "settings", "content", "styles", "run"],
    others=plain,
)
"""A record of any version: what `show` prints."""

_IDENTITY = object_of(
    {"run": object_of({"iterations": count}, needed=["iterations"], others=plain)},
    needed=["neural_style", "versions", "run"],
    others=plain,
)


def identity(value: Any, where: str) -> None:
    """The identity of a run: a record without results."""
    RECORD(value, where)
    _IDENTITY(value, where)


def _size(value: Any, where: str) -> None:
    """Rows and columns of a picture."""
    list_of(count)(value, where)
    if len(value) != 2 or not 0 < value[0] * value[1] <= MAX_PIXELS:
        raise _mismatch(where, "rows and columns of a picture", value)


_LEVEL: Mapping[str, Schema] = {
    "loss": number,
    "losses": _TERMS,
    "evaluations": count,
    "iterations": count,
    "improvement": any_of(number, nothing),
    "stopped": text,
    "broken": boolean,
}

LEVEL = tuple(_LEVEL)
"""All parts of the level's progress, which are there once an iteration is done."""

CHECKPOINT = object_of(
    {
        "neural_style_checkpoint": whole,
        "run": identity,
        "progress": object_of(
            {
                "level": object_of(_LEVEL),
                "index": count,
                "evaluations_before": whole,
                "seconds": number,
                "history": HISTORY,
                "weights_sha256": text,
            },
            needed=["level", "index", "evaluations_before", "seconds", "history", "weights_sha256"],
        ),
        "is_finished": boolean,
        "note": object_of(
            {"files": list_of(text), "pictures": object_of({"like": text, "every": whole}, needed=["like", "every"])}
        ),
        "frames": list_of(_size),
    },
    needed=["neural_style_checkpoint", "run", "progress", "is_finished", "note", "frames"],
)
"""The header of a checkpoint."""
