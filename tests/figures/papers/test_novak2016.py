"""The figures of Novak & Nikulin 2016: settings against a table written by hand from the paper."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from neural_style import figures
from neural_style.features import vgg
from neural_style.figures import novak2016
from neural_style.figures.estimate import transfer_panels
from neural_style.figures.panels import TransferPanel
from neural_style.figures.recipe import Cell, Chart, Figure, Slot
from neural_style.figures.setup import SCALES, Setup
from neural_style.inetwork import INetwork

VGG19 = vgg.architecture("vgg19").layers
CLASSIC = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")

ABLATION = (
    # geometric weights, all layers, shift, chain
    (False, False, 0.0, False),
    (True, False, 0.0, False),
    (True, True, 0.0, False),
    (True, True, -1.0, False),
    (True, True, -1.0, True),
)


def inetworks(figure: Figure) -> Iterator[INetwork]:
    for panel in transfer_panels(figure):
        if isinstance(panel.technique, INetwork):
            yield panel.technique


def techniques_in(row: tuple[Slot, ...]) -> Iterator[INetwork]:
    for slot in row:
        assert isinstance(slot, Cell)
        assert isinstance(slot.picture, TransferPanel)
        assert isinstance(slot.picture.technique, INetwork)
        yield slot.picture.technique


def test_layers_of_a_file_that_ends_early_replace_the_others() -> None:
    setup = Setup("vgg19", "random", VGG19[:8], SCALES["draft"])
    figure = novak2016.FIGURES["novak2016-ablation"].build(setup)
    assert setup.differences["all layers"] == "8 layers in all instead of 16"
    assert setup.differences["conv5_2"] == "conv3_4 instead of conv5_2"
    chains = [panel for panel in inetworks(figure) if panel.chain and panel.variant == "titu1994"]
    assert {(technique.style_layers or ("",))[-1] for technique in chains} == {"conv3_2"}


def test_the_ablation_has_the_papers_settings() -> None:
    """VGG-19, content first at conv4_2 and then at all layers, all 16 layers, a shift of -1, 15 pairs."""
    _, figure = figures.plan("novak2016-ablation", scale="paper")
    for variant, row in zip(("novak2016", "titu1994"), figure.rows, strict=True):
        techniques = list(techniques_in(row))
        switches = [(t.geometric_weights, t.all_layers, t.activation_shift, t.chain) for t in techniques]
        assert switches == list(ABLATION)
        assert {t.variant for t in techniques} == {variant}
        for technique in techniques:
            assert technique.model == "vgg19"
            used = {layer for layers in technique.style_coefficients() for layer in layers}
            assert used == set(VGG19 if technique.all_layers else CLASSIC)
            if variant == "titu1994":
                assert list(technique.content_coefficients()) == ["conv5_2"]
            else:
                assert list(technique.content_coefficients()) == (list(VGG19) if technique.all_layers else ["conv4_2"])
    *_, improved = techniques_in(figure.rows[0])
    assert len(improved.style_coefficients()) == 15


def test_every_picture_starts_from_the_content() -> None:
    for name in novak2016.FIGURES:
        for panel in transfer_panels(figures.plan(name, scale="paper")[1]):
            assert panel.run.init == "content"
            assert panel.run.image_size == 512


@pytest.mark.parametrize(("name", "count"), [("novak2016-1", 4), ("novak2016-ablation", 10)])
def test_all_pictures_have_the_content_error_of_the_first(name: str, count: int) -> None:
    """The classic algorithm runs with its own weight; the others look for theirs."""
    _, figure = figures.plan(name, scale="paper")
    first, *others = (panel for panel in transfer_panels(figure) if panel.content_like is None)
    assert not others
    assert sum(panel.content_like == first for panel in transfer_panels(figure)) == count - 1


def test_convergence_differs_in_the_shift_only() -> None:
    """Two networks, two solvers and two paintings; each chart has a run without the shift and one with it."""
    _, figure = figures.plan("novak2016-convergence", scale="paper")
    charts = [slot for slot in figure.slots() if isinstance(slot, Chart)]
    assert len(charts) == 8
    kinds = set()
    for chart in charts:
        (_, plain), (_, shifted) = chart.curves
        settings = [dict(measured.settings) for measured in (plain, shifted)]
        assert [each.pop("shift") for each in settings] == [0.0, -1.0]
        assert settings[0] == settings[1]
        assert plain.pictures == shifted.pictures
        kinds.add((settings[0]["normalised"], settings[0]["solver"], plain.pictures[1]))
    assert len(kinds) == 8
