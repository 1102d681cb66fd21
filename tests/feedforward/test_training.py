"""Training: losses as their sources write them, photos in order, and runs that are killed and resumed."""

from __future__ import annotations

import csv
import logging
from collections.abc import Callable
from functools import partialmethod
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops
from PIL import Image

from neural_style import backend
from neural_style.errors import BrokenRunError, InvalidInputError, MissingFileError
from neural_style.feedforward.model_file import read_metadata
from neural_style.feedforward.painter import Painter
from neural_style.feedforward.perceptual_loss import PerceptualLoss
from neural_style.feedforward.photos import Photos, divided, photos_in
from neural_style.feedforward.presets import PRESETS
from neural_style.feedforward.settings import LossSettings, Recipe
from neural_style.feedforward.trained import TrainedNetwork
from neural_style.feedforward.trainer import Trainer
from neural_style.feedforward.training import Trained, train

LOSS = {"model": "mini", "weights": "random", "content_layer": "conv1_1", "style_layers": ("conv1_1",)}
TINY = {
    **LOSS,
    **{"width": 2, "blocks": 0, "ends": 3, "crop": 16, "batch": 2, "held_out": 1, "steps": 4, "save_every": 2},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five photos of five sizes, one of them in a subfolder, and a broken one."""
    found = tmp_path / "photos"
    (found / "more").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for i, size in enumerate([(20, 30), (24, 17), (16, 16), (40, 22), (9, 12)]):
        rgb = rng.integers(0, 256, (*size, 3), np.uint8)
        Image.fromarray(rgb).save(found / ("more" if i == 4 else ".") / f"{i}.png")
    (found / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    return found


@pytest.fixture
def painting() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (24, 36, 3), np.uint8)


@pytest.fixture
def eagerly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps operation by operation: for so few, programs take longer to make than to run."""
    monkeypatch.setattr(Trainer, "compile", partialmethod(keras.Model.compile, run_eagerly=True))


@pytest.fixture
def trained(folder: Path, painting: np.ndarray, tmp_path: Path) -> Callable[..., Trained]:
    def run(name: str, *more: np.ndarray, resume: bool = False, callbacks: Any = (), **settings: Any) -> Trained:
        paintings = [painting, *more]
        out = tmp_path / f"{name}.keras"
        return train(paintings, folder, out, resume=resume, callbacks=callbacks, **(TINY | settings))

    return run


class Killed(Exception):
    pass


class Killer(keras.callbacks.Callback):
    """Stops everything in the middle of a step after a save, as a signal would."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.steps += 1
        if self.steps == 3:
            raise Killed


def features(loss: PerceptualLoss, picture: np.ndarray) -> np.ndarray:
    centred = picture[..., ::-1] - np.array([103.939, 116.779, 123.68])
    found: np.ndarray = ops.convert_to_numpy(loss.network(centred.astype(np.float32))["conv1_1"]).astype(np.float64)
    return found


def test_losses_are_those_of_the_recipes() -> None:
    rng = np.random.default_rng(0)
    painting, x, photo = (rng.uniform(0, 255, (n, 12, 14, 3)).astype(np.float32) for n in (1, 2, 2))
    for name, preset in PRESETS.items():
        settings = LossSettings(**{**Recipe.from_values(**preset).loss.__dict__, **LOSS})
        loss = PerceptualLoss(settings, [painting[0]])
        parts = {part: ops.convert_to_numpy(value) for part, value in loss(x, photo).items()}
        f, p, s = (features(loss, each) for each in (x, photo, painting))
        h, w, c = f.shape[1:]
        flat, of_style = f.reshape(2, h * w, c), s.reshape(h * w, c)
        gram, wanted = flat.transpose(0, 2, 1) @ flat, of_style.T @ of_style
        if name == "lengstrom":  # src/optimize.py, for each picture
            content = 7.5 * ((f - p) ** 2).sum((1, 2, 3)) / (h * w * c)
            style = 100 * ((gram / (h * w * c) - wanted / (h * w * c)) ** 2).sum((1, 2)) / c**2
            down, right = ((x[:, 1:] - x[:, :-1]) ** 2, (x[:, :, 1:] - x[:, :, :-1]) ** 2)
            tv = 200 * sum(each.astype(float).sum((1, 2, 3)) / each[0].size for each in (down, right))
        else:  # Loss.py: halves of sums of squares
            content = 0.05 * ((f - p) ** 2).sum((1, 2, 3)) / 2 / np.sqrt((p**2).sum((1, 2, 3)))
            style = 3 * ((gram - wanted) ** 2).sum((1, 2)) / 2 / (2 * np.sqrt((s**2).sum()) * (h * w) ** 2 * c**2)
            tv = np.zeros(2)
        np.testing.assert_allclose(parts["content"], content, rtol=1e-4)
        np.testing.assert_allclose(parts["style"], style, rtol=1e-3)
        np.testing.assert_allclose(parts["tv"], tv, rtol=1e-4)
        assert not parts["range"].any()


def test_values_beyond_the_range_cost_and_are_clipped() -> None:
    painting, photo = (np.random.default_rng(i).uniform(0, 255, (1, 9, 9, 3)).astype(np.float32) for i in (0, 1))
    loss = PerceptualLoss(LossSettings(**LOSS), [painting[0]])
    beyond = np.where(photo > 200, photo + 100, photo)
    parts, clipped = (
        {name: float(ops.convert_to_numpy(value)[0]) for name, value in loss(x, photo).items()}
        for x in (beyond, np.clip(beyond, 0, 255))
    )
    assert parts["range"] == pytest.approx(float((beyond - np.clip(beyond, 0, 255)).mean()) / 64, rel=1e-4)
    assert parts | {"range": 0.0} == pytest.approx(clipped, rel=1e-5)


def test_the_target_of_a_mixture_is_that_of_its_gram_matrices() -> None:
    paintings = [np.random.default_rng(i).uniform(0, 255, (9, 9, 3)).astype(np.float32) for i in (0, 1)]
    loss = PerceptualLoss(LossSettings(**LOSS, style_weight=2.0), paintings)
    x = paintings[0][None]
    own, other, mixed = (
        float(ops.convert_to_numpy(loss(x, x, np.array([weights], np.float32))["style"])[0])
        for weights in ([1, 0], [0, 1], [0.5, 0.5])
    )
    a, b = loss.targets["conv1_1"].astype(np.float64)
    assert own == pytest.approx(0, abs=1e-6)
    assert other == pytest.approx(2 * ((a - b) ** 2).sum() / (b**2).sum(), rel=1e-3)
    assert mixed == pytest.approx(2 * ((a - b) ** 2).sum() / ((a + b) ** 2).sum(), rel=1e-3)


def test_replicas_share_the_loss(painting: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow adds up the gradients of replicas, so that the mean over all photos needs its share of each."""
    trainer = Trainer(keras.Sequential(), PerceptualLoss(LossSettings(**LOSS), [painting]))
    photos, pastiches = np.random.default_rng(0).uniform(0, 255, (2, 2, 16, 16, 3)).astype(np.float32)
    losses = []
    for count in (1, 2):
        monkeypatch.setattr(backend, "replicas", lambda count=count: count)
        losses.append(float(trainer.compute_loss({"photo": photos}, y_pred=pastiches)))
    assert losses[0] == pytest.approx(2 * losses[1], rel=1e-6)


def test_photos_come_once_in_a_pass_and_by_the_step_alone(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    paths = photos_in(folder)
    assert [path.name for path in paths] == ["0.png", "1.png", "2.png", "3.png", "broken.jpg", "4.png"]
    first, again = (Photos(paths, crop=8, seed=5) for _ in range(2))
    taken: list[str] = []
    read = first._scaled
    first._scaled = lambda path: taken.append(path.name) or read(path)  # type: ignore[assignment, func-returns-value]
    whole = [first.batch(step, 2)["photo"] for step in range(6)]
    # In place of the broken photo the next one of the pass is taken.
    assert sorted(set(taken[:7])) == sorted(path.name for path in paths)
    assert taken[taken.index("broken.jpg") + 1] != "broken.jpg"
    assert len(taken) == 14
    assert whole[0].shape == (2, 8, 8, 3)
    np.testing.assert_array_equal(again.batch(4, 2)["photo"], whole[4])
    assert [path.name for path in first.broken] == ["broken.jpg"]
    assert sum("broken.jpg" in message for message in caplog.messages) == 2  # once for each object


def test_one_photo_is_enough(folder: Path) -> None:
    for seed in range(4):
        photos = Photos([folder / "broken.jpg", folder / "0.png"], crop=8, seed=seed)
        assert photos.batch(0, 2)["photo"].shape == (2, 8, 8, 3)


def test_nothing_but_broken_photos_is_an_error(folder: Path) -> None:
    with pytest.raises(InvalidInputError, match="none of 1 photos can be read"):
        Photos([folder / "broken.jpg"], crop=8, seed=0).batch(0, 1)
    with pytest.raises(MissingFileError, match="there is no folder"):
        photos_in(folder / "nowhere")


def test_photos_held_out_are_a_fifth_at_most() -> None:
    paths = [Path(str(i)) for i in range(12)]
    used, held_out = divided(paths, 8, seed=0)
    assert len(held_out) == 2
    assert sorted(used + held_out) == sorted(paths)


def test_a_training_writes_a_network_a_log_and_samples(trained: Callable[..., Trained], tmp_path: Path) -> None:
    rows: list[int] = []
    counting = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: rows.append(epoch))
    result = trained("net", callbacks=[counting])
    assert (result.progress.steps, result.stopped, rows) == (4, None, [0, 1])
    with (tmp_path / "net_log.csv").open() as file:
        log = list(csv.DictReader(file))
    assert [row["step"] for row in log] == ["2", "4"]
    for row in log:
        parts = sum(float(row[part]) for part in ("content", "style", "tv", "range"))
        assert parts == pytest.approx(float(row["loss"]), rel=1e-4)
    with Image.open(tmp_path / "net_samples.png") as sheet:
        assert sheet.height > 32
    assert not (tmp_path / "net_checkpoint.npz").exists()
    metadata = read_metadata(result.path)
    photo = np.full((21, 18, 3), 90, np.uint8)
    assert metadata["photos"] == 6
    assert metadata["broken"] == ["broken.jpg"]
    assert metadata["settings"]["width"] == 2
    assert len(metadata["weights_sha256"]) == 64
    assert metadata["result"]["val_loss"] == pytest.approx(result.progress.best)
    assert Painter(result.path).paint(photo).image.shape == photo.shape


@pytest.mark.usefixtures("eagerly")
def test_a_killed_run_ends_like_an_unbroken_one(trained: Callable[..., Trained], tmp_path: Path) -> None:
    """In the middle of the second save's steps, which are made again; the last bit is the same."""
    whole = trained("whole")
    with pytest.raises(Killed):
        trained("broken", callbacks=[Killer()])
    assert (tmp_path / "broken_checkpoint.npz").is_file()
    with pytest.raises(InvalidInputError, match=r"rate was 0\.001 and is 0\.01"):
        trained("broken", resume=True, rate=0.01)
    with np.load(tmp_path / "broken_checkpoint.npz") as file:
        np.savez(tmp_path / "other_checkpoint.npz", **{**file, "painter0": np.zeros(3, np.float32)})
    with pytest.raises(InvalidInputError, match="painter0 is of another shape"):
        trained("other", resume=True)
    resumed = trained("broken", resume=True)
    with pytest.raises(InvalidInputError, match="exists"):  # it is finished, and would start again
        trained("broken", resume=True)
    for row, expected in zip(resumed.progress.rows, whole.progress.rows, strict=True):
        assert {**row, "seconds": 0} == {**expected, "seconds": 0}
    first, second = (TrainedNetwork(each.path).network.weights for each in (whole, resumed))
    for pair in zip(first, second, strict=True):
        np.testing.assert_array_equal(*(ops.convert_to_numpy(each + 0) for each in pair))


@pytest.mark.usefixtures("eagerly")
def test_two_styles_are_learnt_by_one_network(trained: Callable[..., Trained]) -> None:
    other = np.full((20, 20, 3), 200, np.uint8)
    result = trained("two", other, steps=1)
    network = TrainedNetwork(result.path).network
    assert [each.name for each in network.inputs] == ["photo", "style"]
    assert read_metadata(result.path)["styles"] == ["an array 1", "an array 2"]


@pytest.mark.usefixtures("eagerly")
def test_the_embedded_painter_learns_one_painting(trained: Callable[..., Trained]) -> None:
    settings = {"start": "embedded", "crop": 32, "batch": 1, "held_out": 0, "steps": 1}
    result = trained("embedded", **settings)
    assert TrainedNetwork(result.path).network.layers[-1].name == "painter"
    with pytest.raises(InvalidInputError, match="trains for one painting, received 2"):
        trained("no", np.zeros((20, 20, 3), np.uint8), start="embedded")


@pytest.mark.usefixtures("eagerly")
def test_what_is_not_finite_stops_the_training(
    trained: Callable[..., Trained], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PerceptualLoss, "__call__", lambda _, x, *more: {"content": np.nan * ops.mean(x, (1, 2, 3))})
    with pytest.raises(BrokenRunError, match="the loss is nan at step 1: choose a lower rate"):
        trained("nan")
    assert not (tmp_path / "nan.keras").exists()


@pytest.mark.usefixtures("eagerly")
def test_time_and_names_are_limits(
    trained: Callable[..., Trained], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "neural_style")
    leftover = tmp_path / f".{'0' * 16}.{'1' * 16}.part"
    leftover.touch()
    result = trained("late", minutes=1e-9)
    assert not leftover.exists()
    assert (result.progress.steps, result.stopped) == (1, "minutes")
    assert "step 1 of 4" in caplog.text
    with pytest.raises(InvalidInputError, match="exists"):
        trained("late")
    with pytest.raises(InvalidInputError, match=r"must end with \.keras"):
        train([np.zeros((9, 9, 3))], "photos", "out.h5")
    with pytest.raises(InvalidInputError, match='unknown setting "widht": did you mean "width"'):
        Recipe.from_values(widht=3)
