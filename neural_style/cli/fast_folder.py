"""Photos painted in one pass: those of one size in batches, each result written as soon as it is finished."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from neural_style.cli.folder_files import (
    DISK_IS_FULL,
    DiskIsFull,
    check_results,
    ended,
    is_folder,
    pictures_in,
    reporting,
)
from neural_style.cli.progress import Bar, report
from neural_style.feedforward.fast_run import FastRun, FastRunSettings
from neural_style.files import remove_leftovers
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
    _made: int = field(default=0, init=False)
    _failed: int = field(default=0, init=False)

    def paint_one(self) -> int:
        """Paint the only photo; returns the exit status."""
        photo, result = next(iter(self.results.items()))
        self._save(self.painter.paint(self._content(photo), self.style, **self._settings), result)
        if not self.quiet:
            print(f"wrote {result}")
        return 0

    def execute(self) -> int:
        """Paint the photos whose results are missing, and report; returns the exit status."""
        wanted = [photo for photo, result in self.results.items() if self.overwrite or not result.is_file()]
        interrupted = False
        with Bar(len(wanted), quiet=self.quiet) as bar:
            try:
                self._paint_all(wanted, bar)
            except DiskIsFull:
                report(DISK_IS_FULL)
            except KeyboardInterrupt:
                interrupted = True
        return ended(
            next(iter(self.results.values())).parent,
            made=self._made,
            existing=len(self.results) - len(wanted),
            failed=self._failed,
            interrupted=interrupted,
            quiet=self.quiet,
        )

    @property
    def _settings(self) -> FastRunSettings:
        return cast(FastRunSettings, asdict(self.run))

    def _paint_all(self, wanted: list[Path], bar: Bar) -> None:
        from neural_style.feedforward.painter import size_of

        waiting: dict[Size, dict[Path, Content]] = defaultdict(dict)
        for photo in wanted:
            with reporting(photo, self._fail):
                content = self._content(photo).read()
                size = size_of(content.picture, self.run)
                waiting[size][photo] = content
                if (len(waiting[size]) + 1) * size[0] * size[1] > BATCH_PIXELS or len(waiting[size]) == self.batch_size:
                    self._paint(waiting.pop(size), bar)
            while sum(rows * columns * len(photos) for (rows, columns), photos in waiting.items()) > WAITING_PIXELS:
                self._paint(waiting.pop(next(iter(waiting))), bar)
        for photos in waiting.values():
            self._paint(photos, bar)

    def _paint(self, photos: Mapping[Path, Content], bar: Bar) -> None:
        """Paint photos of one size together; if that fails, one by one, so that an error costs one picture."""
        results: list[Result] = []
        if len(photos) > 1:
            with suppress(Exception):  # each is tried by itself then, and reported
                results = self.painter.paint_batch(photos.values(), self.style, **self._settings)
        for index, (photo, content) in enumerate(photos.items()):
            with reporting(photo, self._fail):
                result = results[index] if results else self.painter.paint(content, self.style, **self._settings)
                self.results[photo].parent.mkdir(exist_ok=True)
                self._save(result, self.results[photo])
                self._made += 1
            bar.advance(self._made + self._failed)

    def _content(self, photo: Path) -> Content:
        return Content(photo, frame=self.frame, prepare=self.prepare)

    def _save(self, result: Result, path: Path) -> None:
        (result.enhanced(self.enhance) if self.enhance else result).save(path, overwrite=self.overwrite)

    def _fail(self) -> None:
        self._failed += 1


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
        remove_leftovers(folder)
        return {photo: folder / f"{name}.png" for photo, name in found.items()}
    output = Output.from_prefix(out, overwrite=overwrite, save_every=0)
    output.check(0, sources=[photos, *others])
    return {Path(photos): output.final}
