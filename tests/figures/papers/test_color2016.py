"""Settings of the figures of Gatys et al. 2016, arXiv:1606.05897."""

from __future__ import annotations

import pytest

from neural_style.figures import color2016, plan
from neural_style.figures.panels import InputPanel, TransferPanel, TransformPanel, in_order
from neural_style.figures.recipe import Cell, Figure
from neural_style.network import Network

COFFEE, NIGHT = InputPanel("photo"), InputPanel("painting")


def pictures(figure: Figure) -> dict[str, object]:
    """Pictures by the titles of their cells."""
    return {slot.title: slot.picture for slot in figure.slots() if isinstance(slot, Cell) and slot.title}


def of_letter(figure: Figure, letter: str) -> object:
    (found,) = (picture for title, picture in pictures(figure).items() if title.startswith(f"({letter})"))
    return found


@pytest.mark.parametrize("name", color2016.FIGURES)
def test_settings_at_the_scale_of_the_paper(name: str) -> None:
    setup, figure = plan(name, scale="paper")
    painted = [panel for panel in in_order(*figure.panels()) if isinstance(panel, TransferPanel)]
    assert painted
    for panel in painted:
        technique = panel.technique
        assert isinstance(technique, Network)
        assert (technique.model, technique.weights, technique.pooling) == ("vgg19", "normalised", "ave")
        assert (technique.normalization, technique.content_weight) == ("gatys2016", 1e-3)
        assert technique.content_layer == "conv4_2"
        assert technique.style_layers == ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
        assert (panel.run.image_size, panel.run.iterations, panel.run.init) == (512, 25, "content")
        assert panel.run.preserve_color == "none"
        (style,) = panel.styles
        assert (style.weight, style.mask, style.scale) == (1, None, 1)
    assert not setup.differences


def test_two_ways() -> None:
    _, figure = plan("color2016-1", scale="paper")
    assert (of_letter(figure, "a"), of_letter(figure, "b")) == (COFFEE, NIGHT)
    plain, before, recoloured = (of_letter(figure, letter) for letter in "cde")
    assert isinstance(plain, TransferPanel)
    assert (plain.content, plain.styles[0].picture) == (COFFEE, NIGHT)
    assert isinstance(before, TransferPanel)
    assert before.content == COFFEE
    assert before.styles[0].picture == TransformPanel("matched_colours", (NIGHT, COFFEE), (("method", "pca"),))
    assert isinstance(recoloured, TransformPanel)
    assert (recoloured.function, recoloured.pictures[1]) == ("recombined", COFFEE)
    (on_luminance, _) = recoloured.pictures
    assert isinstance(on_luminance, TransferPanel)
    assert on_luminance.content == TransformPanel("luminance", (COFFEE,))
    assert on_luminance.styles[0].picture == TransformPanel("matched_luminance", (NIGHT, COFFEE))


def test_linear_maps_differ_in_the_map_only() -> None:
    _, figure = plan("color2016-3", scale="paper")
    recoloured, _, results = ([slot.picture for slot in row if isinstance(slot, Cell)] for row in figure.rows)
    methods = [dict(picture.settings)["method"] for picture in recoloured if isinstance(picture, TransformPanel)]
    assert methods == ["cholesky", "pca", "monge_kantorovich"]
    assert [panel.styles[0].picture for panel in results if isinstance(panel, TransferPanel)] == recoloured


def test_before_and_after() -> None:
    _, figure = plan("color2016-4", scale="paper")
    for letters, photo, painting in (
        ("ab", COFFEE, NIGHT),
        ("cd", InputPanel("second_photo"), InputPanel("second_painting")),
    ):
        before, after = (of_letter(figure, letter) for letter in letters)
        assert isinstance(before, TransferPanel)
        assert isinstance(after, TransformPanel)
        assert before.styles[0].picture == TransformPanel("matched_colours", (painting, photo), (("method", "pca"),))
        assert (after.function, after.settings, after.pictures[1]) == ("recoloured", (("method", "pca"),), photo)
        plain = after.pictures[0]
        assert isinstance(plain, TransferPanel)
        assert (plain.content, plain.styles[0].picture) == (photo, painting)


def test_the_enlarged_parts_are_those_of_the_same_pictures() -> None:
    """Figure 6 shows (d) and (e) of figure 1, and paints nothing else."""
    whole, parts = ([slot.picture for slot in row if isinstance(slot, Cell)] for row in plan("color2016-6")[1].rows)
    assert [part.pictures for part in parts if isinstance(part, TransformPanel)] == [(picture,) for picture in whole]
    _, figure = plan("color2016-1")
    assert whole[1:] == [of_letter(figure, "e"), of_letter(figure, "d")]


def test_luminance_without_and_with_matching() -> None:
    _, figure = plan("color2016-5", scale="paper")
    assert of_letter(figure, "a") == TransformPanel("luminance", (COFFEE,))
    assert of_letter(figure, "b") == TransformPanel("chroma", (COFFEE,))
    for grey, coloured, function, pictures in (
        ("c", "d", "luminance", (NIGHT,)),
        ("e", "f", "matched_luminance", (NIGHT, COFFEE)),
    ):
        painted = of_letter(figure, grey)
        assert isinstance(painted, TransferPanel)
        assert painted.styles[0].picture == TransformPanel(function, pictures)
        assert of_letter(figure, coloured) == TransformPanel("recombined", (painted, COFFEE))
