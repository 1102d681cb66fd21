"""The task of one optimised picture: inputs in memory, and the files of the run as bytes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from neural_style import images
from neural_style.engines.interface import Outcome
from neural_style.engines.written import outcome_of
from neural_style.errors import explanation
from neural_style.inputs import Inputs
from neural_style.runs.file_writer import RunFiles
from neural_style.runs.outputs import Output
from neural_style.runs.settings import Run, RunSettings
from neural_style.technique import Technique


def to_send(run: RunSettings) -> RunSettings:
    """The fields of `Run` with the initial image in memory like the other inputs."""
    settings = Run(**run)
    if settings.init_is_named:
        return run
    return run | RunSettings(init=images.read(settings.init, what="initial image"))


@dataclass(frozen=True)
class PaintingTask:
    """A transfer and its files.

    Attributes:
        technique, run: of the transfer.
        inputs: in memory, since another machine may paint.
        output: names, format and size of the files, whose folder is not used.
    """

    technique: Technique
    inputs: Inputs
    run_settings: RunSettings
    output: Output

    @property
    def weights(self) -> tuple[str, ...]:
        """See `Task`."""
        return () if self.technique.weights is None else (self.technique.weights,)

    def run(self) -> Outcome:
        """Paint, and return the files; those of a run that was broken off as well."""
        return outcome_of(self._paint, last=self.output.final.name)

    def _paint(self, folder: Path) -> str:
        """Paint into a folder; returns the error that has broken the run off, if any."""
        output = replace(self.output, prefix=folder / self.output.prefix.name)
        run = self.technique.run_settings(self.inputs, self.run_settings)
        files = RunFiles(output, self.inputs, run)
        result = self.technique.transfer(self.inputs, on_step=files.save_step, **self.run_settings)
        files.finish(result)
        return "" if result.error is None else explanation(result.error)
