"""A transfer with its progress on the terminal and its pictures in files: what all techniques' commands share."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from neural_style import files, images
from neural_style.cli.checkpoints import frames_of, is_finished, record_in
from neural_style.cli.flags import add_fields
from neural_style.cli.progress import Bar
from neural_style.errors import InvalidInputError
from neural_style.images import ImageSource
from neural_style.inputs import Content, Inputs, Style, columns_at
from neural_style.masks.mask import Mask
from neural_style.runs import records
from neural_style.runs.checkpoint import Checkpoint
from neural_style.runs.level import Progress
from neural_style.runs.result import Result, Step
from neural_style.runs.settings import EVALUATIONS_PER_ITERATION, Run, RunSettings
from neural_style.technique import Source, Sources, Technique
from neural_style.validation import check_choice, check_count

GIF_ROWS = 400
"""Frames of an animation are no larger than this: a GIF of a print would be hundreds of megabytes."""

INTERRUPTED = 130


@dataclass(frozen=True)
class Output:
    """Where pictures go, and in which size.

    Attributes:
        prefix: what the names of all files begin with.
        suffix: ending, and so the format, of all pictures.
        overwrite: replace files that exist already.
        save_every: keep the picture of every n-th iteration as <prefix>_at_iteration_<n>; 0 keeps the last only.
        gif: also write the run as an animation, <prefix>.gif.
        record: also write settings, versions, losses and history to <prefix>.json; they are inside the picture anyway.
        rescale_image: save pictures in the size of the content.
        rescale_method: nearest, bilinear, bicubic, lanczos, box or hamming.
        done: iterations whose pictures were written before the run was broken off.
        own: files of the broken run that this one writes anew.
    """

    prefix: Path
    suffix: str = ".png"
    overwrite: bool = False
    save_every: int = 1
    gif: bool = False
    record: bool = False
    rescale_image: bool = False
    rescale_method: str = "bilinear"
    done: int = 0
    own: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        check_choice("rescale_method", self.rescale_method, images.METHODS)
        check_count("save_every", self.save_every, at_least=0)

    @classmethod
    def of(cls, prefix: str, **settings: Any) -> Output:
        """From what the user wrote: `out`, or `out.jpg`, whose ending then names the format.

        Raises:
            InvalidInputError: the prefix is a folder, or a setting is impossible.
        """
        path = Path(prefix)
        if path.is_dir() or prefix.endswith(("/", os.sep)):
            raise InvalidInputError(
                f"{prefix} is a folder: add the beginning of a file name, such as {path / 'out'}; only what is painted "
                "from a folder goes to one"
            )
        if path.suffix.lower() in images.SUFFIXES:
            settings["suffix"], path = path.suffix, path.with_suffix("")
        return cls(path, **settings)

    @property
    def final(self) -> Path:
        return self._named(self.suffix)

    @property
    def gif_file(self) -> Path:
        return self._named(".gif")

    @property
    def record_file(self) -> Path:
        return self._named(".json")

    @property
    def last(self) -> list[Path]:
        """What is written when the run has ended, as far as it is asked for."""
        extras = ((self.gif, self.gif_file), (self.record, self.record_file))
        return [self.final, *(path for wanted, path in extras if wanted)]

    def at_iteration(self, iteration: int) -> Path:
        return self._named(f"_at_iteration_{iteration}{self.suffix}")

    def is_kept(self, iteration: int) -> bool:
        """Whether the picture of this iteration is saved."""
        return self.save_every > 0 and iteration % self.save_every == 0

    def files(self, iterations: int) -> list[Path]:
        """All that a run writes that has so many iterations."""
        kept = [self.at_iteration(i) for i in range(self.done + 1, iterations + 1) if self.is_kept(i)]
        return [*self.last, *kept]

    def taking_leftovers(self, iterations: int) -> Output:
        """The same where files of a run that was killed before it wrote its picture may be replaced.

        Nobody else names a file like the pictures of iterations; the others have the record of a run in them.
        """
        if self.final.exists():
            return self
        foreign = [path for path in self.last if record_in(path) is None]
        return replace(self, own=tuple(path for path in self.files(iterations) if path not in foreign))

    def replaces(self, path: Path) -> bool:
        """Whether a file that is there already is written anew."""
        return self.overwrite or path in self.own

    def check(
        self,
        iterations: int,
        *,
        inputs: Iterable[ImageSource | Mask],
        others: Sequence[Path] = (),
        checkpoint: Checkpoint | None = None,
    ) -> None:
        """Find out, before the run, whether every file can be written, `others` too, and that none is an input."""
        paths = [getattr(source, "path", source) for source in inputs]
        sources = [Path(path) for path in paths if isinstance(path, str | os.PathLike)]
        written = [*self.files(iterations), *others]
        kept = [] if checkpoint is None else [checkpoint.path]
        everything = Counter(path.absolute() for path in (*written, *kept))
        for path in (*written, *kept):
            if everything[path.absolute()] > 1:
                raise InvalidInputError(f"{path} would be written twice: choose another name for one of the two")
            if any(source.exists() and path.exists() and path.samefile(source) for source in sources):
                raise InvalidInputError(f"{path} is one of the inputs and would be lost: choose another name")
        for path in written:
            images.check_output(path, overwrite=self.replaces(path), suffixes=[*images.SUFFIXES, ".gif", ".json"])

    def rescaled(self, image: np.ndarray, content: images.Picture) -> np.ndarray:
        """The picture in the size that was asked for.

        That of a run on a square is stretched back to the content's shape, as the reference scripts do.
        """
        size = content.size if self.rescale_image else (image.shape[0], columns_at(image.shape[0], content.size))
        return images.resize(image, (size[0], max(1, size[1])), method=self.rescale_method)

    def write(self, path: Path, image: np.ndarray, content: images.Picture, record: str | None = None) -> None:
        """Write one picture in the size that was asked for, with the content's transparency."""
        image, alpha = self.rescaled(image, content), content.alpha
        images.write(
            path,
            image,
            alpha=None if alpha is None else images.resize(alpha, image.shape[:2], method=self.rescale_method),
            record=record,
            overwrite=self.replaces(path),
        )

    def _named(self, ending: str) -> Path:
        return self.prefix.with_name(self.prefix.name + ending)


@dataclass
class Session:
    """One transfer from the command line."""

    technique: Technique
    content: Source
    styles: Sources
    run: RunSettings
    output: Output
    quiet: bool = False
    device: str | None = None
    weights_sha256: str | None = None
    checkpoint: Checkpoint | None = None
    _frames: list[np.ndarray] = field(default_factory=list)
    _written: list[Path] = field(default_factory=list, init=False)

    def execute(self) -> int:
        """Check, run, save, and report; returns the exit status."""
        if self.is_finished_already():
            return 0
        inputs, run = self.checked()
        start_backend(self.device)
        with Bar(evaluations(run), quiet=self.quiet) as bar:
            result = self.paint(inputs, bar.advance)
        written = self.write(result, inputs.content.canvas)
        if not self.quiet:
            if result.stopped:
                print(f"stopped early: {result.stopped}")
            print(table_of_terms(result.losses))
            print("wrote " + ", ".join(map(str, written)))
            if self.checkpoint is not None and not self.checkpoint.is_finished:
                print(f"the run is stored in {self.checkpoint.path}: the same command with --resume resumes it")
        return INTERRUPTED if result.stopped == "interrupted" else 0

    def checked(self, others: Sequence[Path] = ()) -> tuple[Inputs, Run]:
        """The inputs in memory and the run, once it is known that the pictures, and `others`, can be written."""
        inputs = self.technique.inputs(self.content, self.styles)
        run = self.technique.run_settings(inputs, self.run)
        iterations = run.iterations * len(run.levels)
        sources = [run.init, *_sources(inputs.content), *(s for style in inputs.styles for s in _sources(style))]
        self.output.check(iterations, inputs=sources, others=others, checkpoint=self.checkpoint)
        if self.checkpoint is not None:
            self._frames = frames_of(self.checkpoint, self.output)
            self.checkpoint.note = {"files": [str(path.absolute()) for path in self.output.files(iterations)]}
        return inputs, run

    def paint(self, inputs: Inputs, progress: Progress) -> Result:
        """Run, and write the pictures of iterations."""

        def save(step: Step) -> None:
            if self.output.is_kept(step.iteration):
                path = self.output.at_iteration(step.iteration)
                self.output.write(path, step.image, inputs.content.canvas)
                self._written.append(path)
            if self.output.gif:
                self._frames.append(_at_most(self.output.rescaled(step.image, inputs.content.canvas), GIF_ROWS))

        return self.technique.transfer(inputs, progress=progress, on_step=save, checkpoint=self.checkpoint, **self.run)

    def is_finished_already(self) -> bool:
        """Whether a run to be resumed was killed when all was done; this is reported then."""
        if self.checkpoint is None or not self.checkpoint.resume or self.checkpoint.found is not None:
            return False
        if not self.output.final.is_file():
            return False
        start_backend(self.device)
        inputs = self.technique.inputs(self.content, self.styles)
        run = self.technique.run_settings(inputs, self.run)
        if not is_finished(self.output.final, self.technique.identity(inputs, run)):
            return False
        if not self.quiet:
            print(f"{self.output.final} is finished already")
        return True

    def write(self, result: Result, content: images.Picture) -> list[Path]:
        """Write what goes with the finished picture and then this itself, so that where it is nothing is missing.

        The checkpoint is given up then. Returns the names.
        """
        output = self.output
        if self.weights_sha256 not in (None, result.record["weights_sha256"]):
            warnings.warn("the weights are not those of the recorded picture, so the result differs", stacklevel=2)
        kept = {name: value for name, value in asdict(output).items() if name.startswith("rescale")}
        record = records.to_json({**result.record, "output": kept})
        if output.gif:
            path = output.gif_file
            images.write_animation(path, self._frames, record=record, overwrite=output.replaces(path))
            self._written.append(path)
        if output.record:
            path = output.record_file
            with files.atomic_write(path, f'record "{path}"', overwrite=output.replaces(path)) as file:
                file.write(f"{record}\n".encode("utf-8", "backslashreplace"))
            self._written.append(path)
        output.write(output.final, result.image, content, record)
        if self.checkpoint is not None and self.checkpoint.is_finished:
            self.checkpoint.delete()  # last: whenever the run is killed, either the checkpoint or all files are there
        return output.last

    def discard(self) -> None:
        """Delete what was written so far of a picture that will not be finished."""
        for path in self._written:
            path.unlink(missing_ok=True)


def evaluations(run: Run) -> int:
    """Number of evaluations of a run that nothing ends early."""
    return run.iterations * len(run.levels) * EVALUATIONS_PER_ITERATION


def add_output_flags(
    parser: argparse.ArgumentParser, *, rescale: bool = True, advice: Mapping[str, str] | None = None
) -> None:
    """Flags that every technique's command has, whatever its settings; `advice` is that of `add_fields`."""
    group = parser.add_argument_group("pictures")
    names = ["save_every", "gif", "record", "overwrite", *(["rescale_image", "rescale_method"] if rescale else [])]
    add_fields(group, Output, names, advice=advice, switches=["gif", "record", "overwrite"])
    machine = parser.add_argument_group("machine")
    machine.add_argument("--device", metavar="NAME", help="cpu, gpu or gpu:<n> (default: a GPU if there is one)")
    machine.add_argument("--quiet", action="store_true", help="print errors and warnings only")


def start_backend(device: str | None) -> None:
    """Import Keras and its backend, which takes seconds: after everything cheap has been checked.

    TensorFlow writes a page of notes to the error stream while it is loaded, before any setting that silences it can
    act, so the stream is closed for that moment.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "w") as nothing:
        os.dup2(nothing.fileno(), 2)
        try:
            from neural_style import backend
        finally:
            os.dup2(kept, 2)
            os.close(kept)
    if device is not None:
        backend.choose_device(device)


def table_of_terms(losses: Mapping[str, float]) -> str:
    """Each term with its value and its share of the loss."""
    total = sum(losses.values())
    width = max(map(len, losses))
    rows = [f"  {name:<{width}}  {value:12.5g}  {value / (total or 1):7.1%}" for name, value in losses.items()]
    return "\n".join([*rows, f"  {'loss':<{width}}  {total:12.5g}"])


def _sources(given: Content | Style) -> list[Any]:
    """Everything of an input that may be a file."""
    return [
        getattr(given, name)
        for name in ("image", "mask", "color_mask", "label_map")
        if getattr(given, name, None) is not None
    ]


def _at_most(image: np.ndarray, rows: int) -> np.ndarray:
    if image.shape[0] <= rows:
        return image
    return images.resize(image, (rows, round(image.shape[1] * rows / image.shape[0])), method="box")
