"""One transfer on the terminal: progress, messages and exit status, for the commands of all techniques."""

from __future__ import annotations

import os
import sys
import warnings
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from neural_style import interruption, solvers
from neural_style.cli.place import work
from neural_style.cli.preview import preview
from neural_style.cli.progress import Bar, report
from neural_style.errors import InvalidInputError
from neural_style.features.weights import check_available
from neural_style.inputs import Inputs
from neural_style.runs.checkpoint import Checkpoint
from neural_style.runs.file_writer import RunFiles
from neural_style.runs.outputs import Output, is_finished
from neural_style.runs.result import Result
from neural_style.runs.settings import Run, RunSettings
from neural_style.technique import Source, Sources, Technique

FAILED = 1
"""Exit status where a picture is missing, or is that of a run which an error has broken off."""


@dataclass
class Session:
    """One transfer from the command line.

    Attributes:
        technique, content, styles, run: as for `Technique.transfer`.
        output: names, format and size of the files.
        quiet: print errors and warnings only.
        device: for `start_backend`.
        weights_sha256: fingerprint of the weights that the run should have, for a warning.
        checkpoint: the opened file of the run.
        choice: a remark on the network that was chosen, for the first line.
        preview: the strength of `paint`, for a preview by the embedded painter; None makes none.
        extras: further files by name, each with the function that writes it before the run.
    """

    technique: Technique
    content: Source
    styles: Sources
    run: RunSettings
    output: Output
    quiet: bool = False
    device: str | None = None
    weights_sha256: str | None = None
    checkpoint: Checkpoint | None = None
    choice: str = ""
    preview: float | None = None
    extras: Mapping[Path, Callable[[Path], None]] = field(default_factory=dict)

    def execute(self) -> int:
        """Check, run, save, and report; returns the exit status."""
        inputs = self.technique.inputs(self.content, self.styles)
        run = self.technique.run_settings(inputs, self.run)
        self.technique.check(inputs, run)
        if self._may_be_finished():
            start_backend(self.device, self._loading)
            if is_finished(self.output.final, self.technique.identity(inputs, run)):
                if not self.quiet:
                    print(f"{self.output.final} is finished already")
                return 0
        files = RunFiles(
            self.output,
            inputs,
            run,
            others=list(self.extras),
            read=[self.technique.weights],
            checkpoint=self.checkpoint,
        )
        check_available(self.technique.model, self.technique.weights, self.technique.used_layers)
        for path, write in self.extras.items():
            write(path)
        start_backend(self.device, self._loading)
        return self._run(inputs, files, run)

    def _run(self, inputs: Inputs, files: RunFiles, run: Run) -> int:
        """The run itself; a signal ends it and never what is written after it."""
        written: Sequence[Path] = ()
        is_interrupted = False
        try:
            with self._preview(inputs, run), interruption.held():
                with Bar(work(run), quiet=self.quiet) as bar:
                    bar.begin("", 0, run)
                    result = self.technique.transfer(
                        inputs,
                        progress=bar.advance,
                        on_step=bar.before(files.save_step),
                        checkpoint=self.checkpoint,
                        **self.run,
                    )
                written = files.finish(result)
                is_interrupted = result.is_interrupted
        except KeyboardInterrupt:
            if not written:
                raise
            is_interrupted = True
        if self.weights_sha256 not in (None, result.record["weights_sha256"]):
            warnings.warn("the weights are not those of the recorded picture, so the result differs", stacklevel=2)
        if not self.quiet:
            self._print_summary(result, run, written)
        if is_interrupted:
            return interruption.exit_status()
        return FAILED if result.error is not None else 0

    def _preview(self, inputs: Inputs, run: Run) -> AbstractContextManager[None]:
        """A preview while the run lasts: not of a resumed run, whose pictures are better, and not unseen."""
        is_resumed = self.checkpoint is not None and self.checkpoint.found is not None
        if self.preview is None or self.quiet or is_resumed:
            return nullcontext()
        return preview(inputs, run, self.output, strength=self.preview)

    @property
    def _loading(self) -> str:
        return "" if self.quiet else f"{self.technique.model}{self.choice}"

    def _may_be_finished(self) -> bool:
        """Whether a run to be resumed has a picture and no checkpoint: it may have been killed after its end."""
        is_resumed = self.checkpoint is not None and self.checkpoint.resume and self.checkpoint.found is None
        return is_resumed and self.output.final.is_file()

    def _print_summary(self, result: Result, run: Run, written: Sequence[Path]) -> None:
        if result.stopped:
            print(f"stopped early: {result.stopped}{last_size(result, run)}")
        print(table_of_terms(result.losses))
        print("wrote " + ", ".join(map(str, written)))
        if self.checkpoint is not None and not self.checkpoint.is_finished:
            print(f"the run is saved in {self.checkpoint.path}; use --resume to continue it")


def last_size(result: Result, run: Run) -> str:
    """At which size of a pyramid a run ended that did not reach the last one; empty for the others."""
    sizes = [tuple(entry["image_size"]) for entry in result.history]
    number = len(set(sizes))
    if number == len(run.levels):
        return ""
    rows, columns = sizes[-1]
    return f" at size {number} of {len(run.levels)}; the picture has {rows} x {columns} pixels"


def open_checkpoint(found: Namespace, output: Output) -> tuple[Checkpoint | None, Output]:
    """The checkpoint of `--checkpoint` and `--resume`, and the output with the files that it may replace.

    Raises:
        InvalidInputError: as in `Checkpoint.opened`; the solver cannot be resumed; or `--resume` is alone.
    """
    if found.checkpoint is None:
        if found.resume:
            raise InvalidInputError("--resume needs --checkpoint: name the file of the run to resume")
        return None, output
    if found.solver not in solvers.RESUMABLE:
        raise InvalidInputError(
            f"--solver {found.solver} cannot be resumed: with --checkpoint use {' or '.join(solvers.RESUMABLE)}"
        )
    checkpoint = Checkpoint.opened(found.checkpoint, resume=found.resume, overwrite=found.overwrite)
    return checkpoint, output.resuming(checkpoint)


def start_backend(device: str | None, loading: str = "") -> None:
    """Import Keras and its backend, which takes seconds: after everything cheap has been checked.

    Args:
        device: for the process, as in `neural_style.backend.choose_device`.
        loading: what is loaded, for a line beforehand; none where it is empty, or where the backend runs already.
    """
    if loading and "neural_style.backend" not in sys.modules:
        report(f"neural-style: loading {loading}")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # for notes of later operations
    from neural_style import backend

    backend.own_process(device)


def table_of_terms(losses: Mapping[str, float]) -> str:
    """Each term with its value and its share of the loss."""
    total = sum(losses.values())
    width = max(map(len, losses))
    rows = [f"  {name:<{width}}  {value:12.5g}  {value / (total or 1):7.1%}" for name, value in losses.items()]
    return "\n".join([*rows, f"  {'loss':<{width}}  {total:12.5g}"])
