"""Settings of a picture that is painted in one pass. Reading them starts no backend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from neural_style.color_transfer import METHODS
from neural_style.errors import InvalidInputError
from neural_style.feedforward.settings import MULTIPLE
from neural_style.runs.settings import SMALLEST_TILE
from neural_style.validation import check_choice, check_count, check_finite, documented, setting

EMBEDDED = "embedded"
"""Name of the network inside the package."""

TECHNIQUE = "fast"
"""The technique's name in records."""

MOST_ROUNDS = 4
"""Corrections at most: 1 and 2 were trained, and more than 4 drift away from the photo."""

WHOLE_PIXELS = 2**21
"""Pixels of a picture that is processed as a whole: 2.1 million, which take about 900 MiB beside the backend."""

TILE = 256
"""Side of the tiles of a larger one. Tiles of 384 are no faster, and take 130 MiB more."""


class FastRunSettings(TypedDict, total=False):
    """The fields of `FastRun` as keywords of `Painter.paint`."""

    strength: float
    preserve_color: str
    size: int | None
    tile: int | None
    seed: int
    rounds: int | None


@documented
@dataclass(frozen=True)
class FastRun:
    """Settings of a picture that is painted in one pass.

    Raises:
        InvalidInputError: by the constructor, where a value is impossible.
    """

    strength: float = setting(
        1.0, "0 is the photo, 1 the painting, and between them lies their mixture, pixel by pixel."
    )
    preserve_color: str = setting(
        "none",
        "`none`, or the method that keeps the photo's colours: `luminance`, `histogram`, `cholesky`, `pca` or "
        "`monge_kantorovich`.",
    )
    size: int | None = setting(None, "rows of the picture; by default those of the photo.")
    tile: int | None = setting(
        None,
        "side of the tiles in which the embedded network processes a large picture, with the statistics of the whole; "
        "by default tiles of 256 pixels are used above two megapixels.",
    )
    seed: int = setting(0, "seed of the noise that the embedded network receives beside the photo.")
    rounds: int | None = setting(
        None, "corrections by the embedded network, 0 to 4; more paint more strongly, at a cost of one sketch each."
    )

    def __post_init__(self) -> None:
        check_finite("strength", self.strength)
        if not 0 <= self.strength <= 1:
            raise InvalidInputError(f"strength must be a number from 0 to 1, received {self.strength!r}")
        check_choice("preserve_color", self.preserve_color, ("none", *METHODS))
        if self.size is not None:
            check_count("size", self.size, at_least=1)
        if self.tile is not None:
            check_count("tile", self.tile, at_least=SMALLEST_TILE)
        check_count("seed", self.seed, at_least=0)
        if self.rounds is not None:
            check_count("rounds", self.rounds, at_least=0)
            if self.rounds > MOST_ROUNDS:
                raise InvalidInputError(f"rounds must be a number from 0 to {MOST_ROUNDS}, received {self.rounds!r}")

    def tile_for(self, size: tuple[int, int]) -> int | None:
        """Side of the tiles for a picture of `size` rows and columns, a multiple of 8; None processes it as a whole."""
        if self.tile is None:
            return None if size[0] * size[1] <= WHOLE_PIXELS else TILE
        return None if self.tile >= max(size) else self.tile // MULTIPLE * MULTIPLE
