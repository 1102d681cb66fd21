"""Objectives of one's own: terms added to a technique's, and a run of them."""

import numpy as np
import pytest
from keras import ops

from neural_style import InvalidInputError, Network, Run, Statistic, Term, minimise
from neural_style.features.extractor import FeatureExtractor
from neural_style.features.vgg import architecture, build
from neural_style.features.weights import load

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
