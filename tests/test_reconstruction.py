"""Reconstruction: its value by hand, what it keeps and what it forgets, and what it refuses."""

import dataclasses

import numpy as np
import pytest
from keras import ops

from neural_style import Content, InvalidInputError, Network, Reconstruction
from neural_style.features.extractor import features_of, preprocess
from neural_style.features.vgg import architecture, build
from neural_style.features.weights import load
from neural_style.losses.total_variation import total_variation

TINY = Reconstruction(model="mini", weights="random", layers=("conv1_1", "conv2_1"), padding="none")
STYLE = dataclasses.replace(TINY, of="style")


def noise(rows, columns, seed=0):
    return np.random.default_rng(seed).uniform(0, 255, (rows, columns, 3))


def features(image, pooling="ave"):
    """In float64 by layer: (M, C)."""
    table = architecture("mini")
    layers = ("conv1_1", "conv2_1")
    network = build(
        "mini", layers, load(table, "random", table.up_to_deepest(layers)), pooling=pooling, dtype="float64"
    )
    return {
        layer: np.asarray(value).reshape(-1, value.shape[-1]) for layer, value in features_of(image, network).items()
    }


def gram(flat):
    return flat.T @ flat / len(flat)


@pytest.mark.parametrize("normalization", ["gatys2016", "relative"])
@pytest.mark.parametrize("of", ["content", "style"])
def test_value_by_hand(photo, of, normalization):
    settings = dataclasses.replace(
        TINY, of=of, normalization=normalization, total_variation_weight=1e-2, precision="float64"
    )
    objective = settings.objective(photo, image_size=40)
    assert objective.image_size == (40, 48)
    x = noise(40, 48)
    expected = {}
    seen, target = features(x), features(photo)
    for layer in seen:
        value, aim = (seen[layer], target[layer]) if of == "content" else (gram(seen[layer]), gram(target[layer]))
        norm = np.square(aim).sum() if normalization == "relative" else aim.size
        expected[f"{of}.{layer}"] = np.square(value - aim).sum() / norm / 2
    expected["tv"] = 1e-2 * float(total_variation(preprocess(ops.convert_to_tensor(x)))[0]) / (3 * 39 * 47)
    found = objective.evaluate(x)
    assert found.parts == pytest.approx(expected, rel=1e-6)
    assert found.value == pytest.approx(sum(expected.values()), rel=1e-6)


@pytest.mark.parametrize("normalization", ["gatys2016", "relative"])
@pytest.mark.parametrize("settings", [TINY, STYLE], ids=["content", "style"])
def test_gradients_are_those_of_finite_differences(photo, settings, normalization):
    settings = dataclasses.replace(
        settings, normalization=normalization, total_variation_weight=1e-3, precision="float64"
    )
    objective = settings.objective(photo, image_size=17)
    x = noise(*objective.image_size)
    _, gradient = objective.value_and_grad(x)
    rng = np.random.default_rng(2)
    for _ in range(3):
        direction, step = rng.standard_normal(x.shape), 1e-4
        ahead, behind = (objective.value_and_grad(x + s * step * direction)[0] for s in (1, -1))
        assert (gradient * direction).sum() == pytest.approx((ahead - behind) / (2 * step), rel=1e-4)


@pytest.mark.parametrize("settings", [TINY, STYLE], ids=["content", "style"])
def test_nothing_is_left_to_do_at_the_picture_itself(photo, settings):
    objective = settings.objective(photo, image_size=40)
    value, gradient = objective.value_and_grad(photo.astype("float32"))
    far = objective.value_and_grad(noise(40, 48))[0]
    assert value < 1e-9 * far
    assert np.abs(gradient).max() < 1e-6 * far


@pytest.mark.parametrize("settings", [TINY, STYLE], ids=["content", "style"])
def test_by_tiles(photo, settings):
    large = np.tile(photo, (2, 2, 1))
    x = noise(80, 96)
    whole, tiled = (settings.objective(large, image_size=80, tile=tile).value_and_grad(x) for tile in (None, 64))
    assert tiled[0] == pytest.approx(whole[0], rel=1e-5)
    assert np.linalg.norm(tiled[1] - whole[1]) < 1e-4 * np.linalg.norm(whole[1])


def test_content_knows_positions_and_style_does_not(photo):
    tile = photo[:16, :16]
    tiled = np.tile(tile, (2, 2, 1))
    shifted = np.roll(tiled, (4, 8), axis=(0, 1)).astype("float32")  # by whole positions of conv2_1
    far = noise(32, 32)
    for settings, least, most in ((TINY, 0.05, 1), (STYLE, 0, 0.05)):
        objective = settings.objective(tiled, image_size=32)
        part = objective.value_and_grad(shifted)[0] / objective.value_and_grad(far)[0]
        assert least < part < most


def test_a_photo_comes_back_from_noise(photo):
    result = dataclasses.replace(TINY, layers="conv1_1").transfer(photo, image_size=40, iterations=10)
    assert np.abs(result.image - photo.astype(float)).mean() < 5 < np.abs(noise(40, 48) - photo).mean() / 10
    assert result.record["run"]["init"] == "noise"
    assert result.record["technique"] == "reconstruction"
    assert result.record["styles"] == []
    assert set(result.losses) == {"content.conv1_1"}


def test_the_texture_of_a_painting_comes_back_from_noise(painting):
    result = STYLE.transfer(painting, image_size=36, iterations=10)
    assert result.image.shape == painting.shape
    start, end = (
        np.square(gram(features(image)["conv2_1"]) - gram(features(painting)["conv2_1"])).sum()
        for image in (noise(36, 30), result.image)
    )
    assert end < 1e-2 * start
    assert np.abs(result.image - painting.astype(float)).mean() > 20  # it is another picture


@pytest.mark.filterwarnings("ignore:the initial image is")
def test_steps_objective_and_start_are_those_of_a_transfer(photo, painting):
    settings = {"sizes": (12, 20), "iterations": 1, "seed": 3}
    steps = list(TINY.steps(photo, **settings))
    assert [step.image.shape for step in steps] == [(12, 14, 3), (20, 24, 3)]
    np.testing.assert_array_equal(TINY.transfer(photo, **settings).image, steps[-1].image)
    kept = TINY.transfer(photo, image_size=40, iterations=1, init="content").image
    np.testing.assert_allclose(kept, photo, atol=1)
    other = TINY.transfer(photo, image_size=20, iterations=1, init=painting)
    assert other.record["run"]["init"]["sha256"]


def test_layers_are_sorted_and_the_models_own_by_default():
    assert Reconstruction().resolved().layers == ("conv5_2",)
    assert Reconstruction(of="style").resolved().layers == tuple(f"conv{block}_1" for block in range(1, 6))
    assert Reconstruction(layers=["conv3_1", "conv1_1"]).used_layers == ("conv1_1", "conv3_1")
    assert Reconstruction(layers="conv4_2").resolved().layers == ("conv4_2",)


def test_transparency_is_kept_where_positions_are(photo):
    alpha = np.zeros((40, 48, 1), "uint8")
    alpha[10:30] = 255
    picture = np.concatenate([photo, alpha], axis=-1)
    run = {"image_size": 16, "iterations": 1}
    assert TINY.transfer(picture, **run).alpha is not None
    assert STYLE.transfer(picture, **run).alpha is None
    hidden = np.where(alpha == 0, 255, picture).astype("uint8")
    hidden[..., 3] = alpha[..., 0]
    x = noise(40, 48)
    values = [STYLE.objective(each, image_size=40).value_and_grad(x)[0] for each in (picture, hidden, hidden[..., :3])]
    assert values[0] == values[1] != values[2]  # what cannot be seen has no style


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"of": "contents"}, 'unknown reconstruction "contents": did you mean "content"'),
        ({"layers": ()}, "layers must be different layers, at least one"),
        ({"layers": ("conv1_1", "conv1_1")}, "layers must be different layers"),
        ({"layers": "conv4_2"}, 'mini has no layer "conv4_2"'),
        ({"layers": "conv1_1", "content_layer_weights": (0,)}, "every weight is zero"),
        ({"normalization": "titu1994"}, "unknown normalization"),
        ({"total_variation_weight": -1}, "total_variation_weight must be a finite number"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(InvalidInputError, match=message):
        dataclasses.replace(TINY, **settings)


@pytest.mark.usefixtures("idle")
def test_impossible_inputs_are_refused(photo, painting):
    with pytest.raises(InvalidInputError, match="a reconstruction is of one picture"):
        TINY.transfer(photo, [painting])
    with pytest.raises(InvalidInputError, match="a reconstruction has no mask"):
        TINY.transfer(Content(photo, mask=np.ones((40, 48), bool)))
    with pytest.raises(FileNotFoundError, match=r'style "nowhere\.jpg"'):
        STYLE.steps("nowhere.jpg")
    with pytest.raises(InvalidInputError, match="no style was given"):
        Network(model="mini", weights="random").transfer(photo)
