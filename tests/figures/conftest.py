"""Weights of VGG-19 that end early, as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from neural_style.features import vgg


@pytest.fixture
def cut(tmp_path: Path) -> Callable[[str], str]:
    """A file with the kernels of VGG-19 up to a layer; all zero, which is enough to plan with."""

    def write(last: str) -> str:
        table, channels = vgg.architecture("vgg19"), 3
        arrays: dict[str, np.ndarray] = {}
        for layer in table.up_to_deepest([last]):
            name = f"block{layer[4]}_conv{layer[-1]}"
            filters = table.filters[layer]
            arrays[f"{name}_kernel"] = np.zeros((3, 3, channels, filters), np.float32)
            arrays[f"{name}_bias"] = np.zeros(filters, np.float32)
            channels = filters
        path = tmp_path / f"{last}.npz"
        np.savez_compressed(path, **arrays)
        return str(path)

    return write
