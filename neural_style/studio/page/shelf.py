"""The shelf: pictures of this browser and of the folder, a sheet of things to try, and settings out of a picture."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from neural_style.studio.job import Job
from neural_style.studio.modes import MODES
from neural_style.studio.page.texts import LABELS
from neural_style.studio.page.widgets import as_uploaded
from neural_style.studio.request import Request

SHOWN = 48
"""Pictures on the shelf."""

TRIED = 4
"""Presets on a sheet."""

SHEET_ROWS = 128
"""Height in pixels of the pictures of a sheet: a few seconds each."""


@dataclass(frozen=True)
class Shelf:
    """The components; `shown` are the ids of the jobs whose pictures are seen."""

    sheet: Any
    pictures: Any
    shown: Any
    everyone: Any
    drop: Any
    said: Any


def build() -> Shelf:
    """Make the shelf."""
    sheet = gr.Gallery(
        label="Try these", visible=False, columns=4, height="auto", buttons=[], interactive=False, elem_classes="sheet"
    )
    with gr.Accordion("Pictures so far, and settings out of a picture", open=False, elem_classes=["fold", "shelf"]):
        pictures = gr.Gallery(
            label="Pictures",
            show_label=False,
            columns=6,
            height="auto",
            buttons=[],
            allow_preview=False,
            interactive=False,
            elem_classes="pictures",
        )
        shown = gr.State([])
        everyone = gr.Checkbox(False, label="All pictures in the folder of this studio", elem_classes="everyone")
        drop = gr.Image(
            type="filepath",
            image_mode=None,
            label="A picture that was made here: drop it to get its settings back",
            height=170,
            sources=["upload"],
            buttons=[],
            placeholder="drop a picture that was made here",
            elem_classes=["mount", "drop"],
        )
        said = gr.HTML(elem_classes="said", padding=False)
    return Shelf(sheet, pictures, shown, everyone, as_uploaded(drop), said)


def with_id(mine: Sequence[str] | None, id: str) -> list[str]:
    """The ids of this browser's jobs, the newest first."""
    return [id, *(each for each in mine or () if each != id)][:200]


def listed(jobs: Sequence[Job], mine: Sequence[str] | None) -> list[Job]:
    """The jobs that have a picture; `mine` keeps those of one browser."""
    found = (job for job in jobs if job.preview is not None and (mine is None or job.id in mine))
    return [job for job, _ in zip(found, range(SHOWN), strict=False)]


def captioned(jobs: Sequence[Job]) -> list[tuple[str, str]]:
    """Previews with what and when."""
    return [
        (str(job.preview), f"{_name(job)}, {time.strftime('%d %b %H:%M', time.localtime(job.created))}") for job in jobs
    ]


def variants(request: Request) -> Iterator[tuple[str, Request]]:
    """Small pictures by the first presets of the mode, named by them."""
    for name, preset in list(MODES[request.mode].presets.items())[:TRIED]:
        small = {"image_size": SHEET_ROWS} if "image_size" in MODES[request.mode].settings else {}
        kept = {key: value for key, value in request.settings.items() if key == "style_weight"}
        own = {key: value for key, value in preset.items() if key not in ("sizes", "image_size")}
        yield name, replace(request, settings={**kept, **own, **small})


def on_sheet(found: Sequence[tuple[str, Job]]) -> list[tuple[Path | str, str]]:
    """Those that have a picture, with the names of their presets."""
    return [(str(job.preview), name.capitalize()) for name, job in found if job.preview is not None]


def _name(job: Job) -> str:
    return LABELS.get(job.request.mode, MODES[job.request.mode].title)
