"""Functions that solvers minimise: differentiable, and able to become part of a solver's own program."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from neural_style.backend.cache import PROGRAMS, Cache
from neural_style.backend.compilation import compiled
from neural_style.backend.forks import check_origin
from neural_style.backend.framework import Tensor

Program = Any
"""What a solver has compiled: a program, or a tuple of several."""


class Evaluated(NamedTuple):
    """Value (a scalar), gradient (shape of the image), and the auxiliary output of one evaluation."""

    value: Tensor
    gradient: Tensor
    auxiliary: Any


@dataclass(frozen=True, eq=False)
class Function:
    """A function of an image, with its gradient.

    Attributes:
        evaluate: maps an image (H, W, 3) and `constants` to `Evaluated`.
        constants: tensors that stay the same for every image, in a nest.
        key: equal for functions in one cache that differ in their constants alone, and so share their programs.
        programs: cache of the programs that the function is part of; by default its own.
        traceable: whether `evaluate` consists of operations on tensors alone, so that it can be compiled, by itself or
            as a part of something larger. False for a function that runs many programs, such as one for each tile.
    """

    evaluate: Callable[[Tensor, Any], Evaluated]
    constants: Any = field(default=(), repr=False)
    key: Hashable = None
    programs: Cache[Program] = field(default_factory=lambda: Cache(PROGRAMS), repr=False)
    traceable: bool = True
    _process: int = field(default_factory=os.getpid, repr=False)

    def __call__(self, image: Tensor) -> Evaluated:
        check_origin(self._process)
        if not self.traceable:
            return self.evaluate(image, self.constants)
        evaluate = self.program("evaluate", lambda: compiled(self.evaluate))
        return Evaluated(*evaluate(image, self.constants))

    def program(self, what: Hashable, make: Callable[[], Program]) -> Program:
        """A program that this function is part of: made once, for all functions of the same key.

        Args:
            what: names it among the programs of this function.
            make: compiles it. What it captures lives on after the function, so it may capture no constants.
        """
        check_origin(self._process)
        return self.programs.get((self.key, what), make)
