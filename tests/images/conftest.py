"""Two pictures."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def rgb() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)


@pytest.fixture
def smooth() -> np.ndarray:
    """Gradients, which lossy formats keep to a few levels."""
    row, column = np.mgrid[0:24, 0:32]
    return np.stack([row * 8, column * 6, 255 - row * 4 - column * 2], axis=-1).astype(np.uint8)
