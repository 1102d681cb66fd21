"""Metrics of cases computed by hand, by the laws they obey, and of pictures with the features of a network."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from neural_style import Content, InvalidInputError, Network, Style, metrics
from neural_style.features.extractor import features_of
from neural_style.features.vgg import architecture, build
from neural_style.features.weights import load

TINY = {"model": "mini", "weights": "random"}


def row(*positions):
    """Features (1, 1, M, C) of one row."""
    return np.array([[positions]], "float64")


def noise(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def test_content_error_by_hand():
    # (1 + 4) of (9 + 16)
    assert metrics.relative_content_error(row([4, 6]), row([3, 4])) == pytest.approx(5 / 25)
    assert metrics.relative_content_error(row([3, 4]), row([3, 4])) == 0
    assert metrics.relative_content_error(row([0, 0]), row([3, 4])) == 1


def test_gram_error_by_hand():
    # Over two positions G = ([1 1; 1 1] + [1 0; 0 0]) / 2 = [1 .5; .5 .5], over one A = [1 0; 0 0]; their difference
    # has 3 entries of 1/4.
    assert metrics.relative_gram_error(row([1, 1], [1, 0]), row([1, 0])) == pytest.approx(3 / 4)


def test_gram_error_depends_on_neither_places_nor_extent():
    features = noise(1, 6, 5, 4)
    tiled = np.tile(features[:, ::-1], (1, 2, 3, 1))
    assert metrics.relative_gram_error(tiled, features) == pytest.approx(0, abs=1e-12)
    assert metrics.relative_gram_error(2 * features, features) == pytest.approx(9)  # G = 4 A


def test_invisible_parts_of_a_painting_do_not_count():
    """Without the seven positions around each pixel that conv1_2 sees, a texture is as near to itself as it was."""
    texture = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype="uint8")
    alpha = np.full((40, 40, 1), 255, "uint8")
    alpha[:20] = 0
    cut, white = np.concatenate([texture, alpha], axis=-1), np.where(alpha == 0, 255, texture).astype("uint8")
    found, laid_over_white = (
        metrics.measure(texture, None, Style(each, resize="stretch"), **TINY, style_layers=["conv1_1"])
        for each in (cut, white)
    )
    for name in ("gram.0.conv1_1", "swd.0.conv1_1"):
        assert found[name] < 0.1 * laid_over_white[name]


def test_wasserstein_distance_of_two_samples_by_hand():
    """Quantiles 0 1 are 3 and 2 from 3; those of 0 3 and 0 0 6 differ by 0 until 1/2, and by 3 from there on."""
    assert metrics.sliced_wasserstein_distance(row([1], [0]), row([3])) == pytest.approx(13 / 2)
    assert metrics.sliced_wasserstein_distance(row([3], [0]), row([0], [6], [0])) == pytest.approx(9 / 2)
    # The mean square of the target is 36 / 3.
    relative = metrics.relative_sliced_wasserstein_distance(row([3], [0]), row([0], [6], [0]))
    assert relative == pytest.approx(4.5 / 12)


def test_wasserstein_distance_of_shifted_features():
    """Every projection is shifted by v . c, whose squares add up to |c|^2 over the C directions of a basis."""
    features, shift = noise(1, 7, 9, 3), np.array([2.0, -1.0, 2.0])
    found = metrics.sliced_wasserstein_distance(features + shift, features)
    assert found == pytest.approx(9 / 3)


def test_wasserstein_distance_depends_on_neither_places_nor_extent():
    features = noise(1, 6, 5, 4)
    tiled = np.tile(features[:, :, ::-1], (1, 1, 2, 1))
    assert metrics.sliced_wasserstein_distance(tiled, features) == pytest.approx(0, abs=1e-24)
    assert metrics.relative_sliced_wasserstein_distance(0 * features, features) == pytest.approx(1)


def test_wasserstein_distance_separates_distributions_with_one_gram_matrix():
    """-1 and 1 at random, and a Gaussian with the same moments up to the second."""
    coins = np.sign(noise(1, 50, 50, 1))
    gauss = noise(1, 50, 50, 1, seed=1)
    gauss /= np.sqrt(np.mean(gauss**2))
    assert metrics.relative_gram_error(gauss, coins) == pytest.approx(0, abs=1e-12)
    # E (|Z| - 1)^2 = 2 - 2 sqrt(2 / pi)
    distance = metrics.sliced_wasserstein_distance(gauss, coins)
    assert distance == pytest.approx(2 - 2 * np.sqrt(2 / np.pi), rel=0.1)


def test_directions_depend_on_the_seed():
    pair = noise(1, 4, 4, 8), noise(1, 5, 4, 8, seed=1)
    one, again, other = (metrics.sliced_wasserstein_distance(*pair, seed=seed) for seed in (0, 0, 1))
    assert one == again != other


def test_structural_similarity_of_flat_pictures_by_hand():
    """Without structure SSIM is its luminance term (2 m n + c1) / (m^2 + n^2 + c1), c1 = (0.01 255)^2."""
    one, other = np.full((12, 13, 3), 50.0), np.full((12, 13, 3), 100.0)
    c1 = 2.55**2
    expected = (2 * 50 * 100 + c1) / (50**2 + 100**2 + c1)
    assert metrics.structural_similarity(one, other) == pytest.approx(expected)


def test_structural_similarity_is_the_papers_at_the_centre(photo):
    """Of 11 x 11 pixels only the central one has its whole window: the formula, written out."""
    one, other = (photo[20:31, 20:31].astype("float64"), 255 - photo[20:31, 20:31].astype("float64") ** 2 / 255)
    x, y = (each @ np.array([0.299, 0.587, 0.114]) for each in (one, other))
    bell = np.exp(-0.5 * ((np.arange(11) - 5) / 1.5) ** 2)
    window = np.outer(bell, bell) / bell.sum() ** 2
    mean_x, mean_y = (window * x).sum(), (window * y).sum()
    var_x, var_y = (window * (x - mean_x) ** 2).sum(), (window * (y - mean_y) ** 2).sum()
    covariance = (window * (x - mean_x) * (y - mean_y)).sum()
    c1, c2 = 2.55**2, 7.65**2
    expected = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    expected /= (mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2)
    assert expected < 0
    assert metrics.structural_similarity(one, other) == pytest.approx(expected, rel=1e-6)


def test_structural_similarity_ignores_colours(photo):
    grey = np.repeat(np.asarray(Image.fromarray(photo).convert("L"))[..., None], 3, axis=2)
    assert metrics.structural_similarity(photo, photo) == 1
    assert metrics.structural_similarity(grey, photo) > 0.99


def test_total_variation_by_hand():
    image = np.zeros((3, 3, 1))
    image[1, 1] = 4.0  # from above 4, from the left 4, from itself hypot(4, 4), over four pixels
    assert metrics.total_variation(image) == pytest.approx((8 + np.sqrt(32)) / 4)
    assert metrics.total_variation(image + 100) == pytest.approx((8 + np.sqrt(32)) / 4)
    assert metrics.total_variation(np.full((5, 4, 3), 77, "uint8")) == 0
    assert metrics.total_variation(np.array([[0, 255], [0, 255]], "uint8")[..., None]) == 255  # without overflow


def test_clipped_share_by_hand():
    image = np.full((2, 4, 3), 100.0)
    image[0, 0, 1], image[0, 1], image[1, 2, 2] = -3, 255, 400
    assert metrics.clipped_share(image) == 3 / 8
    assert metrics.clipped_share(np.clip(image, 0, 255).astype("uint8")) == 3 / 8


def test_measure_mirrors_borders_as_the_objective_does(photo, painting):
    """The numbers of a picture are then the terms of its loss, also of a painting that is transparent in part."""
    alpha = np.full(painting.shape[:2], 255, "uint8")
    alpha[:, : alpha.shape[1] // 2] = 0
    layers = {"content_layer": "conv2_2", "style_layers": {"conv1_1": 1, "conv2_1": 1}}
    network = Network(**TINY, **layers, content_weight=1, normalization="relative")
    named = {"content_layers": ["conv2_2"], "style_layers": ["conv1_1", "conv2_1"]}
    for style in (painting, np.dstack([painting, alpha])):
        objective = network.objective(photo, style, image_size=30)
        pastiche = np.random.default_rng(3).integers(0, 256, (*objective.image_size, 3)).astype("uint8")
        found = metrics.measure(pastiche, photo, style, **TINY, **named, padding="reflect")
        parts = objective.parts(pastiche)
        assert found["content.conv2_2"] == pytest.approx(parts["content.conv2_2"], rel=1e-3)
        for layer in ("conv1_1", "conv2_1"):
            assert found[f"gram.0.{layer}"] == pytest.approx(parts[f"style.0.{layer}"], rel=1e-3)


def test_measure_names_and_values(photo, painting):
    """Every number is its function's, on features of the same network; sizes are those of a transfer."""
    pastiche = np.random.default_rng(3).integers(0, 256, (30, 40, 3)).astype("uint8")
    styles = [painting, Style(photo, scale=1.5)]
    found = metrics.measure(
        pastiche, photo, styles, **TINY, content_layers=["conv2_2"], style_layers=["conv1_1", "conv2_1"]
    )
    per_style = [f"{kind}.{j}.{layer}" for j in (0, 1) for layer in ("conv1_1", "conv2_1") for kind in ("gram", "swd")]
    assert list(found) == ["content.conv2_2", "ssim", *per_style, "tv", "clipped"]
    table = architecture("mini")
    layers = ("conv1_1", "conv2_1", "conv2_2")
    network = build("mini", layers, load(table, "random", table.up_to_deepest(layers)))
    original = np.asarray(Image.fromarray(photo).resize((40, 30), Image.Resampling.BILINEAR))
    painted = np.asarray(Image.fromarray(painting).resize((32, 38), Image.Resampling.BILINEAR))
    found_in, before, target = (
        {layer: np.asarray(values) for layer, values in features_of(image, network).items()}
        for image in (pastiche, original, painted)
    )
    assert found["content.conv2_2"] == pytest.approx(
        metrics.relative_content_error(found_in["conv2_2"], before["conv2_2"]), rel=1e-6
    )
    assert found["ssim"] == metrics.structural_similarity(pastiche, original)
    assert found["gram.0.conv2_1"] == pytest.approx(
        metrics.relative_gram_error(found_in["conv2_1"], target["conv2_1"]), rel=1e-5
    )
    assert found["swd.0.conv2_1"] == pytest.approx(
        metrics.relative_sliced_wasserstein_distance(found_in["conv2_1"], target["conv2_1"]), rel=1e-5
    )
    assert found["tv"] == metrics.total_variation(pastiche)
    assert found["clipped"] == metrics.clipped_share(pastiche)


def test_measure_of_the_target_itself(photo, painting):
    alone = metrics.measure(photo, photo, **TINY)
    assert alone["content.conv3_3"] == 0
    assert alone["ssim"] == 1
    assert set(alone) == {"content.conv3_3", "ssim", "tv", "clipped"}
    texture = metrics.measure(painting, styles=painting, **TINY)
    assert {texture[f"{kind}.0.conv1_1"] for kind in ("gram", "swd")} == {0}
    assert "ssim" not in texture


def test_measure_by_tiles(photo, painting):
    large = np.tile(photo, (2, 2, 1))
    whole, tiled = (metrics.measure(large, photo, [painting], **TINY, tile=tile) for tile in (None, 64))
    assert tiled == pytest.approx(whole, rel=1e-4)


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (metrics.relative_content_error, (np.ones((1, 2, 2, 3)), np.ones((1, 2, 3, 3))), "the same shape"),
        (metrics.relative_content_error, (np.ones((1, 2, 2, 3)), np.zeros((1, 2, 2, 3))), "zero everywhere"),
        (metrics.relative_gram_error, (np.ones((1, 2, 2, 3)), np.ones((1, 2, 2, 4))), "same number of channels"),
        (
            metrics.sliced_wasserstein_distance,
            (np.ones((1, 2, 2, 3)), np.ones((1, 2, 2, 4))),
            "same number of channels",
        ),
        (metrics.structural_similarity, (np.ones((20, 20, 3)), np.ones((20, 21, 3))), "the same shape"),
        (metrics.structural_similarity, (np.ones((10, 20, 3)), np.ones((10, 20, 3))), "at least 11 pixels"),
        (
            metrics.structural_similarity,
            (np.ones((20, 20)), np.ones((20, 20))),
            r"shape \(H, W, 3\), received \(20, 20\)",
        ),
        (metrics.total_variation, (np.ones((1, 9, 3)),), "at least 2 x 2"),
        (metrics.clipped_share, (np.ones((9, 9)),), r"shape \(H, W, 3\), received \(9, 9\)"),
        (metrics.clipped_share, (np.ones((9, 9, 4)),), r"\(H, W, 3\), received \(9, 9, 4\)"),
        (metrics.clipped_share, (np.ones((1, 9, 9, 3)),), r"\(H, W, 3\), received \(1, 9, 9, 3\)"),
        (metrics.clipped_share, (np.ones((0, 9, 3)),), r"\(H, W, 3\), received \(0, 9, 3\)"),
    ],
)
def test_impossible_arrays_are_refused(function, arguments, message):
    with pytest.raises(InvalidInputError, match=message):
        function(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"content": None}, "give a content, styles, or both"),
        ({"model": "vgg"}, "unknown model"),
        ({"content_layers": ["conv9_1"]}, "has no layer"),
        ({"content_layers": []}, "at least one layer"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
        ({"content": Content(np.zeros((20, 20, 3), "uint8"), mask=np.ones((20, 20), bool))}, "remove the masks"),
        ({"content": "nowhere.jpg"}, 'content "nowhere.jpg"'),
        ({"pastiche": np.zeros((9, 9, 3), "uint8")}, "SSIM needs at least 11"),
    ],
)
def test_impossible_measurements_are_refused(photo, arguments, message):
    given = {"pastiche": photo, "content": photo, **TINY, **arguments}
    with pytest.raises((InvalidInputError, FileNotFoundError), match=message):
        metrics.measure(given.pop("pastiche"), **given)


@pytest.mark.parametrize("given", ["content", "styles"])
def test_a_layer_without_activations_is_named(photo, tmp_path, given):
    """Its weights are zero, as in a network that was trained with too strong a decay."""
    table = architecture("mini")
    loaded = load(table, "random", table.up_to_deepest(["conv2_1"]))
    dead = {name: values * (not name.startswith("block2")) for name, values in loaded.items()}
    np.savez(tmp_path / "dead.npz", **dead)
    layers = {f"{given.removesuffix('s')}_layers": ["conv1_2", "conv2_1"]}
    extractor = {"model": "mini", "weights": str(tmp_path / "dead.npz")}
    message = "^all activations of an array in conv2_1 are zero, .*: choose other layers, or other weights$"
    with pytest.raises(InvalidInputError, match=message):
        metrics.measure(photo, **{given: photo[::-1].copy()}, **extractor, **layers)


def test_import_starts_nothing():
    code = (
        "import sys, neural_style.metrics\n"
        "print(sorted({'keras', 'tensorflow', 'jax', 'scipy', 'skimage', 'h5py'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_gram_errors_at_a_half_are_those_of_pictures_reduced_by_averaging():
    painting, picture = (np.random.default_rng(seed).integers(0, 256, (32, 48, 3), "uint8") for seed in (0, 1))
    halves = [each.reshape(16, 2, 24, 2, 3).mean((1, 3)) for each in (picture, painting)]
    layers = {"style_layers": ["conv1_1", "conv2_1"], **TINY}
    found = metrics.measure(picture, None, painting, scales=[2], **layers)
    wanted = metrics.measure(*(halves[:1]), None, halves[1], **layers)
    assert [name for name in found if "gram" in name] == ["gram/2.0.conv1_1", "gram/2.0.conv2_1"]
    for layer in layers["style_layers"]:
        assert found[f"gram/2.0.{layer}"] == pytest.approx(wanted[f"gram.0.{layer}"], rel=0.05)  # 8 bits
    with pytest.raises(InvalidInputError, match=r"needs at least 64 on a side at 1/16 of its size: choose .* scales"):
        metrics.measure(picture, None, painting, scales=[16], **{**layers, "style_layers": ["conv3_1"]})
