"""At what scale and with which network a figure is made, and what of it is not as in the paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from neural_style.features import vgg
from neural_style.features.vgg import block_of
from neural_style.run import EVALUATIONS_PER_ITERATION, Run

NORMALISED = "normalised"
"""Stands for weights in which every filter's mean activation is one; the workshop puts a file in its place."""

SHALLOW_RATIO = 100.0
"""Content weighs that much more where shallower layers stand in for the paper's. Found by looking, with mini and with
the first three blocks of VGG-19: at the paper's ratios of 0.001 nothing is seen of the photo there."""

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
class Study:
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
        """The paper's layer, or what stands in for one that is too deep: the last block has four, for its five."""
        if name in self.layers:
            return name
        last = max(map(block_of, self.layers))
        deepest = [layer for layer in self.layers if block_of(layer) == last]
        # conv4_1 is followed by conv5_1: the nearer to the end of what there is, the deeper it was.
        place = (
            {4: -2, 5: -1}.get(block_of(name), -1) if block_of(name) > last else min(int(name[-1]), len(deepest)) - 1
        )
        found = deepest[max(place, -len(deepest))]
        self.differences[name] = f"{found} for {name}"
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
            self.differences["all layers"] = f"all layers are {len(self.layers)} for {count}"
        return self.layers

    def rows(self, paper: int) -> int:
        """Rows of a picture that has so many in the paper."""
        rows = paper if self.scale.rows is None else min(paper, self.scale.rows)
        if rows != paper:
            self.differences["rows"] = f"{rows} rows for {paper}"
        return rows

    def iterations(self, paper: int | None = None, *, share: float = 1.0) -> int:
        """Iterations of a run that has so many evaluations in the paper, or of which the paper says nothing.

        `share` of them are taken where the scale and not the paper says how many.
        """
        told = None if paper is None else -(-paper // EVALUATIONS_PER_ITERATION)
        limit = self.scale.iterations
        scaled = max(1, round((limit or 25) * share))
        count = scaled if told is None else told if limit is None else min(told, scaled)
        if told is not None and count != told:
            self.differences[f"{paper} evaluations"] = f"{EVALUATIONS_PER_ITERATION * count} evaluations for {paper}"
        return count

    def run(self, *, rows: int = 512, evaluations: int | None = None, share: float = 1.0, **settings: Any) -> Run:
        """A run of the paper's size and length, as far as the scale has them."""
        chosen: dict[str, Any] = {"image_size": self.rows(rows), "seed": self.seed}
        return Run(iterations=self.iterations(evaluations, share=share), **{**chosen, **settings})

    def network(self, paper: str = "vgg19") -> dict[str, Any]:
        """Which network looks, as keywords of a technique; the paper has `paper`."""
        self._note_network(paper)
        return {"model": self.model, "weights": self.weights}

    def normalised_network(self, paper: str = "vgg19") -> dict[str, Any]:
        """The same with weights in which every filter's mean activation is one."""
        self._note_network(paper)
        return {"model": self.model, "weights": NORMALISED}

    @property
    def judge(self) -> tuple[str, tuple[str, ...]]:
        """The layers by which every picture is judged: of the content, and of styles."""
        known = Study(self.model, self.weights, self.layers, self.scale)
        table = vgg.architecture("vgg19")
        return known.layer("conv4_2"), known.style_layers(*table.style_layers)

    def _note_network(self, paper: str) -> None:
        if self.model != paper:
            self.differences["network"] = f"the network {self.model} for {paper}"
        if self.weights.startswith("random"):
            self.differences["weights"] = "random weights"

    def told(self, names: Sequence[str], given: Sequence[str]) -> str:
        """What differs from the paper, as a sentence.

        Args:
            names: of the recipe's pictures.
            given: those of them that the user named.
        """
        others = [name for name in names if name not in given]
        pictures = [f"samples for its {', '.join(others)}"] if others else ["pictures of the user's"]
        return "Other than in the original: " + "; ".join([*pictures, *self.differences.values()]) + "."
