"""How an objective is minimised: what every technique has in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neural_style import solvers
from neural_style.color_transfer import METHODS
from neural_style.errors import InvalidInputError, check_choice
from neural_style.images import ImageSource
from neural_style.inputs import check_count, check_weight

EVALUATIONS_PER_ITERATION = 20
"""What one iteration means, as in the reference scripts."""

SMALLEST_TILE = 64
"""Of a smaller tile hardly anything is but its rim."""

INITIAL_IMAGES = ("content", "noise", "gray")
COLOR_WHEN = ("after", "before")


@dataclass(frozen=True)
class Run:
    """The settings of a run, whatever its objective is.

    Attributes:
        image_size: rows of the pastiche.
        sizes: rows of each level of a pyramid, coarse to fine; replaces `image_size`.
        maintain_aspect_ratio: False works on a square instead of the content's shape.
        iterations: number of iterations at each size; one is 20 evaluations of the loss.
        init: the first pastiche: `content`, `noise` (uniform in 0..255, seeded), `gray` (the content without its
            colours), or a picture.
        solver: `lbfgs` (preconditioned, on the device), `scipy_lbfgs` or `adam`.
        memory: number of steps that the two L-BFGS remember; each takes the memory of two pictures in float32.
        tile: side of the tiles by which a picture is looked at that is too large for the memory; by default tiles are
            taken when they are needed.
        memory_limit: GiB that the run may take; by default what the machine has free.
        seed: of the noise that `noise` is.
        min_improvement: a size is left early when an iteration lowers the loss by less than this many percent, from the
            second on; 0 never leaves it.
        preserve_color: `none`, or how the content's colours are kept: `luminance`, `histogram`, `cholesky`, `pca` or
            `monge_kantorovich`.
        color_when: `after` recolours the pictures, `before` recolours the paintings first, which keeps strokes and
            colours together.
    """

    image_size: int = 400
    sizes: Sequence[int] = ()
    maintain_aspect_ratio: bool = True
    iterations: int = 10
    init: ImageSource = "content"
    solver: str = "lbfgs"
    memory: int = 10
    tile: int | None = None
    memory_limit: float | None = None
    seed: int = 0
    min_improvement: float = 0.0
    preserve_color: str = "none"
    color_when: str = "after"

    def __post_init__(self) -> None:
        if not isinstance(self.sizes, Sequence) or isinstance(self.sizes, str):
            raise InvalidInputError(f"sizes must be several whole numbers such as (200, 400), received {self.sizes!r}")
        object.__setattr__(self, "sizes", tuple(self.sizes))
        for size in self.levels:
            check_count("image_size" if not self.sizes else "each of sizes", size, at_least=1)
        if list(self.sizes) != sorted(set(self.sizes)):
            raise InvalidInputError(f"sizes must grow from coarse to fine, received {list(self.sizes)}")
        check_count("iterations", self.iterations, at_least=1)
        check_count("memory", self.memory, at_least=1)
        if self.tile is not None:
            check_count("tile", self.tile, at_least=SMALLEST_TILE)
        if self.memory_limit is not None:
            check_weight("memory_limit", self.memory_limit)
        check_count("seed", self.seed, at_least=0)
        check_choice("solver", self.solver, solvers.SOLVERS)
        check_weight("min_improvement", self.min_improvement)
        check_choice("preserve_color", self.preserve_color, ("none", *METHODS))
        check_choice("color_when", self.color_when, COLOR_WHEN)
        if self.preserve_color == "luminance" and self.color_when == "before":
            raise InvalidInputError(
                "luminance recolours the result only: use color_when after, or another preserve_color"
            )

    @property
    def init_is_named(self) -> bool:
        """Whether the first pastiche is one of `INITIAL_IMAGES` and not a picture of the user's."""
        return isinstance(self.init, str) and self.init in INITIAL_IMAGES

    @property
    def levels(self) -> tuple[int, ...]:
        """Rows at each level of the pyramid."""
        return tuple(self.sizes) or (self.image_size,)
