"""Panels: their keys, their order, and the folder that stores them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neural_style import Network, NeuralStyleError
from neural_style.errors import BrokenRunError, OutOfMemoryError
from neural_style.features import calibration, vgg, weights
from neural_style.figures.builder import PanelBuilder, Sample
from neural_style.figures.judge import Judge
from neural_style.figures.panels import InputPanel, Measurement, StyleInput, TransferPanel, TransformPanel, in_order
from neural_style.figures.setup import NORMALISED
from neural_style.inetwork import INetwork
from neural_style.runs.settings import Run
from tests.figures.small_figure import PAINTING, PHOTO, painted, technique, tiny_setup


def test_panels_of_other_settings_or_inputs_have_other_keys(
    builder: PanelBuilder, photo: np.ndarray, painting: np.ndarray, tmp_path: Path
) -> None:
    one = painted()
    others = [
        painted(2e-3),
        replace(one, technique=technique(pooling="ave")),
        painted(run=replace(one.run, seed=1)),
        replace(one, styles=(StyleInput(PAINTING, weight=2),)),
        replace(one, styles=(StyleInput(PAINTING, mask=PHOTO),)),
        replace(one, init=PAINTING),
        replace(one, content=TransformPanel("luminance", (PHOTO,))),
    ]
    keys = [builder.key(panel) for panel in (one, *others)]
    assert len(set(keys)) == len(keys)
    setup = tiny_setup()
    same = PanelBuilder(setup, {"photo": photo.copy(), "painting": painting}, tmp_path / "elsewhere")
    assert same.key(painted()) == keys[0]
    changed = PanelBuilder(setup, {"photo": photo[::-1].copy(), "painting": painting}, tmp_path)
    assert changed.key(one) != keys[0]
    other_weights = PanelBuilder(replace(setup, weights="random:1"), {"photo": photo, "painting": painting}, tmp_path)
    assert other_weights.key(one) != keys[0]


def test_another_search_of_weights_makes_its_pictures_again(
    builder: PanelBuilder, photo: np.ndarray, painting: np.ndarray, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one = painted()
    panels = one, replace(one, content_like=one)
    before = [builder.key(panel) for panel in panels]
    monkeypatch.setattr("neural_style.figures.keys.SEARCH", 0)
    later = PanelBuilder(tiny_setup(), {"photo": photo, "painting": painting}, tmp_path)
    assert [later.key(panel) == key for panel, key in zip(panels, before, strict=True)] == [True, False]


def test_each_panel_comes_after_its_dependencies() -> None:
    first = painted()
    second = TransferPanel(technique(1), TransformPanel("luminance", (first,)), (StyleInput(first),))
    order = list(in_order(second, first))
    places = [order.index(panel) for panel in (PHOTO, first, second)]
    assert places == sorted(places)
    assert len(order) == len(set(order))


def test_the_normalised_weights_are_a_file_for_each_pooling(builder: PanelBuilder) -> None:
    path = builder.judge.weights_for(NORMALISED, "ave")
    found = weights.load(vgg.architecture("mini"), path, ("conv1_1",))
    plain = weights.load(vgg.architecture("mini"), "random", ("conv1_1",))
    assert not np.allclose(found["block1_conv1_kernel"], plain["block1_conv1_kernel"])
    assert builder.judge.weights_for("random", "ave") == "random"
    assert builder.judge.weights_for(NORMALISED, "max") != path


def test_damaged_normalised_weights_are_made_again(builder: PanelBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "normalised", lambda found, *_, **__: found)
    path = str(builder.judge.weights_for(NORMALISED, "ave"))
    Path(path).write_bytes(Path(path).read_bytes()[:1000])
    assert Judge(builder.judge.setup, builder.judge.folder).weights_for(NORMALISED, "ave") == path
    assert "block1_conv1_kernel" in weights.load(vgg.architecture("mini"), path, ("conv1_1",))


def test_a_damaged_or_unfinished_panel_is_made_again(
    make: Callable[..., dict[str, Any]], tmp_path: Path, no_solver: None
) -> None:
    """A panel is finished when its .json exists, which is written last."""
    key = make()["made"][0]
    picture, report = (tmp_path / "panels" / f"{key}{suffix}" for suffix in (".png", ".json"))
    for damage in (
        lambda: picture.write_bytes(b"no picture"),
        lambda: report.write_text("{"),
        lambda: report.write_text("{}"),
        report.unlink,
    ):
        damage()
        assert make(overwrite=True)["made"] == [key]
    assert make(overwrite=True)["made"] == []


def test_a_file_with_the_name_of_a_sample_is_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, painting_file: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cat").write_bytes(painting_file.read_bytes())
    builder = PanelBuilder(tiny_setup(), {"photo": "cat", "painting": str(painting_file)}, tmp_path / "panels")
    np.testing.assert_array_equal(builder.picture(PHOTO), builder.picture(PAINTING))


def test_a_run_that_does_not_reach_its_last_size_is_no_panel(
    builder: PanelBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = painted(run=Run(sizes=(32, 48), iterations=1))
    objective_at = Network.objective_at

    def short_of_memory(self: Network, inputs: Any) -> Callable[..., Any]:
        at = objective_at(self, inputs)

        def fails(size: tuple[int, int], tile: int | None = None) -> Any:
            if size[0] == 48:
                raise OutOfMemoryError("the memory is exhausted")
            return at(size, tile)

        return fails

    monkeypatch.setattr(Network, "objective_at", short_of_memory)
    with pytest.warns(RuntimeWarning, match="exhausted"), pytest.raises(NeuralStyleError, match="exhausted"):
        builder.make([panel])
    monkeypatch.undo()
    builder.make([panel])
    assert builder.picture(panel).shape[0] == 48


def test_a_run_that_breaks_down_at_once_is_shown_with_its_reason(tmp_path: Path) -> None:
    """The reference's chain over two layers of which the deeper is further from the style: negative at the start."""
    chain = INetwork(model="mini", variant="titu1994", style_layers=("conv1_1", "conv1_2"), content_layer="conv1_1")
    setup = replace(tiny_setup(), weights="embedded")
    samples = {"photo": Sample("cat"), "painting": Sample("night")}
    builder = PanelBuilder(setup, samples, tmp_path)
    run = Run(image_size=32, iterations=1)
    panel = TransferPanel(chain, InputPanel("photo"), (StyleInput(InputPanel("painting")),), run, may_break=True)
    builder.make([panel])
    np.testing.assert_allclose(builder.picture(panel), builder.picture_at(InputPanel("photo"), 32), atol=0.51)
    found = builder.numbers(Measurement("early_stops", (panel,), (("names", ("the chain",)),)))
    assert found["text"].startswith("the chain stopped after 0 evaluations (the loss became negative")
    with pytest.raises(BrokenRunError):
        PanelBuilder(setup, samples, tmp_path / "other").make([replace(panel, may_break=False)])
