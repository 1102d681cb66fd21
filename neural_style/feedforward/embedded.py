"""The embedded network, for any painting: arrays of any size in, arrays out.

The public interface above it is `Painter`, in `neural_style.feedforward.painter`.
"""

from __future__ import annotations

import os
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops

from neural_style import backend
from neural_style.backend import Tensor
from neural_style.errors import InvalidInputError
from neural_style.features import weights as feature_weights
from neural_style.features.weight_files import opened
from neural_style.feedforward import model
from neural_style.feedforward.encoder import ENCODER, LAYERS, Style, encode, style_of, with_roots
from neural_style.feedforward.model import Array, Statistics
from neural_style.feedforward.parts import Map, Tiles, picture_map
from neural_style.feedforward.settings import MULTIPLE

FILE = "painter.npz"

BLOCK = 64
"""Rows and columns of noise that are drawn at once."""


class EmbeddedNetwork:
    """A network that paints any photo in the style of any painting.

    Attributes:
        weights, encoder: tensors by name; see `neural_style.feedforward.model`.
        rounds: of correction that the weights were trained for: 0 for a sketch alone.
        weights_sha256: fingerprint of the weights.
    """

    def __init__(self, path: Path | None = None) -> None:
        """
        Args:
            path: an `.npz` file with the names and shapes of `model.shapes()`; None is the one in the package.

        Raises:
            InvalidInputError, MissingFileError: the file is not one of this network, or not there; or this is a forked
                child that cannot compute, see `neural_style.backend.check_process`.
        """
        backend.check_process()
        self._process = os.getpid()
        if path is None:
            with resources.as_file(resources.files(__package__) / FILE) as embedded:
                found = read_weights(embedded)
        else:
            found = read_weights(path)
        self.rounds = model.ROUNDS if any(name.startswith("correct") for name in found) else 0
        self.weights_sha256 = feature_weights.fingerprint(found)
        self.weights = {name: ops.convert_to_tensor(value) for name, value in found.items()}
        of_mini = feature_weights.load(ENCODER, None, ENCODER.up_to_deepest(LAYERS))
        self.encoder = {name: ops.convert_to_tensor(value) for name, value in of_mini.items()}
        self._programs: dict[tuple[int, bool], Any] = {}
        self._style_of = backend.compiled(lambda encoder, painting: style_of(encode(encoder, painting)), flexible=[1])

    def style(self, painting: Array, *, tile: int | None = None) -> Style:
        """The statistics of a painting (H, W, 3), RGB in 0..255.

        They are those of the size it comes in: strokes come out as wide, in pixels, as they are there.

        Args:
            painting: the painting.
            tile: side of the tiles that a large one is processed in; the statistics are those of the whole.
        """
        backend.check_origin(self._process)
        picture = padded(painting[None])
        if tile is None:
            return Style(*self._style_of(self.encoder, ops.convert_to_tensor(picture.astype(np.float32))))
        parts, whole = Tiles(picture.shape[1:3], tile), picture_map(picture[0])
        found = backend.eager(parts.all_moments)(lambda window: encode(self.encoder, whole.at(window)))
        return with_roots(*({name: pair[i] for name, pair in found.items()} for i in (0, 1)))

    def run(
        self,
        photos: Array,
        style: Style,
        *,
        seed: int = 0,
        rounds: int | None = None,
        statistics: Statistics | None = None,
    ) -> Array:
        """Photos in a style.

        Args:
            photos: (N, H, W, 3), RGB in 0..255, any H and W.
            style: of one painting, or of N.
            seed: of the noise that the network receives beside each photo.
            rounds: of correction; None is as many as the weights were trained for.
            statistics: of an earlier photo, which are used in place of these photos' own; an empty one is filled.

        Returns:
            (N, H, W, 3), float32, RGB in 0..255.

        Raises:
            InvalidInputError: corrections are asked of weights that have none.
        """
        height, width = photos.shape[1:3]
        photos = padded(photos).astype(np.float32)
        grain = np.repeat(noise((photos.shape[1], photos.shape[2]), seed), len(photos), axis=0)
        painted = self.run_with_noise(photos, style, grain, rounds=rounds, statistics=statistics)
        return painted[:, :height, :width]

    def run_in_tiles(
        self,
        photo: Array,
        style: Style,
        tile: int,
        *,
        seed: int = 0,
        rounds: int | None = None,
        statistics: Statistics | None = None,
    ) -> Array:
        """One photo (H, W, 3) of any size in tiles, in little memory; otherwise as `run`.

        Every statistic is that of the whole picture, and every tile has its surroundings around it, so that the result
        is that of `run` but for rounding, without seams.

        Args:
            photo: of any type, RGB in 0..255.
            style, seed, rounds, statistics: as for `run`.
            tile: side of the tiles in pixels, a multiple of 8.
        """
        backend.check_origin(self._process)
        height, width = photo.shape[:2]
        picture = padded(photo[None])[0]
        size = picture.shape[0], picture.shape[1]
        grain = Map(lambda window: ops.convert_to_tensor(noise_at(window.around, seed)))
        found = backend.eager(model.paint)(
            *(self.weights, self.encoder, picture_map(picture), style, grain),
            rounds=self._checked_rounds(rounds),
            statistics=statistics,
            parts=Tiles(size, tile),
        )
        painted = found[-1].stored
        assert isinstance(painted, np.ndarray), "the last picture is kept"
        return np.clip(painted, 0, 255, out=painted)[0, :height, :width]

    def run_with_noise(
        self,
        photos: Array,
        style: Style,
        noise: Array,
        *,
        rounds: int | None = None,
        statistics: Statistics | None = None,
    ) -> Array:
        """The same with noise (N, H, W, 2), where H and W are multiples of 8 and at least 32."""
        backend.check_origin(self._process)
        rounds = self._checked_rounds(rounds)
        key = rounds, statistics is not None
        if key not in self._programs:
            step = _last if statistics is None else _last_and_statistics
            self._programs[key] = backend.compiled(partial(step, rounds), flexible=[2, 4])
        image, grain = (ops.convert_to_tensor(each) for each in (photos, noise))
        given = self.weights, self.encoder, image, tuple(style), grain
        if statistics is None:
            result = self._programs[key](*given)
        else:
            result, found = self._programs[key](*given, dict(statistics))
            statistics.update(found)
        painted: Array = np.clip(ops.convert_to_numpy(result), 0, 255)
        return painted

    def _checked_rounds(self, rounds: int | None) -> int:
        rounds = self.rounds if rounds is None else rounds
        if rounds and not self.rounds:
            raise InvalidInputError(
                f"these weights are of a network without corrections: rounds is 0, received {rounds}"
            )
        return rounds


def _last(rounds: int, weights: Any, encoder: Any, photo: Tensor, style: Any, noise: Tensor) -> Tensor:
    return model.paint(weights, encoder, photo, Style(*style), noise, rounds=rounds)[-1]


def _last_and_statistics(
    rounds: int, weights: Any, encoder: Any, photo: Tensor, style: Any, noise: Tensor, statistics: Any
) -> tuple[Tensor, Any]:
    found = dict(statistics)
    return model.paint(weights, encoder, photo, Style(*style), noise, rounds=rounds, statistics=found)[-1], found


def read_weights(path: Path) -> dict[str, Array]:
    """Weights of the decoders as float32, checked.

    Raises:
        InvalidInputError: the file is damaged, or names or shapes are not those of this network.
        MissingFileError: there is no such file.
    """
    with opened(path, "the painter") as file:
        wanted = model.shapes(rounds=int(any(name.startswith("correct") for name in file.names)))
        if wrong := sorted(file.names ^ wanted.keys()):
            raise InvalidInputError(
                f"{path} is not a file of the painter: {', '.join(wrong[:3]):.200} differ; download it again"
            )
        return {name: file.read(name, shape) for name, shape in wanted.items()}


def padded(pictures: Array, multiple: int = MULTIPLE, smallest: int = model.SMALLEST) -> Array:
    """(N, H, W, 3) continued by reflection, below and to the right, to multiples of `multiple`."""
    bottom, right = (max(-extent % multiple, smallest - extent) for extent in pictures.shape[1:3])
    if not (bottom or right):
        return pictures
    return np.pad(pictures, ((0, 0), (0, bottom), (0, right), (0, 0)), mode="reflect")


def noise(size: tuple[int, int], seed: int) -> Array:
    """(1, H, W, 2), normal; that of a smaller picture is the upper left part of that of a larger one."""
    return noise_at((slice(0, size[0]), slice(0, size[1])), seed)


def noise_at(place: tuple[slice, slice], seed: int) -> Array:
    """The noise in some rows and columns: drawn in blocks of 64 x 64, each from the seed and its place."""
    rows, columns = (range(each.start // BLOCK, -(-each.stop // BLOCK)) for each in place)
    blocks = [
        [np.random.default_rng((seed, i, j)).standard_normal((BLOCK, BLOCK, model.NOISE)) for j in columns]
        for i in rows
    ]
    whole = np.concatenate([np.concatenate(row, 1) for row in blocks])
    cut = (
        slice(each.start - blocked.start * BLOCK, each.stop - blocked.start * BLOCK)
        for each, blocked in zip(place, (rows, columns), strict=True)
    )
    found: Array = whole[tuple(cut)][None].astype(np.float32)
    return found
