"""The easel: the picture that is being painted, how far it is, and what can be done with it."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from neural_style.studio.job import Job
from neural_style.studio.modes import MODES
from neural_style.studio.results import FORMATS, upright

SIDE = 1400
"""Longer side at most of the two pictures of the slider, in pixels."""

WARMING = "The studio has just been started and is getting ready: the first picture takes up to half a minute longer."


@dataclass(frozen=True)
class Easel:
    """The components, in the order of `components`."""

    area: Any
    status: Any
    live: Any
    slider: Any
    film: Any
    plot: Any
    running: Any
    over: Any
    stop: Any
    further: Any
    format: Any
    size: Any
    download: Any
    command: Any
    zip: Any

    @property
    def components(self) -> list[Any]:
        """What a job changes."""
        return [
            *(self.area, self.status, self.live, self.slider, self.film, self.plot, self.running, self.over),
            *(self.further, self.format, self.size, self.download, self.command, self.zip),
        ]


def build(sizes: Sequence[str]) -> Easel:
    """Make the easel, hidden until there is a job."""
    with gr.Column(visible=False, elem_classes="easel") as area:
        status = gr.HTML(elem_classes="status", padding=False)
        live = gr.Image(
            label="Your picture",
            show_label=False,
            type="pil",
            format="webp",
            interactive=False,
            buttons=["fullscreen"],
            alt_text="The picture as far as it is painted",
            elem_classes=["live"],
        )
        slider = gr.ImageSlider(
            label="Before and after",
            show_label=False,
            type="pil",
            format="jpeg",
            interactive=False,
            visible=False,
            buttons=["fullscreen"],
            max_height=900,
            elem_classes=["slider"],
        )
        film = gr.Video(
            label="Your film",
            show_label=False,
            interactive=False,
            visible=False,
            buttons=[],
            loop=True,
            elem_classes=["film"],
        )
        with gr.Row(visible=False, elem_classes="actions") as running:
            stop = gr.Button("Stop here, keep what is painted", variant="secondary", elem_classes="stop-here")
        with gr.Row(visible=False, elem_classes="actions") as over:
            format = gr.Dropdown(list(FORMATS), value="PNG", label="File", min_width=110, elem_classes="format")
            size = gr.Dropdown(list(sizes), value=sizes[0], label="Size", min_width=200, elem_classes="size")
            download = gr.DownloadButton("Download", variant="primary", elem_classes="download")
            further = gr.Button("Paint on from here", elem_classes="further")
        plot = gr.HTML(elem_classes="plot", padding=False)
        with gr.Accordion("For the command line", open=False, elem_classes="fold"):
            command = gr.Textbox(
                label="The command that makes this picture", lines=2, buttons=["copy"], elem_classes="command"
            )
            zip = gr.DownloadButton("Pictures and command as a zip", elem_classes="zip")
    shown = (area, status, live, slider, film, plot, running, over)
    return Easel(*shown, stop, further, format, size, download, command, zip)


def status_of(job: Job, *, is_warm: bool = True) -> str:
    """What happens, in words, with a bar."""
    title = html.escape(MODES[job.request.mode].title)
    if job.state == "waiting":
        before = f"{job.place} picture{'s are' if job.place != 1 else ' is'} painted before yours"
        return _status(f"In the queue: {before}.", title)
    if job.state == "running":
        if not job.iteration:
            text = "A first sketch; now it is painted." if job.is_sketch else "Getting the canvas ready."
            return _status(text, title if is_warm else WARMING, 0.0)
        left = f", about {_duration(job.seconds_left)} left" if job.seconds_left else ""
        share = job.iteration / max(1, job.of)
        what = "Frame" if job.request.is_film else "Iteration"
        return _status(f"{what} {job.iteration} of {job.of}{left}", title, share)
    words = {
        "finished": "Finished.",
        "stopped": "Stopped.",
        "interrupted": "Interrupted.",
        "failed": "This did not work.",
    }
    message = job.message[:1].upper() + job.message[1:]
    notes = " ".join(f'<p class="quiet">{html.escape(note)}</p>' for note in job.notes)
    kind = "problem" if job.state == "failed" else ""
    return f'<div role="status" class="{kind}"><p>{words[job.state]} {html.escape(message)}</p>{notes}</div>'


def before_and_after(before: Path, after: Path) -> tuple[Image.Image, Image.Image]:
    """The photo in the size of the picture, and the picture, both small enough for a page."""
    with Image.open(after) as image:
        painted = image.convert("RGB")
    painted.thumbnail((SIDE, SIDE))
    return upright(before, SIDE).resize(painted.size, Image.Resampling.LANCZOS), painted


def loaded(path: Path | None) -> Image.Image | None:
    """A picture in memory: its file is replaced at the next iteration."""
    if path is None:
        return None
    with Image.open(path) as image:
        image.load()
        return image


def compared(job: Job) -> Path | None:
    """The picture that a result is compared with."""
    for name in ("photo", "picture", "painting"):
        if (path := job.request.file(name)) is not None:
            return path
    return None


def _status(text: str, quiet: str, share: float | None = None) -> str:
    bar = "" if share is None else f'<div class="bar"><i style="width:{100 * share:.0f}%"></i></div>'
    return f'<div role="status" aria-live="polite"><p>{text} <span class="quiet">{quiet}</span></p>{bar}</div>'


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min"
