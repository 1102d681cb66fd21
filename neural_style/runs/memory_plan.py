"""Memory and operations of a run, estimated before it starts: whole or by tiles, and what fits the machine.

An evaluation keeps every activation for the backward pass, so its memory is a number of bytes for each pixel that the
network processes at a time. That number follows from the table of layers; its two constants, and the size of a process
without pictures, are measured (benchmarks/memory.py).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isqrt, prod
from typing import TYPE_CHECKING, NamedTuple

from neural_style.errors import InvalidInputError
from neural_style.features.segments import (
    CUT,
    Segment,
    Spec,
    kept_bytes,
    operations,
    segments_of,
    weight_bytes,
    width,
    working_bytes,
)
from neural_style.features.tiling import FORWARD, tiles_of
from neural_style.features.vgg import Architecture
from neural_style.images.picture import MAX_PIXELS
from neural_style.inputs import Style, working_size
from neural_style.runs.free_memory import free_memory
from neural_style.runs.settings import EVALUATIONS_PER_ITERATION, LevelPlan
from neural_style.solvers import WITH_MEMORY

if TYPE_CHECKING:
    from neural_style.images import Picture
    from neural_style.runs.settings import Run

GIB = 2**30

NO_LIMIT = 2**62
"""Bytes that no machine has: a limit of 1e308 GiB is none."""

RUNTIME = 0.9 * GIB
"""Size of a process with TensorFlow, the network and its programs, without pictures."""

IMAGES = 12
"""Pictures in float32 that a run holds beside the solver's memory: the pastiche, the best image, gradient, direction,
Fourier transforms, and the octaves of the preconditioner."""

IMAGES_BY_TILES = 26
"""The same by tiles, whose programs are small and do not use what the solver's have freed."""

RETURNED = 1.25
"""Peak of evaluations by tiles relative to their arrays: what one program frees is not all of use to the next."""

COPIES_OF_WEIGHTS = 4
"""Copies of the weights that the programs of the various tiles hold, in the order that their convolutions take."""

TILES = (2048, 1536, 1024, 768, 512)
"""Sides of tiles, from the smallest halos to the least memory."""

SMALL_TILES = (384, 256)
"""Their halo is larger than their core and doubles the time, so the solver remembers fewer steps first."""

MOST_PAIRS = 1000
"""Pairs that a solver can remember: each is two arguments of its program, which takes hours to compile with more."""

ENOUGH_PAIRS, FEWEST_PAIRS = 5, 3
"""Fewest pairs remembered so that tiles can stay large, and fewest where nothing else helps."""

COPIES = {"sliced": 4, "patches": 12, "neighbours": 12}
"""Copies of the style layers' features beside the network's activations, by style loss: sorted values with their places
and gradients; the paintings' maps, matched patches and their sums (measured at 256 rows)."""

RESERVE = 0.9
"""Share of the free memory that a run may plan with; the rest is left to other programs."""


class ExtractorSpec(NamedTuple):
    """The network and layers an evaluation uses; its cost follows from them.

    Attributes:
        architecture: the network.
        layers: every layer that a term uses, in the order of the network.
        precision: of the features; `auto` counts as float32.
        content_layers: those whose activations are kept for the whole picture.
        pooling: of the network.
        by_tiles: whether all statistics add up over tiles.
        held: bytes for each pixel beside the network's activations, such as sorted features.
        groups: layers that one statistic takes together.
    """

    architecture: Architecture
    layers: tuple[str, ...]
    precision: str
    content_layers: tuple[str, ...] = ()
    pooling: str = "max"
    by_tiles: bool = True
    held: float = 0.0
    groups: tuple[tuple[str, ...], ...] = ()

    @property
    def of_segments(self) -> Spec:
        """What the segments of an evaluation by tiles follow from."""
        return Spec(self.architecture, self.layers, self.groups, self.pooling in CUT, self.precision)

    @property
    def stride(self) -> int:
        """Pixels per position of the deepest layer in use: the smallest side of an image."""
        return self.architecture.stride(self.layers)


@dataclass(frozen=True)
class MemoryEstimate:
    """Memory and operations of a transfer, at one size of the pastiche.

    Attributes:
        spec: of the technique.
        size: rows and columns of the pastiche.
        style_sizes: rows and columns of the paintings, as their targets are computed.
        memory: pairs that the solver remembers, 0 for one without a memory.
        tile: side of the tiles; None for none.
        times: copies of each pair in the precision of the pastiche: 2 in SciPy, which computes in float64.
    """

    spec: ExtractorSpec
    size: tuple[int, int]
    style_sizes: tuple[tuple[int, int], ...] = ()
    memory: int = 0
    tile: int | None = None
    times: int = 1

    @property
    def bytes(self) -> int:
        """Peak of the resident memory of the process."""
        forward, back = working_bytes(self.spec.of_segments, self.spec.of_segments.below)
        back += self.spec.held
        # Targets are computed before the run, of one picture at a time.
        targets = max((forward * self._ahead(size) for size in (self.size, *self.style_sizes)), default=0.0)
        if self.tile is None:  # features as Keras computes them keep all layers until the last is done
            targets = max((back * prod(size) for size in self.style_sizes), default=0.0) * (2 / 3)
        picture = (8 if self.spec.precision == "float64" else 4) * 3 * prod(self.size)
        images = IMAGES if self.tile is None else IMAGES_BY_TILES
        state = picture * (images + 2 * self.memory * self.times)
        content = picture / 3 * sum(width(self.spec.architecture, layer) for layer in self.spec.content_layers)
        evaluation = back * prod(self.size)
        if self.tile is not None:
            spec, segments = self.spec.of_segments, self._segments
            evaluation = COPIES_OF_WEIGHTS * weight_bytes(spec) + max(
                kept_bytes(spec, segments, index) * prod(self.size)
                + RETURNED * working_bytes(spec, segment.layers)[1] * max(map(_area, self._windows(segment)))
                for index, segment in enumerate(segments)
            )
        return int(RUNTIME + max(targets, evaluation + state) + content)

    @property
    def forward_pixels(self) -> float:
        """Pixels of forward passes of the network beside those of `pixels`, in one evaluation."""
        if self.tile is None:
            return 0.0
        found = 0.0
        for segment in self._segments:
            once, again = self._share(segment.layers), self._share(segment.recomputed)
            ahead, back = (sum(map(_area, self._windows(segment, ahead=way))) for way in (True, False))
            found += once * ahead + (again - once) * back
        return found

    @property
    def pixels(self) -> float:
        """Pixels of the forward and backward passes of one evaluation."""
        if self.tile is None:
            return prod(self.size)
        return sum(self._share(each.layers) * sum(map(_area, self._windows(each))) for each in self._segments)

    @property
    def _segments(self) -> tuple[Segment, ...]:
        assert self.tile is not None
        return segments_of(self.spec.of_segments, self.size, self.tile)

    def _share(self, layers: Sequence[str]) -> float:
        """Part of the network's operations."""
        table = self.spec.architecture
        return operations(table, layers) / operations(table, self.spec.of_segments.below)

    def _windows(self, segment: Segment, *, ahead: bool = False) -> list[tuple[int, int]]:
        return [tile.shape.size for tile in segment.tiles(self.size, ahead=ahead)]

    def _ahead(self, size: tuple[int, int]) -> int:
        """Pixels of the largest part that is processed at a time where targets are computed."""
        if self.tile is None:
            return prod(size)
        tiles = tiles_of(size, int(self.tile * FORWARD), self.spec.architecture, self.spec.layers)
        return max(_area(tile.shape.size) for tile in tiles)


def held_bytes(style_loss: str, layers: Sequence[str], spec: ExtractorSpec, *, variants: int = 1) -> float:
    """Bytes for each pixel that a style loss holds beside the network's activations; those of `neighbours` have one
    size at all layers, a quarter of the image's rows and columns. Each of the painting's variants has a map, and a
    part of the table of all positions."""
    is_quarter = style_loss == "neighbours"
    channels = sum(
        spec.architecture.filters[each] / 16 if is_quarter else width(spec.architecture, each) for each in layers
    )
    size = 8 if spec.precision == "float64" else 4
    return size * (COPIES.get(style_loss, 0) + 2 * (variants - 1)) * channels


def estimates(spec: ExtractorSpec, canvas: Picture, styles: Sequence[Style], run: Run) -> list[MemoryEstimate]:
    """What a run needs at each of its sizes, with tiles only where the run names them.

    Args:
        spec: network and layers in use.
        canvas: the picture that gives the pastiche its shape.
        styles: the paintings, whose targets are computed.
        run: sizes, solver and tiles.

    Raises:
        InvalidInputError: a size is absurd, or too small for the network.
    """
    found = []
    for rows in run.levels:
        aspect = run.maintain_aspect_ratio
        size = working_size(canvas, rows, maintain_aspect_ratio=aspect, minimum=spec.stride)
        painted = tuple(style.size_at(size, minimum=spec.stride) for style in styles)
        # A tile as large as every picture is the whole, which takes one pass less.
        tile = run.tile if run.tile and max(map(max, (size, *painted))) > run.tile else None
        found.append(MemoryEstimate(spec, size, painted, remembered(run), tile))
    is_doubled = run.solver == "scipy_lbfgs" and spec.precision != "float64"
    return [replace(estimate, times=2 if is_doubled else 1) for estimate in found]


def fit_run(spec: ExtractorSpec | None, canvas: Picture, styles: Sequence[Style], run: Run) -> list[LevelPlan]:
    """The levels of a run, by tiles or with fewer remembered pairs where memory is short; each change is warned of.

    Without a `spec` the cost is unknown, and tiles and memory are those that the run names.

    Raises:
        InvalidInputError: a size is impossible, or does not fit in any way.
    """
    if spec is None:
        sizes = [working_size(canvas, rows, maintain_aspect_ratio=run.maintain_aspect_ratio) for rows in run.levels]
        return [LevelPlan(size, run.tile, remembered(run)) for size in sizes]
    available, plans = available_memory(run), []
    for estimate in estimates(spec, canvas, styles, run):
        fit = fit_to_memory(estimate, available)
        plans.append(LevelPlan(fit.size, fit.tile, fit.memory))
        if change := describe_change(estimate, fit, available):
            warnings.warn(change, stacklevel=5)
    return plans


def remembered(run: Run) -> int:
    """Pairs that the solver can remember at a size, one for each evaluation; 0 for a solver without a memory.

    Raises:
        InvalidInputError: they are too many.
    """
    pairs = min(run.memory, run.iterations * EVALUATIONS_PER_ITERATION) if run.solver in WITH_MEMORY else 0
    if pairs > MOST_PAIRS:
        raise InvalidInputError(f"memory must be at most {MOST_PAIRS} pairs, received {run.memory}")
    return pairs


def available_memory(run: Run) -> int | None:
    """Bytes that a run may use: its own limit, or what the machine has free; None where that is unknown."""
    return free_memory() if run.memory_limit is None else int(min(run.memory_limit * GIB, NO_LIMIT))


def fit_to_memory(estimate: MemoryEstimate, available: int | None) -> MemoryEstimate:
    """The estimate, changed until it fits into memory: by tiles, or with fewer remembered pairs.

    Args:
        estimate: its tiles, if any, are the user's and are kept.
        available: bytes that the whole process may use; None where that is unknown, and everything fits.

    Returns:
        The first that fits of: the estimate itself; tiles, the largest first; tiles with fewer pairs; small tiles with
        fewer still.

    Raises:
        InvalidInputError: none fits; the message has the largest size that would.
    """
    pairs, fewest = estimate.memory, min(estimate.memory, FEWEST_PAIRS)
    enough = min(pairs, ENOUGH_PAIRS)
    fixed = [estimate.tile] if estimate.tile or not estimate.spec.by_tiles else None
    tiles, small = (fixed, fixed) if fixed else (TILES, SMALL_TILES)
    ways = [
        (estimate.tile, pairs),
        *((tile, memory) for memory in range(pairs, enough - 1, -1) for tile in tiles),
        *((tile, memory) for memory in range(enough, fewest - 1, -1) for tile in small),
    ]
    choices = [replace(estimate, tile=tile, memory=memory) for tile, memory in ways]
    if available is None:
        return estimate
    for choice in choices:
        if choice.bytes <= available * RESERVE:
            return choice
    rows = largest(estimate, available)
    advice = f"choose at most {rows} rows" if rows else "close other programs"
    how = "even by tiles" if choices[-1].tile else "without tiles"
    fewer = f"with {fewest} instead of {pairs} remembered pairs, " if fewest < pairs else ""
    raise InvalidInputError(
        f"{estimate.size[0]} x {estimate.size[1]} pixels need {choices[-1].bytes / GIB:.1f} GiB of "
        f"memory {fewer}{how}, but only {available / GIB:.1f} GiB is free: {advice}"
    )


def describe_change(estimate: MemoryEstimate, fit: MemoryEstimate, available: int | None) -> str:
    """A sentence about what the fit changes; empty where nothing changes."""
    changes = []
    if fit.tile != estimate.tile:
        changes.append(f"processing in tiles of {fit.tile} pixels")
    if fit.memory < estimate.memory:
        changes.append(f"remembering {fit.memory} pairs instead of {estimate.memory}")
    if not changes or available is None:
        return ""
    return (
        f"{estimate.size[0]} x {estimate.size[1]} pixels need {estimate.bytes / GIB:.1f} GiB but only "
        f"{available / GIB:.1f} GiB is free; {' and '.join(changes)}"
    )


def largest(estimate: MemoryEstimate, available: int) -> int:
    """Rows of the largest pastiche of the same shape that fits by tiles, with fewer pairs if need be; 0 for none."""
    rows, columns = estimate.size
    low, high = 0, min(2**15, isqrt(MAX_PIXELS * rows // columns) + 1)
    while high - low > 1:
        middle = (low + high) // 2
        size = middle, max(1, middle * columns // rows)
        styles = tuple((max(1, r * middle // rows), max(1, c * middle // rows)) for r, c in estimate.style_sizes)
        tried = replace(
            estimate,
            size=size,
            style_sizes=styles,
            tile=estimate.tile or (SMALL_TILES[-1] if estimate.spec.by_tiles else None),
            memory=min(estimate.memory, FEWEST_PAIRS),
        )
        low, high = (middle, high) if tried.bytes <= available * RESERVE else (low, middle)
    return low


def _area(size: tuple[int, int]) -> int:
    return int(prod(size))
