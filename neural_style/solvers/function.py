"""What a solver minimises: a differentiable function that can become part of the solver's own program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from neural_style import backend
from neural_style.backend import Tensor


class Evaluated(NamedTuple):
    """Value (a scalar), gradient (shape of the image), and whatever else came out of one evaluation."""

    value: Tensor
    gradient: Tensor
    extra: Any


@dataclass(frozen=True, eq=False)
class Function:
    """A function of an image, with its gradient.

    Attributes:
        evaluate: maps an image (H, W, 3) and `constants` to what is `Evaluated`.
        constants: tensors that stay the same for every image, in a nest.
        traceable: `evaluate` is made of nothing but operations on tensors, so that it can be compiled, alone or as a
            part of something larger. False for what runs many programs, such as one for each tile.
    """

    evaluate: Callable[[Tensor, Any], Evaluated]
    constants: Any = field(default=(), repr=False)
    traceable: bool = True

    @cached_property
    def _program(self) -> Callable[[Tensor, Any], Evaluated]:
        return backend.compiled(self.evaluate) if self.traceable else self.evaluate

    def __call__(self, image: Tensor) -> Evaluated:
        return self._program(image, self.constants)
