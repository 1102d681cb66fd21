"""Replacements for the paper's layers, sizes and runs, and the sentence that lists them."""

from __future__ import annotations

from neural_style.features import vgg
from neural_style.figures.setup import SCALES, Setup


def setup_of(model: str = "mini", scale: str = "draft") -> Setup:
    return Setup(model, "x.npz", vgg.architecture(model).layers, SCALES[scale])


def test_layers_that_a_network_lacks_are_replaced() -> None:
    setup = setup_of()
    assert setup.layer("conv2_2") == "conv2_2"
    assert setup.layer("conv4_2") == "conv3_3"
    assert setup.layer("conv5_1") == "conv3_4"
    assert setup.style_layers("conv1_1", "conv4_1", "conv5_1") == ("conv1_1", "conv3_3", "conv3_4")
    assert setup.differences == {
        "conv4_2": "conv3_3 instead of conv4_2",
        "conv4_1": "conv3_3 instead of conv4_1",
        "conv5_1": "conv3_4 instead of conv5_1",
    }


def test_layers_for_metrics_are_no_difference() -> None:
    setup = setup_of()
    assert setup.metric_layers == ("conv3_3", ("conv1_1", "conv2_1", "conv3_1", "conv3_3", "conv3_4"))
    assert setup.differences == {}


def test_the_papers_own_settings_are_no_difference() -> None:
    setup = setup_of("vgg19", scale="paper")
    setup.network()
    run = setup.run(rows=512, evaluations=2000)
    assert (run.image_size, run.iterations) == (512, 100)
    assert setup.layer("conv5_1") == "conv5_1"
    assert setup.differences == {}


def test_differences_of_a_smaller_scale_are_one_sentence() -> None:
    setup = setup_of()
    run = setup.run(rows=512, evaluations=2000)
    assert (run.image_size, run.iterations) == (128, 8)
    setup.network()
    assert setup.differences_text(["photo", "painting"], ["photo"]) == (
        "Differences from the original: samples in place of its painting; 128 rows instead of 512; 160 evaluations "
        "instead of 2000; the network mini instead of vgg19."
    )
    three = setup_of().differences_text(["photo", "style_map", "doodle"], [])
    assert three == "Differences from the original: samples in place of its photo, style map and doodle."
    assert setup_of().differences_text(["photo"], ["photo"]) == "Differences from the original: other pictures."


def test_a_length_that_the_paper_does_not_state_is_no_difference() -> None:
    setup = setup_of(scale="paper")
    assert setup.run(rows=512).iterations == 25
    assert not any("evaluations" in text for text in setup.differences.values())
