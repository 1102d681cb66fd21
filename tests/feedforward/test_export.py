"""Exported networks, run by other programs, paint what the network paints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from neural_style import backend
from neural_style.errors import InvalidInputError
from neural_style.feedforward.export import export
from neural_style.feedforward.trained import TrainedNetwork

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # by Keras, saving
    pytest.mark.skipif(backend.NAME != "tensorflow", reason="networks are exported by TensorFlow"),
]

PHOTOS = np.random.default_rng(0).uniform(0, 255, (2, 24, 36, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network with the layers of Johnson et al. 2016."""
    common = {"data_format": "channels_last", "padding": "same"}
    photo = keras.Input((None, None, 3), dtype="float32")
    x = keras.layers.Rescaling(1 / 255)(photo)
    x = keras.layers.Conv2D(4, 3, 2, **common)(x)
    x = keras.layers.Activation("relu")(keras.layers.GroupNormalization(groups=-1)(x))
    x = keras.layers.Conv2DTranspose(4, 3, 2, **common)(x)
    x = keras.layers.Conv2D(4, 3, **common)(keras.layers.UpSampling2D()(keras.layers.AveragePooling2D(2)(x)))
    x = keras.layers.Activation("tanh")(keras.layers.Conv2D(3, 3, **common)(x))
    path = tmp_path_factory.mktemp("networks") / "small.keras"
    keras.Model(photo, keras.layers.Rescaling(150.0, 127.5)(x)).save(path)
    return path


@pytest.fixture(scope="module")
def network(saved: Path) -> TrainedNetwork:
    return TrainedNetwork(saved)


def expected(network: TrainedNetwork, photos: np.ndarray) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(network.network(photos)))


def test_onnx_paints_the_same_at_any_size(network: TrainedNetwork, tmp_path: Path) -> None:
    for name in ("onnx", "tf2onnx"):
        pytest.importorskip(name, reason="needs the extra export", exc_type=ImportError)
    onnxruntime = pytest.importorskip("onnxruntime", reason="runs what is exported", exc_type=ImportError)
    export(network, tmp_path / "small.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "small.onnx", providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    for photos in (PHOTOS, PHOTOS[:1, :16, :20]):
        found = session.run(None, {name: photos})[0]
        np.testing.assert_allclose(found, expected(network, photos), atol=0.1)
    with pytest.raises(InvalidInputError, match="exists"):
        export(network, tmp_path / "small.onnx")


def test_a_saved_model_paints_the_same_at_any_size(network: TrainedNetwork, tmp_path: Path) -> None:
    export(network, tmp_path / "small")
    loaded = keras.layers.TFSMLayer(str(tmp_path / "small"), call_endpoint="serve")
    for photos in (PHOTOS, PHOTOS[:1, :16, :20]):
        np.testing.assert_allclose(loaded(photos), expected(network, photos), atol=0.1)
    with pytest.raises(InvalidInputError, match="does not exist"):
        export(network, tmp_path / "small")


def test_what_cannot_be_exported_is_refused(
    network: TrainedNetwork, saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[..., Any]
) -> None:
    with pytest.raises(InvalidInputError, match="must be a file"):
        export(network, tmp_path / "small.pb")
    command("export", tmp_path / "none.keras", tmp_path / "out.onnx").assert_refused("none.keras")
    monkeypatch.setattr(network, "styles", ("a", "b"))
    with pytest.raises(InvalidInputError, match="2 styles"):
        export(network, tmp_path / "small.onnx")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    command("export", saved, tmp_path / "out.onnx").assert_refused("onnx and tf2onnx", "[export]")
