"""Parts of the page without a browser, skipped where gradio is missing."""

from __future__ import annotations

import asyncio
import warnings

import pytest

from neural_style.errors import InvalidInputError
from neural_style.studio.modes import MODES

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    gr = pytest.importorskip("gradio")

from neural_style.studio.page import settings, widgets
from neural_style.studio.page.studio_page import told


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
    with pytest.raises(gr.Error) as error, told():
        raise InvalidInputError("<img src=x>\x1b[2J\ud800" + "x" * 5000)
    assert error.value.message.startswith(r"&lt;img src=x&gt;\x1b[2J\ud800xx")
    assert len(error.value.message) < 500


def test_a_component_takes_no_address() -> None:
    widget = gr.Image()
    widgets.refuse_addresses(widget)
    with pytest.raises(gr.Error, match="not named by an address"):
        asyncio.run(widget.async_move_resource_to_block_cache("https://example.com/a.png"))
