"""Weights files from anywhere: what is asked for is read, in no more memory than it takes, or the file is refused."""

from __future__ import annotations

import io
import os
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from neural_style.errors import InvalidInputError, NeuralStyleError
from neural_style.features import vgg, weight_files, weights
from neural_style.features.extractor import feature_extractor
from tests.hostile.crafted import damaged

MINI = vgg.architecture("mini")
LAYER = ("conv1_1",)
KERNEL, BIAS = "block1_conv1_kernel", "block1_conv1_bias"
PLACES = {KERNEL: "block1_conv1/block1_conv1/kernel", BIAS: "block1_conv1/block1_conv1/bias"}
GOOD = {KERNEL: np.full((3, 3, 3, 32), 0.25, np.float32), BIAS: np.arange(32, dtype=np.float32)}

LITTLE = 2**24
"""Bytes that a few kilobytes of weights may take to be read; the dictionary of LZMA alone is half of that."""


def load(path: Path) -> weights.Weights:
    return weights.load(MINI, str(path), LAYER)


def refusal(path: Path) -> str:
    with pytest.raises(InvalidInputError) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


def peak(function: Callable[[], object]) -> int:
    """Bytes that Python and NumPy allocate at most during a call."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def npz(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return path


def npy(array: Any, **settings: Any) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array), **settings)
    return buffer.getvalue()


def h5(path: Path, change: Callable[[h5py.File], None] = lambda _: None) -> Path:
    with h5py.File(path, "w") as file:
        for name, place in PLACES.items():
            file[place] = GOOD[name]
        change(file)
    return path


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_an_archive_is_read_by_the_names_asked_for(tmp_path: Path, compression: int) -> None:
    """Beside the weights lie 32 MB of zeros, packed to a few kilobytes, a pickle, and a text."""
    zeros = npy(np.zeros(2**22))
    others = {"zeros": zeros, "pickle": npy(np.array([{}], object), allow_pickle=True), "text": b"text"}
    path = npz(tmp_path / "w.npz", {**{name: npy(array) for name, array in GOOD.items()}, **others}, compression)
    assert peak(lambda: load(path)) < LITTLE
    for name, array in load(path).items():
        np.testing.assert_array_equal(array, GOOD[name])


def test_an_array_longer_than_its_header_is_not_unpacked(tmp_path: Path) -> None:
    members = {KERNEL: npy(GOOD[KERNEL]), BIAS: npy(GOOD[BIAS]) + bytes(2**25)}
    path = npz(tmp_path / "w.npz", members)
    assert peak(lambda: refusal(path)) < LITTLE


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-32,), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (32,), }",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (32,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (__import__('os').getpid(),), }",
        "{'descr': '<c8', 'fortran_order': False, 'shape': (32,), }",
        "[" * 9000,
    ],
    ids=lambda header: header[:60],
)
def test_a_header_is_no_program(tmp_path: Path, header: str) -> None:
    text = header.encode().ljust(118) + b"\n"
    data = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(128)
    refusal(npz(tmp_path / "w.npz", {KERNEL: npy(GOOD[KERNEL]), BIAS: data}))


def test_a_header_of_gigabytes_is_not_read(tmp_path: Path) -> None:
    data = b"\x93NUMPY\x02\x00" + (2**31).to_bytes(4, "little") + b" " * 2**25
    path = npz(tmp_path / "w.npz", {KERNEL: npy(GOOD[KERNEL]), BIAS: data})
    assert peak(lambda: refusal(path)) < LITTLE


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_arrays_of_one_name_in_an_archive_are_refused(tmp_path: Path) -> None:
    path = npz(tmp_path / "w.npz", {name: npy(array) for name, array in GOOD.items()})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(f"{BIAS}.npy", npy(GOOD[BIAS] + 1))
    assert BIAS in refusal(path)


def test_the_state_of_an_optimizer_is_no_kernel(tmp_path: Path) -> None:
    """Names of Keras 2 and 3, of which every one begins with a layer's."""

    def add(file: h5py.File) -> None:
        for place in (
            "optimizer_weights/adam/block1_conv1_kernel_momentum",
            "optimizer_weights/Adam/block1_conv1/kernel/m:0",
            "training/SGD/block1_conv1/kernel/momentum:0",
            "optimizer_weights/block1_conv1/kernel",
        ):
            file[place] = GOOD[KERNEL] * 0

    np.testing.assert_array_equal(load(h5(tmp_path / "w.h5", add))[KERNEL], GOOD[KERNEL])


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")  # in Keras
def test_a_model_saved_after_fit_has_its_own_weights(tmp_path: Path) -> None:
    """By Keras itself, with the moments of Adam beside the weights."""
    import keras

    network = keras.Sequential(
        [keras.Input((4, 4, 3)), keras.layers.Conv2D(32, 3, padding="same", name="block1_conv1")]
    )
    network.compile(keras.optimizers.Adam(0.1), "mse")
    network.train_on_batch(np.ones((1, 4, 4, 3)), np.zeros((1, 4, 4, 32)))
    keras.saving.save_model(network, tmp_path / "trained.h5")
    with h5py.File(tmp_path / "trained.h5") as file:
        assert "optimizer_weights" in file
    kernel, bias = network.get_weights()
    found = load(tmp_path / "trained.h5")
    np.testing.assert_array_equal(found[KERNEL], kernel)
    np.testing.assert_array_equal(found[BIAS], bias)


def test_two_data_sets_for_one_name_are_refused(tmp_path: Path) -> None:
    path = h5(tmp_path / "w.h5", lambda file: file.create_dataset("z/block1_conv1_kernel", data=GOOD[KERNEL]))
    assert "two data sets for block1_conv1_kernel" in refusal(path)


def replaced(make: Callable[[h5py.File, str], object]) -> Callable[[h5py.File], None]:
    """The bias made anew."""

    def change(file: h5py.File) -> None:
        del file[PLACES[BIAS]]
        make(file, PLACES[BIAS])

    return change


def virtual(file: h5py.File, place: str) -> None:
    layout = h5py.VirtualLayout((32,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (32,))
    file.create_virtual_dataset(place, layout)


def huge_chunk(file: h5py.File, place: str) -> None:
    file.create_dataset(place, (32,), "f4", maxshape=(None,), chunks=(2**28,), compression="gzip")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda file, place: file.create_dataset(place, (32,), "f4", external=[("/etc/passwd", 0, 128)]),
            "other files",
        ),
        (virtual, "other files"),
        (huge_chunk, "pieces larger"),
        (lambda file, place: file.__setitem__(place, h5py.ExternalLink("/tmp/other.h5", "/x")), "lacks conv1_1"),
        (lambda file, place: file.__setitem__(place, h5py.SoftLink(f"/{place}")), "lacks conv1_1"),
        (lambda file, place: file.create_dataset(place, (2**40,), "f4", chunks=(1024,)), "has shape"),
        (lambda file, place: file.create_dataset(place, data=np.zeros(32, [("a", "f4")])), "not made of finite"),
        (lambda file, place: file.create_dataset(place, data=["a"] * 32), "not made of finite"),
        (lambda file, place: file.create_dataset(place, data=np.full(32, 1e300)), "finite numbers in float32"),
        (lambda file, place: file.create_dataset(place, data=h5py.Empty("f4")), "has shape None"),
    ],
    ids=["external", "virtual", "chunk", "external link", "loop", "huge", "fields", "texts", "float64", "empty"],
)
def test_a_data_set_that_cannot_be_read_is_refused(
    tmp_path: Path, make: Callable[[h5py.File, str], object], message: str
) -> None:
    assert message in refusal(h5(tmp_path / "w.h5", replaced(make)))


def test_data_on_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    external = [(str(tmp_path / "pipe"), 0, 128)]
    path = h5(
        tmp_path / "w.h5", replaced(lambda file, place: file.create_dataset(place, (32,), "f4", external=external))
    )
    assert "other files" in refusal(path)


def test_groups_that_contain_themselves_or_are_deep_are_no_matter(tmp_path: Path) -> None:
    def nest(file: h5py.File) -> None:
        file["block1_conv1/again"] = file["/"]
        group = file.create_group("d")
        for _ in range(300):
            group = group.create_group("d")

    assert load(h5(tmp_path / "w.h5", nest)).keys() == GOOD.keys()


def test_a_file_of_countless_objects_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weight_files, "MOST_OBJECTS", 20)
    path = h5(tmp_path / "w.h5", lambda file: [file.create_group(f"g{index}") for index in range(30)] and None)
    assert "more than 20 objects" in refusal(path)


def test_a_file_rewritten_with_its_size_and_time_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    np.savez(path, **GOOD)
    before = path.stat()
    first = feature_extractor("mini", str(path), LAYER)
    assert feature_extractor("mini", str(path), LAYER) is first
    np.savez(path, **{name: array * 2 for name, array in GOOD.items()})
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert feature_extractor("mini", str(path), LAYER).weights_sha256 != first.weights_sha256


def read_or_refused(path: Path) -> None:
    """Finite weights of the network's shape, or an error of the library."""
    found, message = {}, ""
    try:
        found = load(path)
    except NeuralStyleError as error:
        message = str(error)
    assert "\n" not in message[:1000]
    assert message or {name: array.shape for name, array in found.items()} == {n: a.shape for n, a in GOOD.items()}
    assert all(np.isfinite(array).all() for array in found.values())


@given(data=st.data())
def test_any_damage_to_an_archive_is_read_over_or_refused(tmp_path_factory: Any, data: st.DataObject) -> None:
    path = tmp_path_factory.getbasetemp() / "any.npz"
    compression = data.draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA]))
    npz(path, {name: npy(array) for name, array in GOOD.items()}, compression)
    path.write_bytes(data.draw(damaged(path.read_bytes())))
    read_or_refused(path)


@given(
    kernel=arrays_of.arrays(arrays_of.scalar_dtypes(), arrays_of.array_shapes(min_dims=0, max_dims=5, max_side=3)),
    bias=arrays_of.arrays(arrays_of.floating_dtypes(), 32),
    is_archive=st.booleans(),
)
def test_any_array_is_read_or_refused(tmp_path_factory: Any, kernel: Any, bias: Any, is_archive: bool) -> None:
    folder = tmp_path_factory.getbasetemp()
    kernel = GOOD[KERNEL].astype(bias.dtype) if kernel.ndim == 0 else kernel
    if is_archive:
        np.savez(folder / "w.npz", **{KERNEL: kernel, BIAS: bias})
        read_or_refused(folder / "w.npz")
    else:
        kernel = kernel if kernel.dtype.kind in "fiub" else GOOD[KERNEL]
        with h5py.File(folder / "w.h5", "w") as file:
            file[PLACES[KERNEL]], file[PLACES[BIAS]] = kernel, bias
        read_or_refused(folder / "w.h5")
