"""Writes the files of one run: pictures of iterations, the animation, the record, and the finished picture.

`neural_style.runs.outputs` decides their names. A run may be killed at any moment; see there for what is left then.

Example::

    output = Output.from_prefix("made/out", gif=True)
    files = RunFiles(output, inputs, run)
    result = technique.transfer(inputs, on_step=files.save_step, **settings)
    files.finish(result)
"""

from __future__ import annotations

import itertools
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from neural_style import files, images
from neural_style.errors import ExistingFileError, InvalidInputError, NeuralStyleError, explanation
from neural_style.images import Picture
from neural_style.inputs import Content, Inputs, Style
from neural_style.runs import records
from neural_style.runs.checkpoint import Checkpoint
from neural_style.runs.outputs import Output
from neural_style.runs.records import Record
from neural_style.runs.result import Result, Step
from neural_style.runs.settings import Run

GIF_ROWS = 400
"""Rows of an animation at most: a GIF in the size of a print would be hundreds of megabytes."""


class RunFiles:
    """Writes the files of one run: `save_step` during the run, `finish` at its end.

    Attributes:
        output: names, format and size of the files.
        written: the pictures of iterations, the animation and the record so far.
    """

    def __init__(
        self,
        output: Output,
        inputs: Inputs,
        run: Run,
        *,
        others: Sequence[Path] = (),
        read: Sequence[str | None] = (),
        checkpoint: Checkpoint | None = None,
    ) -> None:
        """Check that every file can be written.

        Args:
            output: names, format and size; of a resumed run, from `Output.resuming`.
            inputs: content and styles, in memory.
            run: the settings of the run.
            others: further files that the caller writes.
            read: further files that the run reads, such as its weights; a name that is no file is ignored.
            checkpoint: the opened file of the run. It also stores the frames of the animation and the names of all
                files.

        Raises:
            InvalidInputError: a file cannot be written, exists, would be written twice, or is an input; or the picture
                would be too large after its enhancement.
        """
        self.output = output
        self.written: list[Path] = []
        self._moved: dict[Path, Path] = {}
        self._canvas, self._checkpoint = inputs.content.canvas, checkpoint
        self._frames: list[np.ndarray] = []
        iterations = run.iterations * len(run.levels)
        sources = [run.init, *_sources(inputs.content), *(each for style in inputs.styles for each in _sources(style))]
        sources += read
        file = None if checkpoint is None else checkpoint.path
        output.check(iterations, sources=sources, others=others, checkpoint=file)
        output.check_enhancement(run.levels[-1], self._canvas)
        if checkpoint is not None:
            self._frames = _stored_frames(checkpoint, output)
            named = [str(path.absolute()) for path in output.last]
            checkpoint.note = {"files": named, "pictures": output.pictures(iterations).note()}

    def save_step(self, step: Step) -> None:
        """Save the picture of an iteration, as far as it is wanted; the `on_step` of a transfer."""
        try:
            if self.output.is_saved(step.iteration):
                path = self.output.at_iteration(step.iteration)
                self._put(path, lambda place: self.output.write(place, step.image, self._canvas))
            if self.output.gif:
                self._frames.append(_with_rows_at_most(self.output.rescaled(step.image, self._canvas), GIF_ROWS))
        except NeuralStyleError:
            raise
        except Exception as error:  # of no concern to the run, which keeps its picture
            raise NeuralStyleError(explanation(error)) from error

    def finish(self, result: Result) -> list[Path]:
        """Write the animation, the record and the finished picture, and delete the checkpoint of a finished run.

        Returns:
            The files, the finished picture first.

        Raises:
            InvalidInputError: a file could not be written, or not under its name. The picture is saved in any case, and
                the message states where; the checkpoint stays.
        """
        output = self.output
        changes = {name: getattr(output, name) for name in ("rescale_image", "rescale_method", "enhance")}
        record: Record = {**result.record, "output": changes}
        problem: Exception | None = None
        picture = output.picture(result.image, self._canvas)
        try:
            picture = output.enhanced(picture)
            self._write_extras(records.to_json(record))
        except Exception as error:  # without them the picture is not the finished one of this run
            problem, record = error, record | {"stopped": f"{records.BROKEN_OFF}{explanation(error)}"}
        text = records.to_json(record)
        try:
            self._put(output.final, lambda place: output.write_picture(place, picture, text))
        except Exception as error:
            kind = type(error) if isinstance(error, InvalidInputError) else InvalidInputError
            raise kind(f"{explanation(error)}{self._rescued(picture, text)}") from error
        if problem is not None:
            raise problem
        self._report_moved()
        if self._checkpoint is not None:
            if self._checkpoint.is_finished:
                self._checkpoint.delete()  # last, so that at any moment either the checkpoint or every file exists
            self._checkpoint.release()
        return output.last

    def accept(self, contents: Mapping[str, bytes]) -> None:
        """Write the files that another process has made for this run, in their order, the finished picture last.

        Args:
            contents: by name, as in `output` but for the folder.

        Raises:
            InvalidInputError: a file could not be written, or not under its name.
        """
        for name, content in contents.items():
            self._put(self.output.prefix.parent / name, partial(self._write_bytes, content))
        self._report_moved()

    def _write_bytes(self, content: bytes, place: Path) -> None:
        with files.atomic_write(place, f'output "{place}"', overwrite=self.output.replaces(place)) as file:
            file.write(content)

    def _report_moved(self) -> None:
        """Raise `ExistingFileError` where files had to be written under other names than their own."""
        if self._moved:
            path = self.output.final if self.output.final in self._moved else next(iter(self._moved))
            more = f", and {len(self._moved) - 1} more files under free names" if len(self._moved) > 1 else ""
            raise ExistingFileError(f"{path} has appeared during the run, which has written {self._moved[path]}{more}")

    def _write_extras(self, record: str) -> None:
        """Write the animation and the record beside the picture, as far as they are wanted."""
        output = self.output
        if output.gif:
            self._put(
                output.gif_file,
                lambda place: images.write_animation(
                    place,
                    self._frames,
                    alpha=self._canvas.alpha,
                    record=record,
                    overwrite=output.replaces(place),
                ),
            )
        if output.record:
            self._put(output.record_file, lambda place: output.write_record(record, place))

    def _put(self, path: Path, write: Callable[[Path], object]) -> None:
        """Write a file, under a free name beside its own where somebody has taken that during the run."""
        free = (path.with_name(f"{path.stem}_{number}{path.suffix}") for number in itertools.count(2))
        for place in itertools.chain([path], free):
            try:
                write(place)
            except ExistingFileError:
                continue
            self.written.append(place)
            if place != path:
                self._moved[path] = place
            return

    def _rescued(self, picture: Picture, record: str) -> str:
        """Save a picture that cannot be written where it belongs; the end of a message that states where."""
        try:
            folder = Path(tempfile.mkdtemp(prefix="neural-style-"))
        except OSError:  # then there is no place for it
            return ""
        place = folder / self.output.final.name
        try:
            self.output.write_picture(place, picture, record)
        except Exception:
            folder.rmdir()
            return ""
        return f"; the picture was saved as {place}"

    def discard(self) -> None:
        """Delete the files of a run whose picture will not be finished, unless there is one."""
        if self.output.final.exists():
            return
        for path in self.written:
            path.unlink(missing_ok=True)


def _stored_frames(checkpoint: Checkpoint, output: Output) -> list[np.ndarray]:
    """The list in which the checkpoint stores the frames of the animation, with those so far."""
    if output.gif and len(checkpoint.frames) != output.done:
        warnings.warn(
            f"the interrupted run stored no frames, so the animation begins at iteration {output.done + 1}",
            stacklevel=3,
        )
        checkpoint.frames.clear()
    return checkpoint.frames


def _sources(given: Content | Style) -> list[Any]:
    """Everything of an input that may be a file."""
    found = (getattr(given, name, None) for name in ("image", "mask", "color_mask", "label_map", "source"))
    return [source for source in found if source is not None]


def _with_rows_at_most(image: np.ndarray, rows: int) -> np.ndarray:
    if image.shape[0] <= rows:
        return image
    return images.resize(image, (rows, round(image.shape[1] * rows / image.shape[0])), method="box")
