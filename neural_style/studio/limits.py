"""Limits of what is uploaded and asked for, checked before a picture is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from neural_style.errors import InvalidInputError
from neural_style.images.formats import open_image
from neural_style.images.opening import opened


@dataclass(frozen=True)
class Limits:
    """Limits of one request.

    Attributes:
        bytes: of a file.
        pixels: of a picture; a phone's photo has 12 to 50 million.
        result_pixels: of the finished picture.
        pictures: of one input, such as several paintings.
        clip_bytes: of a film.
    """

    bytes: int = 20 * 2**20
    pixels: int = 50_000_000
    result_pixels: int = 12_000_000
    pictures: int = 8
    clip_bytes: int = 200 * 2**20

    def check_picture(self, path: Path, what: str) -> None:
        """Check a picture by its length and its header; no pixel is decoded.

        Raises:
            InvalidInputError, MissingFileError: it is too large, damaged, or not there.
        """
        where = f'{what} "{path.name}"'
        with opened(path, where) as file:
            self._check_length(path, where, self.bytes)
            with open_image(file) as image:
                pixels = image.width * image.height
        if pixels > self.pixels:
            raise InvalidInputError(
                f"{where} has {pixels / 1e6:.0f} megapixels, and at most {self.pixels / 1e6:g} are taken: "
                "make it smaller"
            )

    def check_clip(self, path: Path, what: str) -> None:
        """Check the length of a film's file.

        Raises:
            InvalidInputError: it is too long.
        """
        self._check_length(path, f'{what} "{path.name}"', self.clip_bytes)

    def check_result(self, rows: int, columns: int, what: str = "a picture would have") -> None:
        """Raise `InvalidInputError` for a finished picture, or a frame of a film, of too many pixels."""
        _check_pixels(what, rows, columns, self.result_pixels, "a smaller image_size, photo or film")

    def check_painting(self, rows: int, columns: int) -> None:
        """Raise `InvalidInputError` for a painting of too many pixels at the size of its strokes."""
        what, remedy = "a painting for these strokes would have", "a smaller stroke_scale or image_size"
        _check_pixels(what, rows, columns, self.pixels, remedy)

    def check_number(self, count: int, what: str) -> None:
        """Raise `InvalidInputError` for too many pictures of one input."""
        if count > self.pictures:
            raise InvalidInputError(f"{what}: at most {self.pictures} pictures are taken, received {count}")

    @staticmethod
    def _check_length(path: Path, where: str, most: int) -> None:
        length = path.stat().st_size
        if length > most:
            raise InvalidInputError(
                f"{where} has {length / 2**20:.1f} MiB, and at most {most / 2**20:g} are taken: make it smaller"
            )


def _check_pixels(what: str, rows: int, columns: int, most: int, remedy: str) -> None:
    if rows * columns > most:
        raise InvalidInputError(
            f"{what} {rows} x {columns} pixels, and at most {most / 1e6:g} megapixels are painted here: choose {remedy}"
        )
