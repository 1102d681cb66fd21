"""Statistics of features, which terms compare: sums over the positions of an image, and others.

The Gram matrix itself is `neural_style.losses.style.gram_matrix`, and its units are in `neural_style.objectives.terms`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from keras import ops

from neural_style.backend import Tensor
from neural_style.errors import InvalidInputError

Slices = tuple[slice, slice]


@dataclass(frozen=True, eq=False)
class Field:
    """A constant that has a value at each position of a layer, such as a mask, or the content's own features.

    Attributes:
        values: (1, h, w, k), the same for all pictures of a batch, or (N, h, w, k).
    """

    values: np.ndarray


@dataclass(frozen=True, eq=False)
class Statistic:
    """A function of the features of one layer, or of a layer and its deeper neighbour.

    Equal statistics of several terms are computed once in an evaluation, so that k styles cost hardly more than one.
    Two are equal if they have the same layers and function, and fields and constants that are the same objects.

    Attributes:
        layers: names of the layers.
        function: of the layers' activations (N, h, w, C), the fields and the constants, in this order, to a tensor of
            any shape that begins with N. It holds no large arrays of its own: they would be baked into every program.
        fields: constants with positions, those of the first layer.
        halo: rows and columns beyond its own that a position uses, below it and to its right: 1 for differences of
            neighbours, 0 for anything computed position by position.
        constants: arrays without positions, such as a matrix or the histogram of a style.
        additive: the statistic of an image is the sum of those of its tiles. A sum over positions is additive; a mean,
            a maximum, a histogram in parts of one or a ratio of sums is not. A statistic can be computed by tiles only
            if it is; write a mean as a sum with a constant factor, and divide in the loss.
    """

    layers: tuple[str, ...]
    function: Callable[..., Tensor]
    fields: tuple[Field, ...] = ()
    halo: int = 0
    constants: tuple[np.ndarray, ...] = ()
    additive: bool = True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Statistic) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    def of(self, features: Mapping[str, Tensor], arguments: Sequence[Tensor] | None = None) -> Tensor:
        """The statistic of some features.

        Args:
            features: by layer, (N, h, w, C), of the whole image or of a part of it.
            arguments: fields and constants as `arguments` returns them for that part; None for those of the whole.
        """
        if arguments is None:
            arguments = [*(field.values for field in self.fields), *self.constants]
        return self.function(*(features[layer] for layer in self.layers), *arguments)

    def arguments(self, dtype: str, place: Slices | None = None) -> list[Tensor]:
        """Fields and constants as tensors: what a program takes beside the features.

        Args:
            dtype: of the features; floating-point arrays are converted to it.
            place: rows and columns of the fields that are wanted; None for all.
        """
        fields = [field.values if place is None else field.values[:, *place] for field in self.fields]
        return [
            ops.convert_to_tensor(array, dtype=dtype if np.issubdtype(array.dtype, np.floating) else None)
            for array in (*fields, *self.constants)
        ]

    @property
    def bare(self) -> Statistic:
        """The same without fields and constants, which `of` then takes as arguments: what a program holds on to."""
        return replace(self, fields=(), constants=())

    @property
    def key(self) -> Hashable:
        """The same for two statistics that can share a program, as they differ in fields and constants alone."""
        return self.layers, key_of(self.function), len(self.fields), len(self.constants), self.halo

    @property
    def name(self) -> str:
        """Function and layers, for messages."""
        function = self.function.func if isinstance(self.function, partial) else self.function
        return f"{getattr(function, '__name__', type(function).__name__)} of {' and '.join(self.layers)}"

    @property
    def _identity(self) -> Hashable:
        return self.key, self.additive, self.fields, tuple(map(id, self.constants))


def key_of(function: Callable[..., Any]) -> Hashable:
    """The same for two functions that do the same; `functools.partial` alone would be equal to itself only."""
    if isinstance(function, partial):
        key = key_of(function.func), function.args, tuple(sorted(function.keywords.items()))
        try:
            hash(key)
        except TypeError:  # an array or a list among the arguments: equal to itself only
            return function
        return key
    return function


def layers_of(statistics: Iterable[Statistic]) -> list[str]:
    """All layers that some statistics use, each once."""
    return list(dict.fromkeys(layer for statistic in statistics for layer in statistic.layers))


def check_additive(statistics: Iterable[Statistic]) -> None:
    """Check that statistics are declared additive, so that they can be computed by tiles.

    See `neural_style.features.additivity.probe` for a check of the declaration itself.

    Raises:
        InvalidInputError: one of them is not.
    """
    for statistic in statistics:
        if not statistic.additive:
            raise InvalidInputError(
                f"the statistic {statistic.name} is not additive over positions, so it cannot be computed by tiles: "
                "choose no tile and a smaller image_size or more memory, or a statistic that is a sum over positions"
            )
