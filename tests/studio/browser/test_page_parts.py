"""Parts of the page without a browser, skipped where gradio is missing."""

from __future__ import annotations

import asyncio
import time
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from neural_style.errors import InvalidInputError
from neural_style.studio.modes import MODES

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    gr = pytest.importorskip("gradio")

from neural_style.studio.page import settings, widgets
from neural_style.studio.page.studio_page import Page, errors_as_messages


@pytest.mark.parametrize(
    ("name", "value"),
    [("content_weight", 1 / 3), ("content_weight", 2.5e-7), ("min_improvement", 1e9), ("sizes", (100, 200))],
)
def test_a_restored_setting_is_the_same_to_the_bit(name: str, value: object) -> None:
    setting = MODES["network"].settings[name]
    assert setting.read(settings.meant(setting, settings.shown(setting, value))) == value


def test_a_restored_value_beyond_a_slider_is_passed_on() -> None:
    """A request is checked by the library, whose bounds are wider."""
    slider = settings.widget(MODES["paint"].settings["image_size"])
    assert slider.preprocess(32) == 32


def test_messages_are_short_and_have_no_markup() -> None:
    """They name what a record holds, which whoever made the picture wrote."""
    with pytest.raises(gr.Error) as error, errors_as_messages():
        raise InvalidInputError("<img src=x>\x1b[2J\ud800" + "x" * 5000)
    assert error.value.message.startswith(r"&lt;img src=x&gt;\x1b[2J\ud800xx")
    assert len(error.value.message) < 500


def test_a_component_takes_no_address() -> None:
    widget = gr.Image()
    widgets.refuse_addresses(widget)
    with pytest.raises(gr.Error, match="not named by an address"):
        asyncio.run(widget.async_move_resource_to_block_cache("https://example.com/a.png"))


def test_the_picture_that_was_pressed_is_chosen() -> None:
    """A picture that has come since stands before it in the queue's list, but not on the page."""
    listed: list[Any] = []
    page = Page(SimpleNamespace(jobs=lambda: listed), lambda: True, Path())
    request = SimpleNamespace(mode="paint")
    listed.append(SimpleNamespace(id="old", preview=Path("old.png"), created=time.time(), request=request))
    _, shown = page._pictures(["old", "new"])
    listed.insert(0, SimpleNamespace(id="new", preview=Path("new.png"), created=time.time(), request=request))
    assert page._chosen(shown, SimpleNamespace(index=0)) == "old"
