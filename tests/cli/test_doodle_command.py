"""`neural-style doodle`: the reference's flags, files, and errors of one line."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from neural_style import NeuralDoodle
from neural_style.cli.commands import doodle as doodle_command

COLOURS = [(255, 255, 255), (0, 255, 0), (255, 0, 0)]


def regions(rows, columns):
    image = np.empty((rows, columns, 3), "uint8")
    image[:], image[rows // 2 :] = COLOURS[:2]
    image[rows * 2 // 3 :, : columns // 2] = COLOURS[2]
    return image


@pytest.fixture
def folder(tmp_path, painting_file):
    """With painting.png, its mask, and a target mask."""
    Image.fromarray(regions(36, 30)).save(tmp_path / "mask.png")
    Image.fromarray(regions(28, 40)[:, ::-1].copy()).save(tmp_path / "target.png")
    return tmp_path


@pytest.fixture
def doodle(command, folder):
    """Run the command, small; further arguments come after the defaults and so replace them."""
    flags = ["--nlabels", "3", "--style-image", folder / "painting.png", "--style-mask", folder / "mask.png"]
    flags += ["--target-mask", folder / "target.png", "--target-image-prefix", folder / "out"]
    flags += ["--model", "mini", "--weights", "random", "--style_layers", "conv1_1"]
    flags += ["--content_layer", "conv1_2", "--img_size", "16", "--num_iter", "1", "--quiet"]

    def run(*arguments):
        return command("doodle", *flags, *arguments)

    return run


def test_flags_are_the_references_with_its_defaults():
    """facts/titu1994.md 2, with README's names beside those of the code."""
    needed = ["--nlabels", "4", "--style-image", "a", "--style-mask", "b", "--target-mask", "c"]
    found = doodle_command.parser().read([*needed, "--target-image-prefix", "d"])
    assert (found.labels, found.style_image, found.style_mask, found.target_mask) == (4, "a", "b", "c")
    defaults = {
        "prefix": "d",
        "content_image": None,
        "image_size": -1,
        "iterations": 10,
        "preserve_color": "none",
        "min_improvement": 0.0,
        "content_weight": 0.1,
        "style_weight": 1.0,
        "total_variation_weight": None,
        "region_style_weight": 1.0,
        "model": "vgg16",
        "variant": "plain",
    }
    assert {name: getattr(found, name) for name in defaults} == defaults
    readme = ["--image_size", "9", "--total_variation_weight", "2", "--preserve_color", "True"]
    again = doodle_command.parser().read([*needed, "--target-image-prefix", "d", *readme])
    assert (again.image_size, again.total_variation_weight, again.preserve_color) == (9, 2.0, "luminance")


def test_files_are_made(doodle, folder):
    ran = doodle("--preview", folder / "labels.png", "--record")
    assert ran.status == 0, ran.err
    for name in ("out.png", "out_at_iteration_1.png"):
        with Image.open(folder / name) as picture:
            assert picture.size == (22, 16)
    assert (folder / "out.json").exists()
    with Image.open(folder / "labels.png") as picture:
        shown = {colour for _, colour in picture.convert("RGB").getcolors(100_000)}
    assert shown >= set(COLOURS)


def test_size_of_the_target_mask(doodle, folder):
    assert doodle("--img_size", "-1", "--save_every", "0").status == 0
    with Image.open(folder / "out.png") as picture:
        assert picture.size == (40, 28)


@pytest.mark.parametrize("with_content", [False, True])
def test_rerun_makes_the_same_picture(doodle, command, folder, photo, with_content):
    flags = ["--variant", "improved", "--save_every", "0"]
    if with_content:
        Image.fromarray(photo[:28, :40].copy()).save(folder / "photo.png")
        flags += ["--content_image", folder / "photo.png", "--preserve_color", "True"]
    assert doodle(*flags).status == 0
    ran = command("rerun", folder / "out.png", "--quiet", "--save_every", "0")
    assert ran.status == 0, ran.err
    assert ran.err == ""
    with Image.open(folder / "out.png") as first, Image.open(folder / "out_rerun.png") as second:
        np.testing.assert_array_equal(np.asarray(first), np.asarray(second))


@pytest.mark.filterwarnings("always:.*has changed since")
def test_rerun_tells_a_mask_that_has_changed_or_gone(doodle, command, folder):
    assert doodle("--save_every", "0").status == 0
    Image.fromarray(regions(28, 40)).save(folder / "target.png")
    ran = command("rerun", folder / "out.png", "--quiet", "--save_every", "0")
    assert ran.status == 0
    assert "target.png has changed since the picture was made" in ran.err
    Image.fromarray(regions(28, 40)[:, ::-1].copy()).save(folder / "target.png")
    (folder / "mask.png").unlink()
    command("rerun", folder / "out.png").assert_refused("the style label map", "is gone")


@pytest.mark.usefixtures("idle")
def test_errors_are_one_line(doodle, command, folder):
    doodle("--nlabels", "5").assert_refused("5 labels, but the masks hold 3 colours", "#ff0000 (red)")
    doodle("--target_mask", folder / "painting.png").assert_refused("nothing of #")
    doodle("--preserve_color", "True").assert_refused("preserve_color needs a photo")
    doodle("--init_image", "content").assert_refused("init content needs a photo")
    doodle("--style_mask", folder / "masc.png").assert_refused("masc.png", "did you mean")
    doodle("--img_size", "0").assert_refused("image_size must be a whole number of at least 1")
    doodle("--variant", "better").assert_refused("unknown variant", "plain, improved")
    doodle("--style-masks", "x").assert_refused("unknown flag --style_masks", "--style_mask")
    command("doodle", "--nlabels", "3").assert_refused("--style_image", "required")


@pytest.mark.usefixtures("idle")
def test_no_input_is_overwritten(doodle, folder):
    doodle("--target_image_prefix", folder / "mask", "--overwrite").assert_refused("is one of the inputs")
    doodle("--preview", folder / "target.png", "--overwrite").assert_refused("is one of the inputs")
    doodle("--preview", folder / "out.png").assert_refused("would be written twice")
    doodle("--preview", folder / "out_at_iteration_1.png").assert_refused("would be written twice")
    doodle("--preview", folder / "labels.xyz").assert_refused("labels.xyz")


def test_settings_come_from_the_technique():
    """Every setting of the technique can be reached from the command line."""
    actions = {action.dest for action in doodle_command.parser()._actions}
    assert {field.name for field in dataclasses.fields(NeuralDoodle)} <= actions
