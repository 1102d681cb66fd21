"""`keep_grey`: a pastiche of grey pictures is grey."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neural_style.images import Picture
from neural_style.inputs import Inputs
from neural_style.runs.settings import Run

if TYPE_CHECKING:
    from neural_style.objectives.objective import Objective, ObjectiveAt


class Greyness:
    """Whether a run is one of grey pictures, and what it changes then.

    The channels of a network's filters differ, and so do the gradients of the three channels of a grey pastiche: it
    would become coloured noise.
    """

    def __init__(self, inputs: Inputs, start: Picture | None, run: Run) -> None:
        """`start` is the initial picture, None for noise."""
        photo = () if inputs.content.image is None else (inputs.content.picture,)
        pictures = (*photo, *(style.picture for style in inputs.styles), *(() if start is None else (start,)))
        self.is_kept = run.keep_grey and all(picture.is_grey for picture in pictures)

    def objective_at(self, objective_at: ObjectiveAt) -> ObjectiveAt:
        """The objective as a function of the mean of the channels, whose gradient is grey."""
        if not self.is_kept:
            return objective_at

        def at(size: tuple[int, int], tile: int | None = None) -> Objective:
            return objective_at(size, tile).in_grey()

        return at

    def image(self, image: np.ndarray) -> np.ndarray:
        """The first channel of a picture (H, W, 3) as all three; equal ones of a grey picture up to rounding."""
        return np.repeat(image[..., :1], 3, axis=2) if self.is_kept else image
