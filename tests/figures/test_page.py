"""The texts below pictures."""

from __future__ import annotations

from neural_style.figures import page
from neural_style.figures.builder import PanelBuilder
from neural_style.figures.page import metrics_text
from neural_style.figures.recipe import Cell
from neural_style.runs.settings import Run
from tests.figures.small_figure import painted


def test_metrics_are_three_short_lines() -> None:
    found = metrics_text(
        {"content.conv3_3": 0.1234, "ssim": 0.5, "gram.0.conv1_1": 0.012, "gram.0.conv2_1": 1.5, "swd.0.conv1_1": 0.1,
         "swd.0.conv2_1": 0.0001, "tv": 12.34, "clipped": 0.05}
    )  # fmt: skip
    assert found == "content 0.12  SSIM 0.50  TV 12.3  clipped 5%\nGram .012 1.5\nSWD .1 0.0001"


def test_a_timed_cell_includes_its_initial_picture(builder: PanelBuilder, no_solver: None) -> None:
    """40 evaluations, and 20 of the picture that the run started from."""
    coarse = painted()
    fine = painted(init=coarse, run=Run(image_size=48, iterations=2))
    for panel, evaluations in ((coarse, 20), (fine, 60)):
        first, *metrics = page._note(Cell(panel, show_time=True), builder).splitlines()
        assert first.startswith(f"{evaluations} evaluations  ")
        assert first.endswith(" s")
        assert metrics == page._note(Cell(panel), builder).splitlines()
    assert page._note(Cell(coarse, show_metrics=False), builder) == ""
