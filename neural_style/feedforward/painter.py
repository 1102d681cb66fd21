"""The embedded network applied to photos of any size: arrays in, arrays out."""

from __future__ import annotations

from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops

from neural_style import backend
from neural_style.backend import Tensor
from neural_style.errors import InvalidInputError, MissingFileError
from neural_style.features import weights as feature_weights
from neural_style.feedforward import model
from neural_style.feedforward.encoder import ENCODER, LAYERS, Style, encode, style_of
from neural_style.feedforward.model import Array

EMBEDDED = "painter.npz"
MOST_ROUNDS = 4


class Painter:
    """A network that paints any photo in the style of any painting, without an optimisation.

    Example:
        >>> from neural_style.feedforward import Painter
        >>> from neural_style.samples import sample
        >>> painter = Painter()
        >>> night = painter.style(sample("night")[:64, :80])  # a style serves any number of photos
        >>> painter.paint(sample("cat")[:40, :50], night).shape
        (40, 50, 3)

    Attributes:
        weights, encoder: tensors by name; see `neural_style.feedforward.model`.
        rounds: of correction that the weights were trained for: 0 for a sketch alone.
    """

    def __init__(self, path: Path | None = None) -> None:
        """
        Args:
            path: an `.npz` file with the names and shapes of `model.shapes()`; None is the one in the package.

        Raises:
            InvalidInputError, MissingFileError: the file is not one of this network, or not there.
        """
        if path is None:
            with resources.as_file(resources.files(__package__) / EMBEDDED) as embedded:
                found = read_weights(embedded)
        else:
            found = read_weights(path)
        self.rounds = model.ROUNDS if any(name.startswith("correct") for name in found) else 0
        self.weights = {name: ops.convert_to_tensor(value) for name, value in found.items()}
        of_mini = feature_weights.load(ENCODER, None, ENCODER.up_to_deepest(LAYERS))
        self.encoder = {name: ops.convert_to_tensor(value) for name, value in of_mini.items()}
        self._programs: dict[int, Any] = {}
        self._style_of = backend.compiled(lambda encoder, painting: style_of(encode(encoder, painting)))

    def style(self, painting: Array) -> Style:
        """The statistics of a painting (H, W, 3), RGB in 0..255, H and W at least 32.

        They are those of the size it comes in: strokes come out as wide, in pixels, as they are there. Scale it to
        about as many pixels as the photo has, as the rest of this library does.
        """
        picture = padded(checked(painting, "painting"))
        return Style(*self._style_of(self.encoder, ops.convert_to_tensor(picture[None])))

    def paint(
        self, photo: Array, style: Style, *, strength: float = 1.0, seed: int = 0, rounds: int | None = None
    ) -> Array:
        """A photo in a style.

        Args:
            photo: (H, W, 3), RGB in 0..255, any H and W from 32.
            style: from `style`.
            strength: 0 returns the photo, 1 the painting, and between them lies their mixture, pixel by pixel.
            seed: of the noise that the network receives beside the photo; the same seed paints the same picture.
            rounds: of correction, 0 to 4; None is as many as the weights were trained for. Each costs about as much as
                the sketch before them; 1 and 2 were trained.

        Returns:
            (H, W, 3), float32, RGB in 0..255.

        Raises:
            InvalidInputError: an array has another shape, is too small, or is not of finite numbers; or `strength` or
                `rounds` is out of range.
        """
        photo = checked(photo, "photo")
        if not 0 <= strength <= 1:
            raise InvalidInputError(f"strength must be a number from 0 to 1, received {strength!r}")
        most = MOST_ROUNDS if self.rounds else 0
        if rounds is not None and not 0 <= rounds <= most:
            raise InvalidInputError(f"rounds must be a number from 0 to {most}, received {rounds!r}")
        if strength == 0:
            return photo
        rows, columns = photo.shape[:2]
        image = padded(photo)[None]
        painted = self.run(image, style, noise((image.shape[1], image.shape[2]), seed), rounds=rounds)
        mixed: Array = photo + np.float32(strength) * (painted[0, :rows, :columns] - photo)
        return mixed

    def run(self, photo: Array, style: Style, noise: Array, *, rounds: int | None = None) -> Array:
        """Photos (N, H, W, 3) in a style, with noise (N, H, W, 2); H and W are multiples of 8. Nothing is checked."""
        rounds = self.rounds if rounds is None else rounds
        if rounds not in self._programs:
            self._programs[rounds] = backend.compiled(partial(_last, rounds))
        image, grain = (ops.convert_to_tensor(each) for each in (photo, noise))
        result = self._programs[rounds](self.weights, self.encoder, image, tuple(style), grain)
        painted: Array = np.clip(ops.convert_to_numpy(result), 0, 255)
        return painted


def _last(rounds: int, weights: Any, encoder: Any, photo: Tensor, style: Any, noise: Tensor) -> Tensor:
    return model.paint(weights, encoder, photo, Style(*style), noise, rounds=rounds)[-1]


def paint(photo: Array, painting: Array, *, strength: float = 1.0, seed: int = 0, rounds: int = model.ROUNDS) -> Array:
    """Paint a photo in the style of a painting with the network in the package; see `Painter`."""
    painter = _embedded()
    return painter.paint(photo, painter.style(painting), strength=strength, seed=seed, rounds=rounds)


@cache
def _embedded() -> Painter:
    return Painter()


def read_weights(path: Path) -> dict[str, Array]:
    """Weights of the decoders as float32, checked.

    Raises:
        InvalidInputError: the file is damaged, or names or shapes are not those of this network.
        MissingFileError: there is no such file.
    """
    if not path.is_file():
        raise MissingFileError(f"no weights file {path}: check the path")
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            found = {name: file[name].astype(np.float32) for name in file.files}
    except Exception as error:  # NumPy, zipfile and zlib raise many kinds
        raise InvalidInputError(
            f"{path} cannot be read as weights of the painter ({error}): download it again"
        ) from error
    rounds = int(any(name.startswith("correct") for name in found))
    wanted = model.shapes(rounds=rounds)
    if {name: value.shape for name, value in found.items()} != wanted:
        wrong = sorted(name for name in wanted | found if getattr(found.get(name), "shape", None) != wanted.get(name))
        raise InvalidInputError(
            f"{path} is not a file of the painter: {', '.join(wrong[:3])} differ; download it again"
        )
    return found


def checked(picture: Array, name: str) -> Array:
    """As float32.

    Raises:
        InvalidInputError: it is not (H, W, 3) of finite numbers, at least 32 x 32.
    """
    picture = np.asarray(picture)
    if picture.ndim != 3 or picture.shape[2] != 3 or min(picture.shape[:2]) < model.SMALLEST:
        raise InvalidInputError(
            f"{name} must be (H, W, 3) with H and W at least {model.SMALLEST}, received {picture.shape}"
        )
    picture = picture.astype(np.float32)
    if not np.isfinite(picture).all():
        raise InvalidInputError(f"{name} holds NaN or infinite values: every value must be finite, in 0..255")
    return picture


def padded(picture: Array) -> Array:
    """(H, W, 3) continued by reflection, below and to the right, to multiples of 8."""
    bottom, right = (-extent % model.MULTIPLE for extent in picture.shape[:2])
    return np.pad(picture, ((0, bottom), (0, right), (0, 0)), mode="reflect")


def noise(size: tuple[int, int], seed: int) -> Array:
    """(1, H, W, 2), normal; that of a smaller picture is the upper left part of that of a larger one.

    Drawn in blocks of 64 x 64, each from the seed and its place.
    """
    rows, columns = (-(-extent // 64) for extent in size)
    blocks = [
        [np.random.default_rng((seed, i, j)).standard_normal((64, 64, model.NOISE)) for j in range(columns)]
        for i in range(rows)
    ]
    whole = np.concatenate([np.concatenate(row, 1) for row in blocks])
    found: Array = whole[None, : size[0], : size[1]].astype(np.float32)
    return found
