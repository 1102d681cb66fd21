"""bfloat16 where the network computes, float32 where sums are taken."""

import json
from functools import partial

import numpy as np
import pytest
from keras import ops

from neural_style import INetwork, InvalidInputError, Network, NeuralDoodle
from neural_style.backend import resolve_precision

SETTINGS = {"model": "mini", "content_layer": "conv3_1", "style_layers": ("conv1_1", "conv2_1", "conv3_1")}


def cosine(a, b):
    return (a * b).sum() / np.sqrt(np.square(a).sum() * np.square(b).sum())


@pytest.mark.parametrize(
    "make",
    [Network, partial(INetwork, variant="titu1994"), lambda **settings: INetwork(variant="novak2016", **settings)],
    ids=["n", "i", "novak"],
)
def test_bfloat16_follows_float32(make, photo, painting):
    x = np.random.default_rng(0).uniform(0, 255, (40, 48, 3))
    exact, coarse = (
        make(precision=precision, **SETTINGS).objective(photo, painting, image_size=40)
        for precision in ("float32", "bfloat16")
    )
    (value, gradient), (coarse_value, coarse_gradient) = (o.value_and_grad(x) for o in (exact, coarse))
    assert coarse_value != value  # it was used
    assert coarse_value == pytest.approx(value, rel=0.02)
    assert coarse_gradient.dtype == np.float32
    assert cosine(gradient, coarse_gradient) > 0.99


def test_only_the_features_are_coarse(photo, painting):
    objective = Network(precision="bfloat16", **SETTINGS).objective(photo, painting, image_size=40)
    dtypes = {
        layer.name: str(layer.compute_dtype) for layer in objective.extractor.network.layers if "conv" in layer.name
    }
    assert dtypes["block1_conv1"] == "float32"
    assert {dtype for name, dtype in dtypes.items() if name != "block1_conv1"} == {"bfloat16"}
    features = objective.extractor.network(ops.zeros((1, 16, 16, 3)))
    assert {str(f.dtype).split("'")[-2] if "'" in str(f.dtype) else str(f.dtype) for f in features.values()} == {
        "float32"
    }
    assert {str(np.asarray(term.target).dtype) for term in objective.terms if term.target is not None} == {"float32"}


def test_half_a_grey_level_is_seen(photo, painting):
    """Rounded to bfloat16, an image has steps of up to one grey level; the first layer must see it unrounded."""
    objective = Network(
        precision="bfloat16", model="mini", style_layers="conv1_1", content_weight=0, total_variation_weight=0
    ).objective(photo, painting, image_size=40)
    exact = Network(model="mini", style_layers="conv1_1", content_weight=0, total_variation_weight=0).objective(
        photo, painting, image_size=40
    )
    x = np.random.default_rng(0).uniform(0, 255, (40, 48, 3))
    assert objective.value_and_grad(x)[0] == pytest.approx(exact.value_and_grad(x)[0], rel=1e-6)


def test_auto_is_written_out(monkeypatch, photo, painting):
    for fast in ("bfloat16", "float32"):
        monkeypatch.setattr("neural_style.backend.precision.fast_precision", lambda fast=fast: fast)
        assert Network(precision="auto").resolved().precision == fast
        assert NeuralDoodle(precision="auto").resolved().precision == fast
    result = Network(precision="auto", **SETTINGS).transfer(photo, painting, image_size=24, iterations=1)
    assert json.loads(json.dumps(result.record, default=str))["settings"]["precision"] == "float32"


def test_the_machine_decides_the_same_every_time():
    assert resolve_precision("auto") == resolve_precision("auto")
    assert resolve_precision("auto") in ("float32", "bfloat16")


def test_unknown_precision():
    with pytest.raises(InvalidInputError, match='unknown precision "float16"'):
        Network(precision="float16")
