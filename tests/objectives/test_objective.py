"""Objectives of one's own: terms added to a technique's, and a run of them."""

from dataclasses import replace

import numpy as np
import pytest
from keras import ops

from neural_style import InvalidInputError, Network, Run, Statistic, Term, minimise
from neural_style.features.extractor import FeatureExtractor
from neural_style.features.statistics import Field
from neural_style.features.vgg import architecture, build
from neural_style.features.weights import load
from neural_style.objectives.objective import Objective

TINY = Network(model="mini", weights="random", content_layer="conv1_2", style_layers=("conv1_1",), padding="none")


def energy(features):
    return ops.sum(ops.square(features))


def test_a_term_adds_its_weighted_loss_and_gradient(photo, painting):
    objective = TINY.objective(photo, painting, image_size=16)
    x = np.random.default_rng(0).uniform(0, 255, (*objective.image_size, 3)).astype("float32")
    more = objective.with_terms(Term("energy", 0.5, Statistic(("image",), energy)))
    before, after = objective.evaluate(x), more.evaluate(x)
    seen = x[..., ::-1] - np.float32([103.939, 116.779, 123.68])
    expected = 0.5 * np.square(seen, dtype="float64").sum()
    assert after.parts == pytest.approx({**before.parts, "energy": expected}, rel=1e-5)
    np.testing.assert_allclose(after.gradient - before.gradient, seen[..., ::-1], atol=1e-3 * np.abs(seen).max())


def test_a_term_may_use_a_layer_of_its_own(photo, painting):
    objective = TINY.objective(photo, painting, image_size=16)
    more = objective.with_terms(Term("energy", 1.0, Statistic(("conv2_2",), energy)))
    x = np.random.default_rng(0).uniform(0, 255, (*objective.image_size, 3)).astype("float32")
    table = architecture("mini")
    network = build("mini", ["conv2_2"], load(table, "random", table.up_to_deepest(["conv2_2"])))
    features = np.asarray(network((x[..., ::-1] - np.float32([103.939, 116.779, 123.68]))[None])["conv2_2"])
    assert more.evaluate(x).parts["energy"] == pytest.approx(float(np.square(features).sum()), rel=1e-4)


def test_impossible_terms_are_refused(photo, painting):
    objective = TINY.objective(photo, painting, image_size=16)
    with pytest.raises(InvalidInputError, match='two terms of the name "tv"'):
        objective.with_terms(Term("tv", 1.0, Statistic(("image",), energy)))
    with pytest.raises(InvalidInputError, match='mini has no layer "conv9_1"'):
        objective.with_terms(Term("deep", 1.0, Statistic(("conv9_1",), energy)))
    own = FeatureExtractor(
        architecture("mini"), build("mini", ["conv1_1"], load(architecture("mini"), "random", ["conv1_1"]))
    )
    with pytest.raises(InvalidInputError, match="computes conv1_1 only"):
        own.including(["conv1_2"])


def test_minimise_runs_a_pyramid_as_a_transfer_does(photo, painting):
    settings = {"sizes": (12, 16), "iterations": 1}
    expected = TINY.transfer(photo, painting, **settings)
    steps = []
    objective_at = TINY.objective_at(TINY.inputs(photo, painting))
    found = minimise(objective_at, photo, Run(**settings), extractor_spec=TINY.extractor_spec, on_step=steps.append)
    np.testing.assert_array_equal(found.image, expected.image)
    assert found.losses == expected.losses
    assert [step.image.shape for step in steps] == [(12, 14, 3), (16, 19, 3)]


def test_a_run_of_ones_own_is_resumed_and_not_taken_for_another(photo, painting, tmp_path):
    class Killed(Exception):
        pass

    def kill(step):
        if step.iteration == 3:
            raise Killed

    objective_at = TINY.objective_at(TINY.inputs(photo, painting))
    settings = {"run": Run(sizes=(12, 16), iterations=2, tile=64), "checkpoint": tmp_path / "run"}
    whole = minimise(objective_at, photo, settings["run"], identity={"weight": 1})
    with pytest.raises(Killed):
        minimise(objective_at, photo, identity={"weight": 1}, on_step=kill, **settings)
    with pytest.raises(InvalidInputError, match="weight was 1 and is 2"):
        minimise(objective_at, photo, identity={"weight": 2}, resume=True, **settings)
    steps = []
    found = minimise(objective_at, photo, identity={"weight": 1}, resume=True, on_step=steps.append, **settings)
    assert [step.iteration for step in steps] == [3, 4]
    np.testing.assert_array_equal(found.image, whole.image)


def test_normalised_gradients_push_every_layer_by_its_weight(photo, painting):
    """`J^T (w g / |g|_1)` of both layers, with g in NumPy: F - P of the content, F (G - A) of the style."""
    network = replace(
        TINY, normalization="gatys2016", content_weight=5.0, style_scale=3.0, total_variation_weight=0, pooling="ave"
    )
    plain, objective = (
        replace(network, normalize_gradients=on).objective(photo, painting, image_size=16) for on in (False, True)
    )
    x = np.random.default_rng(0).uniform(0, 255, (*objective.image_size, 3)).astype("float32")
    found = objective.evaluate(x)
    assert found.parts == pytest.approx(plain.parts(x), rel=1e-6)
    features = plain.extractor.features(x, ["conv1_1", "conv1_2"])
    content, style = plain.terms
    flat = features["conv1_1"].reshape(-1, features["conv1_1"].shape[-1])
    difference = flat.T @ flat / len(flat) - np.asarray(style.target)[0]
    pushes = {
        "conv1_2": features["conv1_2"] - content.statistic.fields[0].values,
        "conv1_1": (flat @ difference).reshape(features["conv1_1"].shape),
    }
    linear = [
        Term(layer, weight, Statistic((layer,), lambda f, g: ops.sum(f * g), (Field(push / np.abs(push).sum()),)))
        for (layer, push), weight in zip(pushes.items(), (5.0, 3.0), strict=True)
    ]
    expected = Objective(linear, plain.extractor, plain.image_size).value_and_grad(x)[1]
    assert np.linalg.norm(found.gradient - expected) < 1e-4 * np.linalg.norm(expected)
    assert np.linalg.norm(plain.value_and_grad(x)[1] - expected) > 0.5 * np.linalg.norm(expected)


def test_a_run_with_normalised_gradients_keeps_its_last_picture(photo, painting):
    """The loss is not what it follows, and may rise."""
    network, losses = replace(TINY, normalize_gradients=True), []
    settings = {"image_size": 16, "iterations": 2, "solver": "adam", "learning_rate": 60}
    result = network.transfer(photo, painting, progress=lambda _, loss: losses.append(loss), **settings)
    assert (np.diff(losses) > 0).any()
    assert result.loss == losses[-1]
    assert len(result.history) == 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "normalize_gradients gives the gradient of no function, which lbfgs needs: use solver adam"),
        ({"solver": "adam", "tile": 64}, "these settings of network need the whole picture: leave tile out"),
    ],
)
def test_normalised_gradients_are_refused_where_they_cannot_be(photo, painting, settings, message):
    with pytest.raises(InvalidInputError, match=message):
        replace(TINY, normalize_gradients=True).transfer(photo, painting, image_size=16, **settings)


def test_normalized_gradients_of_an_objective_of_ones_own(photo, painting):
    """By `minimise`, which checks no technique."""
    network = replace(TINY, normalize_gradients=True)
    objective_at = network.objective_at(network.inputs(photo, painting))
    with pytest.raises(InvalidInputError, match="use solver adam"):
        minimise(objective_at, photo, Run(image_size=16, iterations=1))
