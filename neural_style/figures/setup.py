"""At what scale and with which network a figure is made, and what of it is not as in the paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import numpy as np

from neural_style.features import vgg
from neural_style.features.vgg import block_of
from neural_style.network import PRESETS
from neural_style.runs.settings import EVALUATIONS_PER_ITERATION, Run

NORMALISED = "normalised"
"""Stands for weights in which every filter's mean activation is one; the builder puts a file in its place."""

SHALLOW_RATIO = 100.0
"""Content weighs that much more where shallower layers stand in for the paper's. Found by looking, with mini and with
the first three blocks of VGG-19: at the paper's ratios of 0.001 nothing is seen of the photo there."""

UNTOLD_ITERATIONS = 25
"""At the paper's scale where the paper has no number: the 500 evaluations of the authors' code of 2017."""

STEP = 16
"""Sides of pictures are multiples of it, so that no pooling up to the fifth block drops a row or column."""


@dataclass(frozen=True)
class Scale:
    """How large pictures are and how long they are worked on, at most.

    Attributes:
        name: of the scale.
        rows: of a picture; None is what the paper has.
        iterations: of a run from noise; None is what the paper has.
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
    """What a recipe is built with.

    Attributes:
        model: `vgg16`, `vgg19` or `mini`.
        weights: source of its weights, see `neural_style.features.weights.load`.
        layers: those that the weights have, in the order of the network.
        scale: see `Scale`.
        seed: of noise.
        differences: what was asked for and is not so, in words; filled while a recipe is built.
    """

    model: str
    weights: str
    layers: tuple[str, ...]
    scale: Scale
    seed: int = 0
    differences: dict[str, str] = field(default_factory=dict)

    def layer(self, name: str) -> str:
        """The paper's layer, or what stands in for one that the weights lack.

        For one in a deeper block it is the last layer there is; but for one of block 4 the last but one, so that it
        differs from that for block 5. For one in a known block it is the last layer of that block.
        """
        if name in self.layers:
            return name
        last = max(map(block_of, self.layers))
        known = [layer for layer in self.layers if block_of(layer) <= min(block_of(name), last)]
        found = known[-2] if last < block_of(name) == 4 and len(known) > 1 else known[-1]
        self.differences[name] = f"{found} instead of {name}"
        return found

    def style_layers(self, *names: str) -> tuple[str, ...]:
        """Layers for the paper's, in the order of the network, each once."""
        found = {self.layer(name) for name in names}
        return tuple(layer for layer in self.layers if layer in found)

    def ratio(self, paper: float) -> float:
        """The weight of the content over that of the style, in the authors' units, for one in the paper."""
        if "conv4_2" in self.layers:
            return paper
        self.differences["ratio"] = f"ratios of weights {SHALLOW_RATIO:g} times the paper's, as layers are shallower"
        return paper * SHALLOW_RATIO

    def all_layers(self, paper: str = "vgg19") -> tuple[str, ...]:
        """All layers that the weights have, for all of the paper's network."""
        count = len(vgg.architecture(paper).layers)
        if len(self.layers) != count:
            self.differences["all layers"] = f"all layers are {len(self.layers)} instead of {count}"
        return self.layers

    def rows(self, paper: int) -> int:
        """Rows of a picture that has so many in the paper."""
        rows = paper if self.scale.rows is None else min(paper, max(STEP, self.scale.rows // STEP * STEP))
        if rows != paper:
            self.differences["rows"] = f"{rows} rows instead of {paper}"
        return rows

    def iterations(self, paper: int | None = None, *, share: float = 1.0) -> int:
        """Iterations of a run that has so many evaluations in the paper, or of which the paper says nothing.

        `share` of them are taken where the scale and not the paper says how many.
        """
        scaled = max(1, round((self.scale.iterations or UNTOLD_ITERATIONS) * share))
        if paper is None:
            return scaled
        told = ceil(paper / EVALUATIONS_PER_ITERATION)
        count = told if self.scale.iterations is None else min(told, scaled)
        if count != told:
            less = f"{EVALUATIONS_PER_ITERATION * count} evaluations instead of {paper}"
            self.differences[f"{paper} evaluations"] = less
        return count

    def run(self, *, rows: int = 512, evaluations: int | None = None, share: float = 1.0, **settings: Any) -> Run:
        """A run of the paper's size and length, as far as the scale has them."""
        chosen: dict[str, Any] = {"image_size": self.rows(rows), "seed": self.seed}
        return Run(iterations=self.iterations(evaluations, share=share), **{**chosen, **settings})

    def network(self, paper: str = "vgg19") -> dict[str, Any]:
        """Which network looks, as keywords of a technique; the paper has `paper`."""
        self.note_network(paper)
        return {"model": self.model, "weights": self.weights}

    def normalised_network(self, paper: str = "vgg19") -> dict[str, Any]:
        """The same with weights in which every filter's mean activation is one."""
        self.note_network(paper)
        return {"model": self.model, "weights": NORMALISED}

    @property
    def judge(self) -> tuple[str, tuple[str, ...]]:
        """The layers by which every picture is judged: of the content, and of styles."""
        known = Setup(self.model, self.weights, self.layers, self.scale)
        return known.layer("conv4_2"), known.style_layers(*PRESETS["vgg19"].style_layers)

    def note_network(self, paper: str = "vgg19") -> None:
        """Tell if the network is another than the paper's, or has never seen a picture."""
        if self.model != paper:
            self.differences["network"] = f"the network {self.model} instead of {paper}"
        if self.weights.startswith("random"):
            self.differences["weights"] = "random weights"

    def told(self, names: Sequence[str], given: Sequence[str]) -> str:
        """What differs from the paper, as a sentence.

        Args:
            names: of the recipe's pictures.
            given: those of them that the user named.
        """
        others = [name.replace("_", " ") for name in names if name not in given]
        pictures = [f"samples instead of its {', '.join(others)}"] if others else ["pictures of the user's"]
        return "Other than in the original: " + "; ".join([*pictures, *self.differences.values()]) + "."


def sides(picture: np.ndarray, rows: int) -> tuple[int, int]:
    """Rows and columns for a picture of so many rows, the columns a multiple of `STEP`."""
    columns = rows * picture.shape[1] / picture.shape[0]
    return rows, max(STEP, round(columns / STEP) * STEP)
