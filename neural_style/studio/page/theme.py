"""Colours, fonts and sizes of the page: a quiet wall, so that the pictures are the only colour."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

CSS = Path(__file__).with_name("studio.css")

SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")
"""Fonts of the reader's system: none is loaded from anywhere."""


def theme() -> gr.themes.Base:
    """The theme, light and dark; the browser's preference decides."""
    made = gr.themes.Base(
        primary_hue=gr.themes.colors.stone,
        secondary_hue=gr.themes.colors.stone,
        neutral_hue=gr.themes.colors.stone,
        radius_size=gr.themes.sizes.radius_sm,
        spacing_size=gr.themes.sizes.spacing_lg,
        font=list(SANS),
        font_mono=list(MONO),
    )
    return made.set(
        body_background_fill="#f5f3ee",
        body_background_fill_dark="#171614",
        body_text_color="#2a2825",
        body_text_color_dark="#e9e5de",
        body_text_color_subdued="#6b665e",
        body_text_color_subdued_dark="#a39d93",
        background_fill_primary="#fbfaf7",
        background_fill_primary_dark="#1f1e1b",
        background_fill_secondary="#f0ede6",
        background_fill_secondary_dark="#262420",
        block_background_fill="#fbfaf7",
        block_background_fill_dark="#1f1e1b",
        block_border_width="1px",
        block_border_color="#dcd7cc",
        block_border_color_dark="#35322d",
        border_color_primary="#dcd7cc",
        border_color_primary_dark="#35322d",
        block_shadow="none",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_border_width="0px",
        block_label_text_color="#6b665e",
        block_label_text_color_dark="#a39d93",
        block_title_text_weight="500",
        button_primary_background_fill="#2a2825",
        button_primary_background_fill_hover="#46423c",
        button_primary_text_color="#fbfaf7",
        button_primary_background_fill_dark="#e9e5de",
        button_primary_background_fill_hover_dark="#ffffff",
        button_primary_text_color_dark="#171614",
        button_border_width="1px",
        button_secondary_background_fill="transparent",
        button_secondary_background_fill_dark="transparent",
        button_secondary_border_color="#bdb6a8",
        button_secondary_border_color_dark="#4d4942",
        input_background_fill="#ffffff",
        input_background_fill_dark="#171614",
        slider_color="#8a5a2b",
        slider_color_dark="#d6a46c",
        color_accent="#8a5a2b",
        link_text_color="#8a5a2b",
        link_text_color_dark="#d6a46c",
    )
