"""A queue of pictures to paint, one at a time, each a folder that outlives the page and the server."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import threading
import time
from dataclasses import replace
from pathlib import Path

from neural_style import files
from neural_style.errors import InvalidInputError, explanation
from neural_style.runs.result import Result
from neural_style.studio.execution import check, prepare
from neural_style.studio.job import Job, Stored
from neural_style.studio.job_folder import JobFolder
from neural_style.studio.limits import Limits
from neural_style.studio.request import Names, Request
from neural_style.studio.restoring import continued
from neural_style.studio.watching import Entry, JobWatch, noted

WAITING = 8
"""Jobs that wait at most."""

KEEP = 2 * 2**30
"""Bytes of all jobs together, above which the oldest finished ones are deleted."""

_log = logging.getLogger(__name__)


class Jobs:
    """All jobs of a folder, and the thread that paints them, one at a time in the order in which they came.

    A new `Jobs` of a folder finds the jobs of the last one: those that waited wait again, and the one that was painted
    is `interrupted`, with its best picture.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from PIL import Image
        >>> from neural_style.samples import sample
        >>> from neural_style.studio.jobs import Jobs
        >>> from neural_style.studio.request import Request
        >>> folder = Path(tempfile.mkdtemp())
        >>> for name in ("cat", "night"):
        ...     Image.fromarray(sample(name)[:48, :64]).save(folder / f"{name}.png")
        >>> request = Request("color_transfer", {"photo": [folder / "cat.png"], "picture": [folder / "night.png"]})
        >>> with Jobs(folder / "studio") as jobs:
        ...     job = jobs.submit(request)
        ...     jobs.wait(job.id).state
        'finished'
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        waiting: int = WAITING,
        keep: int = KEEP,
        limits: Limits | None = None,
    ) -> None:
        """
        Args:
            folder: of all jobs, made if necessary.
            waiting: jobs that wait at most.
            keep: bytes of all jobs together, above which the oldest finished ones are deleted.
            limits: of what is uploaded.

        Raises:
            InvalidInputError: the folder cannot be used, or another process uses it.
        """
        self.folder, self.limits = Path(folder), limits or Limits()
        self._most, self._keep = waiting, keep
        self._changed = threading.Condition()
        self._entries: dict[str, Entry] = {}
        self._queue: list[Entry] = []
        self._running: Entry | None = None
        self._is_closing = False
        self._held = contextlib.ExitStack()
        where = f'studio folder "{self.folder}"'
        if not self._held.enter_context(files.claim(self.folder / "studio", where)):
            self._held.close()
            raise InvalidInputError(f"{where} is in use by another studio: stop that one, or name another folder")
        self._find()
        self._worker = threading.Thread(target=self._work, name="neural-style studio", daemon=True)
        self._worker.start()

    def __enter__(self) -> Jobs:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(self, request: Request, names: Names | None = None) -> Job:
        """Put a request into the queue, after checking it.

        Args:
            request: whose files are copied.
            names: the user's names of the files.

        Raises:
            InvalidInputError, MissingFileError: an input or a setting cannot be used; the queue or the disk is full.
        """
        return self._submit(request, names)

    def _submit(self, request: Request, names: Names | None = None, begun: JobFolder | None = None) -> Job:
        """The same; `begun` has an unfinished film, which the job paints on."""
        self._check_room()
        check(request, self.limits)
        id, created = secrets.token_hex(16), time.time()
        day = time.strftime("%Y-%m-%d", time.localtime(created))
        folder = JobFolder(self.folder / f"{day}-{id}", id, created)
        try:
            entry = Entry(folder, folder.begin(request, names))
            if begun is not None:
                folder.take_work(begun)
            with self._changed:
                self._check_room()  # once more: others came meanwhile
                entry.size = folder.size
                self._entries[id] = entry
                self._queue.append(entry)
                self._changed.notify_all()
        except BaseException:
            folder.remove()
            raise
        self._sweep()
        return self.job(id)

    def job(self, id: str) -> Job:
        """The state of a job.

        Raises:
            InvalidInputError: there is none of this id.
        """
        with self._changed:
            return self._snapshot(self._entry(id))

    def jobs(self) -> list[Job]:
        """All jobs, the newest first."""
        with self._changed:
            entries = sorted(self._entries.values(), key=lambda entry: entry.folder.created, reverse=True)
            return [self._snapshot(entry) for entry in entries]

    def wait(self, id: str, timeout: float | None = None) -> Job:
        """The job once it is over, or after `timeout` seconds."""
        with self._changed:
            entry = self._entry(id)
            self._changed.wait_for(lambda: entry.stored.is_over, timeout)
            return self._snapshot(entry)

    def stop(self, id: str) -> Job:
        """End a job: one that is painted after the current evaluation, with its best picture."""
        with self._changed:
            entry = self._entry(id)
            if entry in self._queue:
                self._queue.remove(entry)
                self._change(entry, state="stopped", message="stopped before it was begun")
            elif entry is self._running:
                entry.is_stopping = True
            self._changed.notify_all()
            return self._snapshot(entry)

    def continue_from(self, id: str) -> Job:
        """A new job that starts from the picture or the unfinished film of one that is over, with the same settings.

        Raises:
            InvalidInputError: it is not over, or has no picture; or as in `submit`.
        """
        job = self.job(id)
        if not job.is_over:
            raise InvalidInputError("that picture is still being painted: stop it first")
        with self._changed:
            folder = self._entry(id).folder
        return self._submit(job.request, begun=folder) if folder.has_work else self.submit(continued(job))

    def close(self) -> None:
        """End the running job, which is then interrupted and keeps its best picture, and the thread."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        self._worker.join()
        self._held.close()

    def _find(self) -> None:
        """Take the jobs that are in the folder already."""
        for path in sorted(each for each in self.folder.iterdir() if each.is_dir()):
            files.remove_leftovers(path)
            try:
                folder, request, stored = JobFolder.opened(path)
            except InvalidInputError as error:
                _log.warning("%s", error)
                continue
            entry = self._entries[folder.id] = Entry(folder, request, stored, folder.size)
            if stored.state == "running":
                self._change(entry, state="interrupted", message=_interrupted(request, stored, folder))
        waiting = [entry for entry in self._entries.values() if entry.stored.state == "waiting"]
        self._queue = sorted(waiting, key=lambda entry: entry.folder.created)

    def _entry(self, id: str) -> Entry:
        if id not in self._entries:
            raise InvalidInputError("there is no such job: it was deleted to make room, or never here")
        return self._entries[id]

    def _check_room(self) -> None:
        with self._changed:
            if len(self._queue) >= self._most:
                raise InvalidInputError(f"{len(self._queue)} pictures wait already: try again when one is finished")

    def _snapshot(self, entry: Entry) -> Job:
        stored, folder = entry.stored, entry.folder
        place = None
        if entry is self._running:
            place = 0
        elif entry in self._queue:
            place = self._queue.index(entry) + (self._running is not None)
        left = None if entry.pace is None or stored.state != "running" else entry.pace * (1 - entry.done)
        return Job(
            **vars(stored),
            id=folder.id,
            request=entry.request,
            created=folder.created,
            place=place,
            seconds_left=left,
            preview=folder.preview,
            result=folder.result,
            can_continue=folder.has_work if entry.request.is_film else folder.result is not None,
            folder=folder.path,
        )

    def _change(self, entry: Entry, **changes: object) -> None:
        """Change the state of a job, in memory and, if that is possible, on the disk."""
        entry.stored = replace(entry.stored, **changes)  # type: ignore[arg-type]
        try:
            entry.folder.store(entry.stored)
        except Exception as error:
            _log.warning("%s", explanation(error))
        with self._changed:
            self._changed.notify_all()

    def _work(self) -> None:
        """Paint one job after the other."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_closing or self._queue)
                if self._is_closing:
                    return
                entry = self._running = self._queue.pop(0)
            try:
                self._paint(entry)
            finally:
                with self._changed:
                    self._running = None
                    self._changed.notify_all()
            self._sweep()

    def _paint(self, entry: Entry) -> None:
        """Carry out a job; whatever goes wrong becomes its message."""
        self._change(entry, state="running")
        with noted() as notes:
            changes = self._outcome(entry)
        changes["notes"] = tuple(_without_folder(note, entry) for note in notes)
        changes["message"] = _without_folder(str(changes["message"]), entry)
        entry.size = entry.folder.size
        self._change(entry, **changes)

    def _outcome(self, entry: Entry) -> dict[str, object]:
        """Paint; returns the last state."""
        try:
            watch = JobWatch(entry, self._change, lambda: self._is_closing)
            result = prepare(entry.request).execute(watch)
            if result is not None:
                entry.folder.show(result.image, result.alpha)
                entry.folder.finish(result)
            return self._ended(entry, result)
        except KeyboardInterrupt:
            return self._ended(entry, None)
        except Exception as error:
            _log.info("job %s failed", entry.folder.path.name, exc_info=error)
            return {"state": "failed", "message": explanation(error)}

    def _ended(self, entry: Entry, result: Result | None) -> dict[str, object]:
        """The last state of a job that has a result, or was stopped before it had one."""
        reached, kept = _reached(entry.request, entry.stored), _kept(entry.request, entry.folder)
        if entry.is_stopping:
            return {"state": "stopped", "message": f"stopped after {reached}; {kept}"}
        if self._is_closing:
            return {"state": "interrupted", "message": f"the server was stopped after {reached}; {kept}"}
        if result is not None and result.error is not None:
            return {"state": "failed", "message": f"{explanation(result.error)}; the best picture so far is kept"}
        return {"state": "finished", "message": "" if result is None else result.stopped, "is_sketch": False}

    def _sweep(self) -> None:
        """Delete the oldest jobs that are over until all together have no more bytes than they may.

        The newest job stays, however large: its owner has it on the page.
        """
        with self._changed:
            total = sum(entry.size for entry in self._entries.values())
            entries = sorted(self._entries.values(), key=lambda entry: entry.folder.created)
            for entry in [each for each in entries[:-1] if each.stored.is_over]:
                if total <= self._keep:
                    return
                total -= entry.size
                del self._entries[entry.folder.id]
                entry.folder.remove()
                _log.info("deleted %s to make room: %d bytes", entry.folder.path, entry.size)


def _reached(request: Request, stored: Stored) -> str:
    """How far a job has come."""
    what = "frame" if request.is_film else "iteration"
    return f"{what} {stored.iteration} of {stored.of}"


def _kept(request: Request, folder: JobFolder) -> str:
    """What there is of a job that was not finished."""
    if request.is_film:
        part = "its finished part is kept" if folder.result else "no part of it is a film yet"
        return f"{part}, and it can be painted on" if folder.has_work else part
    return "its best picture is kept" if folder.result else "it had no picture yet"


def _without_folder(text: str, entry: Entry) -> str:
    """A message in which files have their names alone."""
    return text.replace(f"{entry.folder.path}{os.sep}", "")


def _interrupted(request: Request, stored: Stored, folder: JobFolder) -> str:
    """What happened to a job that was painted when the server ended."""
    return f"the server ended after {_reached(request, stored)}; {_kept(request, folder)}"
