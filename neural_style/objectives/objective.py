"""Objectives: sums of weighted terms, each of which compares a statistic of the pastiche with a target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

import numpy as np
from keras import ops

from neural_style import backend
from neural_style.backend import Tensor
from neural_style.backend.program import Evaluated, Function
from neural_style.errors import InvalidInputError
from neural_style.features.extractor import FeatureExtractor
from neural_style.features.statistics import Statistic, key_of, layers_of
from neural_style.features.tiling import IMAGE
from neural_style.objectives.canvas import Canvas

Loss = Callable[[Tensor, Tensor], Tensor]
"""A function of a statistic and its target, both tensors, to a scalar, or to a value per picture (N,), of which the sum
is used."""


def statistic_itself(statistic: Tensor, target: Tensor = None) -> Tensor:
    """The loss of a term whose statistic, a scalar or a value per picture (N,), is the loss already; no target."""
    return statistic


@dataclass(frozen=True, eq=False)
class Term:
    """One weighted loss.

    Attributes:
        name: dotted, such as `style.0.conv1_1`.
        weight: factor of the loss.
        statistic: of the pastiche's features.
        loss: function of the statistic and the target, see `Loss`; by default the statistic itself, which is one then.
        target: what the loss compares the statistic with; None for a loss without a target.
    """

    name: str
    weight: float
    statistic: Statistic
    loss: Loss = statistic_itself
    target: Tensor = None


class Evaluation(NamedTuple):
    """Value, gradient (H, W, 3) and the value of each term at one image."""

    value: float
    gradient: np.ndarray
    parts: dict[str, float]


class Auxiliary(NamedTuple):
    """Auxiliary outputs of an evaluation: the weighted terms, and whether the gradient is finite."""

    parts: Tensor
    gradient_is_finite: Tensor


class Objective:
    """The sum of some terms as a function of the pastiche.

    Example:
        >>> import numpy as np
        >>> from neural_style import Network
        >>> from neural_style.samples import sample
        >>> net = Network(model="mini", weights="random", content_layer="conv1_2", style_layers="conv1_1")
        >>> objective = net.objective(sample("cat"), sample("night"), image_size=24)
        >>> objective.image_size
        (24, 36)
        >>> value, gradient = objective.value_and_grad(np.full((24, 36, 3), 128.0))  # RGB in 0..255
        >>> gradient.shape
        (24, 36, 3)
    """

    def __init__(
        self,
        terms: Sequence[Term],
        extractor: FeatureExtractor,
        image_size: tuple[int, int],
        *,
        tile: int | None = None,
        canvas: Canvas | None = None,
        normalize_gradients: bool = False,
    ) -> None:
        """
        Args:
            terms: at least one, with different names.
            extractor: the network; its precision is that of image, gradient and losses.
            image_size: rows and columns of the pastiche.
            tile: side of the tiles in which the pastiche is processed; None processes it as a whole. Value and gradient
                are the same up to rounding.
            canvas: what the network sees of the pastiche; targets and fields are those of the canvas. None for the
                pastiche itself.
            normalize_gradients: the gradient of each statistic's terms by the features of a layer, g, is replaced by
                `w g / |g|_1` with the sum w of their weights. The value is as before, and the gradient not its own.

        Raises:
            InvalidInputError: there are tiles, and a statistic that is not additive over positions, or normalised
                gradients.
        """
        self.terms = tuple(terms)
        self.extractor = extractor
        self.image_size = image_size
        self.tile = tile
        self.canvas = canvas or Canvas()
        self.normalize_gradients = normalize_gradients
        self._statistics = list(dict.fromkeys(term.statistic for term in terms))
        # Neither weights, targets nor fields are in these: programs outlive the objective that they were made for.
        compared = [(self._statistics.index(term.statistic), term.loss) for term in self.terms]
        self._combined = _combined(compared)
        if tile is not None:
            if normalize_gradients:
                raise InvalidInputError("normalize_gradients needs the whole picture: choose no tile")
            extractor.check_additive(self._statistics)
            self._losses = backend.compiled(backend.value_and_grad(self._combined))
            self.function = Function(self._evaluate_tiles, self._constants(), traceable=False)
            return
        self.function = self._whole_function(compared)

    def _constants(self) -> tuple[Tensor, dict[str, Tensor]]:
        """The weight of each term, and the targets by the index of their term."""
        targets = {
            str(index): _tensor(term.target, self.dtype)
            for index, term in enumerate(self.terms)
            if term.target is not None
        }
        return ops.convert_to_tensor([float(term.weight) for term in self.terms], dtype=self.dtype), targets

    def _whole_function(self, compared: Sequence[tuple[int, Loss]]) -> Function:
        """The function of a pastiche that is processed at once; `compared` is that of `_combined`."""
        weights, targets = self._constants()
        fields = [each.arguments(self.dtype) for each in self._statistics]
        kinds = tuple(statistic.key for statistic in self._statistics)
        places = tuple((place, key_of(loss)) for place, loss in compared)
        shared_by = [place for place, _ in compared] if self.normalize_gradients else None
        return Function(
            _whole(self.extractor, self._combined, self._statistics, self.canvas, shared_by=shared_by),
            ((weights, targets), fields),
            key=(self.canvas, kinds, places, tuple(sorted(targets)), self.normalize_gradients),
            programs=self.extractor.objective_programs,
        )

    def with_terms(self, *terms: Term) -> Objective:
        """The same objective with more terms; the network is extended to the layers that they use.

        Example:
            >>> import numpy as np
            >>> from keras import ops
            >>> from neural_style import Network, Statistic, Term
            >>> from neural_style.samples import sample
            >>> net = Network(model="mini", weights="random", content_layer="conv1_2", style_layers="conv1_1")
            >>> objective = net.objective(sample("cat"), sample("night"), image_size=24)
            >>> energy = Term("energy", 1e-3, Statistic(("image",), lambda image: ops.sum(image * image)))
            >>> sorted(objective.with_terms(energy).parts(np.zeros((24, 36, 3))))
            ['content.conv1_2', 'energy', 'style.0.conv1_1', 'tv']

        Statistics see the canvas: a field of the size of the picture is brought to it by `canvas.padded`.

        Raises:
            InvalidInputError: a name is taken, or the network has no such layer.
        """
        names = [term.name for term in (*self.terms, *terms)]
        for name in names:
            if names.count(name) > 1:
                raise InvalidInputError(f'the objective has two terms of the name "{name}": choose another name')
        layers = [layer for layer in layers_of([term.statistic for term in terms]) if layer != IMAGE]
        extractor = self.extractor.including(layers)
        return self._like((*self.terms, *terms), extractor, self.canvas)

    def in_grey(self) -> Objective:
        """The same function of the mean of the pastiche's channels: from a grey start, a solver stays grey."""
        return self._like(self.terms, self.extractor, replace(self.canvas, is_grey=True))

    def _like(self, terms: Sequence[Term], extractor: FeatureExtractor, canvas: Canvas) -> Objective:
        """An objective of the same size, tiles and kind of gradient."""
        options = {"tile": self.tile, "normalize_gradients": self.normalize_gradients}
        return Objective(terms, extractor, self.image_size, canvas=canvas, **options)  # type: ignore[arg-type]

    @property
    def weights_sha256(self) -> str:
        """Fingerprint of the network's weights, for records."""
        return self.extractor.weights_sha256

    @property
    def dtype(self) -> str:
        """Of image, gradient and value."""
        return self.extractor.dtype

    def evaluate(self, image: np.ndarray) -> Evaluation:
        """Value, gradient and terms at `image` (H, W, 3), RGB in 0..255; nothing is clipped or rounded."""
        if np.shape(image) != (*self.image_size, 3):
            raise InvalidInputError(f"the image must have shape {(*self.image_size, 3)}, received {np.shape(image)}")
        value, gradient, auxiliary = self.function(ops.convert_to_tensor(image, dtype=self.dtype))
        return Evaluation(float(value), np.array(ops.convert_to_numpy(gradient)), self.named(auxiliary))

    def named(self, auxiliary: Auxiliary) -> dict[str, float]:
        """The weighted value of each term by name."""
        return dict(zip((term.name for term in self.terms), np.asarray(auxiliary.parts).tolist(), strict=True))

    def value_and_grad(self, image: np.ndarray) -> tuple[float, np.ndarray]:
        """Value and gradient, the latter with the shape and units of `image`."""
        evaluation = self.evaluate(image)
        return evaluation.value, evaluation.gradient

    def parts(self, image: np.ndarray) -> dict[str, float]:
        """The weighted value of each term by name; their sum is the value."""
        return self.evaluate(image).parts

    def _evaluate_tiles(self, image: Tensor, constants: Any) -> Evaluated:
        """Chain rule: sums over all tiles, gradients of the losses by these, and their vjp through each tile."""
        assert self.tile is not None
        pixels = np.asarray(ops.convert_to_numpy(self.canvas.seen(image)))
        sums, vjp = self.extractor.vjp(pixels, self._statistics, tile=self.tile)
        value, parts, cotangents = self._losses(sums, constants)
        gradient = self.canvas.adjoint(vjp(cotangents))
        return Evaluated(value, gradient, Auxiliary(parts, bool(np.isfinite(gradient).all())))


class ObjectiveAt(Protocol):
    """Makes the objective for a pastiche of `size` rows and columns, processed whole or in tiles of that side."""

    def __call__(self, size: tuple[int, int], tile: int | None = None) -> Objective: ...


def _combined(compared: Sequence[tuple[int, Loss]]) -> Callable[..., tuple[Tensor, Tensor]]:
    """The losses as a function of the statistics, and of weights and targets: their sum, and each of them.

    Args:
        compared: of each term the index of its statistic, and its loss.
    """

    def losses(sums: Sequence[Tensor], constants: tuple[Tensor, Mapping[str, Tensor]]) -> tuple[Tensor, Tensor]:
        weights, targets = constants
        parts = weights * ops.stack(
            [ops.sum(loss(sums[place], targets.get(str(index)))) for index, (place, loss) in enumerate(compared)]
        )
        return ops.sum(parts), parts

    return losses


def _whole(
    extractor: FeatureExtractor,
    combined: Callable[..., tuple[Tensor, Tensor]],
    statistics: Sequence[Statistic],
    canvas: Canvas,
    shared_by: Sequence[int] | None = None,
) -> Callable[[Tensor, Any], Evaluated]:
    """An evaluation of the whole image at once.

    With normalised gradients, `shared_by` is the index of each term's statistic.
    """
    bare = [statistic.bare for statistic in statistics]

    def losses(image: Tensor, constants: Any) -> tuple[Tensor, Tensor]:
        compared, fields = constants
        with backend.products_beside(extractor.precision):
            features = extractor(canvas.seen(image))
            used = [features] * len(bare)
            if shared_by is not None:
                terms = [[term for term, place in enumerate(shared_by) if place == index] for index in range(len(bare))]
                norms = [sum(compared[0][term] for term in several) for several in terms]
                used = [_normalised(features, each, norm) for each, norm in zip(bare, norms, strict=True)]
            sums = [statistic.of(seen, own) for statistic, seen, own in zip(bare, used, fields, strict=True)]
            return combined(sums, compared)

    differentiated = backend.value_and_grad(losses)

    def evaluate(image: Tensor, constants: Any) -> Evaluated:
        value, parts, gradient = differentiated(image, constants)
        return Evaluated(value, gradient, Auxiliary(parts, ops.all(ops.isfinite(gradient))))

    return evaluate


def _normalised(features: Mapping[str, Tensor], statistic: Statistic, norm: Tensor) -> dict[str, Tensor]:
    """The features of a statistic's layers, whose gradient has that L1 norm; that of the image stays as it is."""
    return {
        layer: features[layer] if layer == IMAGE else backend.with_gradient_norm(features[layer], norm)
        for layer in statistic.layers
    }


def _tensor(target: Any, dtype: str) -> Tensor:
    """A term's target as a tensor; NumPy's float64 would not go together with features of another precision."""
    is_wide = isinstance(target, np.ndarray | np.generic) and np.issubdtype(target.dtype, np.floating)
    return ops.convert_to_tensor(target, dtype=dtype if is_wide else None)
