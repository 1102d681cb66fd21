"""Photos of a folder as batches of crops: the batch of a step depends on the seed and the number of the step alone."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from neural_style import images
from neural_style.errors import InvalidInputError, MissingFileError, NeuralStyleError
from neural_style.images.formats import ENDINGS

Array = np.ndarray[Any, np.dtype[Any]]
Batch = dict[str, Array]

LARGEST = 1.5
"""Shorter side of a photo in parts of the crop, before it is cropped; the smallest is 1."""

KEPT = 256
"""Photos kept in memory, scaled down: 170 MB with crops of 256."""

AHEAD = 4
"""Batches that are prepared before they are needed."""

_log = logging.getLogger(__name__)


def photos_in(folder: Path) -> list[Path]:
    """The pictures in a folder and its subfolders, by name.

    Raises:
        MissingFileError, InvalidInputError: there is no such folder, or no picture in it.
    """
    if not folder.is_dir():
        raise MissingFileError(f"there is no folder {folder}: name a folder of photos to train with")
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file())
    found = [path for path in found if not path.name.startswith(".")]
    if not found:
        raise InvalidInputError(f"there is no picture in {folder}: use {', '.join(ENDINGS)}")
    return found


def divided(photos: Sequence[Path], held_out: int, seed: int) -> tuple[list[Path], list[Path]]:
    """Photos to train with and those held out, which are at most a fifth, drawn by the seed."""
    count = min(held_out, len(photos) // 5)
    drawn = set(np.random.default_rng((seed, 0)).permutation(len(photos))[:count].tolist())
    return tuple([photo for i, photo in enumerate(photos) if (i in drawn) is out] for out in (False, True))  # type: ignore[return-value]


class Photos:
    """Crops of photos of any sizes.

    A pass through the photos takes each of them once, in an order drawn for that pass. A photo that cannot be read is
    reported once, and its place taken by the next one.

    Attributes:
        paths: the files.
        broken: those that could not be read so far.
    """

    def __init__(self, paths: Sequence[Path], *, crop: int, seed: int) -> None:
        self.paths, self.crop, self.seed = list(paths), crop, seed
        self.broken: set[Path] = set()
        self._scaled = lru_cache(KEPT)(self._read)

    def batch(self, step: int, size: int, *, styles: int = 1) -> Batch:
        """The photos of a step, `photo` (size, crop, crop, 3), float32, and with several styles `style`, one-hot.

        Raises:
            InvalidInputError: no photo can be read.
        """
        rng = np.random.default_rng((self.seed, 1, step))
        found: Batch = {"photo": np.stack([self._random_crop(step * size + i, rng) for i in range(size)])}
        if styles > 1:
            found["style"] = np.identity(styles, np.float32)[rng.integers(0, styles, size)]
        return found

    def centres(self) -> Array:
        """The middle square of each photo that can be read, (photos, crop, crop, 3), float32."""
        found = [picture for path in self.paths if (picture := self._scaled(path)) is not None]
        return (
            np.stack([_cut(each, self.crop, 0.5, 0.5, 1.0) for each in found]) if found else np.zeros((0,), np.float32)
        )

    def _random_crop(self, number: int, rng: np.random.Generator) -> Array:
        zoom, top, left = rng.uniform(1 / LARGEST, 1), rng.random(), rng.random()
        picture, is_mirrored = self._at(number), rng.random() < 0.5
        cut = _cut(picture, self.crop, top, left, zoom)
        return np.ascontiguousarray(cut[:, ::-1]) if is_mirrored else cut

    def _at(self, number: int) -> Array:
        """The photo of this number, counted through all passes, or the next one of its pass that can be read."""
        turn, place = divmod(number, len(self.paths))
        for index in np.roll(self._order(turn), -place):
            picture = self._scaled(self.paths[int(index)])
            if picture is not None:
                return picture
        raise InvalidInputError(f"none of {len(self.paths)} photos can be read: see the messages before this one")

    def _order(self, turn: int) -> Array:
        return np.random.default_rng((self.seed, 2, turn)).permutation(len(self.paths))

    def _read(self, path: Path) -> Array | None:
        """The photo, its shorter side `LARGEST` times the crop; None if it cannot be read."""
        try:
            picture = images.read(path, what="photo")
        except (NeuralStyleError, OSError) as error:
            if path not in self.broken:
                self.broken.add(path)
                _log.warning("%s; it is skipped", error)
            return None
        factor = LARGEST * self.crop / min(picture.size)
        rows, columns = (max(round(LARGEST * self.crop), round(extent * factor)) for extent in picture.size)
        return images.to_uint8(images.resize(picture.rgb, (rows, columns), method="bicubic"))


def _cut(picture: Array, crop: int, top: float, left: float, zoom: float) -> Array:
    """A square that has `zoom` of the shorter side, at `top` and `left` of what is left over, as (crop, crop, 3)."""
    side = min(min(picture.shape[:2]), max(crop, round(zoom * min(picture.shape[:2]))))
    first, second = (
        round(share * (extent - side)) for share, extent in zip((top, left), picture.shape[:2], strict=True)
    )
    square = picture[first : first + side, second : second + side]
    return images.resize(square, (crop, crop), method="bicubic").astype(np.float32)


def batches(pool: ThreadPoolExecutor, make: Callable[[int], Batch], first: int) -> Iterator[tuple[Batch]]:
    """Batches of all steps from `first`, in order, prepared ahead by a pool; they end when it is shut down."""
    try:
        waiting = [pool.submit(make, first + i) for i in range(AHEAD)]
        for step in itertools.count(first + AHEAD):
            yield (waiting.pop(0).result(),)
            waiting.append(pool.submit(make, step))
    except (RuntimeError, CancelledError):  # a backend that reads ahead asks for more than the training takes
        return
