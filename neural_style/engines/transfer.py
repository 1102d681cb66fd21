"""The task of one transfer whose result is used by the caller, such as a cell of a sheet."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass

from neural_style.engines.interface import Outcome
from neural_style.engines.written import lines
from neural_style.errors import explanation
from neural_style.inputs import Inputs
from neural_style.runs.settings import RunSettings
from neural_style.technique import Technique


@dataclass(frozen=True)
class TransferTask:
    """A transfer whose outcome has the `Result` and its seconds as its value.

    Attributes:
        technique, run_settings: of the transfer.
        inputs: in memory, since another machine may paint.
    """

    technique: Technique
    inputs: Inputs
    run_settings: RunSettings

    @property
    def weights(self) -> tuple[str, ...]:
        """See `Task`."""
        return () if self.technique.weights is None else (self.technique.weights,)

    def run(self) -> Outcome:
        """The transfer; one that was broken off has failed."""
        begun = time.perf_counter()
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("default")
            try:
                result = self.technique.transfer(self.inputs, **self.run_settings)
                if result.error is not None:
                    raise result.error
            except Exception as error:
                return Outcome(warnings=lines(warned), error=explanation(error))
        return Outcome(value=(result, time.perf_counter() - begun), warnings=lines(warned))
