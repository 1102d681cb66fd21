"""Small pictures and settings for runs over folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from neural_style.cli.folder_files import FAILURES

Command = Callable[..., Any]


SMALLEST = (
    *("--model", "mini", "--weights", "random", "--content_layer", "conv1_1", "--style_layers", "conv1_1"),
    *("--image_size", "16", "--num_iter", "1"),
)

SHAPES = [(16, 16), (16, 20), (20, 16)]


def save(path: Path, seed: int = 0) -> None:
    """A small picture of one of several shapes."""
    path.parent.mkdir(exist_ok=True)
    rows, columns = SHAPES[seed % len(SHAPES)]
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (rows, columns, 3), np.uint8)).save(path)


def names(folder: Path) -> list[str]:
    """Results, without the picture in work and the list of failures."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".part" and path.name != FAILURES)


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image).astype(int)
