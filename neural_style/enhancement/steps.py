"""Steps by name, in a text: `"denoise upscale:4 rows:1024 sharpen"`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from neural_style import images
from neural_style.enhancement import filters, sizes, tones
from neural_style.errors import InvalidInputError
from neural_style.images import ImageSource, Picture
from neural_style.validation import check_choice, check_count, check_weight, did_you_mean

Array = np.ndarray[Any, Any]


def _amount(text: str) -> float:
    value = float(text)
    check_weight("a value of a step", value)
    return value


def _count(text: str) -> int:
    value = int(text)
    check_count("a value of a step", value, at_least=1)
    return value


def _scale(text: str) -> int:
    sizes.check_scale(value := int(text))
    return value


def _side(text: str) -> int:
    filters.check_side(value := int(text))
    return value


def _gamma(text: str) -> float:
    tones.check_gamma(value := float(text))
    return value


def _noise_filter(text: str) -> str:
    check_choice("noise filter", text, filters.NOISE_FILTERS)
    return text


def _pooling(text: str) -> str:
    check_choice("pooling", text, sizes.POOLINGS)
    return text


class Kind(NamedTuple):
    """What a step does.

    Attributes:
        function: called with a picture and the values after the name.
        values: one parser, which also checks, for each value that there may be.
        text: help text.
        size: rows and columns of the result, of those before, the picture's name and the values; None where they stay.
    """

    function: Callable[..., Picture]
    values: tuple[Callable[[str], Any], ...]
    text: str
    size: Callable[..., sizes.Size] | None = None


KINDS = {
    "denoise": Kind(
        filters.denoise,
        (_noise_filter, _amount),
        "less noise, as much as is measured; denoise:tv by another filter, denoise:nl_means:8 for 8 grey levels",
    ),
    "median": Kind(filters.median, (_side,), "the median of 3 x 3 pixels; median:5 of 5 x 5"),
    "sharpen": Kind(
        filters.sharpen, (_amount,), f"sharper edges; sharpen:1 is stronger than the default of {filters.AMOUNT:g}"
    ),
    "upscale": Kind(
        sizes.upscale, (_scale,), "upscale:2 or upscale:4 times as large, by the embedded network", sizes.scaled
    ),
    "reduce": Kind(
        sizes.reduce,
        (_count, _pooling),
        "half the size, or reduce:3 a third; reduce:2:max keeps the brightest pixels",
        sizes.reduced,
    ),
    "rows": Kind(sizes.to_rows, (_count,), "rows:1024 resizes to 1024 rows", sizes.at_rows),
    "grey": Kind(tones.grey, (), "without colours"),
    "darker": Kind(tones.darker, (_gamma,), f"darker; darker:2 is stronger than the default of {tones.GAMMA:g}"),
    "contrast": Kind(tones.contrast, (), "brightness from black to white"),
}
"""Every step by its name."""

SAME_SIZE = tuple(name for name, kind in KINDS.items() if kind.size is None)

REQUIRED = ("upscale", "rows")
"""Steps that need a value."""


class Step(NamedTuple):
    """A step with its values."""

    kind: Kind
    values: tuple[Any, ...]

    def __call__(self, picture: Picture) -> Picture:
        """The picture after the step."""
        return self.kind.function(picture, *self.values)

    def size(self, size: sizes.Size, name: str) -> sizes.Size:
        """Rows and columns of a picture of that size and name after the step."""
        return size if self.kind.size is None else self.kind.size(size, name, *self.values)


def steps_of(text: str, *, what: str = "steps", allowed: Sequence[str] = tuple(KINDS)) -> list[Step]:
    """The steps in a text, as functions of a picture.

    Args:
        text: names separated by blanks, each with its values after colons; empty for no step.
        what: names the text in messages.
        allowed: names that there may be.

    Raises:
        InvalidInputError: a name is unknown, or a value impossible.
    """
    if not isinstance(text, str):
        raise InvalidInputError(f'{what} must be a text such as "denoise sharpen", received {text!r}')
    return [_step(word, what, allowed) for word in text.split()]


def _step(word: str, what: str, allowed: Sequence[str]) -> Step:
    name, *given = word.split(":")
    if "," in word:
        raise InvalidInputError(f'{what}: separate steps by blanks and not by commas, received "{word}"')
    if name not in allowed:
        raise InvalidInputError(f'{what}: unknown step "{name}": {did_you_mean(name, allowed)}')
    kind = KINDS[name]
    if not given and name in REQUIRED:
        raise InvalidInputError(f'{what}: the step "{word}" needs a value: {kind.text}')
    if len(given) > len(kind.values):
        most = len(kind.values) or "none"
        raise InvalidInputError(f'{what}: the step "{word}" has too many values, at most {most}: {kind.text}')
    try:
        values = tuple(make(text) for make, text in zip(kind.values, given, strict=False))
    except InvalidInputError as error:
        raise InvalidInputError(f'{what}: the step "{word}": {error}') from error
    except ValueError:
        raise InvalidInputError(f'{what}: the step "{word}" has an impossible value: {kind.text}') from None
    return Step(kind, values)


def check_sizes(steps: Sequence[Step], size: sizes.Size, name: str) -> None:
    """Raise `InvalidInputError` where a picture would become too large or too small, before any step is taken.

    Args:
        steps: in their order.
        size: rows and columns of the picture.
        name: of the picture, for messages.
    """
    for step in steps:
        size = step.size(size, name)


def enhance(source: ImageSource, steps: str) -> Array:
    """A picture after some steps.

    Example:
        >>> from neural_style import enhance
        >>> from neural_style.samples import sample
        >>> enhance(sample("cat"), "denoise sharpen reduce:2").shape
        (150, 226, 3)

    Args:
        source: a path, a PIL image or an array (H, W, 3), RGB in 0..255.
        steps: names separated by blanks, some with values after colons, such as `"denoise upscale:4 rows:1024"`:
            `denoise` (non-local means; `denoise:tv` total variation; `denoise:nl_means:8` for noise of 8 grey levels),
            `median` (`median:5`), `sharpen` (`sharpen:1`), `upscale:2` and `upscale:4`, `reduce:2` (`reduce:2:max`),
            `rows:1024`, `grey`, `darker` (`darker:2`), `contrast`.

    Returns:
        (rows, columns, 3) RGB in 0..255: uint8 if the picture is, otherwise float32, which keeps 16 bits; over white
        where it is transparent.

    Raises:
        InvalidInputError, MissingFileError: the picture cannot be read, or a step is unknown or impossible.
    """
    return enhanced(source, steps).rgb


def enhanced(source: ImageSource, steps: str) -> Picture:
    """A picture after some steps, with its transparency: the picture behind `enhance`."""
    picture, found = images.read(source), steps_of(steps)
    check_sizes(found, picture.size, picture.name)
    for step in found:
        picture = step(picture)
    return picture
