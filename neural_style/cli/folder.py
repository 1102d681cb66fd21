"""`neural-style network photos/ painting.jpg results/`: paints each photo of a folder into a folder of results."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from neural_style import files, images, interruption
from neural_style.cli.folder_files import (
    DISK_IS_FULL,
    DiskIsFull,
    Tally,
    check_results,
    is_folder,
    painted_by,
    report_warning,
    reporting,
    version,
    wait_for_first,
)
from neural_style.cli.paintings import Painting, paintings_of
from neural_style.cli.place import work
from neural_style.cli.progress import Bar, report
from neural_style.cli.session import start_backend
from neural_style.engines.interface import Engine, Outcome
from neural_style.engines.painting import PaintingTask, to_send
from neural_style.errors import FullDiskError, InvalidInputError, NeuralStyleError, explanation
from neural_style.features.weights import check_available
from neural_style.images import Picture
from neural_style.inputs import Content, Inputs, Style, as_styles
from neural_style.runs.file_writer import RunFiles
from neural_style.runs.outputs import Output
from neural_style.runs.settings import Run, RunSettings
from neural_style.technique import Technique

SQUARE = 64
"""Side of the picture on which settings are tried: any will do, and a small one takes no time."""

ENDLESS = 2.0**32
"""Memory limit, in GiB, for trying settings: whether a photo fits depends on its shape, and is checked for each."""


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
        engine: paints in other processes; None paints one picture after the other in this one.
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
    engine: Engine | None = None
    _tally: Tally = field(default_factory=Tally, init=False)

    def execute(self) -> int:
        """Check, paint the missing pictures, and report; returns the exit status.

        Raises:
            InvalidInputError, MissingFileError: every picture is affected; before any work is done.
        """
        paintings = self.paintings()
        self._check_results()
        before = {one: version(self._output_of(one).final) for one in paintings}
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
        self._tally.existing = len(paintings) - len(wanted)
        return self._tally.report(self.output.prefix, interrupted=interrupted, quiet=self.quiet)

    def paintings(self) -> list[Painting]:
        """All pictures, finished or not."""
        return paintings_of(self.content, self.styles, pairs=self.pairs, suffix=self.output.suffix)

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

    def _paint_all(
        self, wanted: Sequence[Painting], styles: Sequence[Style], before: Mapping[Painting, tuple[int, int]]
    ) -> None:
        """Paint what no other process paints, and then what others have claimed and not finished.

        Args:
            wanted: the pictures to paint.
            styles: in memory, unless they are a folder.
            before: from `version`, of every result when the command was started.
        """
        run = Run(**self.run)
        each = work(run) if self.engine is None else 1
        numbers = {painting: number for number, painting in enumerate(wanted)}
        remaining = list(wanted)
        with Bar(len(wanted) * each, quiet=self.quiet) as bar:
            while remaining:
                claimed: list[Painting] = []
                ready = self._ready(remaining, styles, before, claimed)
                if self.engine is not None:
                    self._paint_by(self.engine, ready, bar)
                else:
                    for one in ready:
                        bar.begin(one.painting.name, numbers[one.painting] * each, run)
                        with one.claim, self._skipping(one.painting.content):
                            self._paint(one, bar)
                remaining = claimed
                wait_for_first(self._output_of(one).final for one in remaining)

    def _ready(
        self,
        paintings: Sequence[Painting],
        styles: Sequence[Style],
        before: Mapping[Painting, tuple[int, int]],
        claimed: list[Painting],
    ) -> Iterator[_Ready]:
        """The pictures of which nothing is wrong, claimed and read, one by one.

        Args:
            paintings: in their order.
            styles, before: as in `_paint_all`.
            claimed: gets those that another process paints.
        """
        for style, group in itertools.groupby(paintings, key=lambda one: one.style):
            alike, in_memory = list(group), None
            with self._skipping(style, count=len(alike)):
                in_memory = styles if style is None else as_styles([replace(styles[0], image=style)])
            for painting in alike if in_memory is not None else ():
                found = None
                with self._skipping(painting.content), ExitStack() as claim:
                    output = self._output_of(painting)
                    if not claim.enter_context(files.claim(output.final, f'output "{output.final}"')):
                        claimed.append(painting)
                    elif version(output.final) != before[painting] and output.is_painted():
                        self._tally.elsewhere += 1
                    else:
                        found = self._read(painting, in_memory, claim)
                if found is not None:
                    yield found

    def _read(self, painting: Painting, styles: Sequence[Style], claim: ExitStack) -> _Ready:
        """The inputs of a picture, after checking that its files can be written; takes the claim over."""
        if painting.problem:
            raise InvalidInputError(painting.problem)
        inputs = self.technique.inputs(replace(self.content, image=painting.content), styles)
        run = self.technique.run_settings(inputs, self.run)
        output = self._output_of(painting).replacing_leftovers(run.iterations * len(run.levels))
        written = RunFiles(output, inputs, run, read=[self.technique.weights])
        return _Ready(painting, inputs, written, claim.pop_all())

    def _paint(self, one: _Ready, bar: Bar) -> None:
        """Paint in this process."""
        written = one.files
        with interruption.held():
            try:
                on_step = bar.before(written.save_step)
                result = self.technique.transfer(one.inputs, progress=bar.advance, on_step=on_step, **self.run)
                if result.is_interrupted:
                    raise KeyboardInterrupt  # the next call would take an unfinished picture for finished
                written.finish(result)
            except BaseException:
                written.discard()
                raise
            if result.error is None:
                self._tally.made += 1
                return
            self._tally.fail(one.painting.content, explanation(result.error))  # which was reported as a warning
            self._drop_unfinished(written.output)
            if isinstance(result.error, FullDiskError):
                raise DiskIsFull

    def _paint_by(self, engine: Engine, ready: Iterator[_Ready], bar: Bar) -> None:
        """Paint in other processes; claims and files are this one's."""
        bar.begin(engine.description, 0)
        with closing(painted_by(engine, ready, self._task, device=self.device)) as outcomes:
            for one, outcome in outcomes:
                with one.claim, self._skipping(one.painting.content), interruption.held():
                    self._accept(one, outcome)
                bar.advance(self._tally.done, note=one.painting.name)

    def _task(self, one: _Ready) -> PaintingTask:
        output = replace(one.files.output, prefix=Path(one.painting.name))
        return PaintingTask(self.technique, one.inputs, self._run_to_send, output)

    @cached_property
    def _run_to_send(self) -> RunSettings:
        return to_send(self.run)

    def _accept(self, one: _Ready, outcome: Outcome) -> None:
        """Write what another process has made, and report what went wrong there."""
        for line in outcome.warnings:
            report_warning(line, str(one.painting.content))
        output = one.files.output
        if outcome.error and output.final.name not in outcome.files:  # an earlier picture of that name stays
            raise NeuralStyleError(outcome.error)
        try:
            one.files.accept(outcome.files)
        except BaseException:
            one.files.discard()
            raise
        if outcome.error:
            self._drop_unfinished(output)
            raise NeuralStyleError(outcome.error)
        self._tally.made += 1

    def _drop_unfinished(self, output: Output) -> None:
        """Delete the picture of a run that failed if it would be taken for finished: a JPEG without room for the
        record."""
        if output.is_painted():
            output.final.unlink()

    def _output_of(self, painting: Painting) -> Output:
        return replace(self.output, prefix=self.output.prefix / painting.name)

    def _skipping(self, source: Path | None, *, count: int = 1) -> AbstractContextManager[None]:
        """Report what goes wrong within; an error costs `count` results only."""
        return reporting(source, partial(self._tally.fail, source, count=count))


class _Ready(NamedTuple):
    """A picture that can be painted now.

    Attributes:
        painting: its inputs by name.
        inputs: in memory.
        files: the files of its run.
        claim: keeps other processes from painting it, until it is closed.
    """

    painting: Painting
    inputs: Inputs
    files: RunFiles
    claim: ExitStack
