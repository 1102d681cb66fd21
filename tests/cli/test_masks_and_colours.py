"""Masks and colours from the command line, with Network and INetwork."""

import numpy as np
import pytest
from PIL import Image

from neural_style.cli import main
from tests.conftest import SMALL

TINY = [*SMALL, "--image_size", "40", "--save_every", "0"]


@pytest.fixture
def masks(tmp_path):
    """Left and right half in white, as files."""
    left = np.zeros((40, 48), "uint8")
    left[:, :24] = 255
    paths = [tmp_path / "left.png", tmp_path / "right.png"]
    for path, mask in zip(paths, (left, 255 - left), strict=True):
        Image.fromarray(mask).save(path)
    return [str(path) for path in paths]


def paint(tmp_path, *arguments, command="network"):
    assert main([command, *map(str, arguments), *TINY, "--overwrite", "--quiet"]) == 0
    with Image.open(tmp_path / "out.png") as picture:
        return np.asarray(picture).astype(float)


@pytest.mark.filterwarnings("ignore:the loss is negative")
@pytest.mark.parametrize("command", ["network", "inetwork"])
def test_two_styles_in_two_regions_and_again(tmp_path, photo_file, painting_file, masks, command):
    """Black ink on one side and white paper on the other; and the record repeats it, masks and all."""
    for name, grey in (("black", 0), ("white", 255)):
        noise = np.random.default_rng(0).normal(grey, 5, (32, 32, 3))
        Image.fromarray(np.clip(noise, 0, 255).astype("uint8")).save(tmp_path / f"{name}.png")
    styles = [tmp_path / "black.png", tmp_path / "white.png"]
    look = ["--content_weight", 0, "--style_masks", *masks, "--mask_normalization", "gatys2017"]
    look += ["--variant", "titu1994", "--chain", "False"] if command == "inetwork" else []
    image = paint(tmp_path, photo_file, *styles, tmp_path / "out", *look, command=command)
    assert image[:, :18].mean() + 30 < image[:, 30:].mean()
    assert main(["rerun", str(tmp_path / "out.png"), "--quiet", "--save_every", "0"]) == 0
    with Image.open(tmp_path / "out_rerun.png") as again:
        np.testing.assert_array_equal(np.asarray(again), image)


def test_colours_of_the_photo_are_kept_where_the_mask_is_white(tmp_path, photo, photo_file, painting_file, masks):
    plain = paint(tmp_path, photo_file, painting_file, tmp_path / "out")
    flags = ["--preserve_color", "True", "--color_mask", masks[0]]
    kept = paint(tmp_path, photo_file, painting_file, tmp_path / "out", *flags)
    np.testing.assert_allclose(kept[:, 24:], plain[:, 24:], atol=1)
    luma = np.array([0.299, 0.587, 0.114])
    inside = (slice(None), slice(0, 24))
    chroma_of = [image[inside] - (image[inside] @ luma)[..., None] for image in (kept, photo.astype(float), plain)]
    unclipped = ((kept[inside] > 0) & (kept[inside] < 255)).all(axis=-1)
    assert np.abs(chroma_of[0] - chroma_of[1])[unclipped].max() < 3
    assert np.abs(chroma_of[2] - chroma_of[1])[unclipped].mean() > 3


def test_colours_before_are_those_of_the_style(tmp_path, photo, photo_file, painting_file):
    """With a style in the photo's colours, the picture's mean colour is nearer to the photo's."""
    look = ["--content_weight", 0, "--total_variation_weight", 0, "--init_image", "noise"]
    plain = paint(tmp_path, photo_file, painting_file, tmp_path / "out", *look)
    flags = ["--preserve_color", "pca", "--color_when", "before"]
    kept = paint(tmp_path, photo_file, painting_file, tmp_path / "out", *look, *flags)
    distance = [np.abs(image.mean((0, 1)) - photo.mean((0, 1))).max() for image in (kept, plain)]
    assert distance[0] < 0.6 * distance[1]
