"""Analogies: A : A' :: A gives A', and what a photo is painted like."""

import dataclasses
import warnings

import numpy as np
import pytest
from PIL import Image

from neural_style import Analogy, InvalidInputError, Network, Style
from neural_style.cli import main
from neural_style.cli.command_line import command_of
from neural_style.features.extractor import features_of
from neural_style.features.vgg import architecture, build
from neural_style.features.weights import load
from neural_style.images import to_uint8
from neural_style.runs import records

TINY = Analogy(model="mini", weights="random", style_layers="conv2_1", total_variation_weight=0)


@pytest.fixture
def painted(painting):
    """A painting of 36 x 30, and the picture that it was made from: the same without its colours, darker, as noise."""
    source = np.random.default_rng(5).integers(0, 256, painting.shape)
    return Style(painting, source=to_uint8(source * 0.5 + painting.mean(-1, keepdims=True) * 0.5))


def test_the_source_becomes_the_painting(painted, painting):
    """A : A' :: A : A'. Zero, and no gradient, at A'; on the way there from A."""
    objective = TINY.objective(painted.source, painted, image_size=36)
    assert objective.image_size == (36, 30)
    scale = objective.value_and_grad(painted.source.astype("float32"))[0]
    value, gradient = objective.value_and_grad(painting.astype("float32"))
    assert value == pytest.approx(0, abs=1e-6 * scale)
    assert np.abs(gradient).max() < 1e-6 * scale
    found = TINY.transfer(painted.source, painted, image_size=36, iterations=1)
    assert sum(found.losses.values()) < 0.2 * scale
    before, after = (np.abs(each.astype(float) - painting).mean() for each in (painted.source, found.image))
    assert after < before


def patches_of(features):
    rows, columns = (extent - 2 for extent in features.shape[:2])
    return np.stack([features[i : i + 3, j : j + 3].ravel() for i in range(rows) for j in range(columns)])


def test_terms_are_those_of_brute_force(painted, painting, photo):
    """Patches of B found in A and taken from A', in parts of the mean square of the painting's."""
    content, x = photo[:36, :30].copy(), np.random.default_rng(6).uniform(0, 255, (36, 30, 3))
    table = architecture("mini")
    network = build("mini", table.layers, load(table, "random", table.layers), dtype="float64")
    settings = dataclasses.replace(TINY, precision="float64", padding="none", analogy_weight=3.0, mrf_weight=0.5)
    parts = settings.objective(content, painted, image_size=36).parts(x)
    of_x, of_b, source, style = (
        patches_of(np.asarray(features_of(each, network)["conv2_1"])[0])
        for each in (x, content, painted.source, painting)
    )
    nearest = [
        style[(one @ (other / np.linalg.norm(other, axis=1, keepdims=True)).T).argmax(axis=1)]
        for one, other in ((of_b, source), (of_x, style))
    ]
    power = np.square(style).sum(axis=1).mean()
    expected = np.square(of_x - nearest[1]).sum(axis=1).mean() / power
    assert parts["mrf.conv2_1"] == pytest.approx(0.5 * expected, rel=1e-4)
    features = np.asarray(features_of(x, network)["conv2_1"])[0]
    total, counts = np.zeros_like(features), np.zeros((*features.shape[:2], 1))
    for index, patch in enumerate(nearest[0]):
        row, column = divmod(index, features.shape[1] - 2)
        total[row : row + 3, column : column + 3] += patch.reshape(3, 3, -1)
        counts[row : row + 3, column : column + 3] += 1
    expected = (counts * np.square(features - total / counts)).sum() / len(of_x) / power
    assert parts["analogy.conv2_1"] == pytest.approx(3.0 * expected, rel=1e-4)


def test_command_record_and_rerun(painted, painting, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, each in (("a", painted.source), ("painted", painting), ("b", painted.source[::-1])):
        Image.fromarray(each).save(f"{name}.png")
    flags = "--model mini --weights random --style-layers conv2_1 --image-size 24 --num-iter 1 --quiet --mrf-w 0.5"
    assert main(["analogy", "a.png", "painted.png", "b.png", "out", *flags.split()]) == 0
    assert main(["mrf", "painted.png", "a.png", "b.png", "same", *flags.split()]) == 0
    assert main(["rerun", "out.png", "again", "--quiet"]) == 0
    made = [np.asarray(Image.open(f"{name}.png")) for name in ("out", "same", "again")]
    np.testing.assert_array_equal(made[0], made[1])
    np.testing.assert_array_equal(made[0], made[2])
    command = command_of(records.read(tmp_path / "out.png"), "new")
    pictures = [str(tmp_path / f"{name}.png") for name in ("a", "painted", "b")]
    assert [word if word.startswith("/") else str(tmp_path / word) for word in command[2:5]] == pictures
    assert command[command.index("--mrf_weight") + 1] == "0.5"


@pytest.mark.parametrize(
    ("style", "changes", "message"),
    [
        ({"source": None}, {}, r"give Style\(painting, source="),
        ({"mask": np.ones((9, 9), bool)}, {}, "remove the masks"),
        ({"source": np.full((36, 30, 4), 128, np.uint8)}, {}, "is transparent"),
        ({}, dict.fromkeys(("analogy_weight", "mrf_weight"), 0), "every weight is zero"),
        ({"weight": 0}, {}, "every weight is zero"),
        ({}, {"content_layer": "conv1_1"}, "content_layer has no effect without content_weight"),
        ({}, {"padding": "none", "style_layers": "conv3_4"}, "conv3_4 has no patch"),
    ],
)
def test_impossible_inputs_are_refused(painted, style, changes, message):
    style = dataclasses.replace(painted, **style)
    with pytest.raises(InvalidInputError, match=message):
        dataclasses.replace(TINY, **changes).objective(painted.source, style, image_size=10)


def test_a_source_of_another_shape_is_warned_of_once(painted):
    """Inputs that were read once may be given again, as a command does."""
    cut = dataclasses.replace(painted, source=painted.source[:, :20])
    with warnings.catch_warnings(record=True, action="always") as found:
        TINY.inputs(TINY.inputs(painted.source, cut))
    assert len(found) == 1


def test_other_techniques_refuse_a_source_and_patches_refuse_tiles(painted):
    with pytest.raises(InvalidInputError, match="settings of analogy need the whole picture: leave tile out"):
        TINY.steps(painted.source, painted, sizes=(36, 90), tile=64)
    with pytest.raises(InvalidInputError, match="network does not use the source of a style"):
        Network(model="mini").transfer(painted.source, painted)
