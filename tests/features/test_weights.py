"""Weights from every source, read back; and files that are damaged or of something else."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import partial
from pathlib import Path

import h5py
import numpy as np
import pytest

from neural_style.errors import InvalidInputError, MissingFileError, NeuralStyleError
from neural_style.features import vgg, weights
from neural_style.features.weights import Weights

MINI = vgg.architecture("mini")
VGG19 = vgg.architecture("vgg19")
LAYERS = ("conv1_1", "conv1_2")


def some_weights(layers: tuple[str, ...] = LAYERS, *, architecture: vgg.Architecture = MINI) -> Weights:
    """Random weights with biases that are not zero."""
    loaded = weights.random(architecture, layers, seed=3)
    generator = np.random.default_rng(4)
    return {k: generator.normal(0, 1, v.shape).astype(np.float32) if v.ndim == 1 else v for k, v in loaded.items()}


def save_h5(path: Path, content: Weights, *, datasets: str, root: str = "") -> None:
    """Write a file as Keras 1 and 2 do: a group per layer, with an attribute that names its datasets, maybe nested."""
    with h5py.File(path, "w") as file:
        names = sorted({name.rpartition("_")[0] for name in content})
        top = file.require_group(root) if root else file
        top.attrs["layer_names"] = np.array(["input_1", *names, "block1_pool"], "S")
        top.attrs["backend"] = b"tensorflow"
        for empty in ("input_1", "block1_pool"):
            top.create_group(empty).attrs["weight_names"] = np.array([], "S1")
        for name in names:
            group = top.create_group(name)
            kernel, bias = (
                datasets.format(layer=name, part=part, letter=part[0].replace("k", "W")) for part in ("kernel", "bias")
            )
            group.attrs["weight_names"] = np.array([kernel, bias], "S")
            group[kernel], group[bias] = content[f"{name}_kernel"], content[f"{name}_bias"]


def assert_same(found: Weights, expected: Weights) -> None:
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], array)


def refusal(source: object, *, architecture: vgg.Architecture = MINI, layers: tuple[str, ...] = LAYERS) -> str:
    """The message of the error for a source, in one line."""
    with pytest.raises((InvalidInputError, MissingFileError)) as caught:
        weights.load(architecture, str(source), layers)
    message = str(caught.value)
    assert "\n" not in message
    return message


SAVED: dict[str, Callable[[Path, Weights], None]] = {
    "w.npz": lambda path, content: np.savez(path, **content),
    # vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5 was written by Keras 1.
    "keras1.h5": lambda path, content: save_h5(path, content, datasets="{layer}_{letter}_1:0"),
    "keras2.h5": lambda path, content: save_h5(path, content, datasets="{layer}/{part}:0"),
    "keras2_model.h5": lambda path, content: save_h5(path, content, datasets="{layer}/{part}:0", root="model_weights"),
    "flat.h5": lambda path, content: save_h5(path, content, datasets="{part}:0"),
}


@pytest.mark.parametrize("name", SAVED)
def test_a_file_is_read_back(tmp_path: Path, name: str) -> None:
    expected = some_weights()
    SAVED[name](tmp_path / name, expected)
    assert_same(weights.load(MINI, str(tmp_path / name), LAYERS), expected)


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")  # in Keras
def test_a_model_that_keras_saved(tmp_path: Path) -> None:
    expected = some_weights()
    network = vgg.build("mini", ["conv1_2"], expected)
    network.save(tmp_path / "model.h5")
    assert_same(weights.load(MINI, str(tmp_path / "model.h5"), LAYERS), expected)
    # Keras 3 replaces the names of layers by numbers in this format, so that they cannot be identified.
    network.save_weights(tmp_path / "mini.weights.h5")
    assert "lacks conv1_1, conv1_2" in refusal(tmp_path / "mini.weights.h5")


def test_the_same_values_have_the_same_fingerprint_whatever_the_file(tmp_path: Path) -> None:
    expected = some_weights()
    found = set()
    for name, save in SAVED.items():
        save(tmp_path / name, expected)
        found.add(weights.fingerprint(weights.load(MINI, str(tmp_path / name), LAYERS)))
    assert found == {weights.fingerprint(dict(reversed(expected.items())))}
    changed = {**expected, "block1_conv1_bias": expected["block1_conv1_bias"] + np.float32(1e-6)}
    assert weights.fingerprint(changed) not in found


@pytest.mark.parametrize("name", SAVED)
def test_a_partial_file_is_enough_for_the_layers_in_it(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    SAVED[name](path, some_weights(("conv1_1", "conv1_2", "conv2_2")))
    assert set(weights.load(MINI, str(path), ("conv2_2",))) == {"block2_conv2_kernel", "block2_conv2_bias"}
    message = refusal(path, layers=("conv1_1", "conv2_1", "conv2_2", "conv3_1"))
    assert str(path) in message
    assert "lacks conv2_1, conv3_1 of mini" in message


def test_a_kernel_without_its_bias_is_missing(tmp_path: Path) -> None:
    content = some_weights()
    del content["block1_conv2_bias"]
    np.savez(tmp_path / "w.npz", **content)
    assert "lacks conv1_2 of mini" in refusal(tmp_path / "w.npz")


def test_half_precision_is_widened(tmp_path: Path) -> None:
    halves = {name: array.astype(np.float16) for name, array in some_weights().items()}
    np.savez(tmp_path / "w.npz", **halves)
    expected = {name: array.astype(np.float32) for name, array in halves.items()}
    assert_same(weights.load(MINI, str(tmp_path / "w.npz"), LAYERS), expected)


def test_random_is_he_normal() -> None:
    loaded = weights.load(VGG19, "random", ("conv1_1", "conv2_1", "conv3_1"))
    for layer, channels in (("block1_conv1", 3), ("block2_conv1", 64), ("block3_conv1", 128)):
        kernel = loaded[f"{layer}_kernel"].astype(np.float64)
        deviation = np.sqrt(2 / (9 * channels))
        assert kernel.std() == pytest.approx(deviation, rel=4 / np.sqrt(2 * kernel.size))  # four standard errors
        assert abs(kernel.mean()) < 4 * deviation / np.sqrt(kernel.size)
        assert not loaded[f"{layer}_bias"].any()


def test_random_depends_on_the_seed_only() -> None:
    first = weights.load(MINI, "random:7", LAYERS)
    assert_same(weights.load(MINI, "random:7", LAYERS), first)
    deep = weights.load(MINI, "random:7", ("conv2_1",))
    assert_same(deep, {k: v for k, v in weights.load(MINI, "random:7", MINI.layers).items() if k in deep})
    assert_same(weights.load(MINI, "random:0", LAYERS), weights.load(MINI, "random", LAYERS))
    assert weights.fingerprint(first) != weights.fingerprint(weights.load(MINI, "random:8", LAYERS))


def test_random_draws_what_the_golden_numbers_were_made_with() -> None:
    """facts/titu1994.md 7 B: standard_normal((3, 3, C_in, C_out)) in float64 times sqrt(2 / (9 C_in)), to float32."""
    draw = np.random.default_rng(0).standard_normal((3, 3, 3, 64)) * np.sqrt(2 / 27)
    found = weights.load(VGG19, "random", ("conv1_1",))
    np.testing.assert_array_equal(found["block1_conv1_kernel"], draw.astype(np.float32))


def saved_bytes(name: str, content: Weights, tmp_path: Path) -> bytes:
    SAVED[name](tmp_path / f"good_{name}", content)
    return (tmp_path / f"good_{name}").read_bytes()


npz_bytes = partial(saved_bytes, "w.npz")
h5_bytes = partial(saved_bytes, "keras2.h5")


def with_nan(content: Weights) -> Weights:
    content["block1_conv2_kernel"][1, 1, 0, 0] = np.nan
    return content


def npy_bytes(tmp_path: Path) -> bytes:
    np.save(tmp_path / "one.npy", np.zeros(3))
    return (tmp_path / "one.npy").read_bytes()


def pickled_npz(tmp_path: Path) -> bytes:
    np.savez(tmp_path / "p.npz", **dict.fromkeys(some_weights(), np.array([{"not": "numbers"}], dtype=object)))
    return (tmp_path / "p.npz").read_bytes()


DAMAGED: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "empty.npz": (lambda _: b"", "damaged or not an .npz file"),
    "text.npz": (lambda _: b"these are no weights\n", "damaged or not an .npz file"),
    "text.h5": (lambda _: b"these are no weights\n", "damaged or not an .h5 file"),
    "truncated.npz": (lambda p: npz_bytes(some_weights(), p)[:-3000], "damaged or not an .npz file"),
    "truncated.h5": (lambda p: h5_bytes(some_weights(), p)[:-3000], "damaged or not an .h5 file"),
    "array.npz": (npy_bytes, "not an .npz file"),
    "pickle.npz": (lambda _: pickle.dumps(some_weights()), "damaged or not an .npz file"),
    "objects.npz": (pickled_npz, "damaged or not an .npz file"),
    "nan.npz": (lambda p: npz_bytes(with_nan(some_weights()), p), "block1_conv2_kernel is not made of finite numbers"),
    "whole.npz": (
        lambda p: npz_bytes({k: v.astype(np.int64) for k, v in some_weights().items()}, p),
        "not made of finite",
    ),
    "other.npz": (lambda p: npz_bytes(some_weights(architecture=VGG19), p), "(3, 3, 3, 64), expected (3, 3, 3, 32)"),
    "other.h5": (lambda p: h5_bytes(some_weights(architecture=VGG19), p), "(3, 3, 3, 64), expected (3, 3, 3, 32)"),
    "zip_as.h5": (lambda p: npz_bytes(some_weights(), p), "damaged or not an .h5 file"),
    "h5_as.npz": (lambda p: h5_bytes(some_weights(), p), "damaged or not an .npz file"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_named_in_one_line(tmp_path: Path, name: str) -> None:
    make, expected = DAMAGED[name]
    path = tmp_path / name
    path.write_bytes(make(tmp_path))
    message = refusal(path)
    assert str(path) in message
    assert expected in message


@pytest.mark.parametrize("compressed", [False, True])
def test_any_changed_byte_is_read_over_or_refused(tmp_path: Path, compressed: bool) -> None:
    path = tmp_path / "w.npz"
    (np.savez_compressed if compressed else np.savez)(path, **some_weights(("conv1_1",)))
    good = path.read_bytes()
    generator = np.random.default_rng(6)
    refused = []
    for position in [*range(80), *generator.integers(0, len(good), 150), *range(len(good) - 80, len(good))]:
        path.write_bytes(good[:position] + bytes([good[position] ^ 0xFF]) + good[position + 1 :])
        try:
            found = weights.load(MINI, str(path), ("conv1_1",))
        except InvalidInputError as error:
            refused.append(str(error))
        else:
            assert_same(found, some_weights(("conv1_1",)))
    assert len(refused) > 100
    assert not [message for message in refused if "\n" in message]


@pytest.mark.parametrize(
    ("source", "architecture", "expected"),
    [
        ("/nowhere/vgg19.npz", VGG19, "no weights file /nowhere/vgg19.npz"),
        ("nowhere.h5", VGG19, "no weights file nowhere.h5"),
        ("imagnet", VGG19, 'unknown weights "imagnet"'),
        ("random:abc", VGG19, 'unknown weights "random:abc"'),
        ("random:-1", VGG19, 'unknown weights "random:-1"'),
        ("weights.pth", VGG19, 'unknown weights "weights.pth"'),
        ("embedded", VGG19, "no weights of vgg19 are embedded"),
        ("imagenet", MINI, "mini has no ImageNet weights"),
    ],
)
def test_a_source_that_is_not_available(source: str, architecture: vgg.Architecture, expected: str) -> None:
    message = refusal(source, architecture=architecture)
    assert expected in message
    assert any(hint in message for hint in ("use weights", "imagenet", "check the path"))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "w.npz").mkdir()
    assert str(tmp_path / "w.npz") in refusal(tmp_path / "w.npz")


def test_the_embedded_file_is_checked_like_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mini.npz"
    # Joined with a folder, an absolute path stays what it is.
    monkeypatch.setitem(weights.EMBEDDED_FILES, "mini", str(path))
    np.savez(path, **some_weights())
    assert_same(weights.load(MINI, None, LAYERS), some_weights())
    path.write_bytes(path.read_bytes()[:5000])
    assert f"{path} cannot be read as a weights file" in refusal("embedded")
    path.unlink()
    assert str(path) in refusal("embedded")


def test_files_and_names_are_checked_before_a_backend_starts(tmp_path: Path) -> None:
    (tmp_path / "damaged.npz").write_bytes(b"none")
    for name, source, why in (
        ("vgg19", str(tmp_path / "gone.npz"), "no weights file"),
        ("vgg19", str(tmp_path / "damaged.npz"), "cannot be read as a weights file"),
        ("vgg19", "embedded", "only mini's"),
        ("mini", "imagenet", "no ImageNet weights"),
        ("vgg19", "random:x", "unknown weights"),
    ):
        with pytest.raises(NeuralStyleError, match=why):
            weights.check_available(name, source, ("conv1_1",))
