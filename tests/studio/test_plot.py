"""The plot of the loss."""

from __future__ import annotations

import re

from neural_style.studio.page.plot import plot_of


def test_each_size_has_its_own_curve_and_the_sentence_is_of_the_last():
    """The loss jumps up where the picture grows: a gap, and no fall."""
    found = plot_of([0.03, 0.01, 0.02, 0.0125], [100, 100, 200, 200])
    curves = re.search(r' d="([^"]*)"', found)[1].split("M")[1:]
    heights = [[float(y) for y in re.findall(r"[\d.]+ ([\d.]+)(?: h0)?", curve)] for curve in curves]
    assert [len(curve) for curve in heights] == [2, 2]
    assert heights[0] == [6, 74]
    assert all(curve[0] < curve[1] for curve in heights)
    assert "At 200 rows: from 0.02 to 0.0125." in found


def test_losses_that_are_no_numbers_leave_a_gap():
    assert plot_of([1.0], [100]) == plot_of([float("nan")] * 2, [100] * 2) == ""
    assert plot_of([2.0, float("inf"), 1.0], [100] * 3).count("M") == 2
