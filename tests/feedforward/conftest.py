"""The painter with the embedded network, loaded and compiled once for all tests."""

from __future__ import annotations

import pytest

from neural_style.feedforward import Painter


@pytest.fixture(scope="session")
def painter() -> Painter:
    return Painter()
