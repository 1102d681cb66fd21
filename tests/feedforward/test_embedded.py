"""The embedded network: its formulas against SciPy, and what it promises of sizes, seeds and backends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from keras import ops
from scipy import linalg, ndimage

from neural_style import backend, feedforward
from neural_style.errors import InvalidInputError, MissingFileError
from neural_style.features.weights import load as weights_of
from neural_style.feedforward import Painter, embedded, encoder, model, resampling, transport

PACKAGE = Path(feedforward.__file__).parent


def covariance(n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((4 * n, n)) * np.linspace(0.5, 2, n)
    return (x.T @ x / len(x)).astype(np.float32)


def tensor(x: np.ndarray) -> object:
    return ops.convert_to_tensor(np.asarray(x, np.float32))


def picture(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.standard_normal((rows, columns, 3)), (3, 3, 0))
    return np.clip(128 + 200 * smooth, 0, 255).astype(np.float32)


@pytest.mark.parametrize("n", [3, 16])
def test_roots_are_those_of_scipy(n: int) -> None:
    matrix = covariance(n, 0)
    root, inverse = (ops.convert_to_numpy(x)[0] for x in transport.roots_of(tensor(matrix[None])))
    expected = linalg.sqrtm(matrix.astype(np.float64)).real
    np.testing.assert_allclose(root, expected, atol=2e-3 * np.abs(expected).max())
    tolerance = 5e-3 * float(np.linalg.norm(inverse, 2))
    np.testing.assert_allclose(inverse, np.linalg.inv(expected), rtol=0.02, atol=tolerance)


def test_roots_of_a_singular_matrix_stay_finite() -> None:
    ray = np.arange(1, 9, dtype=np.float32)
    for root in transport.roots_of(transport.with_ridge(tensor(np.outer(ray, ray)[None]), 1e-4)):
        assert np.isfinite(ops.convert_to_numpy(root)).all()


def test_transport_is_that_of_normal_distributions() -> None:
    c, s = covariance(12, 1).astype(np.float64), covariance(12, 2).astype(np.float64)
    root = linalg.sqrtm(c).real
    inverse = np.linalg.inv(root)
    expected = inverse @ linalg.sqrtm(root @ s @ root).real @ inverse  # the other of its two closed forms
    of_style, _ = transport.roots_of(tensor(s[None]))
    found = ops.convert_to_numpy(transport.transport(tensor(c[None]), of_style, 0.0))[0]
    np.testing.assert_allclose(found, expected, atol=0.02 * np.abs(expected).max())
    np.testing.assert_allclose(found @ c @ found, s, atol=0.02 * np.abs(s).max())


def test_moments_are_those_of_numpy() -> None:
    x = np.random.default_rng(0).standard_normal((2, 5, 7, 4)).astype(np.float32)
    mean, found = (ops.convert_to_numpy(each) for each in transport.moments(tensor(x)))
    for i in range(2):
        flat = x[i].reshape(-1, 4)
        np.testing.assert_allclose(mean[i, 0], flat.mean(0), atol=1e-5)
        np.testing.assert_allclose(found[i], np.cov(flat.T, bias=True), atol=1e-5)


@pytest.mark.parametrize("resize", [resampling.pooled, resampling.shrunk, resampling.enlarged])
def test_both_ways_to_change_the_resolution_agree(resize: object, monkeypatch: pytest.MonkeyPatch) -> None:
    x = tensor(picture(16, 24)[None])
    found = []
    for pools in (True, False):
        monkeypatch.setattr(resampling, "POOLS", pools)
        found.append(ops.convert_to_numpy(resize(x)))  # type: ignore[operator]
    np.testing.assert_allclose(found[0], found[1], atol=1e-3)


def test_enlarging_is_linear_interpolation() -> None:
    x = np.random.default_rng(0).standard_normal((1, 4, 5, 1)).astype(np.float32)
    rows, columns = np.meshgrid((np.arange(8) - 0.5) / 2, (np.arange(10) - 0.5) / 2, indexing="ij")
    expected = ndimage.map_coordinates(x[0, :, :, 0], [rows, columns], order=1, mode="nearest")
    np.testing.assert_allclose(ops.convert_to_numpy(resampling.enlarged(tensor(x)))[0, :, :, 0], expected, atol=1e-5)


def test_a_move_of_four_pixels_moves_the_features() -> None:
    layers = encoder.ENCODER.up_to_deepest(encoder.LAYERS)
    mini = {name: tensor(value) for name, value in weights_of(encoder.ENCODER, None, layers).items()}
    whole = picture(64, 108)
    left, right = (encoder.encode(mini, tensor(whole[None, :, at : at + 104]))["conv3_3"] for at in (0, 4))
    left, right = ops.convert_to_numpy(left), ops.convert_to_numpy(right)
    np.testing.assert_allclose(left[:, :, 9:-8], right[:, :, 8:-9], atol=1e-3 * np.abs(left).max())


def test_before_training_only_colours_change() -> None:
    weights = {name: tensor(value) for name, value in model.initial(0, rounds=0).items()}
    layers = encoder.ENCODER.up_to_deepest(encoder.LAYERS)
    mini = {name: tensor(value) for name, value in weights_of(encoder.ENCODER, None, layers).items()}
    photo, styled = picture(40, 48), picture(40, 48, seed=1)[..., ::-1] * 0.5
    style = encoder.style_of(encoder.encode(mini, tensor(styled[None])))
    noise = tensor(embedded.noise((40, 48), 0))
    found = ops.convert_to_numpy(model.paint(weights, mini, tensor(photo[None]), style, noise, rounds=0)[-1])[0]
    flat, wanted = found.reshape(-1, 3), styled.reshape(-1, 3)
    np.testing.assert_allclose(flat.mean(0), wanted.mean(0), atol=6)
    np.testing.assert_allclose(flat.std(0), wanted.std(0), rtol=0.3)


@pytest.fixture(scope="module")
def network(painter: Painter) -> embedded.EmbeddedNetwork:
    assert isinstance(painter.network, embedded.EmbeddedNetwork)
    return painter.network


def test_statistics_of_the_whole_can_be_kept_for_a_part(network: embedded.EmbeddedNetwork) -> None:
    photo, style = picture(32, 32), network.style(picture(48, 48, seed=1))
    statistics: dict[str, object] = {}
    arguments = network.weights, network.encoder, tensor(photo[None]), style, tensor(embedded.noise((32, 32), 0))
    first = model.paint(*arguments, statistics=statistics)[-1]
    again = model.paint(*arguments, statistics=dict(statistics))[-1]
    assert statistics
    np.testing.assert_allclose(ops.convert_to_numpy(first), ops.convert_to_numpy(again), atol=0.05)


@pytest.fixture(scope="module")
def painted(network: embedded.EmbeddedNetwork) -> np.ndarray:
    return network.run(picture(45, 61)[None], network.style(picture(50, 37, seed=1)))[0]


def test_a_painting_has_the_size_of_its_photo(painted: np.ndarray) -> None:
    assert painted.shape == (45, 61, 3)
    assert painted.dtype == np.float32
    assert painted.min() >= 0
    assert painted.max() <= 255
    assert np.abs(painted - picture(45, 61)).mean() > 5


def test_photos_in_a_batch_are_painted_as_alone(network: embedded.EmbeddedNetwork, painted: np.ndarray) -> None:
    style = network.style(picture(50, 37, seed=1))
    both = network.run(np.stack([picture(45, 61), picture(45, 61, seed=2)]), style)
    np.testing.assert_allclose(both[0], painted, atol=0.02)
    assert np.abs(both[1] - painted).mean() > 5


def test_flat_pictures_are_painted_without_dividing_by_zero(network: embedded.EmbeddedNetwork) -> None:
    flat, other = np.full((32, 40, 3), 200.0), picture(32, 40)
    for photo, style in ((flat, other), (other, flat), (flat, flat), (0 * flat, 0 * flat)):
        assert np.isfinite(network.run(photo[None], network.style(style))).all()


def test_one_program_serves_all_sizes(network: embedded.EmbeddedNetwork) -> None:
    if backend.COMPILES_OPERATIONS:
        pytest.skip("XLA makes a program for each size")
    style = network.style(picture(50, 37, seed=1))
    network.run(picture(40, 40)[None], style)
    before = len(backend.GRAPHS)
    network.run(picture(48, 56)[None], network.style(picture(40, 64)))
    assert len(backend.GRAPHS) == before


def test_noise_does_not_depend_on_the_size_of_the_picture() -> None:
    small, large = embedded.noise((40, 70), 3), embedded.noise((130, 80), 3)
    np.testing.assert_array_equal(small, large[:, :40, :70])
    assert not np.array_equal(small, embedded.noise((40, 70), 4))


def test_the_embedded_network_is_small() -> None:
    assert (PACKAGE / embedded.FILE).stat().st_size <= 2.5e6


def test_files_of_other_networks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        embedded.EmbeddedNetwork(tmp_path / "none.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(InvalidInputError, match="is not a file of the painter"):
        embedded.EmbeddedNetwork(tmp_path / "other.npz")
    of_nan = {**model.initial(0), "code.bias": np.full(model.CODE, np.nan, np.float32)}
    np.savez(tmp_path / "nan.npz", **of_nan)
    with pytest.raises(InvalidInputError, match=r"code\.bias is not made of finite numbers"):
        embedded.EmbeddedNetwork(tmp_path / "nan.npz")
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(InvalidInputError, match="cannot be read"):
        embedded.EmbeddedNetwork(tmp_path / "broken.npz")


def test_a_network_of_sketches_has_no_corrections(tmp_path: Path) -> None:
    np.savez(tmp_path / "sketch.npz", **model.initial(0, rounds=0))
    network = embedded.EmbeddedNetwork(tmp_path / "sketch.npz")
    with pytest.raises(InvalidInputError, match="rounds is 0"):
        network.run(picture(32, 32)[None], network.style(picture(32, 32)), rounds=1)


def test_both_backends_paint_the_same(painted: np.ndarray, tmp_path: Path) -> None:
    pytest.importorskip("jax")
    np.savez(tmp_path / "in.npz", photo=picture(45, 61), painting=picture(50, 37, seed=1))
    program = (
        "import sys, numpy as np; from neural_style.feedforward.embedded import EmbeddedNetwork;"
        "n = EmbeddedNetwork(); d = np.load(sys.argv[1] + '/in.npz');"
        "np.save(sys.argv[1] + '/out.npy', n.run(d['photo'][None], n.style(d['painting']))[0])"
    )
    other = "jax" if resampling.POOLS else "tensorflow"
    environment = {**os.environ, "KERAS_BACKEND": other, "PYTHONPATH": str(PACKAGE.parent.parent)}
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], env=environment, check=True)
    found = np.load(tmp_path / "out.npy")
    assert np.abs(found - painted).mean() < 0.1
