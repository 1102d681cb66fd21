"""Settings as a page shows them, made from the fields of dataclasses: kind, bounds, default and help text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from neural_style import solvers
from neural_style.color_transfer import METHODS
from neural_style.errors import InvalidInputError
from neural_style.features import vgg
from neural_style.inputs import RESIZE
from neural_style.network import CONTENT_LOSS_TYPES
from neural_style.objectives.transfer_loss import (
    GUIDE_PROPAGATIONS,
    GUIDED_STATISTICS,
    MASK_NORMALIZATIONS,
    PADDINGS,
    STYLE_LOSSES,
)
from neural_style.runs.settings import COLOR_WHEN, INITIAL_IMAGES
from neural_style.technique import PRECISIONS
from neural_style.validation import check_choice, check_count, check_finite, help_texts

KINDS = ("number", "integer", "choice", "flag", "numbers", "words", "text")
"""`numbers` and `words` are several, as a tuple; a `choice` is one of `Setting.options`."""

OPTIONS: Mapping[str, Sequence[str]] = {
    "model": ("mini", "vgg16", "vgg19"),
    "weights": ("embedded", "imagenet", "random"),
    "pooling": tuple(vgg.POOLING),
    "precision": PRECISIONS,
    "padding": ("auto", *PADDINGS),
    "style_loss": STYLE_LOSSES,
    "content_loss_type": tuple(map(str, CONTENT_LOSS_TYPES)),
    "mask_normalization": MASK_NORMALIZATIONS,
    "guide_propagation": GUIDE_PROPAGATIONS,
    "guided_statistic": GUIDED_STATISTICS,
    "solver": tuple(solvers.SOLVERS),
    "preserve_color": ("none", *METHODS),
    "color_when": COLOR_WHEN,
    "resize": RESIZE,
    "init": tuple(name for name in INITIAL_IMAGES if name != "regions"),
}
"""What a choice is among, by the name of the setting."""

BOUNDS: Mapping[str, tuple[float, float]] = {
    "strength": (0.1, 5),
    "image_size": (64, 2000),
    "iterations": (1, 50),
    "style_weight": (0, 5),
    "stroke_scale": (0.25, 4),
    "seed": (0, 999),
    "min_improvement": (0, 20),
    "memory": (1, 50),
    "averaging": (0, 0.99),
    "guide_dilation": (-5, 5),
}
"""Ends of sliders. Values beyond them are accepted where the dataclass accepts them."""

TITLES: Mapping[str, str] = {
    "image_size": "Height in pixels",
    "iterations": "Iterations at each size",
    "strength": "Strength of the painting",
    "preserve_color": "Keep the photo's colours",
    "style_weight": "Weight of each painting",
    "stroke_scale": "Size of the strokes",
    "content_weight": "Weight of the photo",
    "total_variation_weight": "Smoothness",
    "init": "Start from",
    "seed": "Seed of the noise",
    "model": "Network",
    "sizes": "Heights, coarse to fine",
    "of": "What is kept",
    "method": "Method",
    "resize": "How paintings are resized",
    "soft_masks": "Greys in masks act in part",
}


@dataclass(frozen=True)
class Setting:
    """One setting of a mode.

    Attributes:
        name: of the dataclass field, and of the flag.
        kind: one of `KINDS`.
        help: the help text of the field.
        title: a few words for a label.
        default: what the studio takes.
        assumed: what the command takes where the flag is left out.
        options: of a choice.
        bounds: ends of a slider.
        each: the input with a value for each of its pictures, for `numbers`; one value serves all.
        is_switch: the flag has no value.
    """

    name: str
    kind: str
    help: str
    title: str = ""
    default: object = None
    assumed: object = None
    options: tuple[str, ...] = ()
    bounds: tuple[float, float] | None = None
    each: str = ""
    is_switch: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", self.title or TITLES.get(self.name) or self.name.replace("_", " "))

    def but(self, **changes: Any) -> Setting:
        """The same with other attributes."""
        return replace(self, **changes)

    def read(self, value: Any) -> Any:
        """A value from a page or from JSON in the type that the field has; None, an empty text and list are None.

        Raises:
            InvalidInputError: it is of another kind, or none of the options.
        """
        if (
            value is None
            or value == ""
            or (self.kind in ("numbers", "words") and not isinstance(value, str | int | float) and not len(value))
        ):
            return None
        if self.kind == "flag":
            if not isinstance(value, bool):
                raise InvalidInputError(f"{self.name} must be true or false, received {value!r:.40}")
            return value
        if self.kind in ("number", "integer"):
            return self._number(value)
        if self.kind == "numbers":
            return self._numbers(value)
        if self.kind == "words":
            if isinstance(value, int | float):
                raise InvalidInputError(f"{self.name} must be words, received {value!r:.40}")
            return tuple(map(str, value.replace(",", " ").split() if isinstance(value, str) else value))
        text = str(value)
        if self.kind == "choice" and not (self.name == "weights" and text.startswith("random:")):
            check_choice(self.name, text, self.options)
        return int(text) if self.name == "content_loss_type" else text

    def _number(self, value: Any) -> float | int:
        check_finite(self.name, value)
        if self.kind == "number":
            return value if isinstance(value, float) else float(value)
        if float(value).is_integer():
            value = int(value)  # sliders give floats
        check_count(self.name, abs(value), at_least=0)  # some may be negative: dataclasses check the others
        return int(value)

    def _numbers(self, value: Any) -> Any:
        """Several numbers, or the name of a preset such as `gatys2016`."""
        if isinstance(value, str):
            try:
                value = [float(word) for word in value.replace(",", " ").split()]
            except ValueError:
                return value
        several = [value] if isinstance(value, int | float) else list(value)
        for each in several:
            check_finite(self.name, each)
        return tuple(int(each) if self.name == "sizes" and float(each).is_integer() else each for each in several)


def of_fields(settings: type, names: Sequence[str] = (), *, without: Sequence[str] = ()) -> list[Setting]:
    """The settings of a dataclass whose fields have help texts: those named, or all but some."""
    hints, texts = get_type_hints(settings), help_texts(settings)
    defaults = {each.name: each.default for each in fields(settings)}
    chosen = names or [name for name in texts if name not in without]
    return [_setting(name, hints[name], texts[name], defaults[name]) for name in chosen]


def _setting(name: str, hint: Any, text: str, default: Any) -> Setting:
    return Setting(
        name,
        _kind(name, hint),
        text.replace("`", ""),
        default=default,
        assumed=default,
        options=tuple(OPTIONS.get(name, ())),
        bounds=BOUNDS.get(name),
    )


def _kind(name: str, hint: Any) -> str:
    """The kind of a field, from its type and the options of its name."""
    if name in OPTIONS:
        return "choice"
    types = [each for each in _types(hint) if each is not type(None)]
    several = [each for each in types if get_origin(each) is not None and get_origin(each) is not UnionType]
    if several:
        return "words" if get_args(several[0])[0] is str else "numbers"
    return {bool: "flag", int: "integer", float: "number"}.get(types[0], "text")


def _types(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
