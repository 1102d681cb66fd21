"""What a run yields: a step after each iteration, and a result at the end."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from neural_style import images
from neural_style.enhancement.steps import enhanced
from neural_style.errors import InvalidInputError
from neural_style.images import Picture
from neural_style.images.transparency import without_white
from neural_style.runs import records

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class _Shown:
    """What notebooks show of a picture."""

    image: np.ndarray
    alpha: np.ndarray | None

    def _repr_png_(self) -> bytes:
        """The picture as PNG: a notebook shows the object as this picture."""
        layers = self.image if self.alpha is None else np.dstack([without_white(self.image, self.alpha), self.alpha])
        stream = io.BytesIO()
        Image.fromarray(layers).save(stream, "PNG")
        return stream.getvalue()


@dataclass(frozen=True, eq=False)
class Step(_Shown):
    """The state of a run after an iteration; a notebook shows its picture.

    Attributes:
        iteration: from 1, counted over all sizes.
        evaluations: of the objective so far, over all sizes.
        loss: the lowest so far at this size.
        losses: the terms of that loss by name.
        improvement: percentage by which the loss fell in this iteration; None in the first one at a size.
        image: the picture with that loss, uint8 (H, W, 3), RGB; an array of its own.
        alpha: uint8 (H, W), of the content, or None where it is opaque.
        seconds: since the start of the run.
        history: one entry an iteration so far, as in `Result`.
        stopped: why the run ends here and not later; empty otherwise.
    """

    iteration: int
    evaluations: int
    loss: float
    losses: Mapping[str, float]
    improvement: float | None
    image: np.ndarray = field(repr=False)
    seconds: float
    alpha: np.ndarray | None = field(default=None, repr=False)
    history: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    stopped: str = ""

    def plot(self) -> Figure:
        """The losses so far; see `Result.plot`."""
        return plot_history(self.history)


@dataclass(frozen=True, eq=False)
class Result(_Shown):
    """A finished picture and its record; a notebook shows the picture.

    A picture that a feed-forward network painted in one pass has neither losses nor history.

    Attributes:
        image: uint8 (H, W, 3), RGB, over white where the content is transparent; `save` takes the white away.
        alpha: uint8 (H, W), of the content, or None where it is opaque.
        losses: the terms of the loss by name.
        history: one entry an iteration: iteration, evaluations, image_size, loss, losses by term, seconds; and tile and
            memory, where they are not what was asked for.
        stopped: why the run ended early; empty if it did not.
        record: everything needed to make the picture again, as stored in the file; see `neural_style.runs.records`.
        error: the error that broke the run off before its end; None otherwise.
    """

    image: np.ndarray = field(repr=False)
    alpha: np.ndarray | None = field(repr=False)
    losses: Mapping[str, float]
    history: Sequence[Mapping[str, Any]] = field(repr=False)
    stopped: str
    record: Mapping[str, Any] = field(repr=False)
    error: Exception | None = field(default=None, repr=False)

    @property
    def is_interrupted(self) -> bool:
        """Whether Ctrl-C, or a signal of that kind, ended the run."""
        return self.stopped == records.INTERRUPTED

    @property
    def loss(self) -> float:
        """The loss of the picture, mostly the lowest found at the last size; NaN where nothing was minimised."""
        return float(self.history[-1]["loss"]) if self.history else nan

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write the picture, with its record inside, in the format that the file's ending names.

        Raises:
            InvalidInputError: the file exists and `overwrite` is False, or it cannot be written.
        """
        images.check_output(Path(path), overwrite=overwrite)
        image = self.image if self.alpha is None else without_white(self.image, self.alpha)
        images.write(Path(path), image, alpha=self.alpha, record=records.to_json(self.record), overwrite=overwrite)

    def enhanced(self, steps: str) -> Result:
        """The same with the picture after some steps, which the record contains: `neural-style rerun` repeats them.

        Args:
            steps: such as `"denoise upscale:2 sharpen"`; see `neural_style.enhance`.

        Raises:
            InvalidInputError: a step is unknown or impossible.
        """
        picture = enhanced(Picture(self.image, self.alpha, "the picture", None), steps)
        return replace(self, image=picture.rgb, alpha=picture.alpha, record=records.with_steps(self.record, steps))

    def plot(self) -> Figure:
        """The loss and its terms over the evaluations, on a logarithmic axis; one panel a size of the pyramid.

        Returns:
            A matplotlib figure that belongs to no window; a notebook shows it.

        Raises:
            InvalidInputError: matplotlib is not installed, or there is no history.
        """
        return plot_history(self.history)


def plot_history(history: Sequence[Mapping[str, Any]]) -> Figure:
    """The losses of a history, as `Result.plot` draws them."""
    if not history:
        raise InvalidInputError("there are no losses to plot: this picture was painted in one pass, without iterations")
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise InvalidInputError("plots need matplotlib: pip install matplotlib") from error
    sizes = list(dict.fromkeys(tuple(entry["image_size"]) for entry in history))
    figure = Figure(figsize=(1 + 4.5 * max(1, len(sizes)), 4), layout="constrained")
    for index, size in enumerate(sizes):
        axes = figure.add_subplot(1, len(sizes), index + 1)
        entries = [entry for entry in history if tuple(entry["image_size"]) == size]
        evaluations = [entry["evaluations"] for entry in entries]
        for name in entries[0]["losses"]:
            axes.plot(evaluations, [entry["losses"][name] for entry in entries], marker=".", label=name)
        axes.plot(evaluations, [entry["loss"] for entry in entries], color="black", marker=".", label="loss")
        if all(value > 0 for entry in entries for value in (entry["loss"], *entry["losses"].values())):
            axes.set_yscale("log")
        axes.set(xlabel="evaluations", title=f"{size[0]} x {size[1]} pixels")
        axes.legend(fontsize="small")
    return figure
