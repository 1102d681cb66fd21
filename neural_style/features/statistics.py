"""What terms look at: sums over the positions of an image's features."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from neural_style.backend import Tensor


@dataclass(frozen=True, eq=False)
class Field:
    """A constant that has a value at each position of a layer, such as a mask, or the content's own features.

    Attributes:
        values: (1, h, w, k).
    """

    values: np.ndarray


@dataclass(frozen=True)
class Statistic:
    """A sum over the positions of one layer, or of a layer and its deeper neighbour.

    Being a sum, that of an image is the sum of those of its tiles, whatever they are. Equal statistics of several terms
    are computed once in an evaluation, so that k styles cost hardly more than one.

    Attributes:
        layers: where it looks.
        function: of the layers' activations (1, h, w, C) and of the fields, to a tensor of any shape. It must not
            depend on the number of positions: a mean is a sum with a factor.
        fields: of the first layer.
        halo: rows and columns after its own that the share of a position looks at: 1 for differences of neighbours.
    """

    layers: tuple[str, ...]
    function: Callable[..., Tensor]
    fields: tuple[Field, ...] = ()
    halo: int = 0

    def of(self, features: Mapping[str, Tensor], fields: Sequence[Tensor] | None = None) -> Tensor:
        """The sum over the given features, and over the given part of the fields, if not over all of them."""
        values = [field.values for field in self.fields] if fields is None else fields
        return self.function(*(features[layer] for layer in self.layers), *values)

    @property
    def bare(self) -> Statistic:
        """The same without its fields, which are then to be given to `of`: what a program is made of."""
        return replace(self, fields=())

    @property
    def key(self) -> Hashable:
        """The same for two statistics for which one program will do."""
        return self.layers, key_of(self.function), len(self.fields), self.halo


def key_of(function: Callable[..., Any]) -> Hashable:
    """The same for two functions that do the same; functools.partial alone would be equal to itself only."""
    if isinstance(function, partial):
        return function.func, function.args, tuple(sorted(function.keywords.items()))
    return function


def layers_of(statistics: Iterable[Statistic]) -> list[str]:
    """All layers that some statistics look at."""
    return list(dict.fromkeys(layer for statistic in statistics for layer in statistic.layers))
