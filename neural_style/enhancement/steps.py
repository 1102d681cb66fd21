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
        keeps_size: whether rows and columns stay.
    """

    function: Callable[..., Picture]
    values: tuple[Callable[[str], Any], ...]
    text: str
    keeps_size: bool = True


KINDS = {
    "denoise": Kind(
        filters.denoise,
        (_noise_filter, _amount),
        "remove noise; denoise:tv by total variation; denoise:nl_means:8 noise of 8 grey levels",
    ),
    "median": Kind(filters.median, (_side,), "the median of 3 x 3 pixels; median:5 of 5 x 5"),
    "sharpen": Kind(filters.sharpen, (_amount,), f"unsharp masking; sharpen:1 by 1 instead of {filters.AMOUNT:g}"),
    "upscale": Kind(sizes.upscale, (_scale,), "2 or 4 times as large, by the embedded network: upscale:4", False),
    "reduce": Kind(sizes.reduce, (_count, _pooling), "a fraction of the size, by average or max: reduce:2:max", False),
    "rows": Kind(sizes.to_rows, (_count,), "to a number of rows, by Lanczos' filter: rows:1024", False),
    "grey": Kind(tones.grey, (), "without colours"),
    "darker": Kind(
        tones.darker, (_gamma,), f"darken all but black and white, by a gamma of {tones.GAMMA:g}; darker:2 by 2"
    ),
    "contrast": Kind(tones.contrast, (), "stretch the brightness from black to white"),
}
"""Every step by its name."""

SAME_SIZE = tuple(name for name, kind in KINDS.items() if kind.keeps_size)

REQUIRED = ("upscale", "rows")
"""Steps that need a value."""

Step = Callable[[Picture], Picture]


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
    if name not in allowed:
        raise InvalidInputError(f'{what}: unknown step "{name}": {did_you_mean(name, allowed)}')
    kind = KINDS[name]
    if len(given) > len(kind.values) or (not given and name in REQUIRED):
        raise InvalidInputError(f'{what}: the step "{word}" has {len(given)} values; {name}: {kind.text}')
    try:
        values = [make(text) for make, text in zip(kind.values, given, strict=False)]
    except InvalidInputError as error:
        raise InvalidInputError(f'{what}: the step "{word}": {error}') from error
    except ValueError:
        raise InvalidInputError(f'{what}: the step "{word}" has an impossible value; {name}: {kind.text}') from None
    return lambda picture: kind.function(picture, *values)


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
    picture = images.read(source)
    for step in steps_of(steps):
        picture = step(picture)
    return picture
