"""The main job on real pictures with real weights: the painting's texture, the photo's layout."""

import numpy as np
import pytest
from PIL import Image

from neural_style import Network, Style
from neural_style.cli import main


@pytest.fixture
def pictures(shared):
    paths = [shared / "images" / "content" / "blue_moon_lake.jpg", shared / "images" / "style" / "starry_night.jpg"]
    if not all(path.is_file() for path in paths):
        pytest.skip(f"needs the pictures, which are not in {shared}")
    return paths


LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv3_3")


def test_a_photo_becomes_a_painting(tmp_path, real_weights, pictures):
    command = [
        "network",
        *map(str, pictures),
        str(tmp_path / "out"),
        "--model",
        "vgg19",
        "--weights",
        str(real_weights),
    ]
    command += ["--content_layer", "conv3_3", "--style_layers", *LAYERS, "--image_size", "96", "--num_iter", "2"]
    assert main([*command, "--quiet"]) == 0
    with Image.open(tmp_path / "out.png") as out, Image.open(pictures[0]) as photo:
        image = np.asarray(out, "float32")
        start = np.asarray(photo.convert("RGB").resize(out.size, Image.Resampling.BILINEAR), "float32")

    network = Network(model="vgg19", weights=real_weights, content_layer="conv3_3", style_layers=LAYERS)
    objective = network.objective(pictures[0], Style(pictures[1]), image_size=96)
    before, after = objective.parts(start), objective.parts(image)
    style = [f"style.0.{layer}" for layer in LAYERS]
    assert all(after[name] < before[name] for name in style)
    assert sum(after[name] for name in style) < 0.25 * sum(before[name] for name in style)
    # The layout is still there: light stays light and dark stays dark.
    assert np.corrcoef(image.mean(axis=2).ravel(), start.mean(axis=2).ravel())[0, 1] > 0.6


def test_mini_sees_what_its_teacher_sees(real_weights, pictures):
    """At the same settings the two networks rank pictures alike, and their losses are of one size."""
    units = {"normalization": "titu1994", "padding": "none"}
    settings = {"content_layer": "conv3_3", "style_layers": LAYERS, "content_weight": 0.0025, **units}
    networks = [Network(model="mini", **settings), Network(model="vgg19", weights=real_weights, **settings)]
    mini, teacher = (network.objective(pictures[0], Style(pictures[1]), image_size=96) for network in networks)
    rng = np.random.default_rng(0)
    with Image.open(pictures[1]) as painting:
        resized = painting.convert("RGB").resize(mini.image_size[::-1], Image.Resampling.BILINEAR)
    noise = rng.uniform(0, 255, (*mini.image_size, 3)).astype("float32")
    for image in (noise, np.asarray(resized, "float32"), np.full_like(noise, 100)):
        assert mini.value_and_grad(image)[0] == pytest.approx(teacher.value_and_grad(image)[0], rel=0.5)
