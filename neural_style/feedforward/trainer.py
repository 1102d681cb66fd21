"""A painting network with its loss as one Keras model, so that `fit` trains it on any backend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from neural_style import backend
from neural_style.backend import Tensor
from neural_style.feedforward.consistency import consistency_loss, moved
from neural_style.feedforward.perceptual_loss import PerceptualLoss

PARTS = ("content", "style", "tv", "range")


class Trainer(keras.Model):  # type: ignore[misc] # Keras has no types
    """A network in training.

    Takes the batches of `neural_style.feedforward.photos.Photos`; with a weight of consistency they also have the flow
    and the noise of `neural_style.feedforward.consistency.made_up_motion`.

    Only `compute_loss` is replaced: a `train_step` would have to be written for each backend.

    Attributes:
        painter: the network that is trained, from `photo`, or `photo` and `style`, to a pastiche.
        criterion: its loss.
        network: the features' network, which stays as it is.
        parts: the means of the loss's parts.
    """

    def __init__(self, painter: keras.Model, criterion: PerceptualLoss) -> None:
        super().__init__(name="trainer")
        self.painter, self.criterion = painter, criterion
        self.network = criterion.network  # so that Keras hands its weights to the program instead of baking them in
        self.consistency = criterion.settings.consistency
        names = (*PARTS, "consistency") if self.consistency else PARTS
        self.parts = {name: keras.metrics.Mean(name) for name in names}

    def call(self, batch: Mapping[str, Tensor], training: bool = False) -> Tensor:
        inputs = [batch["photo"], batch["style"]] if "style" in batch else batch["photo"]
        return self.painter(inputs, training=training)

    def compute_loss(
        self,
        x: Mapping[str, Tensor] | None = None,
        y: Any = None,
        y_pred: Tensor = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Tensor:
        """The mean over the batch, divided among replicas; `y` and `sample_weight` are not used."""
        assert x is not None
        found = self.criterion(y_pred, x["photo"], x.get("style"))
        if self.consistency:
            photo = moved(x["photo"], x["flow"])[0] + x["noise"]
            after = self({**x, "photo": photo}, training=training)
            found["consistency"] = self.consistency * consistency_loss(y_pred, after, x["flow"])
        for name, values in found.items():
            self.parts[name].update_state(values)
        return ops.mean(sum(found.values())) / backend.replicas()
