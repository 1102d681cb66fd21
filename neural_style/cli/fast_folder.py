"""Photos painted in one pass: those of one size in batches, each result written as soon as it is finished."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from neural_style import files, interruption
from neural_style.cli.folder_files import (
    DISK_IS_FULL,
    DiskIsFull,
    Tally,
    check_results,
    close_all,
    is_folder,
    painted_by,
    pictures_in,
    report_warning,
    reporting,
    version,
    wait_for_first,
)
from neural_style.cli.progress import Bar, report
from neural_style.engines.fast_painting import FastTask, PaintedStyle
from neural_style.engines.interface import Engine, Outcome
from neural_style.errors import NeuralStyleError
from neural_style.feedforward.fast_run import FastRun, FastRunSettings
from neural_style.inputs import Content
from neural_style.runs.outputs import Output
from neural_style.runs.result import Result

if TYPE_CHECKING:
    from neural_style.feedforward.painter import Painter
    from neural_style.feedforward.styles import PreparedStyle

BATCH_PIXELS = 2**21
"""Pixels of a batch at most; a larger picture is painted alone. Batches of more pixels are no faster."""

WAITING_PIXELS = 2**26
"""Pixels of all photos that wait for others of their size, 200 MB; then those that wait longest are painted."""

Size = tuple[int, int]


@dataclass
class FastFolder:
    """All pictures of one command. A photo that cannot be used is reported and skipped.

    Attributes:
        painter, style, run: the network, the style, and the settings of the pictures.
        results: the file to write for each photo.
        batch_size: photos of one size that are painted together.
        overwrite: replace existing files instead of skipping their photos.
        frame: of photos that have several, as in `Content`.
        prepare: steps before the photos are painted, as in `Content`.
        enhance: steps of the results, as in `Output`.
        quiet: print errors and warnings only.
        engine, device: as in `Folder`.
    """

    painter: Painter
    style: PreparedStyle
    run: FastRun
    results: Mapping[Path, Path]
    batch_size: int
    overwrite: bool = False
    frame: int | None = None
    prepare: str = ""
    enhance: str = ""
    quiet: bool = False
    engine: Engine | None = None
    device: str | None = None
    _tally: Tally = field(default_factory=Tally, init=False)

    def paint_one(self) -> int:
        """Paint the only photo; returns the exit status."""
        photo, result = next(iter(self.results.items()))
        self._save(self._painted(Content(photo, frame=self.frame, prepare=self.prepare)), result)
        if not self.quiet:
            print(f"wrote {result}")
        return 0

    def execute(self) -> int:
        """Paint the photos whose results are missing, and report; returns the exit status."""
        wanted = [photo for photo, result in self.results.items() if self.overwrite or not result.is_file()]
        before = {photo: version(self.results[photo]) for photo in wanted}
        interrupted = False
        with Bar(len(wanted), quiet=self.quiet) as bar:
            try:
                self._paint_all(before, bar)
            except DiskIsFull:
                report(DISK_IS_FULL)
            except KeyboardInterrupt:
                interrupted = True
        self._tally.existing = len(self.results) - len(wanted)
        folder = next(iter(self.results.values())).parent
        return self._tally.report(folder, interrupted=interrupted, quiet=self.quiet)

    @property
    def _settings(self) -> FastRunSettings:
        return cast(FastRunSettings, asdict(self.run))

    def _paint_all(self, before: Mapping[Path, tuple[int, int]], bar: Bar) -> None:
        """Paint what no other process paints, and then what others have claimed and not finished.

        Args:
            before: from `version`, of the result of each photo to be painted.
            bar: shows the number of pictures.
        """
        remaining = list(before)
        while remaining:
            claimed: list[Path] = []
            ready = self._ready(remaining, before, claimed)
            if self.engine is not None:
                self._paint_by(self.engine, ready, bar)
            else:
                self._paint_in_batches(ready, bar)
            remaining = claimed
            wait_for_first(self.results[photo] for photo in remaining)

    def _ready(
        self, photos: Iterable[Path], before: Mapping[Path, tuple[int, int]], claimed: list[Path]
    ) -> Iterator[_Ready]:
        """The photos of which nothing is wrong, claimed and read, one by one; arguments are as in `Folder`."""
        from neural_style.feedforward.painter import size_of

        for photo in photos:
            result, found = self.results[photo], None
            with self._skipping(photo), ExitStack() as claim:
                if not claim.enter_context(files.claim(result, f'output "{result}"')):
                    claimed.append(photo)
                elif version(result) != before[photo]:
                    self._tally.elsewhere += 1
                else:
                    content = Content(photo, frame=self.frame, prepare=self.prepare).read()
                    found = _Ready(photo, content, size_of(content.picture, self.run), claim.pop_all())
            if found is not None:
                yield found

    def _paint_in_batches(self, ready: Iterable[_Ready], bar: Bar) -> None:
        waiting: dict[Size, list[_Ready]] = defaultdict(list)
        with ExitStack() as claims:
            claims.callback(lambda: close_all(one.claim for photos in waiting.values() for one in photos))
            for one in ready:
                alike, (rows, columns) = waiting[one.size], one.size
                alike.append(one)
                if len(alike) == self.batch_size or (len(alike) + 1) * rows * columns > BATCH_PIXELS:
                    self._paint(waiting.pop(one.size), bar)
                while sum(rows * columns * len(photos) for (rows, columns), photos in waiting.items()) > WAITING_PIXELS:
                    self._paint(waiting.pop(next(iter(waiting))), bar)
            while waiting:
                self._paint(waiting.pop(next(iter(waiting))), bar)

    def _paint(self, photos: Sequence[_Ready], bar: Bar) -> None:
        """Paint photos of one size together; if that fails, one by one, so that an error costs one picture."""
        results: list[Result] = []
        with ExitStack() as claims:
            for one in photos:
                claims.enter_context(one.claim)
            if len(photos) > 1:
                with suppress(Exception):  # each is tried by itself then, and reported
                    contents = [one.content for one in photos]
                    results = self.painter.paint_batch(contents, self.style, **self._settings)
            for index, one in enumerate(photos):
                with self._skipping(one.photo):
                    result = results[index] if results else self._painted(one.content)
                    self._save(result, self.results[one.photo])
                    self._tally.made += 1
                bar.advance(self._tally.done)

    def _paint_by(self, engine: Engine, ready: Iterator[_Ready], bar: Bar) -> None:
        """Paint in other processes; claims and files are this one's."""
        painted = PaintedStyle(self.painter.model, self.style, secrets.token_hex(8))
        bar.begin(engine.description, 0)

        def task(one: _Ready) -> FastTask:
            name = self.results[one.photo].name
            return FastTask(painted, one.content, self._settings, self.enhance, name)

        with closing(painted_by(engine, ready, task, device=self.device)) as outcomes:
            for one, outcome in outcomes:
                with one.claim, self._skipping(one.photo), interruption.held():
                    self._accept(one.photo, outcome)
                bar.advance(self._tally.done, note=one.photo.stem)

    def _accept(self, photo: Path, outcome: Outcome) -> None:
        """Write what another process has made, and report what went wrong there."""
        for line in outcome.warnings:
            report_warning(line, str(photo))
        if outcome.error:
            raise NeuralStyleError(outcome.error)
        place = self.results[photo]
        with files.atomic_write(place, f'output "{place}"', overwrite=self.overwrite) as file:
            file.write(outcome.files[place.name])
        self._tally.made += 1

    def _painted(self, content: Content) -> Result:
        return self.painter.paint(content, self.style, **self._settings)

    def _save(self, result: Result, path: Path) -> None:
        (result.enhanced(self.enhance) if self.enhance else result).save(path, overwrite=self.overwrite)

    def _skipping(self, photo: Path) -> AbstractContextManager[None]:
        """Report what goes wrong within; an error costs one result only."""
        return reporting(photo, partial(self._tally.fail, photo))


class _Ready(NamedTuple):
    """A photo that can be painted now.

    Attributes:
        photo: its file.
        content: in memory.
        size: rows and columns of the result.
        claim: keeps other processes from painting it, until it is closed.
    """

    photo: Path
    content: Content
    size: Size
    claim: ExitStack


def results_of(photos: str, out: str, *, others: Sequence[str] = (), overwrite: bool) -> dict[Path, Path]:
    """The result of each photo of a folder, or of a single photo; what killed commands left beside them is deleted.

    Args:
        photos: a folder, or a photo.
        out: the folder of the results, or the prefix of the result.
        others: further inputs, which a single result may not replace.
        overwrite: whether a single result may replace a file.

    Raises:
        InvalidInputError, MissingFileError: a folder cannot be used, or the single result cannot be written.
    """
    if is_folder(photos):
        found, folder = pictures_in(photos), Path(out)
        check_results(folder, [photos])
        files.remove_leftovers(folder)
        return {photo: folder / f"{name}.png" for photo, name in found.items()}
    output = Output.from_prefix(out, overwrite=overwrite, save_every=0)
    output.check(0, sources=[photos, *others])
    return {Path(photos): output.final}
