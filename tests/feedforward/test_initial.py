"""`init="fast"`: where an optimisation starts from, and what its record holds."""

from __future__ import annotations

import numpy as np
import pytest

from neural_style import Content, Network, Reconstruction, Style
from neural_style.errors import InvalidInputError
from neural_style.feedforward import Painter
from neural_style.images import Picture
from neural_style.runs.settings import Run


def test_the_run_starts_from_the_picture_of_the_embedded_network(
    painter: Painter, photo: np.ndarray, painting: np.ndarray
) -> None:
    network = Network(model="mini", weights="random", content_layer="conv1_2", style_layers="conv1_1")
    mask = np.where(np.arange(48) < 20, 255, 0)[None].repeat(40, 0).astype(np.uint8)
    inputs = network.inputs(Content(photo), [Style(painting, mask=mask, weight=2)])
    start = network.initial_picture(inputs, Run(image_size=24, init="fast"))
    assert start is not None
    expected = painter.paint(photo, painter.style(painting), size=24).image
    np.testing.assert_array_equal(start.rgb, expected)
    assert network.identity(inputs, Run(image_size=24, init="fast"))["run"]["init"] == "fast"


def test_it_needs_a_photo_and_a_painting(photo: np.ndarray) -> None:
    reconstruction = Reconstruction(model="mini", weights="random", layers="conv1_1")
    with pytest.raises(InvalidInputError, match="needs a photo and a painting"):
        reconstruction.transfer(photo, image_size=24, iterations=1, init="fast")


def test_the_check_before_a_run_does_not_paint_it(photo: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    """The backend starts after it, on the device that was asked for."""
    monkeypatch.setattr("neural_style.feedforward.initial.initial_picture", None)
    network = Network(model="mini", weights="random")
    network.check(network.inputs(photo, photo), Run(image_size=24, init="fast"))


def test_grey_stays_grey(photo: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    grey = photo.mean(axis=-1, keepdims=True).repeat(3, axis=-1)
    start = Picture(photo[:24, :28], None, "a start", None)
    monkeypatch.setattr("neural_style.feedforward.initial.initial_picture", lambda *_: start)
    network = Network(model="mini", weights="random", content_layer="conv1_2", style_layers="conv1_1")
    found = network.transfer(grey, grey[::-1], image_size=24, iterations=1, init="fast").image
    assert np.ptp(found, axis=-1).max() == 0
