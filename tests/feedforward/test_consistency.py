"""The loss of consistency: zero for what moves with the photo, and the same warp as that of films."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from neural_style.feedforward.consistency import SHIFT, consistency_loss, made_up_motion, moved
from neural_style.feedforward.perceptual_loss import PerceptualLoss
from neural_style.feedforward.settings import LossSettings
from neural_style.feedforward.trainer import Trainer
from neural_style.images.warping import inside, warp

SIZE = (12, 14)


@pytest.fixture(scope="module")
def batch() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    photo = rng.uniform(0, 255, (2, *SIZE, 3)).astype(np.float32)
    return {"photo": photo, **made_up_motion(rng, 2, SIZE)}


def test_pictures_move_as_those_of_films(batch: dict[str, np.ndarray]) -> None:
    found, valid = (ops.convert_to_numpy(each) for each in moved(batch["photo"], batch["flow"]))
    expected = [warp(*pair) for pair in zip(batch["photo"], batch["flow"], strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-2)
    np.testing.assert_array_equal(valid[..., 0], [inside(flow) for flow in batch["flow"]])
    assert 0 < valid.mean() < 1


def test_made_up_motion_is_affine_within_its_bounds(batch: dict[str, np.ndarray]) -> None:
    for flow in batch["flow"]:
        np.testing.assert_allclose(np.diff(flow, 2, axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(np.diff(flow, 2, axis=1), 0, atol=1e-5)
        assert (np.abs(flow.mean(axis=(0, 1))) < SHIFT).all()
    assert (batch["flow"][0] != batch["flow"][1]).any()


@pytest.mark.parametrize("depends_on_place", [False, True])
def test_only_what_depends_on_the_place_costs(batch: dict[str, np.ndarray], depends_on_place: bool) -> None:
    """A network of single pixels, linear: it moves with the photo. A pattern p on top costs mean (W(p) - p)^2 / 100."""
    photo, flow = batch["photo"], batch["flow"]
    pattern = np.random.default_rng(1).uniform(0, 99, (1, *SIZE, 3)).astype(np.float32) * depends_on_place

    def paint(pictures: np.ndarray) -> np.ndarray:
        return 255 - 0.5 * pictures + pattern

    after = paint(ops.convert_to_numpy(moved(photo, flow)[0]))
    found = ops.convert_to_numpy(consistency_loss(ops.convert_to_tensor(paint(photo)), after, flow))
    expected = [np.square(warp(pattern[0], each) - pattern[0])[inside(each)].mean() / 100 for each in flow]
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    assert (found > 1).all() == depends_on_place


def test_a_step_lowers_it(batch: dict[str, np.ndarray]) -> None:
    """One weight for each place: the gradient, of both paintings, evens them out."""
    photo, places = keras.Input((*SIZE, 3)), keras.layers.EinsumDense("bhwc,hw->bhwc", (*SIZE, 3))
    places.build((None, *SIZE, 3))
    places.kernel.assign(np.random.default_rng(2).uniform(0, 1, SIZE))
    settings = LossSettings(
        **{"model": "mini", "weights": "random", "content_layer": "conv1_1", "style_layers": ("conv1_1",)},
        **{"style_weight": 0.0, "content_weight": 1e-9, "total_variation_weight": 0, "range_weight": 0},
        consistency=1.0,
    )
    trainer = Trainer(keras.Model(photo, places(photo)), PerceptualLoss(settings, [batch["photo"][0]]))
    trainer.compile(optimizer=keras.optimizers.SGD(1e-3), run_eagerly=True)
    losses = [trainer.train_on_batch(batch, return_dict=True)["consistency"] for _ in range(8)]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]
