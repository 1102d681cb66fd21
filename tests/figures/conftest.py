"""A small figure, weights of VGG-19 that end early, and transfers without a solver."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neural_style import figures, images
from neural_style.features import vgg
from neural_style.figures import page
from neural_style.figures.builder import FUNCTIONS, PanelBuilder
from neural_style.figures.claims import NUMBERS
from neural_style.figures.panels import Picture
from neural_style.figures.recipe import Recipe
from neural_style.figures.transforms import TRANSFORMS, resized
from neural_style.runs import records
from neural_style.runs.result import Result
from neural_style.runs.settings import EVALUATIONS_PER_ITERATION
from neural_style.technique import Technique
from tests.figures.small_figure import TINY, summary, tiny_setup, two_pictures


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> Recipe:
    """A figure of the name `test-1`."""
    made = Recipe("a test", "Nobody 2026, figure 1", {"photo": "cat", "painting": "night"}, two_pictures)
    monkeypatch.setitem(figures.RECIPES, "test-1", made)
    return made


@pytest.fixture
def make(recipe: Recipe, tmp_path: Path, photo: np.ndarray, painting: np.ndarray) -> Callable[..., dict[str, Any]]:
    """Make `test-1` in tmp_path and return its JSON."""

    def run(output: str = "out.png", **settings: Any) -> dict[str, Any]:
        given = {"inputs": {"photo": photo, "painting": painting}, "panels": tmp_path / "panels", **TINY}
        figures.make("test-1", tmp_path / output, **{**given, **settings})
        return summary(tmp_path / output)

    return run


@pytest.fixture
def builder(tmp_path: Path, photo: np.ndarray, painting: np.ndarray) -> PanelBuilder:
    return PanelBuilder(tiny_setup(), {"photo": photo, "painting": painting}, tmp_path / "panels")


@pytest.fixture
def no_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Transfers check their inputs, make their objective, and return their initial picture; pages are coarse.

    Nothing is painted by a feed-forward network or minimised by a measurement either.
    """

    def transfer(
        self: Technique,
        content: Any,
        styles: Any,
        *,
        progress: Callable[[int, float], None],
        **settings: Any,
    ) -> Result:
        inputs = self.inputs(content, styles)
        run = self.run_settings(inputs, settings)
        assert self.objective(inputs, image_size=run.levels[-1]).terms
        size, start = inputs.content.canvas.size, self.initial_picture(inputs, run)
        noise = np.random.default_rng(run.seed).integers(0, 256, (*size, 3), np.uint8)
        image = noise if start is None else images.to_uint8(images.resize(start.rgb, size))
        history = []
        for iteration in range(1, run.iterations + 1):
            evaluations = EVALUATIONS_PER_ITERATION * iteration
            for evaluation in range(evaluations - EVALUATIONS_PER_ITERATION, evaluations):
                progress(evaluation + 1, 1 / (evaluation + 1))
            history.append({"image_size": list(size), "loss": 1 / evaluations})
        record = {"settings": records.plain(self), "run": records.plain(run), "losses": {}, "history": history}
        return Result(image=image, alpha=None, losses={}, history=history, stopped="", record=record)

    def errors(made: PanelBuilder, *pictures: Picture, shift: float, **settings: Any) -> dict[str, Any]:
        return {"x": [1, 2], "y": [1.0, 0.001]}

    monkeypatch.setattr(Technique, "transfer", transfer)
    monkeypatch.setitem(NUMBERS, "patch_error", lambda made, picture, painting, *, layer: 1.0)
    monkeypatch.setitem(FUNCTIONS, "style_error_by_evaluations", errors)
    monkeypatch.setitem(TRANSFORMS, "painted_at_once", lambda photo, painting, *, rows: resized(photo, rows=rows))
    monkeypatch.setattr(page, "DPI", 40)


@pytest.fixture(scope="session")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """A file with the kernels of VGG-19 up to a layer; all zero, which is enough for planning."""

    @cache
    def write(last: str) -> str:
        table, channels = vgg.architecture("vgg19"), 3
        arrays: dict[str, np.ndarray] = {}
        for layer in table.up_to_deepest([last]):
            name = f"block{layer[4]}_conv{layer[-1]}"
            filters = table.filters[layer]
            arrays[f"{name}_kernel"] = np.zeros((3, 3, channels, filters), np.float32)
            arrays[f"{name}_bias"] = np.zeros(filters, np.float32)
            channels = filters
        path = tmp_path_factory.mktemp("weights") / f"{last}.npz"
        np.savez_compressed(path, **arrays)
        return str(path)

    return write
