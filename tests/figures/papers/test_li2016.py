"""Settings of the figures on patches and on style losses."""

from __future__ import annotations

import pytest

from neural_style.features import vgg
from neural_style.figures import plan
from neural_style.figures.estimate import transfer_panels
from neural_style.figures.papers.li2016 import patches
from neural_style.figures.setup import SCALES, Setup
from neural_style.network import Network
from neural_style.objectives.transfer_loss import STYLE_LOSSES


def test_patches_at_the_scale_of_the_paper() -> None:
    """Li & Wand: conv3_1 and conv4_1, content conv4_2, 384 rows; the Gram pictures keep as much of the photo."""
    matched, gram, *others = transfer_panels(plan("li2016", scale="paper")[1])
    assert len(others) == 2
    assert isinstance(matched.technique, Network)
    assert isinstance(gram.technique, Network)
    assert (matched.technique.style_loss, matched.technique.style_layers) == ("patches", ("conv3_1", "conv4_1"))
    assert (matched.technique.content_layer, matched.run.image_size, matched.run.iterations) == ("conv4_2", 384, 15)
    assert (gram.technique.style_loss, gram.content_like) == ("gram", matched)


@pytest.mark.parametrize(("model", "count", "weight"), [("vgg19", 8, 0.15), ("vgg19", 16, None), ("mini", 8, None)])
def test_a_shallow_content_layer_of_vgg_weighs_less(model: str, count: int, weight: float | None) -> None:
    """The default is for deep layers, and keeps the photo at conv3_3; the figure names its own weight."""
    setup = Setup(model, "random", vgg.architecture(model).layers[:count], SCALES["draft"])
    matched, gram, *_ = transfer_panels(patches(setup))
    assert isinstance(matched.technique, Network)
    assert isinstance(gram.technique, Network)
    assert (matched.technique.content_weight, gram.technique.content_weight) == (weight, None)
    assert ("content_weight 0.15 at conv3_3 with patches" in setup.differences.values()) == (weight is not None)


def test_every_style_loss_paints_both_paintings() -> None:
    panels = transfer_panels(plan("losses", scale="paper")[1])
    found = {
        (panel.technique.style_loss, panel.styles[0].picture)
        for panel in panels
        if isinstance(panel.technique, Network)
    }
    assert len(found) == len(panels) == 2 * len(STYLE_LOSSES)
    assert {name for name, _ in found} == set(STYLE_LOSSES)
