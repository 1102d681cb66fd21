"""The settings of a run: how an objective is minimised, whatever the objective is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypedDict

from neural_style import solvers
from neural_style.color_transfer import METHODS
from neural_style.errors import InvalidInputError
from neural_style.images import ImageSource
from neural_style.validation import check_choice, check_count, check_weight, documented, setting

EVALUATIONS_PER_ITERATION = 20
"""Evaluations in one iteration, as in the reference scripts."""

LEVELS = 3
"""Sizes of the pyramid: rows / 4, rows / 2 and rows."""

SMALLEST_LEVEL = 32
"""Rows of the smallest level: of fewer, the deepest layer sees nothing."""

SMALLEST_TILE = 64
"""A smaller tile is hardly anything but halo."""

INITIAL_IMAGES = ("content", "noise", "style_stats", "gray", "regions", "fast")

PAINTED_INITIAL_IMAGES = {"fast": "neural_style.feedforward.initial"}
"""Initial images that a room above the techniques makes: the module whose `initial_picture` does."""

COLOR_WHEN = ("after", "before")


class RunSettings(TypedDict, total=False):
    """The fields of `Run` as keywords of `Technique.transfer`, `.steps` and `minimise`."""

    image_size: int
    sizes: Sequence[int]
    maintain_aspect_ratio: bool
    iterations: int
    init: ImageSource
    solver: str
    bounded: bool
    keep_grey: bool
    memory: int
    learning_rate: float | None
    betas: Sequence[float]
    averaging: float
    tile: int | None
    memory_limit: float | None
    seed: int
    min_improvement: float
    preserve_color: str
    color_when: str


@documented
@dataclass(frozen=True)
class Run:
    """Settings of a run.

    Raises:
        InvalidInputError: by the constructor, where a value is impossible.
    """

    image_size: int = setting(400, "rows of the pastiche.")
    sizes: Sequence[int] = setting((), "rows of each level of a pyramid, coarse to fine; replaces `image_size`.")
    maintain_aspect_ratio: bool = setting(True, "keep the content's shape; False works on a square.")
    iterations: int = setting(10, "iterations at each size; one is 20 evaluations of the loss.")
    init: ImageSource = setting(
        "content",
        "initial image: `content`, `noise` (uniform in 0..255, seeded), `style_stats` (noise with the "
        "means and variances of the whole paintings' channels, whatever their masks), `gray` (the content without its "
        "colours; the targets keep them, unlike in the reference scripts), `regions` (of a doodle: the colours of the "
        "painting in each region), `fast` (what the embedded feed-forward network paints), or a picture.",
    )
    solver: str = setting("lbfgs", "`lbfgs` (preconditioned, on the device), `scipy_lbfgs` or `adam`.")
    bounded: bool = setting(
        True,
        "keep the pastiche within 0..255, so that the saved picture has the reported loss; False clips it afterwards, "
        "as the reference scripts do.",
    )
    keep_grey: bool = setting(
        True,
        "a pastiche of grey pictures alone stays grey, where each channel would get noise of its own; False as in the "
        "reference scripts.",
    )
    memory: int = setting(
        10, "pairs that the two L-BFGS solvers remember; each takes the memory of two float32 pictures."
    )
    learning_rate: float | None = setting(
        None, "of adam, the size of the first steps in grey levels; by default 10. Smaller is slower and calmer."
    )
    betas: Sequence[float] = setting((0.9, 0.999), "of adam, how much its two moments keep of their past.")
    averaging: float = setting(
        0.0,
        "of adam, decay of an average of the pictures so far, such as 0.9, which is the picture of each iteration in "
        "place of the best single step. It settles where steps are too large, and lags behind where they are not. 0 "
        "averages nothing.",
    )
    tile: int | None = setting(
        None,
        "side of the tiles in which a picture too large for the memory is processed; by default tiles are used only "
        "where they are needed.",
    )
    memory_limit: float | None = setting(
        None, "GiB of memory that the run may use; by default the free memory of the machine."
    )
    seed: int = setting(0, "seed of the noise.")
    min_improvement: float = setting(
        0.0,
        "stop at a size once an iteration improves the loss by less than this percentage (from the second iteration); "
        "0 disables this.",
    )
    preserve_color: str = setting(
        "none",
        "`none`, or the method that keeps the content's colours: `luminance`, `histogram`, `cholesky`, `pca` or "
        "`monge_kantorovich`; see `neural_style.color_transfer`.",
    )
    color_when: str = setting(
        "after",
        "`after` recolours the result, where `Content.color_mask` is white; `before` recolours the paintings first, "
        "which keeps strokes and colours together.",
    )

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
        self._check_adam()
        check_weight("min_improvement", self.min_improvement)
        check_choice("preserve_color", self.preserve_color, ("none", *METHODS))
        check_choice("color_when", self.color_when, COLOR_WHEN)
        if self.preserve_color == "luminance" and self.color_when == "before":
            raise InvalidInputError(
                "luminance recolours the result only: use color_when after, or another preserve_color"
            )

    def _check_adam(self) -> None:
        """Normalise and check the settings of adam.

        Raises:
            InvalidInputError: one is impossible, or belongs to another solver than the run has.
        """
        object.__setattr__(self, "betas", tuple(self.betas) if isinstance(self.betas, list) else self.betas)
        if self.learning_rate is not None:
            check_weight("learning_rate", self.learning_rate)
            if self.learning_rate == 0:
                raise InvalidInputError("learning_rate must be above 0: leave it out for the default")
        for name in ("betas", "averaging"):
            solvers.check_decays(name, getattr(self, name))
        for name in solvers.OF_ADAM:
            if self.solver != "adam" and getattr(self, name) != getattr(Run, name):
                raise InvalidInputError(f"{name} belongs to solver adam: choose it, or leave {name} out")

    @property
    def init_is_named(self) -> bool:
        """Whether the initial image is one of `INITIAL_IMAGES` and not a picture of the user's."""
        return isinstance(self.init, str) and self.init in INITIAL_IMAGES

    @property
    def levels(self) -> tuple[int, ...]:
        """Rows at each level of the pyramid."""
        return tuple(self.sizes) or (self.image_size,)


def check_solver_of_normalized(run: Run) -> None:
    """Raise `InvalidInputError` where the solver cannot work with normalised gradients, which belong to no function."""
    if run.solver != "adam":
        raise InvalidInputError(
            f"normalize_gradients gives the gradient of no function, which {run.solver} needs: use solver adam"
        )


class LevelPlan(NamedTuple):
    """One level of a pyramid as it is run.

    Attributes:
        size: rows and columns of the pastiche.
        tile: side of the tiles; None processes the picture as a whole.
        memory: pairs that the solver remembers; 0 for a solver without a memory.
    """

    size: tuple[int, int]
    tile: int | None
    memory: int


def sizes_for(image_size: int) -> tuple[int, ...]:
    """Rows of the levels of a pyramid that ends at `image_size`, each half of the next.

    Example:
        >>> from neural_style.runs.settings import sizes_for
        >>> sizes_for(400), sizes_for(64)
        ((100, 200, 400), (32, 64))

    Raises:
        InvalidInputError: it is no whole number of at least 1.
    """
    check_count("image_size", image_size, at_least=1)
    halved = [round(image_size / 2**level) for level in range(LEVELS)]
    return tuple(rows for rows in reversed(halved) if rows >= SMALLEST_LEVEL) or (image_size,)
