"""Johnson's network and its layers, against NumPy; and the embedded painter fixed to one painting."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from neural_style.feedforward import model_file
from neural_style.feedforward.embedded import EmbeddedNetwork
from neural_style.feedforward.layers import ConditionalInstanceNormalization, ReflectionPadding2D
from neural_style.feedforward.model_file import read_metadata
from neural_style.feedforward.one_style import one_style
from neural_style.feedforward.settings import TransformerSettings
from neural_style.feedforward.trained import TrainedNetwork
from neural_style.feedforward.transformer import transformer

TINY = {"width": 2, "blocks": 1, "ends": 3}


def pictures(count: int, rows: int, columns: int) -> np.ndarray:
    return np.random.default_rng(3).uniform(0, 255, (count, rows, columns, 3)).astype(np.float32)


def first_kernel(network: keras.Model) -> np.ndarray:
    found: np.ndarray = ops.convert_to_numpy(network.weights[0] + 0)
    return found


def test_padding_is_that_of_numpy() -> None:
    x = pictures(1, 5, 6)
    padded = ops.convert_to_numpy(ReflectionPadding2D(2)(x))
    np.testing.assert_array_equal(padded, np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect"))


def test_styles_have_scales_and_shifts_of_their_own_and_mix() -> None:
    rng = np.random.default_rng(0)
    x, scale, shift = rng.normal(3, 2, (3, 4, 5, 2)), rng.normal(size=(2, 2)), rng.normal(size=(2, 2))
    weights = np.array([[1, 0], [0, 1], [0.25, 0.75]], np.float32)
    layer = ConditionalInstanceNormalization(2)
    layer.build([x.shape, weights.shape])
    layer.scale.assign(scale)
    layer.shift.assign(shift)
    found = ops.convert_to_numpy(layer([x.astype(np.float32), weights]))
    normal = (x - x.mean((1, 2), keepdims=True)) / np.sqrt(x.var((1, 2), keepdims=True) + 1e-3)
    expected = normal * (weights @ scale)[:, None, None] + (weights @ shift)[:, None, None]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "settings",
    [
        TransformerSettings(**TINY),
        TransformerSettings(**TINY, upsampling="transposed", padding="zeros", deviation=0.1),
        TransformerSettings(**TINY, affine=False, output="sigmoid", normalize_output=False),
    ],
)
def test_pastiches_have_the_size_and_range_of_photos(settings: TransformerSettings) -> None:
    network = transformer(settings)
    x = pictures(2, 12, 20)
    painted = ops.convert_to_numpy(network(x))
    assert painted.shape == x.shape
    low, high = (0, 255) if settings.output == "sigmoid" else (-22.5, 277.5)
    assert low <= painted.min() < painted.max() <= high
    # Statistics are those of a picture, not of the batch.
    np.testing.assert_allclose(ops.convert_to_numpy(network(x[1:])), painted[1:], atol=0.01)


def test_the_paper_has_so_many_weights() -> None:
    """1,679,235 kernel and bias numbers, counted by hand, and two for each of 1,827 normalised channels."""
    network = transformer(TransformerSettings(normalize_output=False))
    kernels = 81 * 3 * 32 + 9 * (32 * 64 + 64 * 128 + 10 * 128 * 128 + 128 * 64 + 64 * 32) + 81 * 32 * 3 + 3
    channels = 32 + 64 + 128 + 10 * 128 + 64 + 32
    assert network.count_params() == kernels + 2 * channels


def test_a_seed_and_a_deviation_make_the_kernels() -> None:
    first, same, other = (
        first_kernel(transformer(TransformerSettings(**TINY, deviation=0.1), seed=seed)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)
    assert np.abs(first).max() <= 0.2


def test_two_styles_are_one_network(tmp_path: Path) -> None:
    network = transformer(TransformerSettings(**TINY), styles=2)
    for layer in network.layers:
        if isinstance(layer, ConditionalInstanceNormalization):
            layer.scale.assign(np.random.default_rng(0).normal(size=layer.scale.shape))
    x = pictures(2, 32, 32)[[0, 0]]
    one, other = ops.convert_to_numpy(network([x, np.eye(2, dtype=np.float32)]))
    assert np.abs(one - other).max() > 1
    model_file.write(network, tmp_path / "two.keras", {"styles": ["a", "b"]})
    assert read_metadata(tmp_path / "two.keras") == {"styles": ["a", "b"]}
    again = TrainedNetwork(tmp_path / "two.keras")
    for name, expected in (("a", one), ("b", other)):
        np.testing.assert_allclose(again.run(x[:1], [(name, 1.0)])[0], np.clip(expected, 0, 255), atol=1e-2)


def test_the_embedded_painter_can_be_fixed_to_one_painting(tmp_path: Path) -> None:
    """Folded scales and shifts paint what the painter paints, at a size that is no multiple of 8, and in a file."""
    painting, photo = pictures(1, 32, 40)[0], pictures(1, 36, 40)
    network, embedded = one_style(painting), EmbeddedNetwork()
    painted = ops.convert_to_numpy(network(photo))
    noise = ops.convert_to_numpy(network.layers[-1]._noise((40, 40), False))
    assert 0.9 < noise.std() < 1.1
    longer = np.pad(photo, ((0, 0), (0, 4), (0, 0), (0, 0)), mode="reflect")
    expected = embedded.run_with_noise(longer, embedded.style(painting), noise[None])[:, :36]
    np.testing.assert_allclose(np.clip(painted, 0, 255), expected, atol=0.05)
    model_file.write(network, tmp_path / "one.keras", {})
    again = TrainedNetwork(tmp_path / "one.keras")
    np.testing.assert_allclose(again.run(photo, []), np.clip(painted, 0, 255), atol=0.05)
