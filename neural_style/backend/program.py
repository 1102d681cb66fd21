"""What a solver minimises: a differentiable function that can become part of the solver's own program."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from neural_style import backend
from neural_style.backend import Tensor

KEPT = 8
"""Programs that are kept for functions to come: a folder of pictures has a few shapes, a pyramid a few sizes."""

_SHARED: OrderedDict[Hashable, Callable[..., Any]] = OrderedDict()


class Evaluated(NamedTuple):
    """Value (a scalar), gradient (shape of the image), and whatever else came out of one evaluation."""

    value: Tensor
    gradient: Tensor
    auxiliary: Any


@dataclass(frozen=True, eq=False)
class Function:
    """A function of an image, with its gradient.

    Attributes:
        evaluate: maps an image (H, W, 3) and `constants` to what is `Evaluated`.
        constants: tensors that stay the same for every image, in a nest.
        key: the same for functions that differ in their constants alone, whose programs are then shared; None for none.
        traceable: `evaluate` is made of nothing but operations on tensors, so that it can be compiled, alone or as a
            part of something larger. False for what runs many programs, such as one for each tile.
    """

    evaluate: Callable[[Tensor, Any], Evaluated]
    constants: Any = field(default=(), repr=False)
    key: Hashable = None
    traceable: bool = True
    _own: dict[Hashable, Callable[..., Any]] = field(default_factory=dict, init=False, repr=False)

    def __call__(self, image: Tensor) -> Evaluated:
        if not self.traceable:
            return self.evaluate(image, self.constants)
        evaluate = self.program("evaluate", lambda: backend.compiled(self.evaluate))
        return Evaluated(*evaluate(image, self.constants))

    def program(self, what: Hashable, make: Callable[[], Callable[..., Any]]) -> Callable[..., Any]:
        """A program that this function is part of: made once, for all functions of the same key.

        Args:
            what: names it among the programs of this function.
            make: compiles it. What it captures lives on after the function, so it may capture no constants.
        """
        if self.key is None:
            if what not in self._own:
                self._own[what] = make()
            return self._own[what]
        key = self.key, what
        if key not in _SHARED:
            _SHARED[key] = make()
        _SHARED.move_to_end(key)
        while len(_SHARED) > KEPT:
            _SHARED.popitem(last=False)
        return _SHARED[key]
