"""The interface between files and methods: one frame in, one frame out, and a state to resume from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np


class FrameMethod(Protocol):
    """Paints the frames of one film in display order; it finds the shots itself."""

    def transfer(self, frame: np.ndarray) -> np.ndarray:
        """Paint the next frame.

        Args:
            frame: uint8 (h, w, 3), RGB. All frames of a film have one size.

        Returns:
            uint8 (h, w, 3), of the same size.
        """
        ...

    def state(self) -> dict[str, np.ndarray]:
        """Everything that the next frames depend on: a film resumed from it equals the unbroken one to the bit.

        The arrays are copies, which later frames leave as they are; empty before the first frame.
        """
        ...

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Resume behind the frame after which `state` was called, of a method with the same settings.

        Raises:
            InvalidInputError: the arrays are not those of such a state.
        """
        ...
