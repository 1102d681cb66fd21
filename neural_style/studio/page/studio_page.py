"""The whole page: modes above, the easel below, and the shelf of pictures; and what happens on each event."""

from __future__ import annotations

import asyncio
import contextlib
import html
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from neural_style.errors import NeuralStyleError, explanation
from neural_style.studio import restoring
from neural_style.studio.job import Job
from neural_style.studio.jobs import Jobs
from neural_style.studio.modes import MODES
from neural_style.studio.page import downloads, easel, shelf, tab, widgets
from neural_style.studio.page.plot import plot_of
from neural_style.studio.page.texts import LABELS, TITLE
from neural_style.validation import printable

POLL = 0.15
"""Seconds between two readings of a job's state."""

LONGEST = 400
"""Letters of a message."""

TABS_AT_MOST = 1000
"""Tabs of browsers whose job is remembered."""

SHOW_ADDRESS = """(id) => {
  const address = new URL(window.location);
  if (id) address.searchParams.set("job", id); else address.searchParams.delete("job");
  window.history.replaceState(null, "", address);
  const show = (tries) => {
    const easel = document.querySelector(".easel");
    if (easel && easel.offsetParent) easel.scrollIntoView({ behavior: "smooth", block: "start" });
    else if (tries) setTimeout(() => show(tries - 1), 100);
  };
  if (id) show(30);
  return id;
}"""
"""A job's id becomes part of the page's address, so that a refreshed tab finds it."""

READ_ADDRESS = "() => new URL(window.location).searchParams.get('job') || ''"

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""Of events that are no calls for anybody else, and whose wait is shown by the page itself."""


class Page:
    """The page and its events.

    Args:
        jobs: the queue.
        is_warm: whether the backend has been started.
        downloads_folder: of files that are made to be downloaded.
    """

    def __init__(self, jobs: Jobs, is_warm: Callable[[], bool], downloads_folder: Path) -> None:
        self.jobs, self.is_warm, self.folder = jobs, is_warm, downloads_folder
        self._watched: OrderedDict[str, str] = OrderedDict()

    def build(self) -> gr.Blocks:
        """Make the page."""
        with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(600, 3600)) as page:
            gr.HTML(f"<header class='name'><h1>{TITLE}</h1></header>", padding=False)
            self.id = gr.Textbox(visible="hidden", elem_id="job")
            self.mine = gr.BrowserState([], storage_key="neural-style-studio", secret="neural-style-studio")
            with gr.Tabs(elem_classes="modes") as self.tabs:
                self.modes = {name: tab.build(mode, LABELS.get(name, mode.title)) for name, mode in MODES.items()}
            self.easel = easel.build(downloads.SIZES)
            self.shelf = shelf.build()
            self._wire(page)
        for block in page.blocks.values():
            widgets.refuse_addresses(block)
        return page

    def _wire(self, page: gr.Blocks) -> None:
        watched = [self.id, self.mine]
        for made in self.modes.values():
            made.go.click(self._starter(made), [self.mine, *made.components], watched, **QUIET)
            if made.glance is not None:
                made.glance.click(self._starter(made, preview=True), [self.mine, *made.components], watched, **QUIET)
            made.sheet.click(self._sheet_of(made), made.components, [self.shelf.sheet], concurrency_limit=4, **QUIET)
            made.command.click(
                self._command_of(made), made.components, [self.easel.area, self.easel.command, self.easel.zip], **QUIET
            )
        e = self.easel
        self.id.change(None, self.id, self.id, js=SHOW_ADDRESS, **QUIET)
        self.id.change(self._watch, self.id, e.components, concurrency_limit=None, **QUIET).then(
            self._pictures, [self.mine, self.shelf.everyone], [self.shelf.pictures, self.shelf.shown], **QUIET
        )
        e.stop.click(self._stop, self.id, None, **QUIET)
        e.further.click(self._further, [self.id, self.mine], watched, **QUIET)
        for chosen in (e.format, e.size):
            chosen.change(self._download, [self.id, e.format, e.size], e.download, **QUIET)
        page.load(lambda id: id, self.id, self.id, js=READ_ADDRESS, **QUIET)
        page.load(self._pictures, self.mine, [self.shelf.pictures, self.shelf.shown], **QUIET)
        self._wire_shelf()

    def _wire_shelf(self) -> None:
        s = self.shelf
        s.everyone.change(self._pictures, [self.mine, s.everyone], [s.pictures, s.shown], **QUIET)
        s.pictures.select(self._chosen, s.shown, self.id, **QUIET)
        everything = [each for made in self.modes.values() for each in made.components]
        s.drop.upload(self._restore, s.drop, [self.tabs, s.said, *everything], **QUIET)

    def _starter(self, made: tab.ModeTab, **others: Any) -> Callable[..., tuple[str, list[str]]]:
        def start(mine: list[str] | None, *values: Any) -> tuple[str, list[str]]:
            with errors_as_messages():
                request = made.request(values)
                job = self.jobs.submit(replace(request, settings={**request.settings, **others}))
            return job.id, shelf.with_id(mine, job.id)

        return start

    def _command_of(self, made: tab.ModeTab) -> Callable[..., tuple[Any, str, str]]:
        def command(*values: Any) -> tuple[Any, str, str]:
            with errors_as_messages():
                request = made.request(values)
                packed = downloads.packed(request, self.folder)
            return gr.update(visible=True), request.command_text(), str(packed)

        return command

    def _sheet_of(self, made: tab.ModeTab) -> Callable[..., AsyncIterator[Any]]:
        async def sheet(*values: Any) -> AsyncIterator[Any]:
            with errors_as_messages():
                ids = [(name, self.jobs.submit(each).id) for name, each in shelf.variants(made.request(values))]
            while True:
                found = [(name, self.jobs.job(id)) for name, id in ids]
                yield gr.update(visible=True, value=shelf.on_sheet(found))
                if all(job.is_over for _, job in found):
                    return
                await asyncio.sleep(4 * POLL)

        return sheet

    async def _watch(self, id: str, request: gr.Request) -> AsyncIterator[list[Any]]:
        """Updates of the easel while a job is painted, until it is over or the tab shows another."""
        self._remember(str(request.session_hash), id)
        if not id:
            yield [gr.update(visible=False), *[gr.skip()] * (len(self.easel.components) - 1)]
            return
        last: Any = None
        while self._watched.get(str(request.session_hash)) == id:
            try:
                job = self.jobs.job(id)
            except NeuralStyleError as error:
                gone = f'<div role="status" class="problem">{explanation(error)}</div>'
                yield [gr.update(visible=True), gone, *[gr.skip()] * (len(self.easel.components) - 2)]
                return
            left = None if job.seconds_left is None else round(job.seconds_left)
            state = (job.state, job.place, job.iteration, job.is_sketch, left, self.is_warm())
            if state != last:
                # Elsewhere, for a finished picture is written, compared and packed, and other tabs wait meanwhile.
                yield await asyncio.to_thread(self._shown, job, is_new=last is None or state[:4] != last[:4])
                last = state
            if job.is_over:
                return
            await asyncio.sleep(POLL)

    def _shown(self, job: Job, *, is_new: bool) -> list[Any]:
        """Updates of the easel's components, in their order."""
        status = easel.status_of(job, is_warm=self.is_warm())
        if not is_new:
            return [gr.skip(), status, *[gr.skip()] * (len(self.easel.components) - 2)]
        live = gr.update(visible=job.preview is not None, value=easel.loaded(job.preview))
        slider, film = [gr.update(visible=False, value=None)] * 2
        download, command, packed = gr.update(visible=False), gr.skip(), gr.skip()
        if job.is_over and job.result is not None:
            made = str(downloads.made(job, "PNG", downloads.AS_PAINTED, self.folder, self.jobs.limits))
            download = gr.update(visible=True, value=made)
            if job.request.is_film:
                film = gr.update(visible=True, value=made)
                live = gr.update(visible=False, value=None)
            elif (before := easel.compared(job)) is not None:
                slider = gr.update(visible=True, value=easel.before_and_after(before, job.result))
                live = gr.update(visible=False, value=None)
        if job.is_over:
            command, packed = job.request.command_text(), str(downloads.packed(job.request, self.folder))
        return [
            gr.update(visible=True),
            status,
            live,
            slider,
            film,
            plot_of(job.losses, job.rows),
            gr.update(visible=not job.is_over),
            gr.update(visible=job.is_over and (job.result is not None or job.can_continue)),
            gr.update(visible=job.can_continue),
            *[gr.update(visible=not job.request.is_film)] * 2,
            download,
            command,
            packed,
        ]

    def _remember(self, session: str, id: str) -> None:
        self._watched[session] = id
        self._watched.move_to_end(session)
        while len(self._watched) > TABS_AT_MOST:
            self._watched.popitem(last=False)

    def _stop(self, id: str) -> None:
        with errors_as_messages():
            self.jobs.stop(id)

    def _further(self, id: str, mine: list[str] | None) -> tuple[str, list[str]]:
        with errors_as_messages():
            job = self.jobs.continue_from(id)
        return job.id, shelf.with_id(mine, job.id)

    def _download(self, id: str, format: str, size: str) -> str:
        with errors_as_messages():
            return str(downloads.made(self.jobs.job(id), format, size, self.folder, self.jobs.limits))

    def _pictures(self, mine: list[str] | None, everyone: bool = False) -> tuple[Any, list[str]]:
        """The pictures, and the ids of their jobs: others have come when one is chosen."""
        found = shelf.listed(self.jobs.jobs(), None if everyone else mine or [])
        return gr.update(value=shelf.captioned(found)), [job.id for job in found]

    @staticmethod
    def _chosen(shown: list[str], event: gr.SelectData) -> str:
        index: int = event.index
        return shown[index]

    def _restore(self, path: str | None) -> dict[Any, Any]:
        """The settings that a picture of ours has inside, in the tab of its mode."""
        if path is None:
            return {self.shelf.said: ""}
        with errors_as_messages():
            request = restoring.request_of(Path(path), self.jobs.jobs())
        made = self.modes[request.mode]
        found = dict(zip(made.components, made.shown(request), strict=True))
        said = f"Settings of “{LABELS.get(request.mode, made.mode.title)}” are back."
        return {self.tabs: gr.update(selected=request.mode), self.shelf.said: said, **found}


@contextlib.contextmanager
def errors_as_messages() -> Iterator[None]:
    """Turn errors of the library into messages on the page."""
    try:
        yield
    except (NeuralStyleError, OSError) as error:
        message = html.escape(printable(explanation(error))[:LONGEST], quote=False)  # the page shows it as HTML
        raise gr.Error(message[:1].upper() + message[1:], duration=12, print_exception=False) from error
