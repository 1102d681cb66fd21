"""Names, format and size of the files of a run: pictures of iterations, animation, record, finished picture.

The command line, video and the studio share this module; nothing here prints or exits. A run may be killed at any
moment:

- every file is complete or absent (`neural_style.files.atomic_write`);
- the finished picture is written last, so that where it exists, and is not of an unfinished run, nothing else is
  missing;
- the checkpoint names every file of its run before the first is written, and is deleted after the finished picture. A
  resumed run therefore replaces its own files, and never the user's;
- a name that somebody takes during the run is left alone; the file is written under a free one, as an error reports;
- a finished picture that cannot be written where it belongs is saved in a new folder for temporary files.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from neural_style import files, images
from neural_style.enhancement.steps import check_sizes, enhanced, steps_of
from neural_style.errors import InvalidInputError, NeuralStyleError
from neural_style.images import Picture
from neural_style.images.formats import ENDINGS, FOREIGN
from neural_style.images.opening import check_name
from neural_style.inputs import columns_at
from neural_style.runs import records
from neural_style.runs.checkpoint import Checkpoint, same_run
from neural_style.runs.iteration_pictures import IterationPictures
from neural_style.runs.records import Record
from neural_style.validation import check_choice, check_count, documented, setting


@documented
@dataclass(frozen=True)
class Output:
    """Names, format and size of the files of a run; every name begins with `prefix`.

    Raises:
        InvalidInputError: by the constructor, where a value is impossible.
    """

    prefix: Path
    suffix: str = setting(".png", "ending of the pictures' names, which selects their format.")
    overwrite: bool = setting(False, "replace existing files.")
    save_every: int = setting(
        1, "save the picture of every n-th iteration, as <prefix>_at_iteration_<n>; 0 saves the finished one only."
    )
    gif: bool = setting(False, "also save the run as an animation, <prefix>.gif.")
    record: bool = setting(
        False,
        "also save settings, versions, losses and history as <prefix>.json; the picture itself contains them in any "
        "case.",
    )
    rescale_image: bool = setting(False, "save the pictures in the size of the content.")
    rescale_method: str = setting(
        "bilinear",
        "interpolation of saved pictures: `nearest`, `bilinear`, `bicubic`, `lanczos`, `box` or `hamming`.",
    )
    enhance: str = setting(
        "",
        "steps that the finished picture goes through before it is saved, such as `denoise upscale:2 sharpen`; see "
        "`neural_style.enhance`.",
    )
    done: int = setting(0, "iterations of a resumed run whose pictures exist already.")
    own: tuple[Path, ...] = setting((), "files of an interrupted run that may be replaced.")
    own_pictures: IterationPictures | None = setting(None, "pictures of its iterations that may be replaced, too.")

    def __post_init__(self) -> None:
        check_choice("rescale_method", self.rescale_method, images.METHODS)
        check_count("save_every", self.save_every, at_least=0)
        steps_of(self.enhance, what="enhance")

    @classmethod
    def from_prefix(cls, prefix: str, **settings: Any) -> Output:
        """An output from a prefix such as `out`, or from `out.jpg`, whose ending selects the format.

        Raises:
            InvalidInputError: the prefix is a folder, or a setting is impossible.
        """
        check_name(prefix, "the prefix of the output")
        path = Path(prefix)
        if path.is_dir() or prefix.endswith(("/", os.sep)):
            raise InvalidInputError(
                f"{prefix} is a folder: add the beginning of a file name, such as {path / 'out'}; only a folder of "
                "inputs is painted into a folder"
            )
        if path.suffix.lower() in images.SUFFIXES:
            settings["suffix"], path = path.suffix, path.with_suffix("")
        elif path.suffix.lower() in (*ENDINGS, *FOREIGN):
            raise InvalidInputError(
                f"{prefix}: pictures are not written as {path.suffix}; use one of {', '.join(images.SUFFIXES)}, "
                "gif=True for an animation, and record=True for a .json"
            )
        return cls(path, **settings)

    @property
    def final(self) -> Path:
        """The finished picture."""
        return self._named(self.suffix)

    @property
    def preview(self) -> Path:
        """The picture of the embedded painter that is there while the run lasts, where one is made."""
        return self._named(f"_preview{self.suffix}")

    @property
    def gif_file(self) -> Path:
        """The animation."""
        return self._named(".gif")

    @property
    def record_file(self) -> Path:
        """The record beside the picture."""
        return self._named(".json")

    @property
    def last(self) -> list[Path]:
        """The files that are written when the run has ended, the finished picture first."""
        extras = ((self.gif, self.gif_file), (self.record, self.record_file))
        return [self.final, *(path for wanted, path in extras if wanted)]

    def at_iteration(self, iteration: int) -> Path:
        """The picture of an iteration."""
        return self.pictures(iteration).name(iteration)

    def is_saved(self, iteration: int) -> bool:
        """Whether the picture of this iteration is saved."""
        return self.save_every > 0 and iteration % self.save_every == 0

    def pictures(self, iterations: int) -> IterationPictures:
        """The pictures of iterations that a run of so many writes."""
        every = self.save_every or iterations + 1
        saved = range((self.done // every + 1) * every, iterations + 1, every)
        return IterationPictures(self.prefix, self.suffix, saved)

    def is_painted(self) -> bool:
        """Whether there is a file of the finished picture's name, unless an unfinished run of ours has left it."""
        return os.path.lexists(self.final) and not records.is_unfinished(record_in(self.final) or {})

    def replaces(self, path: Path) -> bool:
        """Whether an existing file is replaced."""
        return self.overwrite or path in self.own or (self.own_pictures is not None and path in self.own_pictures)

    def replacing_leftovers(self, iterations: int) -> Output:
        """The same output, allowed to replace the files of a run that was killed or broken off before its end.

        Only runs write names like those of the pictures of iterations; the other files must hold the record of a run.
        """
        if self.is_painted():
            return self
        foreign = [path for path in self.last if record_in(path) is None]
        own = tuple(path for path in self.last if path not in foreign)
        return replace(self, own=own, own_pictures=self.pictures(iterations))

    def resuming(self, checkpoint: Checkpoint) -> Output:
        """The same output, allowed to replace the files that the run in the checkpoint has written.

        The checkpoint names all files of its run, none of which existed when the run was started. The resumed run
        writes two kinds again: the picture of the iteration that was lost; and the last files, where the run was
        interrupted or killed at the very end, which are recognised by the record in each.
        """
        if checkpoint.found is None:
            return self
        done = len(checkpoint.found["progress"]["history"])
        named = checkpoint.note.get("files", ())
        last = [path for path in self.last if str(path.absolute()) in named]
        is_own = self.pictures(done + 1).note() == checkpoint.note.get("pictures") and self.is_saved(done + 1)
        own = [self.at_iteration(done + 1)] if is_own else []
        for path in last:
            record = record_in(path)
            # The run may have been given more iterations since it was interrupted.
            if record is not None and same_run(record, checkpoint.found["run"], of_one_length=False):
                own.append(path)
        return replace(self, done=done, own=tuple(own))

    def check(
        self, iterations: int, *, sources: Iterable[Any], others: Sequence[Path] = (), checkpoint: Path | None = None
    ) -> None:
        """Check, before a run, that every file can be written and that none of them is an input.

        Args:
            iterations: of the run.
            sources: inputs of the run: paths, pictures and masks; what was not read from a file is ignored.
            others: further files that the caller writes.
            checkpoint: the file of the run.

        Raises:
            InvalidInputError: a file cannot be written, exists, would be written twice, or is an input.
        """
        paths = [getattr(source, "path", source) for source in sources]
        read = [Path(path) for path in paths if isinstance(path, str | os.PathLike)]
        pictures, foreign = self.pictures(iterations), [*others, *([] if checkpoint is None else [checkpoint])]
        written = [*self.last, *others, *pictures.existing(), *map(pictures.name, pictures.saved[-1:])]
        counts = Counter(path.absolute() for path in (*self.last, *foreign))
        for path in dict.fromkeys((*written, *foreign)):
            if counts[path.absolute()] > 1 or (path in foreign and path in pictures):
                raise InvalidInputError(f"{path} would be written twice: choose another name for one of the two")
            if any(source.exists() and path.exists() and path.samefile(source) for source in read):
                raise InvalidInputError(f"{path} is one of the inputs and would be lost: choose another name")
        for path in written:
            images.check_output(path, overwrite=self.replaces(path), suffixes=[*images.SUFFIXES, ".gif", ".json"])
        for folder in {path.parent for path in (*written, *foreign)}:
            files.remove_leftovers(folder)

    def rescaled(self, image: np.ndarray, canvas: Picture) -> np.ndarray:
        """A picture of the run, (H, W, 3), in the size in which it is saved.

        The picture of a run on a square is stretched back to the shape of the canvas, as in the reference scripts.
        """
        return images.resize(image, self._size(image.shape[0], canvas), method=self.rescale_method)

    def check_enhancement(self, rows: int, canvas: Picture) -> None:
        """Raise `InvalidInputError` where `enhance` makes a picture of so many rows too large, or too small."""
        check_sizes(steps_of(self.enhance), self._size(rows, canvas), self.final.name)

    def _size(self, rows: int, canvas: Picture) -> tuple[int, int]:
        """Rows and columns in which a picture of so many rows is saved."""
        size = canvas.size if self.rescale_image else (rows, columns_at(rows, canvas.size))
        return size[0], max(1, size[1])

    def picture(self, image: np.ndarray, canvas: Picture) -> Picture:
        """A picture of the run in the size in which it is saved, with the transparency of the canvas."""
        image, alpha = self.rescaled(image, canvas), None
        if canvas.alpha is not None:
            alpha = images.resize(canvas.alpha, image.shape[:2], method=self.rescale_method)
        return Picture(image, alpha, self.final.name, None)

    def enhanced(self, picture: Picture) -> Picture:
        """The finished picture after the steps of `enhance`."""
        return enhanced(picture, self.enhance)

    def write(self, path: Path, image: np.ndarray, canvas: Picture, record: str | None = None) -> None:
        """Write one picture of the run in the size in which it is saved, with the transparency of the canvas."""
        self.write_picture(path, self.picture(image, canvas), record)

    def write_picture(self, path: Path, picture: Picture, record: str | None = None) -> None:
        """Write one picture from `picture` or `enhanced`."""
        images.write(path, picture.colors, alpha=picture.alpha, record=record, overwrite=self.replaces(path))

    def write_record(self, record: str, path: Path | None = None) -> Path:
        """Write the record beside the picture, or to `path`; returns the file."""
        path = path or self.record_file
        with files.atomic_write(path, f'record "{path}"', overwrite=self.replaces(path)) as file:
            file.write(f"{record}\n".encode("utf-8", "backslashreplace"))
        return path

    def _named(self, ending: str) -> Path:
        return self.prefix.with_name(self.prefix.name + ending)


def is_finished(picture: Path, identity: Record) -> bool:
    """Whether a picture is the finished one of this very run; see `neural_style.runs.records.identity`."""
    record = record_in(picture)
    return record is not None and not records.is_unfinished(record) and same_run(record, identity)


def record_in(path: Path) -> Record | None:
    """The record in a picture, an animation or a `.json` file; None without a record, or without a file."""
    try:
        return records.read(path)
    except NeuralStyleError:
        return None
