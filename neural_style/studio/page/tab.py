"""One mode of the page: its pictures, its button, its presets and settings, all made from the mode's data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from neural_style.studio import sketches
from neural_style.studio.mode import Input, Mode
from neural_style.studio.page import settings, widgets
from neural_style.studio.request import Request

FIRST = ("picture", "pictures", "clip")
"""Kinds of inputs that stand beside each other above the button; boards need more room."""

UNDER = {"painting_map": "painting"}
"""The picture under a board, where it is not the photo."""


@dataclass(frozen=True)
class ModeTab:
    """The components of a mode.

    Attributes:
        mode: what they are for.
        fields: of its inputs, in the mode's order.
        settings: components by the name of the setting.
        sliders: weights of the paintings; empty where the mode has none.
        go: the button.
        glance: the button that paints the beginning of a film; None where there is no film.
        sheet: the button of a sheet of presets.
        command: the button that shows the command.
        tab: the tab that holds them.
    """

    mode: Mode
    fields: Sequence[widgets.Field]
    settings: dict[str, Any]
    sliders: Sequence[Any]
    go: Any
    glance: Any
    sheet: Any
    command: Any
    tab: Any

    @property
    def components(self) -> list[Any]:
        """All components, in the order of their values in `request`."""
        return [*(each for field in self.fields for each in field.components), *self.settings.values(), *self.sliders]

    def request(self, values: Sequence[Any]) -> Request:
        """What the values of `components` ask for.

        Raises:
            InvalidInputError: a value is of another kind.
        """
        found = list(values)
        taken = {}
        for field in self.fields:
            taken[field.input.name], found = found[: len(field.components)], found[len(field.components) :]
        inputs: dict[str, tuple[Path, ...]] = {}
        for field in self.fields:  # paintings come before the masks, of which there is one for each
            paintings = len(inputs.get("paintings", ()))
            inputs[field.input.name] = field.read([*taken[field.input.name], paintings])
        count = len(inputs.get("paintings", ()))
        given = {
            name: settings.meant(self.mode.settings[name], value)
            for name, value in zip(self.settings, found, strict=False)
        }
        if self.sliders:
            given["style_weight"] = settings.weights(found[len(self.settings) :], count)
        return Request(self.mode.name, {k: v for k, v in inputs.items() if v}, given)

    def shown(self, request: Request) -> list[Any]:
        """Values of `components` that ask for the same; drawings come back as uploaded pictures."""
        found: list[Any] = []
        for field in self.fields:
            found += field.show([path for path in request.inputs.get(field.input.name, ()) if path is not None])
        found += settings.preset_values(self.mode, request.settings, list(self.settings))
        if self.sliders:
            names = [path.name for path in request.inputs.get("paintings", ()) if path is not None]
            weights: Any = request.settings.get("style_weight") or (1.0,) * len(names)
            for index, update in enumerate(settings.show_weights(names)):
                update["value"] = weights[index] if index < len(weights) else 1
                found.append(update)
        return found


def build(mode: Mode, label: str) -> ModeTab:
    """Make the tab of a mode."""
    with gr.Tab(label, id=mode.name, elem_classes=["mode", f"mode-{mode.name}"]) as tab:
        gr.Markdown(mode.sentence, elem_classes="sentence")
        fields = _inputs(mode)
        sliders = _weights(mode)
        go = gr.Button("Paint", variant="primary", elem_classes=["go", f"go-{mode.name}"])
        glance = None
        if "preview" in mode.settings:
            glance = gr.Button("Preview: the first second", elem_classes="glance")
        with gr.Accordion("Settings", open=False, elem_classes=["fold", "later", "settings"]):
            with gr.Row(elem_classes="presets"):
                presets = {name: gr.Button(name.capitalize(), size="sm") for name in mode.presets}
                sheet = gr.Button("Try these, small", size="sm", visible=glance is None, elem_classes="try")
            by_name = _settings(mode)
            command = gr.Button("Show the command", size="sm", elem_classes="show-command")
        fields += _more(mode)
        ordered = [next(field for field in fields if field.input == entry) for entry in mode.inputs]
    made = ModeTab(mode, ordered, by_name, sliders, go, glance, sheet, command, tab)
    _wire_boards(made)
    _wire_presets(made, presets)
    return made


def _inputs(mode: Mode) -> list[widgets.Field]:
    """Required pictures beside each other, and boards below them."""
    first = [each for each in mode.inputs if each.required and each.kind in FIRST]
    boards = [each for each in mode.inputs if each.required and each.kind not in FIRST]
    with gr.Row(elem_classes="inputs"):
        found = [_field(each) for each in first]
    if boards:
        with gr.Row(elem_classes=["inputs", "later"]):
            found += [_field(each) for each in boards]
    return found


def _more(mode: Mode) -> list[widgets.Field]:
    """What may be left out, folded."""
    more = [each for each in mode.inputs if not each.required]
    if not more:
        return []
    fold = gr.Accordion("Masks, and a picture to start from", open=False, elem_classes=["fold", "later"])
    with fold, gr.Row(elem_classes="inputs"):
        return [_field(each) for each in more]


def _field(entry: Input) -> widgets.Field:
    """The widget of an input, by its kind."""
    if entry.kind == "masks":
        with gr.Column():
            gr.HTML(_legend(), padding=False)
            return widgets.masks(entry)
    make = {
        "picture": widgets.picture,
        "pictures": widgets.pictures,
        "clip": widgets.film,
        "mask": widgets.mask,
        "map": widgets.label_map,
    }
    return make[entry.kind](entry)


def _legend() -> str:
    """Which colour stands for which painting."""
    marks = "".join(
        f'<li><i style="background:{sketches.hexadecimal(color)}"></i>painting {index}: {name}</li>'
        for index, (name, color) in enumerate(sketches.PALETTE.items(), 2)
    )
    return (
        "<p class='legend-text'>The first painting fills the photo. Choose a colour of the brush, and draw where "
        f"another painting goes.</p><ul class='legend'>{marks}</ul>"
    )


def _weights(mode: Mode) -> list[Any]:
    """A slider for each painting."""
    if not _has_weights(mode):
        return []
    with gr.Row(elem_classes="weights"):
        return settings.weight_sliders()


def _has_weights(mode: Mode) -> bool:
    """Whether each painting has a weight of its own."""
    weight = mode.settings.get("style_weight")
    return weight is not None and weight.each == "paintings"


def _settings(mode: Mode) -> dict[str, Any]:
    """Basic settings, and the advanced ones folded."""
    elsewhere = ("preview", *(["style_weight"] if _has_weights(mode) else []))
    own = [each for each in mode.settings.values() if each.name not in elsewhere]
    basic, advanced = ([each for each in own if each in part] for part in (mode.basic, mode.advanced))
    with gr.Row(elem_classes="grid"):
        found = {each.name: settings.widget(each) for each in basic}
    if advanced:
        with gr.Accordion("Advanced", open=False, elem_classes="fold"), gr.Row(elem_classes="grid"):
            found |= {each.name: settings.widget(each) for each in advanced}
    return found


def _wire_boards(made: ModeTab) -> None:
    """A picture that is chosen comes under its boards; paintings show their weights."""
    by_name = {field.input.name: field for field in made.fields}
    default = next((name for name in ("photo", "picture") if name in by_name), "")
    for field in made.fields:
        under = UNDER.get(field.input.name, default)
        if field.board is not None and under:
            source = by_name[under].components[0]
            source.change(
                widgets.on_board, source, field.board, show_progress="hidden", queue=False, api_visibility="private"
            )
    if made.sliders:
        source = by_name["paintings"].components[0]
        source.change(_sliders_of, source, made.sliders, show_progress="hidden", queue=False, api_visibility="private")


def _sliders_of(paintings: Any) -> list[Any]:
    return settings.show_weights([Path(path).name for path, _ in paintings or ()])


def _wire_presets(made: ModeTab, presets: dict[str, Any]) -> None:
    names = list(made.settings)
    for name, button in presets.items():
        values = settings.preset_values(made.mode, made.mode.presets[name], names)
        button.click(
            lambda values=values: values, None, list(made.settings.values()), queue=False, api_visibility="private"
        )
