"""Figures from start to end: the files they write, resuming, bad input, and the command."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neural_style import InvalidInputError, figures
from neural_style.backend import PROGRAMS
from neural_style.features import vgg
from neural_style.figures.estimate import transfer_panels
from neural_style.figures.panels import InputPanel, in_order
from neural_style.figures.recipe import Cell, Figure, Recipe
from neural_style.figures.setup import SCALES, Setup
from neural_style.runs.settings import Run
from tests.figures.small_figure import PHOTO, painted, summary, technique

Make = Callable[..., dict[str, Any]]


def test_a_figure_is_a_picture_with_every_setting_and_metric_beside_it(make: Make, tmp_path: Path) -> None:
    """Two pictures that differ in their weights only, and so share the program of the solver."""
    PROGRAMS.clear()
    found = make()
    assert len(PROGRAMS) == 1
    with Image.open(tmp_path / "out.png") as picture:
        assert picture.width > 800
        pixels = np.asarray(picture.convert("RGB"))
    assert pixels.std() > 20
    assert len(found["panels"]) == len(found["made"]) == 2
    for panel in found["panels"].values():
        assert panel["settings"]["content_layer"] == "conv2_1"
        assert panel["run"]["iterations"] == 1
        assert len(panel["curve"]) == 20
        assert panel["seconds"] > 0
        assert {"ssim", "tv", "clipped", "gram.0.conv1_1", "swd.0.conv1_1"} <= panel["metrics"].keys()
    assert found["charts"][0]["curves"]["sparsity"]["x"][0] == "conv1_1"
    (claim,) = found["claims"]
    errors = [panel["metrics"]["content.conv3_3"] for panel in found["panels"].values()]
    assert (claim["values"], claim["holds"]) == ([errors], True)
    measured = f"Measured: content errors: {errors[0]:.2g}, {errors[1]:.2g}."
    assert found["caption"] == f"A caption. {measured} The colours. Differences from the original: other pictures."


def test_an_interrupted_figure_recomputes_no_finished_panel(make: Make, tmp_path: Path) -> None:
    """Ctrl-C in the second panel; the next call makes that one alone, as a PDF."""
    started: list[str] = []

    def interrupt(key: str, evaluations: int, loss: float) -> None:
        if key not in started:
            started.append(key)
        if len(started) == 2 and evaluations == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make("out.pdf", progress=interrupt)
    assert len(started) == 2
    assert not (tmp_path / "out.pdf").exists()
    resumed: list[str] = []
    found = make("out.pdf", progress=lambda key, *_: resumed.append(key))
    assert set(resumed) == {started[1]}
    assert found["made"] == [started[1]]
    assert (tmp_path / "out.pdf").read_bytes().startswith(b"%PDF")
    again: list[str] = []
    make("out.pdf", overwrite=True, progress=lambda key, *_: again.append(key))
    assert again == []


@pytest.mark.parametrize("network", [("mini", None), ("vgg19", None), ("vgg19", 8)], ids=["mini", "vgg19", "cut"])
@pytest.mark.parametrize("name", figures.RECIPES)
def test_every_recipe_can_be_built_for_every_network(name: str, network: tuple[str, int | None]) -> None:
    """Also with weights that end at conv3_4, in whose figures shallower layers replace deeper ones."""
    model, count = network
    layers = vgg.architecture(model).layers[:count]
    for scale in SCALES.values():
        setup = Setup(model, "x.npz", layers, scale)
        figure = figures.RECIPES[name].build(setup)
        given = {panel.name for panel in in_order(*figure.panels()) if isinstance(panel, InputPanel)}
        assert given == set(figures.RECIPES[name].inputs)
        assert figures.cost(figure).seconds >= 0
        assert not figure.row_labels or len(figure.row_labels) == len(figure.rows)
        assert not figure.column_labels or len(figure.column_labels) == max(map(len, figure.rows))
        assert ("rows" in setup.differences) == (scale.rows is not None)
        for panel in transfer_panels(figure):
            assert set(panel.technique.used_layers) <= set(layers)


@pytest.fixture(scope="module")
def panels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("panels")


@pytest.mark.parametrize("name", figures.RECIPES)
def test_every_figure_is_made_by_its_command(
    name: str, command: Callable[..., Any], tmp_path: Path, panels: Path, no_solver: None
) -> None:
    """The documentation's command but for the size, with samples; figures share their panels.

    Every objective is made, every picture measured and drawn. Solvers run in the tests of a figure of each kind.
    """
    output = tmp_path / f"{name}.png"
    ran = command(
        *("figure", name, "--draft", "--weights", "random", "--image_size", "32", "--num_iter", "1"),
        *("--output", output, "--panels", panels, "--quiet"),
    )
    assert ran.status == 0, ran.err
    found = summary(output)
    assert found["caption"].count("Differences from the original") == 1
    rows = {"novak2016-convergence": "16", "control2017-5": "16 and 48"}.get(name, "32")
    assert f"{rows} rows" in found["caption"]
    assert ("random weights" in found["caption"]) == (name != "control2017-6")  # whose painter has its own
    assert all(finding["text"][1:] in found["caption"] for finding in found["findings"])
    assert all(panel["seconds"] > 0 and panel["metrics"] for panel in found["panels"].values())
    with Image.open(output) as picture:
        assert np.asarray(picture.convert("RGB")).std() > 20


class TestBadInput:
    """One line, before any work."""

    @pytest.fixture(autouse=True)
    def _nothing_is_done(self, idle: None) -> None:
        pass

    def test_an_unknown_figure(self, command):
        command("figure", "gatys2015-11").assert_refused("gatys2015-1")

    def test_no_figure_at_all(self, command):
        command("figure").assert_refused("--list")

    def test_an_unknown_picture(self, command, recipe, tmp_path):
        ran = command("figure", "test-1", "--draft", "--input", "foto=x.png", "--output", tmp_path / "a.png")
        ran.assert_refused("foto", 'did you mean "photo"')

    def test_a_missing_picture(self, command, recipe, tmp_path):
        ran = command("figure", "test-1", "--draft", "--input", "photo=x.png", "--output", tmp_path / "a.png")
        ran.assert_refused("x.png")

    def test_an_input_without_a_name(self, command, recipe):
        command("figure", "test-1", "--input", "x.png").assert_refused("photo=lake.jpg")

    def test_an_output_of_an_unknown_kind(self, command, recipe, tmp_path):
        command("figure", "test-1", "--draft", "--output", tmp_path / "a.jpg").assert_refused(".png")

    def test_an_existing_figure(self, command, recipe, tmp_path):
        (tmp_path / "a.json").write_text("mine")
        command("figure", "test-1", "--draft", "--output", tmp_path / "a.png").assert_refused("a.json", "--overwrite")
        assert (tmp_path / "a.json").read_text() == "mine"

    def test_missing_weights(self, command, recipe, tmp_path):
        ran = command("figure", "test-1", "--weights", tmp_path / "no.npz", "--output", tmp_path / "a.png")
        ran.assert_refused("no.npz")

    def test_an_output_that_would_replace_an_input(self, command, recipe, photo_file):
        before = photo_file.read_bytes()
        ran = command(
            "figure", "test-1", "--draft", "--input", f"photo={photo_file}", "--output", photo_file, "--overwrite"
        )
        ran.assert_refused("would replace its own picture")
        assert photo_file.read_bytes() == before

    def test_impossible_settings(self, recipe):
        for wrong in ({"image_size": 8}, {"iterations": 0}, {"scale": "large"}, {"seed": -1}):
            with pytest.raises(InvalidInputError):
                figures.plan("test-1", **wrong)


def test_the_command_makes_a_figure(
    command, recipe, tmp_path, photo_file, painting_file, monkeypatch, no_solver
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = command(
        *("figure", "test-1", "--draft", "--weights", "random", "--image_size", "32", "--num_iter", "1"),
        *("--input", f"photo={photo_file}", f"painting={painting_file}"),
    )
    assert ran.status == 0, ran.err
    assert "wrote test-1.png, test-1.json; panels are kept in panels" in ran.out
    assert (tmp_path / "test-1.png").is_file()


@pytest.mark.parametrize(("name", "is_run"), [("gatys2016-4", True), ("novak2016-sparsity", False)])
def test_a_precision_is_that_of_runs_and_named_where_there_are_any(name: str, is_run: bool) -> None:
    setup, figure = figures.plan(name, scale="draft", precision="bfloat16")
    assert {panel.technique.precision for panel in transfer_panels(figure)} == ({"bfloat16"} if is_run else set())
    assert ("precision" in setup.differences) == is_run


@pytest.mark.usefixtures("no_solver")
def test_auto_is_the_better_precision_of_the_device_that_the_command_names(
    command: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Panels and caption have the precision of a run, of which one machine may have another than the next."""
    made = Recipe("a test", "Nobody 2026, figure 1", {"photo": "cat", "painting": "night"}, one_picture)
    monkeypatch.setitem(figures.RECIPES, "test-1", made)
    started: list[str] = []
    monkeypatch.setattr("neural_style.cli.commands.figure.start_backend", started.append)
    monkeypatch.setattr("neural_style.backend.precision.fast_precision", lambda: "bfloat16" if started else "float32")
    output = tmp_path / "out.png"
    arguments = "figure", "test-1", "--draft", "--weights", "random", "--image_size", "32", "--num_iter", "1"
    files = "--output", output, "--panels", tmp_path / "panels"
    assert command(*arguments, *files, "--precision", "auto", "--device", "cpu").status == 0
    found = summary(output)
    assert [panel["settings"]["precision"] for panel in found["panels"].values()] == ["bfloat16"]
    assert "features in bfloat16" in found["differences"]


def one_picture(setup: Setup) -> Figure:
    """With the precision of the setup."""
    panel = painted(technique=technique(precision=setup.network("mini")["precision"]))
    return Figure("One picture", ((Cell(panel, "one"),),), "A caption.", inputs=(Cell(PHOTO, "photo"),))


def test_the_list_has_every_figure_with_its_cost(command) -> None:
    for scale in ("--draft", "--paper"):
        ran = command("figure", "--list", scale)
        for name, recipe in figures.RECIPES.items():
            assert name in ran.out
            assert recipe.source in ran.out
    assert "min" in ran.out or " h" in ran.out
    # Its runs are measurements, whose cost is not estimated: not "0 evaluations, 0 s".
    assert re.search(r"^novak2016-convergence +- +- +- ", ran.out, flags=re.MULTILINE)


def test_the_cost_has_the_time_of_the_style_loss() -> None:
    """Nearest patches are searched among all: at twice the rows, 16 times as long."""

    def seconds(loss: str, rows: int) -> float:
        chosen = replace(technique(), style_loss=loss, normalization="relative")
        panel = painted(technique=chosen, run=Run(image_size=rows, iterations=1))
        return figures.cost(Figure("one picture", ((Cell(panel),),), "")).seconds

    small, large = (seconds("patches", rows) - seconds("gram", rows) for rows in (128, 256))
    assert large == pytest.approx(16 * small)
    assert large == pytest.approx(20 * 0.35, rel=0.3)


def test_ctrl_c_names_the_folder_of_finished_panels(command, recipe, tmp_path, monkeypatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(figures, "make", interrupted)
    ran = command("figure", "test-1", "--draft", "--output", tmp_path / "a.png", "--panels", tmp_path / "kept")
    assert ran.status == 130
    assert f"kept in {tmp_path / 'kept'}" in ran.err
