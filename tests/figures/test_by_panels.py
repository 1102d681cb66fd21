"""Panels that other processes paint: those of one process, in rounds, and one line for each that fails."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neural_style import Network, backend, figures
from neural_style.engines.interface import Outcome
from neural_style.engines.local import Local
from neural_style.engines.process import Process
from neural_style.features import calibration
from neural_style.figures.builder import FUNCTIONS, PanelBuilder
from neural_style.figures.by_panels import PanelsFailedError, PanelTask, paint_by
from neural_style.figures.judge import Judge
from neural_style.figures.panels import StyleInput, TransferPanel, TransformPanel
from neural_style.figures.setup import NORMALISED
from neural_style.runs import records
from neural_style.runs.result import Result
from neural_style.technique import Technique
from tests.figures.small_figure import PAINTING, PHOTO, TINY, painted, summary, technique, tiny_setup

ONE = painted()
OF_ONE = painted(2e-3, init=ONE)
OF_A_PART = replace(painted(3e-3), content=TransformPanel("luminance", (OF_ONE,)))
ALIKE = painted(4e-3, content_like=ONE)
ON_NORMALISED = TransferPanel(replace(technique(), weights=NORMALISED), PHOTO, (StyleInput(PAINTING),), ONE.run)
PANELS = (ONE, OF_ONE, OF_A_PART, ALIKE, ON_NORMALISED)


class Elsewhere:
    """An engine in this process, which is given what is sent to another one, and begins with the last task."""

    description = "elsewhere"

    def __init__(self, fails: Callable[[PanelTask], bool] = lambda task: False) -> None:
        self.rounds: list[set[str]] = []
        self.threads: int | None = None
        self._fails = fails

    def outcomes(self, tasks: Iterable[tuple[Any, PanelTask]], process: Process) -> Iterator[tuple[Any, Outcome]]:
        given = list(tasks)
        self.threads = process.threads
        self.rounds.append({task.key for _, task in given})
        for panel, task in reversed(given):
            yield panel, Outcome(error="no paint") if self._fails(task) else pickle.loads(pickle.dumps(task)).run()


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture depends on all pictures that it is made from, and on the weights; nothing is measured."""

    def transfer(self: Network, content: Any, styles: Any, *, progress: Any, **settings: Any) -> Result:
        assert str(self.weights).endswith(".npz") or self.weights == "random"
        init = [] if isinstance(settings["init"], str) else [settings["init"]]
        level = sum(float(np.mean(each)) for each in (content.image, styles[0].image, *init))
        weight = self.content_weight or 0.0
        image = np.full((*content.image.shape[:2], 3), (level * (1 + weight)) % 256, np.uint8)
        progress(1, level)
        history = [{"image_size": list(image.shape[:2])}]
        record = {"settings": records.plain(self), "run": {}, "losses": {}, "history": history}
        return Result(image=image, alpha=None, losses={}, history=history, stopped="", record=record)

    monkeypatch.setattr(Technique, "transfer", transfer)
    monkeypatch.setattr(Judge, "metrics", lambda *_: {"content.conv2_1": 1.0})
    monkeypatch.setattr(calibration, "normalised", lambda found, *_, **__: found)
    monkeypatch.setattr(figures, "draw", lambda *_, **__: None)
    monkeypatch.setitem(FUNCTIONS, "gram_sparsity", lambda *_, **__: {"x": [0], "y": [0]})


def painted_by(engine: Elsewhere, builder: PanelBuilder) -> None:
    paint_by(engine, builder, PANELS, titles={OF_ONE: "of one"}, progress=None, device=None)


def without_times(report: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in report.items() if name != "seconds"}


def test_panels_are_those_of_one_process(
    builder: PanelBuilder, tmp_path: Path, photo: np.ndarray, painting: np.ndarray
) -> None:
    one = PanelBuilder(tiny_setup(), {"photo": photo, "painting": painting}, tmp_path / "one")
    one.make(PANELS)
    engine = Elsewhere()
    painted_by(engine, builder)
    rounds = [{ONE, ON_NORMALISED}, {OF_ONE, ALIKE}, {OF_A_PART}]
    assert engine.rounds == [{builder.key(panel) for panel in panels} for panels in rounds]
    assert engine.threads == backend.thread_count()
    for panel in PANELS:
        assert (builder.picture(panel) == one.picture(panel)).all()
        found, expected = (without_times(each.report(panel)) for each in (builder, one))
        found["settings"].pop("weights"), expected["settings"].pop("weights")  # of the normalised file, in two folders
        assert found == expected
    assert sorted(builder.made) == sorted(one.made)
    painted_by(engine, builder)
    assert len(engine.rounds) == len(rounds)


def test_failed_panel_costs_those_that_are_made_from_it(builder: PanelBuilder) -> None:
    key = builder.key(OF_ONE)
    with pytest.raises(PanelsFailedError, match=r"^of one: no paint$"):
        painted_by(Elsewhere(lambda task: task.key == key), builder)
    assert sorted(builder.made) == sorted(map(builder.key, (ONE, ALIKE, ON_NORMALISED)))
    engine = Elsewhere()
    painted_by(engine, builder)
    assert engine.rounds == [{key}, {builder.key(OF_A_PART)}]


@pytest.mark.usefixtures("recipe")
def test_command(command: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flags = [word for name in ("model", "weights", "image_size") for word in (f"--{name}", TINY[name])]
    output, panels = tmp_path / "a.png", tmp_path / "panels"
    arguments = ("figure", "test-1", "--draft", *flags, "--output", output, "--panels", panels, "--jobs", 2)
    engine = Elsewhere(lambda task: len(engine.rounds) == 1 and task.panel.technique == technique(1.0))
    monkeypatch.setattr(Local, "outcomes", lambda self, *given: engine.outcomes(*given))
    ran = command(*arguments)
    assert ran.status == 1
    assert "error: two: no paint" in ran.err
    assert f"finished panels are kept in {panels}, and the same command paints the others" in ran.err
    assert command(*arguments).status == 0
    assert len(summary(output)["made"]) == 1
