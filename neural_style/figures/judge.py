"""The network that looks at panels: as it comes, and normalised; and how pictures are judged by it."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from neural_style import files, images
from neural_style.features import vgg, weights
from neural_style.figures.setup import NORMALISED, Setup, sides
from neural_style.samples import sample

Array = np.ndarray[Any, Any]

CALIBRATED_ON = ("cat", "coffee", "rocket", "portrait", "night", "harvest")
"""Samples over which the normalised network's activations have a mean of one."""

CALIBRATION_ROWS = 256


class Judge:
    """The network of a setup.

    Attributes:
        setup: which network it is.
        folder: where the normalised weights are kept.
    """

    def __init__(self, setup: Setup, folder: Path) -> None:
        self.setup, self.folder = setup, folder
        self._normalised: dict[str, Path] = {}

    @cached_property
    def fingerprint(self) -> str:
        """Of the weights as they come."""
        return weights.fingerprint(self._loaded())

    def check_weights(self) -> None:
        """Raise `InvalidInputError` or `MissingFileError` where the weights cannot be had."""
        self._loaded()

    def weights_of(self, source: str | None, pooling: str) -> str | None:
        """Weights as a technique takes them: the file of the normalised network where it is meant."""
        if source != NORMALISED:
            return source
        if pooling not in self._normalised:
            self._normalised[pooling] = self._calibrated(pooling)
        return str(self._normalised[pooling])

    def measured(self, image: Array, content: Array | None, styles: list[Array]) -> dict[str, float]:
        """Metrics of a picture, in the eye of the network as it comes."""
        from neural_style.metrics import measure

        content_layer, style_layers = self.setup.judge
        return measure(
            image,
            content,
            styles,
            model=self.setup.model,
            weights=self.setup.weights,
            content_layers=(content_layer,),
            style_layers=style_layers,
        )

    def _calibrated(self, pooling: str) -> Path:
        """The file of the normalised network behind a pooling, made once."""
        small = [images.resize(photo, sides(photo, CALIBRATION_ROWS)) for photo in map(sample, CALIBRATED_ON)]
        seen = hashlib.sha256("".join([self.fingerprint, *map(sha256_of, small)]).encode()).hexdigest()
        path = self.folder / f"normalised-{self.setup.model}-{pooling}-{seen[:12]}.npz"
        if not path.is_file():
            from neural_style.features.calibration import normalised

            scaled = normalised(self._loaded(), small, model=self.setup.model, pooling=pooling)
            with files.atomic_write(path, f'file "{path}"', overwrite=True) as file:
                np.savez(file, **scaled)  # type: ignore[arg-type]
        return path

    def _loaded(self) -> weights.Weights:
        return weights.load(vgg.architecture(self.setup.model), self.setup.weights, self.setup.layers)


def sha256_of(picture: Array) -> str:
    """Of shape, type and pixels."""
    return hashlib.sha256(f"{picture.shape} {picture.dtype}".encode() + picture.tobytes()).hexdigest()
