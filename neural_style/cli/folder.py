"""`neural-style network photos/ painting.jpg results/`: paints each photo of a folder into a folder of results."""

from __future__ import annotations

import itertools
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from neural_style import files, images, interruption
from neural_style.cli.folder_files import (
    DISK_IS_FULL,
    DiskIsFull,
    check_results,
    ended,
    is_folder,
    pictures_in,
    reporting,
)
from neural_style.cli.place import work
from neural_style.cli.progress import Bar, report
from neural_style.cli.session import start_backend
from neural_style.errors import FullDiskError, InvalidInputError
from neural_style.features.weights import check_available
from neural_style.images import Picture
from neural_style.inputs import Content, Style, as_styles
from neural_style.runs.file_writer import RunFiles
from neural_style.runs.outputs import Output
from neural_style.runs.settings import Run, RunSettings
from neural_style.technique import Technique

SQUARE = 64
"""Side of the picture on which settings are tried: any will do, and a small one takes no time."""

ENDLESS = 2.0**32
"""Memory limit, in GiB, for trying settings: whether a photo fits depends on its shape, and is checked for each."""


class Painting(NamedTuple):
    """One picture to be made.

    Attributes:
        content: the photo.
        style: the painting, from a folder of paintings; None where all pictures have the same styles.
        name: of the result, without its ending.
        problem: why it cannot be made, where that is known already.
    """

    content: Path
    style: Path | None
    name: str
    problem: str = ""


@dataclass
class Folder:
    """All transfers of one command. A transfer that fails is reported and skipped.

    Several processes may paint into one folder of results: each claims a picture before it paints it, and at the end
    waits for those that others have claimed, to paint them if they were not finished.

    Attributes:
        technique: of all transfers.
        content: its image is a photo or a folder of them; its masks apply to every photo.
        styles: the styles of every picture, or a single style whose image is a folder of paintings.
        run: the fields of `Run`.
        output: its prefix is the folder of results, which is made if its parent exists.
        pairs: paint each photo with the painting of the same name only, instead of with every painting.
        quiet, device, choice: as in `Session`.
    """

    technique: Technique
    content: Content
    styles: Sequence[Style]
    run: RunSettings
    output: Output
    pairs: bool = False
    quiet: bool = False
    device: str | None = None
    choice: str = ""
    _made: int = field(default=0, init=False)
    _failed: int = field(default=0, init=False)
    _elsewhere: int = field(default=0, init=False)

    def execute(self) -> int:
        """Check, paint the missing pictures, and report; returns the exit status.

        Raises:
            InvalidInputError, MissingFileError: every picture is affected; before any work is done.
        """
        paintings = self._paintings()
        self._check_results()
        before = {one: _version(self._output_of(one).final) for one in paintings}
        overwrite = self.output.overwrite
        wanted = [one for one in paintings if overwrite or not self._output_of(one).is_painted()]
        interrupted = False
        if wanted:
            styles = self._checked_styles(wanted[0])
            try:
                self._paint_all(wanted, styles, before)
            except DiskIsFull:
                report(DISK_IS_FULL)
            except KeyboardInterrupt:
                interrupted = True
        return ended(
            self.output.prefix,
            made=self._made,
            existing=len(paintings) - len(wanted),
            failed=self._failed,
            elsewhere=self._elsewhere,
            interrupted=interrupted,
            quiet=self.quiet,
        )

    def _paintings(self) -> list[Painting]:
        """All pictures, finished or not, ordered by painting so that each painting is read once."""
        contents = pictures_in(self.content.image)
        folder = next((style.image for style in self.styles if is_folder(style.image)), None)
        if self.pairs and not (folder and is_folder(self.content.image)):
            raise InvalidInputError("--pairs needs two folders, one of photos and one of paintings")
        if folder is None:
            paintings = [Painting(content, None, name) for content, name in contents.items()]
        elif len(self.styles) > 1:
            raise InvalidInputError(
                f"each painting in the folder {folder} makes a picture of its own: name no other style beside it"
            )
        elif self.pairs:
            styles = list(pictures_in(folder))
            paintings = [_pair(content, name, styles) for content, name in contents.items()]
        else:
            paintings = [
                Painting(content, style, f"{content_name}_{style_name}")
                for style, style_name in pictures_in(folder).items()
                for content, content_name in contents.items()
            ]
        name, count = Counter(painting.name for painting in paintings).most_common(1)[0]
        if count > 1:
            raise InvalidInputError(f"{count} pictures would be named {name}{self.output.suffix}: rename an input")
        return paintings

    def _check_results(self) -> None:
        """Raise where the folder of results is impossible."""
        check_results(self.output.prefix, [self.content.image, *(style.image for style in self.styles)])

    def _checked_styles(self, first: Painting) -> Sequence[Style]:
        """The styles, in memory unless they are a folder, after checking everything that affects every picture.

        The settings are tried on a square that stands for every photo, and for every painting of a folder.
        """
        images.check_output(self._output_of(first).final, overwrite=True)
        each_its_own = is_folder(self.styles[0].image)
        styles = self.styles if each_its_own else as_styles(list(self.styles))
        check_available(self.technique.model, self.technique.weights, self.technique.used_layers)
        rgb = np.random.default_rng(0).integers(0, 256, (SQUARE, SQUARE, 3), np.uint8)
        square = Picture(rgb, None, "a square picture", None)
        tried = [replace(style, image=square) for style in styles] if each_its_own else styles
        with warnings.catch_warnings(action="ignore"):  # each photo will warn, of its own shape
            inputs = self.technique.inputs(replace(self.content, image=square), tried)
            self.technique.check(inputs, self.technique.run_settings(inputs, self.run))
            start_backend(self.device, "" if self.quiet else f"{self.technique.model}{self.choice}")
            self.technique.steps(inputs, **(self.run | RunSettings(memory_limit=ENDLESS)))
        return styles

    def _paint_all(self, wanted: Sequence[Painting], styles: Sequence[Style], before: Mapping[Painting, int]) -> None:
        """Paint what no other process paints, and then what others have claimed and not finished.

        Args:
            wanted: the pictures to paint.
            styles: in memory, unless they are a folder.
            before: from `_version`, of every result when the command was started.
        """
        run = Run(**self.run)
        each = work(run)
        numbers = {painting: number for number, painting in enumerate(wanted)}
        claimed: list[Painting] = []
        with Bar(len(wanted) * each, quiet=self.quiet) as bar:
            for paintings, wait in ((wanted, False), (claimed, True)):
                for style, group in itertools.groupby(paintings, key=lambda one: one.style):
                    alike = list(group)
                    with self._skipping(style, count=len(alike)):
                        in_memory = styles if style is None else as_styles([replace(styles[0], image=style)])
                        for painting in alike:
                            bar.begin(painting.name, numbers[painting] * each, run)
                            with self._skipping(painting.content):
                                output = self._output_of(painting)
                                with files.claim(output.final, f'output "{output.final}"', wait=wait) as is_free:
                                    if not is_free:
                                        claimed.append(painting)
                                    elif _version(output.final) != before[painting] and output.is_painted():
                                        self._elsewhere += 1
                                    else:
                                        self._paint(painting, in_memory, bar)

    def _paint(self, painting: Painting, styles: Sequence[Style], bar: Bar) -> None:
        if painting.problem:
            raise InvalidInputError(painting.problem)
        inputs = self.technique.inputs(replace(self.content, image=painting.content), styles)
        run = self.technique.run_settings(inputs, self.run)
        output = self._output_of(painting).replacing_leftovers(run.iterations * len(run.levels))
        written = RunFiles(output, inputs, run, read=[self.technique.weights])
        with interruption.held():
            try:
                on_step = bar.before(written.save_step)
                result = self.technique.transfer(inputs, progress=bar.advance, on_step=on_step, **self.run)
                if result.is_interrupted:
                    raise KeyboardInterrupt  # the next call would take an unfinished picture for finished
                written.finish(result)
            except BaseException:
                written.discard()
                raise
            if result.error is None:
                self._made += 1
                return
            self._failed += 1  # which the run has reported as a warning
            if output.is_painted():  # a JPEG without room for the record, which would be taken for finished
                output.final.unlink()
            if isinstance(result.error, FullDiskError):
                raise DiskIsFull

    def _output_of(self, painting: Painting) -> Output:
        return replace(self.output, prefix=self.output.prefix / painting.name)

    def _skipping(self, source: Path | None, *, count: int = 1) -> AbstractContextManager[None]:
        """Report what goes wrong within; an error costs `count` results only."""
        return reporting(source, partial(self._fail, count))

    def _fail(self, count: int) -> None:
        self._failed += count


def _version(path: Path) -> int:
    """A number that changes when the file is replaced; 0 where there is none."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def _pair(content: Path, name: str, styles: Sequence[Path]) -> Painting:
    """The photo with the only painting of its name."""
    found = [style for style in styles if style.stem == content.stem]
    if len(found) == 1:
        return Painting(content, found[0], name)
    if found:
        names = " and ".join(style.name for style in found)
        return Painting(content, None, name, f"{content} has several paintings of its name, {names}")
    return Painting(content, None, name, f"{content} has no painting of its name in {styles[0].parent}")
