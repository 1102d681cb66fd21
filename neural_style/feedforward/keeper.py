"""Learning rate, log, samples, checkpoint and best network of a training."""

from __future__ import annotations

import csv
import io
import json
import logging
import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Self

import keras
import numpy as np
from keras import ops

from neural_style import backend, images
from neural_style.errors import BrokenRunError, InvalidInputError, NeuralStyleError
from neural_style.features.npz import Archive
from neural_style.feedforward import model_file
from neural_style.feedforward.settings import TrainingSettings
from neural_style.feedforward.trainer import Trainer
from neural_style.files import atomic_write
from neural_style.images.grid import Cell, draw

LOWEST_RATE = 0.01
"""In parts of the first, at the end of a cosine."""

LARGEST_STATE = 2**26
"""Bytes of identity and progress in a checkpoint at most: a save adds about 200."""

MAY_CHANGE = ("steps", "minutes")
"""Settings that a resumed training may have changed."""

_log = logging.getLogger(__name__)


class Files(NamedTuple):
    """The files of a training."""

    network: Path
    log: Path
    samples: Path
    checkpoint: Path

    @classmethod
    def beside(cls, network: Path) -> Files:
        """Those of a network.

        Raises:
            InvalidInputError: its name does not end with `.keras`.
        """
        if network.suffix != ".keras":
            raise InvalidInputError(f'output "{network}" must end with .keras, as in {network.stem}.keras')
        names = ("_log.csv", "_samples.png", "_checkpoint.npz")
        return cls(network, *(network.with_name(network.stem + name) for name in names))


@dataclass
class Progress:
    """How far a training is.

    Attributes:
        steps, seconds: of all its parts.
        best: the lowest loss of a save.
        rows: of the log, one for each save.
    """

    steps: int = 0
    seconds: float = 0.0
    best: float = math.inf
    rows: list[dict[str, float]] = field(default_factory=list)

    def is_finished(self, steps: int) -> bool:
        return self.steps >= steps


class Keeper(keras.callbacks.Callback):  # type: ignore[misc] # Keras has no types
    """Chooses the rate, notices what is not finite, and saves after every epoch, which is `save_every` steps."""

    def __init__(
        self, files: Files, identity: Mapping[str, Any], settings: TrainingSettings, styles: Sequence[str]
    ) -> None:
        """
        Args:
            files: see the class.
            identity: what must not change when the training is resumed, but for `MAY_CHANGE`.
            settings: of the training.
            styles: names of the styles.
        """
        super().__init__()
        self.files, self.identity, self.settings = files, identity, settings
        self.metadata: dict[str, Any] = {**identity, "styles": list(styles)}
        self.samples: np.ndarray[Any, Any] = np.zeros((0,))
        self.progress = Progress()
        self.broken: Iterable[Path] = ()
        self.stopped: str | None = None
        self._before, self._started = 0.0, 0.0

    @classmethod
    def opened(
        cls, files: Files, identity: Mapping[str, Any], settings: TrainingSettings, styles: Sequence[str]
    ) -> Self:
        """With the checkpoint, if there is one.

        Raises:
            InvalidInputError: it cannot be read, or is that of another training.
        """
        keeper = cls(files, identity, settings, styles)
        if files.checkpoint.is_file():
            with _opened(files.checkpoint) as archive:
                header = archive.header("state")
                if header.dtype != np.uint8 or header.bytes > LARGEST_STATE:
                    raise ValueError("its state is no text, or too long")
                state = json.loads(archive.read("state").tobytes())
                _check_same(state["identity"], identity, files.checkpoint)
                keeper.progress = Progress(**state["progress"])
        return keeper

    @property
    def trainer(self) -> Trainer:
        trainer: Trainer = self.model
        return trainer

    def restore(self, trainer: Trainer) -> None:
        """Give network and optimizer the values of the checkpoint, if there is one.

        Raises:
            InvalidInputError: it is damaged.
        """
        if not self.progress.steps:
            return
        with _opened(self.files.checkpoint) as archive:
            for name, variable in _variables(trainer):
                header = archive.header(name)
                if header.shape != tuple(variable.shape) or header.dtype != _array(variable).dtype:
                    raise ValueError(f"{name} is of another shape or type")
                variable.assign(archive.read(name))

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        self._before, self._started = self.progress.seconds, time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self.trainer.optimizer.learning_rate = self.settings.rate * self._share_of_rate()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        self.progress.steps += 1
        self.progress.seconds = self._before + time.monotonic() - self._started
        loss = float((logs or {})["loss"])
        if not math.isfinite(loss):
            raise BrokenRunError(
                f"the loss is {loss} at step {self.progress.steps}: choose a lower rate; {self.files.network} is the "
                "best network so far"
            )
        is_late = 0 < 60 * self.settings.minutes <= self.progress.seconds
        if self.progress.is_finished(self.settings.steps) or is_late:
            self.stopped = None if self.progress.is_finished(self.settings.steps) else "minutes"
            self.trainer.stop_training = True

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        numbers = {name: float(value) for name, value in (logs or {}).items()}
        rate = float(_array(self.trainer.optimizer.learning_rate))
        row = {"step": self.progress.steps, "seconds": round(self.progress.seconds, 1), "rate": rate, **numbers}
        self.progress.rows.append(row)
        loss = numbers.get("val_loss", numbers["loss"])
        is_best = loss < self.progress.best
        if is_best:
            self.progress.best = loss
            self._write_network(row)
        self._write_log()
        self._write_samples()
        self._write_checkpoint()
        _log.info(
            "step %d of %d, %.2f s a step: loss %.4g%s%s",
            self.progress.steps,
            self.settings.steps,
            self.progress.seconds / self.progress.steps,
            numbers["loss"],
            f", validation loss {loss:.4g}" if "val_loss" in numbers else "",
            ", best so far" if is_best else "",
        )

    def finish(self) -> None:
        """Remove the checkpoint of a finished training."""
        if self.stopped is None and self.progress.is_finished(self.settings.steps):
            self.files.checkpoint.unlink(missing_ok=True)

    def _share_of_rate(self) -> float:
        """By a cosine of the part of the steps, or of the minutes, that is over."""
        if self.settings.schedule == "constant":
            return 1.0
        over = self.progress.steps / self.settings.steps
        if self.settings.minutes:
            over = max(over, self.progress.seconds / (60 * self.settings.minutes))
        return LOWEST_RATE + (1 - LOWEST_RATE) * (1 + math.cos(math.pi * min(over, 1.0))) / 2

    def _write_network(self, row: Mapping[str, float]) -> None:
        metadata = {**self.metadata, "broken": sorted(path.name for path in self.broken), "result": dict(row)}
        model_file.write(self.trainer.painter, self.files.network, metadata)

    def _write_log(self) -> None:
        text = io.StringIO()
        writer = csv.DictWriter(text, list(self.progress.rows[0]), extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.progress.rows)
        with atomic_write(self.files.log, f'log "{self.files.log}"', overwrite=True) as file:
            file.write(text.getvalue().encode())

    def _write_samples(self) -> None:
        """Photos in the first row, and a row for each style."""
        rows = [self.samples]
        count = len(self.metadata["styles"])
        for style in np.identity(count, np.float32):
            batch = {"photo": self.samples}
            if count > 1:
                batch["style"] = np.repeat(style[None], len(self.samples), 0)
            rows.append(self.trainer.predict_on_batch(batch))
        sheet, _ = draw([[Cell(images.to_uint8(picture)) for picture in row] for row in rows])
        images.write(self.files.samples, sheet, overwrite=True)

    def _write_checkpoint(self) -> None:
        arrays: dict[str, Any] = {name: _array(variable) for name, variable in _variables(self.trainer)}
        state = json.dumps({"identity": self.identity, "progress": vars(self.progress)})
        path = self.files.checkpoint
        with atomic_write(path, f'checkpoint "{path}"', overwrite=True) as file:
            np.savez(file, state=np.frombuffer(state.encode(), np.uint8), **arrays)


@contextmanager
def _opened(path: Path) -> Iterator[Archive]:
    """A checkpoint, whose arrays are checked before they are read."""
    try:
        with path.open("rb") as file:
            yield Archive(file)
    except NeuralStyleError:
        raise
    except Exception as error:  # zipfile and zlib raise many types for a damaged file
        raise InvalidInputError(f"{path} cannot be read ({error!s:.200}): start a new training") from error


def _variables(trainer: Trainer) -> Iterator[tuple[str, keras.Variable]]:
    """Everything that a step changes, by a name that is the same in the next process."""
    parts = {"painter": trainer.painter.variables, "optimizer": trainer.optimizer.variables}
    for part, variables in parts.items():
        for number, variable in enumerate(variables):
            yield f"{part}{number}", variable


def _array(variable: keras.Variable) -> np.ndarray[Any, Any]:
    """A copy of its value."""
    with backend.without_deprecations():
        return np.array(ops.convert_to_numpy(variable))


def _check_same(before: Mapping[str, Any], now: Mapping[str, Any], path: Path) -> None:
    """Raise `InvalidInputError` where a setting, a painting or the number of photos has changed."""
    settings = now["settings"]
    changed = [
        f"{name} was {value!r} and is {settings.get(name)!r}"
        for name, value in before["settings"].items()
        if name not in MAY_CHANGE and settings.get(name) != value
    ]
    changed += [f"the {name} differ" for name in ("paintings", "photos") if before[name] != now[name]]
    if changed:
        raise InvalidInputError(
            f"{path} is of another training: {changed[0]}; give the same ones, or start a new training with "
            "overwrite=True"
        )
