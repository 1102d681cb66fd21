"""Networks trained for one style or for several, from a `.keras` file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops

from neural_style import backend
from neural_style.errors import InvalidInputError
from neural_style.features import weights as feature_weights
from neural_style.feedforward import model_file
from neural_style.feedforward.embedded import padded
from neural_style.feedforward.model import Array

if TYPE_CHECKING:
    import keras

STYLE = "style"
"""Name of the one style of a network whose file names none."""


class TrainedNetwork:
    """A network that paints any photo in the styles that it was trained for.

    Attributes:
        network: from (N, H, W, 3), RGB in 0..255, to the same; of several styles it takes a list of that and of the
            styles' shares (N, styles).
        styles: names of the styles.
        metadata: of the training, as stored in the file.
        weights_sha256: fingerprint of the weights.
    """

    def __init__(self, path: Path) -> None:
        """
        Args:
            path: a `.keras` file.

        Raises:
            InvalidInputError, MissingFileError: the file is not one of such a network, or not there.
        """
        self.metadata = model_file.read_metadata(path)
        self.network = model_file.load(path)
        inputs, channels = self.network.inputs, self.network.output_shape[-1]
        if len(inputs) > 2 or inputs[0].shape[-1] != 3 or channels != 3:
            raise InvalidInputError(f"{path} is no network from pictures (N, H, W, 3) to pictures: train one")
        count = 1 if len(inputs) == 1 else int(inputs[1].shape[-1])
        self.styles = self._names(path, count)
        self.weights_sha256 = _fingerprint(self.network)
        self._program = backend.compiled(self._call, flexible=[0])

    def run(self, photos: Array, names: Sequence[tuple[str, float]]) -> Array:
        """Photos in a style.

        Args:
            photos: (N, H, W, 3), RGB in 0..255, any H and W.
            names: of the styles, with their shares.

        Returns:
            (N, H, W, 3), float32, RGB in 0..255.
        """
        height, width = photos.shape[1:3]
        shares = np.zeros((len(photos), len(self.styles)), np.float32)
        for name, share in names:
            shares[:, self.styles.index(name)] += share
        found = self._program(ops.convert_to_tensor(padded(photos).astype(np.float32)), ops.convert_to_tensor(shares))
        painted: Array = np.clip(ops.convert_to_numpy(found)[:, :height, :width], 0, 255)
        return painted

    def _call(self, photos: Any, shares: Any) -> Any:
        inputs = photos if len(self.network.inputs) == 1 else [photos, shares]
        return self.network(inputs, training=False)

    def _names(self, path: Path, count: int) -> tuple[str, ...]:
        found = self.metadata.get("styles", [STYLE] if count == 1 else [str(i + 1) for i in range(count)])
        names = tuple(str(each.get("name", each.get("image")) if isinstance(each, dict) else each) for each in found)
        if len(names) != count:
            raise InvalidInputError(
                f"{path} names {len(names)} styles and has {count}: its metadata are of another net"
            )
        return names


def _fingerprint(network: keras.Model) -> str:
    with backend.without_deprecations():
        values = network.get_weights()
    return feature_weights.fingerprint({str(i): np.asarray(each) for i, each in enumerate(values)})
