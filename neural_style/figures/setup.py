"""Scale and network of a figure, and the differences from the paper that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import numpy as np

from neural_style.features import vgg
from neural_style.features.vgg import block_of
from neural_style.objectives.presets import PRESETS
from neural_style.runs.settings import EVALUATIONS_PER_ITERATION, Run

NORMALISED = "normalised"
"""Name for weights with which the mean activation of every filter is one; the builder replaces it by a file."""

SHALLOW_RATIO = 100.0
"""Factor on the content weight where shallower layers replace the paper's. Chosen by comparing pictures, with mini and
with the first three blocks of VGG-19: at the paper's ratio of 0.001 the photo is invisible there."""

DEFAULT_ITERATIONS = 25
"""Iterations at the paper's scale where the paper states no number: the 500 evaluations of the authors' code of
2017."""

SIDE_MULTIPLE = 16
"""Sides of pictures are multiples of 16, so that no pooling up to the fifth block drops a row or column."""


@dataclass(frozen=True)
class Scale:
    """Upper limits on the size of pictures and the length of runs.

    Attributes:
        name: name of the scale.
        rows: rows of a picture; None for the paper's.
        iterations: iterations of a run from noise; None for the paper's.
    """

    name: str
    rows: int | None
    iterations: int | None


SCALES = {
    scale.name: scale
    for scale in (Scale("draft", 128, 8), Scale("usual", 256, 15), Scale("paper", rows=None, iterations=None))
}


@dataclass
class Setup:
    """Network and scale from which a recipe builds its figure.

    Attributes:
        model: `vgg16`, `vgg19` or `mini`.
        weights: source of its weights, see `neural_style.features.weights.load`.
        layers: the layers in the weights, in the order of the network.
        scale: see `Scale`.
        seed: seed of the noise.
        precision: as in `neural_style.figures.make`.
        differences: differences from the paper, in words; filled while a recipe builds its figure.
    """

    model: str
    weights: str
    layers: tuple[str, ...]
    scale: Scale
    seed: int = 0
    precision: str = "float32"
    differences: dict[str, str] = field(default_factory=dict)

    def layer(self, name: str) -> str:
        """The paper's layer, or its replacement where the weights lack it.

        The replacement for a layer in a deeper block is the deepest layer of the weights; for one in block 4 the layer
        before that, to differ from the replacement for block 5. For a layer in a known block it is the last layer of
        that block.
        """
        if name in self.layers:
            return name
        last = max(map(block_of, self.layers))
        known = [layer for layer in self.layers if block_of(layer) <= min(block_of(name), last)]
        found = known[-2] if last < block_of(name) == 4 and len(known) > 1 else known[-1]
        self.differences[name] = f"{found} instead of {name}"
        return found

    def style_layers(self, *names: str) -> tuple[str, ...]:
        """Layers for the paper's, each once, in the order of the network."""
        found = {self.layer(name) for name in names}
        return tuple(layer for layer in self.layers if layer in found)

    def ratio(self, paper: float) -> float:
        """The ratio of content weight to style weight, in the authors' units, for the paper's ratio."""
        if "conv4_2" in self.layers:
            return paper
        self.differences["ratio"] = f"weight ratios {SHALLOW_RATIO:g} times the paper's, because layers are shallower"
        return paper * SHALLOW_RATIO

    def all_layers(self, paper: str = "vgg19") -> tuple[str, ...]:
        """All layers in the weights, for all layers of the paper's network."""
        count = len(vgg.architecture(paper).layers)
        if len(self.layers) != count:
            self.differences["all layers"] = f"{len(self.layers)} layers in all instead of {count}"
        return self.layers

    def rows(self, paper: int) -> int:
        """Rows of a picture, for its rows in the paper."""
        limit = self.scale.rows
        rows = paper if limit is None else min(paper, max(SIDE_MULTIPLE, limit // SIDE_MULTIPLE * SIDE_MULTIPLE))
        if rows != paper:
            self.differences["rows"] = f"{rows} rows instead of {paper}"
        return rows

    def iterations(self, paper: int | None = None, *, share: float = 1.0) -> int:
        """Iterations of a run.

        Args:
            paper: evaluations in the paper; None where it states no number.
            share: fraction of the scale's iterations, where these decide.
        """
        scaled = max(1, round((self.scale.iterations or DEFAULT_ITERATIONS) * share))
        if paper is None:
            return scaled
        wanted = ceil(paper / EVALUATIONS_PER_ITERATION)
        count = wanted if self.scale.iterations is None else min(wanted, scaled)
        if count != wanted:
            fewer = f"{EVALUATIONS_PER_ITERATION * count} evaluations instead of {paper}"
            self.differences[f"{paper} evaluations"] = fewer
        return count

    def run(self, *, rows: int = 512, evaluations: int | None = None, share: float = 1.0, **settings: Any) -> Run:
        """A run of the paper's size and length, within the limits of the scale."""
        chosen: dict[str, Any] = {"image_size": self.rows(rows), "seed": self.seed}
        return Run(iterations=self.iterations(evaluations, share=share), **{**chosen, **settings})

    def network(self, paper: str = "vgg19") -> dict[str, Any]:
        """Model, weights and precision as keyword arguments of a technique; `paper` is the model in the paper."""
        self.note_network(paper)
        return self._of_a_run(self.weights)

    def normalised_network(self, paper: str = "vgg19") -> dict[str, Any]:
        """The same with weights with which the mean activation of every filter is one."""
        self.note_network(paper)
        return self._of_a_run(NORMALISED)

    @property
    def metric_layers(self) -> tuple[str, tuple[str, ...]]:
        """The layers at which metrics compare every picture with the content, and with the styles."""
        known = Setup(self.model, self.weights, self.layers, self.scale)  # to record no difference here
        return known.layer("conv4_2"), known.style_layers(*PRESETS["vgg19"].style_layers)

    def note_network(self, paper: str = "vgg19") -> None:
        """Record a network other than the paper's, and weights without training."""
        if self.model != paper:
            self.differences["network"] = f"the network {self.model} instead of {paper}"
        if self.weights.startswith("random"):
            self.differences["weights"] = "random weights"

    def _of_a_run(self, weights: str) -> dict[str, Any]:
        """Settings of a technique; what is measured without one is in float32."""
        if self.precision != "float32":
            self.differences["precision"] = f"features in {self.precision}"
        return {"model": self.model, "weights": weights, "precision": self.precision}

    def differences_text(self, names: Sequence[str], given: Sequence[str]) -> str:
        """The differences from the paper as a sentence.

        Args:
            names: names of the recipe's input pictures.
            given: the names for which the caller gave pictures.
        """
        others = [name.replace("_", " ") for name in names if name not in given]
        pictures = f"samples in place of its {_listed(others)}" if others else "other pictures"
        return "Differences from the original: " + "; ".join([pictures, *self.differences.values()]) + "."


def size_at(picture: np.ndarray, rows: int) -> tuple[int, int]:
    """Rows and columns of a picture at a number of rows; the columns are a multiple of `SIDE_MULTIPLE`."""
    columns = rows * picture.shape[1] / picture.shape[0]
    return rows, max(SIDE_MULTIPLE, round(columns / SIDE_MULTIPLE) * SIDE_MULTIPLE)


def _listed(names: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
