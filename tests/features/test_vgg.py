"""The networks against Keras' own, against features of the reference implementation, and against published counts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
import pytest

from neural_style.errors import InvalidInputError
from neural_style.features import vgg, weights
from neural_style.features.weights import Weights

ODD = (33, 47)
"""Rows and columns, of which every pooling but the last drops one or the other."""


def images(*size: int) -> np.ndarray:
    return np.random.default_rng(5).uniform(-124, 152, (1, *size, 3)).astype(np.float32)


def random_weights(name: str, layers: list[str], seed: int = 0) -> Weights:
    """Random weights with biases that are not zero, so that a lost or exchanged bias shows."""
    table = vgg.architecture(name)
    loaded = weights.random(table, table.up_to_deepest(layers), seed=seed)
    generator = np.random.default_rng(seed)
    return {k: generator.normal(0, 20, v.shape).astype(np.float32) if v.ndim == 1 else v for k, v in loaded.items()}


def assert_close(found: object, expected: np.ndarray, *, tolerance: float = 1e-5) -> None:
    """Within `tolerance` of the largest activation."""
    np.testing.assert_allclose(np.asarray(found), expected, rtol=0, atol=tolerance * np.abs(expected).max())


@pytest.mark.parametrize("name", ["vgg16", "vgg19"])
def test_every_layer_equals_that_of_keras_applications(name: str) -> None:
    application = {"vgg16": keras.applications.VGG16, "vgg19": keras.applications.VGG19}[name]
    theirs = application(weights=None, include_top=False)
    layers = list(vgg.architecture(name).layers)
    loaded = random_weights(name, layers)
    kept = [layer for layer in theirs.layers if "_conv" in layer.name]
    assert [layer.name for layer in kept] == [vgg.weight_name(layer) for layer in layers]
    for layer in kept:
        layer.set_weights([loaded[f"{layer.name}_kernel"], loaded[f"{layer.name}_bias"]])
    expected = keras.Model(theirs.input, {ours: layer.output for ours, layer in zip(layers, kept, strict=True)})
    x = images(*ODD)
    found = vgg.build(name, layers, loaded)(x)
    assert list(found) == layers
    for layer, value in expected(x).items():
        assert np.asarray(value).max() > 0
        assert_close(found[layer], np.asarray(value))


def test_average_pooling_equals_the_reference_implementation(
    golden: Mapping[str, np.ndarray], real_weights: Path
) -> None:
    layers = ["conv1_1", "conv3_1"]
    table = vgg.architecture("vgg19")
    loaded = weights.load(table, str(real_weights), table.up_to_deepest(layers))
    found = vgg.build("vgg19", layers, loaded, pooling="ave")(golden["e2e_x"])
    for layer in layers:
        assert_close(found[layer][0], golden[f"e2e_ave_{layer}_features_of_x"])


@pytest.mark.parametrize("pooling", ["max", "ave", "l2"])
@pytest.mark.parametrize("size", [(8, 8), (9, 8), (15, 31), (17, 4)])
def test_any_size_with_pooling_computed_by_hand(pooling: str, size: tuple[int, int]) -> None:
    loaded = random_weights("mini", ["conv2_1"])
    # conv2_1 copies its first 32 inputs, which are the output of the pooling.
    loaded["block2_conv1_kernel"] = np.zeros((3, 3, 32, 64), np.float32)
    loaded["block2_conv1_kernel"][1, 1, range(32), range(32)] = 1
    loaded["block2_conv1_bias"] = np.zeros(64, np.float32)
    found = vgg.build("mini", ["conv1_2", "conv2_1"], loaded, pooling=pooling)(images(*size))
    before = np.asarray(found["conv1_2"])
    assert before.shape == (1, *size, 32)
    rows, columns = size[0] // 2, size[1] // 2
    windows = before[0, : 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2, 32)
    roots = 0.78 * np.sqrt(np.square(windows).sum((1, 3)))  # torch.nn.LPPool2d(2, 2), scaled as crowsonkb does
    expected = {"max": windows.max((1, 3)), "ave": windows.mean((1, 3)), "l2": roots}[pooling]
    assert_close(found["conv2_1"][0, ..., :32], expected)


@pytest.mark.parametrize(
    ("name", "deepest", "layers", "parameters"),
    [
        ("vgg19", "conv1_1", 2, 1_792),
        ("vgg19", "conv2_1", 5, 112_576),
        ("vgg16", "conv3_1", 8, 555_328),
        ("mini", "conv3_4", 11, 582_176),
        # As keras.applications counts its networks without their classifier.
        ("vgg16", "conv5_3", 18, 14_714_688),
        ("vgg19", "conv5_4", 21, 20_024_384),
    ],
)
def test_truncated_at_the_deepest_layer(name: str, deepest: str, layers: int, parameters: int) -> None:
    table = vgg.architecture(name)
    loaded = weights.random(table, table.up_to_deepest([deepest]))
    network = vgg.build(name, [deepest], loaded)
    assert len(network.layers) == layers
    assert network.count_params() == parameters == sum(array.size for array in loaded.values())
    assert list(network.output) == [deepest]
    assert not network.trainable_weights


def test_a_subset_in_any_order_has_the_values_of_the_whole() -> None:
    table = vgg.architecture("mini")
    loaded = random_weights("mini", list(table.layers))
    x = images(12, 10)
    whole = vgg.build("mini", table.layers, loaded)(x)
    part = vgg.build("mini", ["conv3_1", "conv1_2", "conv2_2"], loaded)(x)
    assert set(part) == {"conv1_2", "conv2_2", "conv3_1"}
    for layer in part:
        assert_close(part[layer], np.asarray(whole[layer]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "vgg91"}, 'unknown model "vgg91": did you mean "vgg19"?'),
        ({"name": "resnet"}, 'unknown model "resnet": choose one of: vgg16, vgg19, mini'),
        ({"layers": ["conv1_1", "conv1_3"]}, 'vgg16 has no layer "conv1_3": did you mean "conv'),
        ({"layers": ["cov5_2"]}, 'did you mean "conv5_2"?'),
        ({"layers": ["relu"]}, "choose one of: conv1_1, conv1_2, conv2_1"),
        ({"name": "vgg16", "layers": ["conv3_4"]}, 'vgg16 has no layer "conv3_4": did you mean "conv'),
        ({"name": "mini", "layers": ["conv4_1"]}, 'mini has no layer "conv4_1": mini ends at block 3'),
        ({"pooling": "avg"}, 'unknown pooling "avg": did you mean "ave"?'),
    ],
)
def test_unknown_names(arguments: dict[str, object], message: str) -> None:
    settings = {"name": "vgg16", "layers": ["conv1_1"], "weights": {}, "pooling": "max", **arguments}
    with pytest.raises(InvalidInputError) as caught:
        vgg.build(**settings)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_table() -> None:
    """The columns D and E of table 1 in Simonyan & Zisserman, and half of the first three blocks of E."""
    mini = vgg.ARCHITECTURES["mini"]
    assert mini.filters == {
        "conv1_1": 32,
        "conv1_2": 32,
        "conv2_1": 64,
        "conv2_2": 64,
        "conv3_1": 128,
        "conv3_2": 128,
        "conv3_3": 128,
        "conv3_4": 128,
    }
    assert mini.weights == "embedded"
    counts = {name: len(vgg.ARCHITECTURES[name].layers) for name in ("vgg16", "vgg19")}
    assert counts == {"vgg16": 13, "vgg19": 16}
    for table in vgg.ARCHITECTURES.values():
        assert [table.stride([layer]) for layer in table.layers] == [2 ** (int(n[4]) - 1) for n in table.layers]
