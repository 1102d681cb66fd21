"""An objective is a sum of terms; a term compares one statistic of the pastiche with a constant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from keras import ops

from neural_style import backend
from neural_style.backend import Tensor
from neural_style.errors import InvalidInputError
from neural_style.features.vgg import BGR_MEAN
from neural_style.solvers.function import Evaluated, Function

if TYPE_CHECKING:
    import keras

IMAGE = "image"
"""Stands where a layer's name does, for the preprocessed image itself."""


Loss = Callable[[Tensor, Tensor], Tensor]
"""A function of a statistic and its target, both tensors, to a scalar."""


@dataclass(frozen=True)
class Statistic:
    """What a term looks at: a function of the activations of one or more layers.

    Equal statistics of several terms are computed once in an evaluation, so that k styles cost hardly more than one.
    """

    layers: tuple[str, ...]
    function: Callable[..., Tensor]

    def of(self, features: Mapping[str, Tensor]) -> Tensor:
        """The statistic of one image, given its features."""
        return self.function(*(features[layer] for layer in self.layers))


@dataclass(frozen=True, eq=False)
class Term:
    """One weighted loss.

    Attributes:
        name: dotted, such as `style.0.conv1_1`.
        weight: factor of the loss.
        statistic: what is compared.
        loss: function of the statistic and the target, a scalar.
        target: the constant that the statistic is compared with, or None.
    """

    name: str
    weight: float
    statistic: Statistic
    loss: Loss
    target: Tensor = None


class Evaluation(NamedTuple):
    """Value, gradient (H, W, 3) and the value of each term at one image."""

    value: float
    gradient: np.ndarray
    parts: dict[str, float]


def preprocess(image: Tensor) -> Tensor:
    """From (H, W, 3), RGB in 0..255, to what the networks see: (1, H, W, 3), BGR minus the mean of ImageNet."""
    return (image[None, :, :, ::-1]) - ops.convert_to_tensor(BGR_MEAN, dtype=image.dtype)


def features_of(image: np.ndarray, network: keras.Model) -> dict[str, Tensor]:
    """Features of one image (H, W, 3), RGB in 0..255, by layer: (1, h, w, C)."""
    return dict(network(preprocess(ops.convert_to_tensor(image, dtype=network.input.dtype))))


class Told(NamedTuple):
    """What an evaluation tells beside value and gradient: the weighted terms, and whether the gradient can be used."""

    parts: Tensor
    gradient_is_finite: Tensor


class Objective:
    """The sum of some terms as a function of the pastiche.

    Example:
        >>> objective = Network(model="mini").objective("lake.jpg", ["starry.jpg"])  # doctest: +SKIP
        >>> value, gradient = objective.value_and_grad(image)  # doctest: +SKIP
    """

    def __init__(
        self,
        terms: Sequence[Term],
        network: keras.Model,
        image_size: tuple[int, int],
        *,
        weights_sha256: str = "",
    ) -> None:
        """
        Args:
            terms: at least one, with different names.
            network: from a preprocessed image to a dict of features; see `neural_style.features.vgg.build`. Its
                precision is that of image, gradient and losses.
            image_size: rows and columns of the pastiche.
            weights_sha256: fingerprint of the network's weights, for records.
        """
        self.terms = tuple(terms)
        self.network = network
        self.image_size = image_size
        self.weights_sha256 = weights_sha256
        targets = {term.name: ops.convert_to_tensor(term.target) for term in terms if term.target is not None}
        self.function = Function(self._evaluate, targets)

    @property
    def dtype(self) -> str:
        """Of image, gradient and value."""
        return str(self.network.input.dtype)

    def evaluate(self, image: np.ndarray) -> Evaluation:
        """Value, gradient and terms at `image` (H, W, 3), RGB in 0..255; nothing is clipped or rounded."""
        if np.shape(image) != (*self.image_size, 3):
            raise InvalidInputError(f"the image must have shape {(*self.image_size, 3)}, received {np.shape(image)}")
        value, gradient, told = self.function(ops.convert_to_tensor(image, dtype=self.dtype))
        return Evaluation(float(value), np.array(ops.convert_to_numpy(gradient)), self.named(told))

    def named(self, told: Told) -> dict[str, float]:
        """The weighted value of each term by name."""
        return dict(zip((term.name for term in self.terms), np.asarray(told.parts).tolist(), strict=True))

    def value_and_grad(self, image: np.ndarray) -> tuple[float, np.ndarray]:
        """Value and gradient, the latter with the shape and units of `image`."""
        evaluation = self.evaluate(image)
        return evaluation.value, evaluation.gradient

    def parts(self, image: np.ndarray) -> dict[str, float]:
        """The weighted value of each term by name; their sum is the value."""
        return self.evaluate(image).parts

    def _evaluate(self, image: Tensor, targets: Mapping[str, Tensor]) -> Evaluated:
        value, parts, gradient = backend.value_and_grad(self._losses)(image, targets)
        return Evaluated(value, gradient, Told(parts, ops.all(ops.isfinite(gradient))))

    def _losses(self, image: Tensor, targets: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        x = preprocess(ops.cast(image, self.dtype))
        features = {**self.network(x), IMAGE: x}
        statistics = statistics_of(features, (term.statistic for term in self.terms))
        parts = ops.stack([t.weight * t.loss(statistics[t.statistic], targets.get(t.name)) for t in self.terms])
        return ops.sum(parts), parts


def statistics_of(features: Mapping[str, Tensor], statistics: Iterable[Statistic]) -> dict[Statistic, Tensor]:
    """Each different statistic of one image, once."""
    found: dict[Statistic, Any] = {}
    for statistic in statistics:
        if statistic not in found:
            found[statistic] = statistic.of(features)
    return found
