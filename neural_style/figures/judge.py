"""The network that measures panels: its weights as they come and normalised, its features, and its metrics."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from neural_style import files, images
from neural_style.errors import NeuralStyleError
from neural_style.features import vgg, weights
from neural_style.figures.setup import NORMALISED, Setup, size_at
from neural_style.metrics import measure
from neural_style.samples import sample

Array = np.ndarray[Any, Any]

CALIBRATION_SAMPLES = ("cat", "coffee", "rocket", "portrait", "night", "harvest")
"""Samples over which activations of the normalised network have a mean of one."""

CALIBRATION_ROWS = 256


class Judge:
    """The network of a setup, by which all its panels are measured.

    Attributes:
        setup: the setup, which names network and weights.
        folder: folder that stores the normalised weights.
    """

    def __init__(self, setup: Setup, folder: Path) -> None:
        self.setup, self.folder = setup, folder
        self._normalised: dict[str, Path] = {}

    @cached_property
    def fingerprint(self) -> str:
        """Fingerprint of the weights as they come."""
        return weights.fingerprint(self._loaded())

    def check_weights(self) -> None:
        """Raise `InvalidInputError` or `MissingFileError` where the weights cannot be loaded."""
        self._loaded()

    def weights_for(self, source: str | None, pooling: str) -> str | None:
        """Weights as a technique takes them: `NORMALISED` becomes the file of the normalised network."""
        if source != NORMALISED:
            return source
        if pooling not in self._normalised:
            self._normalised[pooling] = self._normalised_file(pooling)
        return str(self._normalised[pooling])

    def take_normalised(self, pooling: str, path: str) -> None:
        """Use a file of normalised weights that another process has made."""
        self._normalised[pooling] = Path(path)

    def metrics(self, image: Array, content: Array | None, styles: Sequence[Array]) -> dict[str, float]:
        """Metrics of a picture with the weights as they come and max pooling; see `neural_style.metrics.measure`."""
        content_layer, style_layers = self.setup.metric_layers
        return measure(
            image,
            content,
            styles,
            model=self.setup.model,
            weights=self.setup.weights,
            content_layers=(content_layer,),
            style_layers=style_layers,
        )

    def features(self, image: Array, layers: tuple[str, ...], *, normalised: bool) -> dict[str, Array]:
        """Features (1, h, w, C) of a picture by layer, with max pooling, as they come or of the normalised network."""
        # Keras, and with it the backend, starts here and not when the package is imported.
        from neural_style.features.extractor import feature_extractor

        source = self.weights_for(NORMALISED if normalised else self.setup.weights, "max")
        return dict(feature_extractor(self.setup.model, source, layers).features(image, layers))

    def _normalised_file(self, pooling: str) -> Path:
        """The file of the normalised weights for a pooling, computed where there is none or a damaged one."""
        small = [images.resize(photo, size_at(photo, CALIBRATION_ROWS)) for photo in map(sample, CALIBRATION_SAMPLES)]
        source = hashlib.sha256("".join([self.fingerprint, *map(sha256_of, small)]).encode()).hexdigest()
        path = self.folder / f"normalised-{self.setup.model}-{pooling}-{source[:12]}.npz"
        if not self._is_whole(path):
            from neural_style.features.calibration import normalised

            scaled = normalised(self._loaded(), small, model=self.setup.model, pooling=pooling)
            with files.atomic_write(path, f'file "{path}"', overwrite=True) as file:
                np.savez(file, **scaled)  # type: ignore[arg-type]
        return path

    def _is_whole(self, path: Path) -> bool:
        try:
            weights.load(vgg.architecture(self.setup.model), str(path), self.setup.layers)
        except NeuralStyleError:
            return False
        return True

    def _loaded(self) -> weights.Weights:
        return weights.load(vgg.architecture(self.setup.model), self.setup.weights, self.setup.layers)


def sha256_of(picture: Array) -> str:
    """Hash of shape, type and pixels."""
    return hashlib.sha256(f"{picture.shape} {picture.dtype}".encode() + picture.tobytes()).hexdigest()
