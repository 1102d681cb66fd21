"""Widgets of settings: a slider, a list, a box or a line for each, with the help text of the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from neural_style.errors import InvalidInputError
from neural_style.studio.mode import Mode
from neural_style.studio.settings import Setting

PAINTINGS = 8
"""Sliders of weights: as many as there may be paintings."""

DEFAULT = "by default"
"""The choice that leaves a setting to the technique."""


def widget(setting: Setting) -> Any:
    """The component of a setting."""
    shared: dict[str, Any] = {
        "label": setting.title[:1].upper() + setting.title[1:],
        "info": setting.help[:1].upper() + setting.help[1:],
        "elem_classes": [f"setting-{setting.name}"],
    }
    value = shown(setting, setting.default)
    if setting.kind == "flag":
        return gr.Checkbox(value=value, **shared)
    if setting.kind == "choice":
        choices = [*([DEFAULT] if setting.default is None else []), *setting.options]
        return gr.Dropdown(choices=choices, value=value, allow_custom_value=setting.name == "weights", **shared)
    if _has_slider(setting):
        low, high = setting.bounds or (0, 1)
        step = 1 if setting.kind == "integer" else 0.05
        return _unbounded(gr.Slider(low, high, value=value, step=step, buttons=[], **shared))
    return gr.Textbox(value=value, placeholder=DEFAULT, max_lines=1, **shared)


def shown(setting: Setting, value: Any) -> Any:
    """A value as its component has it; a number without a slider is text, since a box for numbers shows none as 0."""
    if setting.kind == "choice":
        return DEFAULT if value is None else str(value)
    if setting.kind == "flag" or _has_slider(setting):
        return value
    if value in (None, ()):
        return ""
    return " ".join(map(_plain, value)) if isinstance(value, tuple | list) else _plain(value)


def meant(setting: Setting, value: Any) -> Any:
    """What a component's value stands for in a request; None for the default.

    Raises:
        InvalidInputError: a number is wanted, and there is none.
    """
    if value == DEFAULT or value == shown(setting, setting.default):
        return None
    if setting.kind in ("number", "integer") and isinstance(value, str):
        try:
            return float(value.replace(",", "."))
        except ValueError as error:
            raise InvalidInputError(f"{setting.title} must be a number, received {value!r:.40}") from error
    return value


def _has_slider(setting: Setting) -> bool:
    return setting.kind in ("number", "integer") and setting.bounds is not None and setting.default is not None


def _unbounded(slider: Any) -> Any:
    """Let a slider pass on any value: a restored picture may have one beyond its ends, and requests are checked."""
    slider.preprocess = lambda value: value
    return slider


def weight_sliders() -> list[Any]:
    """A slider for each painting; all are hidden until there are several."""
    return [
        _unbounded(
            gr.Slider(
                0,
                3,
                value=1,
                step=0.05,
                label=f"Painting {index}",
                visible=False,
                buttons=[],
                elem_classes=["weight"],
            )
        )
        for index in range(1, PAINTINGS + 1)
    ]


def show_weights(names: Sequence[str]) -> list[Any]:
    """Updates of the sliders for so many paintings, with their names."""
    shows = len(names) > 1
    return [gr.update(visible=shows and index < len(names), label=_label(index, names)) for index in range(PAINTINGS)]


def weights(values: Sequence[float], count: int) -> tuple[float, ...] | None:
    """The weights of so many paintings; None where all are 1."""
    found = tuple(float(value) for value in values[:count])
    return None if count < 2 or set(found) == {1.0} else found


def preset_values(mode: Mode, preset: Mapping[str, Any], names: Sequence[str]) -> list[Any]:
    """The values of the named settings' components under a preset; those that it lacks have their defaults."""
    return [shown(mode.settings[name], preset.get(name, mode.settings[name].default)) for name in names]


def _label(index: int, names: Sequence[str]) -> str:
    return f"{index + 1}: {names[index]}" if index < len(names) else f"Painting {index + 1}"


def _plain(value: Any) -> str:
    """A number as a text that stands for it to the bit."""
    short = f"{value:g}" if isinstance(value, float) else str(value)
    return short if not isinstance(value, float) or float(short) == value else repr(value)
