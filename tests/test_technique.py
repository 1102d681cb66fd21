"""The contract that all techniques share."""

from dataclasses import fields, replace
from typing import get_type_hints

import numpy as np
import pytest

from neural_style import (
    Analogy,
    Content,
    INetwork,
    InvalidInputError,
    Network,
    NeuralDoodle,
    Reconstruction,
    Run,
    Style,
)
from neural_style.inputs import Inputs
from neural_style.runs import records
from neural_style.runs.settings import RunSettings
from neural_style.technique import TECHNIQUES, technique_named
from neural_style.validation import help_texts

TINY = {"model": "mini", "weights": "random"}
LAYERS = ("conv1_1", "conv2_1")


def test_the_registry_has_every_technique():
    assert {
        "network": Network,
        "inetwork": INetwork,
        "doodle": NeuralDoodle,
        "analogy": Analogy,
        "reconstruction": Reconstruction,
    } == TECHNIQUES


@pytest.mark.parametrize("technique", [*TECHNIQUES.values(), Run, Content, Style])
def test_every_setting_has_a_help_text_that_the_docstring_shows(technique):
    texts = help_texts(technique)
    assert set(texts) >= {field.name for field in fields(technique)} - {"image"}
    for name, text in texts.items():
        assert text.rstrip().endswith("."), name
        assert f"    {name}: " in technique.__doc__
        assert "see `Network`" not in text


def test_keywords_of_a_run_are_its_settings():
    assert get_type_hints(RunSettings) == get_type_hints(Run)


@pytest.mark.parametrize("name", TECHNIQUES)
def test_a_record_makes_the_technique_again(name):
    technique = TECHNIQUES[name](**TINY)
    again = technique_named(name, records.plain(technique.resolved()))
    assert again.resolved() == technique.resolved()
    assert again.used_layers == technique.used_layers
    with pytest.raises(InvalidInputError, match="of another version"):
        technique_named(name, {"brightness": 1})


def test_unknown_settings_of_a_run_are_refused_with_the_nearest(photo, painting):
    for function in (Network(**TINY).transfer, Network(**TINY).steps):
        with pytest.raises(InvalidInputError, match='"image_sizes": did you mean "image_size"'):
            function(photo, painting, image_sizes=16)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("iterations", r"a setting of a run: transfer\(..., iterations=...\)"),
        ("num_iter", r"transfer\(..., iterations=...\)"),
        ("style_weight", r"Style\(painting, weight=2\)"),
        ("style_mask", r"Style\(painting, mask=...\)"),
        ("content_wait", '"content_weight"'),
    ],
)
def test_a_keyword_of_another_place_is_sent_there(name, hint):
    with pytest.raises(InvalidInputError, match=f'unknown setting of Network "{name}": .*{hint}'):
        Network(**TINY, **{name: 1})


def test_wrong_keywords_of_runs_and_inputs(photo, painting):
    with pytest.raises(TypeError, match='setting of Run "num_iter": did you mean "iterations"'):
        Run(num_iter=1)
    with pytest.raises(InvalidInputError, match='setting of Style "wait": did you mean "weight"'):
        Style(painting, wait=1)
    with pytest.raises(InvalidInputError, match='"content_weight": it is a setting of Network'):
        Network(**TINY).transfer(photo, painting, content_weight=1)
    with pytest.raises(TypeError):  # Python's own error
        Network("vgg19")


@pytest.mark.parametrize("weights", [{"block1_conv1_kernel": np.zeros(3)}, 5, np.zeros(3)])
def test_weights_are_a_name_or_a_file(weights):
    with pytest.raises(InvalidInputError, match=rf"received {type(weights).__name__}: save arrays by numpy.savez"):
        Network(model="mini", weights=weights)


def test_inputs_are_read_once_and_taken_as_they_are(tmp_path, photo_file, painting_file):
    technique = Network(**TINY)
    inputs = technique.inputs(photo_file, [Style(painting_file, weight=2)])
    assert isinstance(inputs, Inputs)
    assert technique.inputs(inputs) is inputs
    style = Style(painting_file)
    assert style.picture is style.picture


def test_what_a_technique_shows_is_what_it_does():
    assert INetwork(variant="novak2016").normalization == "relative"
    assert INetwork().normalization == "titu1994"
    assert "normalization" not in help_texts(INetwork)


@pytest.mark.parametrize("normalization", ["gatys2016", "johnson2016", "relative"])
def test_losses_in_units_that_do_not_grow_with_the_picture(photo, painting, normalization):
    """Twice as large by repeated pixels, of pictures without detail: sums would grow four times, or sixteen."""
    network = Network(**TINY, normalization=normalization, total_variation_weight=0, style_layers=LAYERS)
    values = []
    for factor in (6, 12):
        large = [np.repeat(np.repeat(image[:8, :9], factor, 0), factor, 1) for image in (photo, painting)]
        objective = network.objective(large[0], large[1], image_size=8 * factor)
        values.append(objective.value_and_grad(np.full((*objective.image_size, 3), 100.0))[0])
    assert values[1] == pytest.approx(values[0], rel=0.5)


def test_weights_of_layers_multiply_their_losses(photo, painting):
    x = np.random.default_rng(0).uniform(0, 255, (16, 19, 3)).astype("float32")

    def parts(technique):
        return technique.objective(photo, painting, image_size=16).evaluate(x).parts

    for plain in (
        Network(**TINY, style_layers=LAYERS),
        INetwork(**TINY, style_layers=LAYERS, variant="titu1994"),
        INetwork(**TINY, style_layers=LAYERS, variant="novak2016", chain=False),
    ):
        before, after = parts(plain), parts(replace(plain, style_layer_weights=(3.0, 0.25)))
        base = 1 / 2 if isinstance(plain, Network) else 1.0  # Network's weights stand instead of 1/n
        assert after["style.0.conv1_1"] == pytest.approx(3.0 / base * before["style.0.conv1_1"], rel=1e-5)
        assert after["style.0.conv2_1"] == pytest.approx(0.25 / base * before["style.0.conv2_1"], rel=1e-5)


def test_weights_of_layers_may_be_a_mapping_or_the_notebooks():
    mapped = Network(**TINY, style_layers={"conv2_1": 5.0, "conv1_1": 0.5})
    assert mapped == Network(**TINY, style_layers=("conv2_1", "conv1_1"), style_layer_weights=(5.0, 0.5))
    assert mapped.style_coefficients() == {("conv2_1",): 5.0, ("conv1_1",): 0.5}
    notebook = Network(model="vgg19", style_layer_weights="gatys2016").style_coefficients()
    assert notebook == {(f"conv{block}_1",): 1e3 / 64**2 / 4 ** min(block - 1, 3) for block in range(1, 6)}
    doodle = NeuralDoodle(**TINY, style_layers=LAYERS, style_layer_weights=(2, 3))
    assert doodle.style_coefficients() == {"conv1_1": 2, "conv2_1": 3}
    texture = Reconstruction(**TINY, of="style", layers=("conv2_1", "conv1_1"), style_layer_weights=(2, 3))
    assert texture.resolved() == technique_named("reconstruction", records.plain(texture.resolved()))
    layout = Reconstruction(**TINY, layers=("conv2_1", "conv1_1"), content_layer_weights=(2, 3))
    assert layout._layer_weights() == {"conv2_1": 2, "conv1_1": 3}
    assert layout.resolved().layers == ("conv2_1", "conv1_1")
    with pytest.raises(InvalidInputError, match="content_layer_weights belong to the reconstruction of content"):
        replace(layout, of="style")


@pytest.mark.parametrize("technique", [Network, INetwork, NeuralDoodle])
@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ((1.0,), "style_layer_weights has 1 values for 2 style layers"),
        ((1.0, -1.0), "must be a finite number of at least 0"),
        ("gatys", 'did you mean "gatys2016"'),
        (3.0, "must be a number for each style layer"),
    ],
)
def test_impossible_weights_of_layers_are_refused(technique, weights, message):
    with pytest.raises(InvalidInputError, match=message):
        technique(**TINY, style_layers=LAYERS, style_layer_weights=weights)
