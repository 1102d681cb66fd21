"""A short film with exact flow, and a technique of a second."""

import numpy as np
import pytest

from neural_style import Network
from neural_style.samples import sample
from neural_style.samples.clips import SampleClip, clip

SIZE = (32, 48)


@pytest.fixture(scope="session")
def pan() -> SampleClip:
    return clip(sample("cat"), "pan", frames=4, size=SIZE)


@pytest.fixture(scope="session")
def other() -> SampleClip:
    """A shot of another photo with the same motion."""
    return clip(sample("portrait"), "pan", frames=2, size=SIZE)


@pytest.fixture(scope="session")
def night() -> np.ndarray:
    return sample("night")[::8, ::8]


@pytest.fixture
def technique() -> Network:
    return Network(model="mini", weights="random", content_layer="conv2_1", style_layers=["conv1_1", "conv2_1"])


def panned(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The exact flow of a pan by one frame, in the direction that fits; nonsense between other frames."""
    step = np.broadcast_to(np.array([2.3, 1.1], np.float32), (*first.shape[:2], 2))
    inner = slice(4, -4)
    back, forth = (
        np.abs(np.roll(second, sign * np.array([1, 2]), (0, 1)).astype(float) - first)[inner, inner].mean()
        for sign in (-1, 1)
    )
    if min(back, forth) > 25:
        return np.random.default_rng(0).normal(0, 9, step.shape).astype(np.float32)
    return step if back < forth else -step
