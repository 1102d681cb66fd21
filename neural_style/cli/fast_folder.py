"""Photos painted at once: those of one size in batches, each result written as soon as it is finished."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from neural_style import interruption
from neural_style.cli.folder import DiskIsFull, check_results, pictures_in, reporting
from neural_style.cli.progress import Bar, report
from neural_style.cli.session import FAILED
from neural_style.feedforward.fast_run import FastRun, FastRunSettings
from neural_style.inputs import Content
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
        quiet: print errors and warnings only.
    """

    painter: Painter
    style: PreparedStyle
    run: FastRun
    results: Mapping[Path, Path]
    batch_size: int
    overwrite: bool = False
    quiet: bool = False
    _made: int = field(default=0, init=False)
    _failed: int = field(default=0, init=False)

    def paint_one(self) -> int:
        """Paint the only photo; returns the exit status."""
        photo, result = next(iter(self.results.items()))
        self.painter.paint(photo, self.style, **self._settings).save(result, overwrite=self.overwrite)
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
                report("neural-style: the disk is full; make room and rerun the command to paint the remaining images")
            except KeyboardInterrupt:
                interrupted = True
        if not self.quiet:
            existing = len(self.results) - len(wanted)
            skipped = f"{existing} skipped that exist already (--overwrite paints them again)" if existing else ""
            counts = [f"{self._made} painted", skipped, f"{self._failed} failed" if self._failed else ""]
            print(f"{next(iter(self.results.values())).parent}: {', '.join(filter(None, counts))}")
        if interrupted:
            print("neural-style: interrupted; rerun the command to paint the remaining images", file=sys.stderr)
            return interruption.exit_status()
        return FAILED if self._failed else 0

    @property
    def _settings(self) -> FastRunSettings:
        return cast(FastRunSettings, asdict(self.run))

    def _paint_all(self, wanted: list[Path], bar: Bar) -> None:
        from neural_style.feedforward.painter import size_of

        waiting: dict[Size, dict[Path, Content]] = defaultdict(dict)
        for photo in wanted:
            with reporting(photo, self._fail):
                content = Content(photo).read()
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
                result.save(self.results[photo], overwrite=self.overwrite)
                self._made += 1
            bar.advance(self._made + self._failed)

    def _fail(self) -> None:
        self._failed += 1


def results_in(folder: Path, photos: str) -> dict[Path, Path]:
    """The result of each photo of a folder.

    Raises:
        InvalidInputError, MissingFileError: one of the two folders cannot be used.
    """
    found = pictures_in(photos)
    check_results(folder, [photos])
    return {photo: folder / f"{name}.png" for photo, name in found.items()}
