"""The front door: `paint` and `neural-style paint`."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import neural_style.cli.commands.paint  # noqa: F401  (binds its names before a test replaces one of them)
from neural_style import Content, InvalidInputError, Style, images, paint
from neural_style.feedforward import Painter
from neural_style.painting import CONTENT_WEIGHT, default_model, technique_for
from neural_style.runs.file_writer import RunFiles
from neural_style.runs.result import Result
from neural_style.runs.settings import sizes_for

TINY = {"model": "mini", "weights": "random", "image_size": 32, "iterations": 1}


def test_strength_is_the_ratio_of_painting_to_photo():
    weights = [technique_for(strength, model="mini").content_weight for strength in (0.5, 1, 2)]
    assert weights == pytest.approx([4 * CONTENT_WEIGHT, CONTENT_WEIGHT, CONTENT_WEIGHT / 4])
    for strength in (0, -1, float("nan"), True):
        with pytest.raises(InvalidInputError, match="strength must be"):
            technique_for(strength)


def test_the_photo_is_compared_at_two_layers_and_by_squared_errors(photo, painting):
    """With a content weight of w, each layer's term is `w / 2 E^2`: the four-fold of an error counts sixteen times."""
    technique = technique_for(model="mini", weights="random")
    objective = technique.objective(photo, painting, image_size=32)
    image = np.random.default_rng(0).uniform(0, 255, (*objective.image_size, 3)).astype("float32")
    plain = replace(technique, content_power=1.0).objective(photo, painting, image_size=32).parts(image)
    parts = objective.parts(image)
    assert [name for name in parts if name.startswith("content")] == ["content.conv3_3", "content.conv2_2"]
    for name in ("content.conv3_3", "content.conv2_2"):
        assert parts[name] == pytest.approx(2 / CONTENT_WEIGHT * plain[name] ** 2, rel=1e-4)


def test_the_pyramid_halves_down_to_what_the_network_accepts():
    assert sizes_for(2048) == (512, 1024, 2048)
    assert sizes_for(100) == (50, 100)
    assert sizes_for(20) == (20,)


def test_vgg19_where_it_is_in_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert default_model() == "mini"
    assert default_model("own.npz") == "vgg19"
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5").touch()
    assert default_model() == "vgg19"


def test_a_strong_painting_is_farther_from_the_photo(photo, painting):
    faint, strong = (paint(photo, painting, strength=strength, **TINY).image.astype(int) for strength in (0.05, 3))
    assert np.abs(faint - strong).mean() > 1
    start = np.asarray(Image.fromarray(photo).resize((38, 32)), int)
    assert np.abs(strong - start).mean() > np.abs(faint - start).mean()


def test_several_paintings_masks_and_sizes_of_ones_own(photo, painting):
    mask = np.zeros((40, 48), bool)
    mask[:, :24] = True
    result = paint(
        Content(photo), Style(painting, mask=mask), painting[::-1].copy(), **{**TINY, "sizes": (16, 24)}, seed=1
    )
    assert result.image.shape == (24, 28, 3)
    assert {name.split(".")[1] for name in result.losses if name.startswith("style")} == {"0", "1"}
    assert [entry["image_size"][0] for entry in result.history] == [16, 24]


def test_the_command(command, photo_file, painting_file, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    loading = []
    monkeypatch.setattr("neural_style.cli.session.start_backend", lambda _, line: loading.append(line))
    out = tmp_path / "out"
    command("paint", tmp_path / "gone.png", painting_file, out).assert_refused("gone.png")
    assert loading == []
    ran = command("paint", photo_file, painting_file, out, "--image_size", 32, "--num_iter", 1, "--strength", 2)
    assert ran.status == 0, ran.err
    assert loading == ["mini (--model chooses another network)"]
    with Image.open(tmp_path / "out.png") as picture:
        assert picture.size == (38, 32)
    assert not list(tmp_path.glob("out_at_iteration*"))
    again = command("rerun", tmp_path / "out.png", tmp_path / "again", "--quiet", "--save_every", 0)
    assert again.status == 0, again.err
    with Image.open(tmp_path / "out.png") as one, Image.open(tmp_path / "again.png") as other:
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))
    command("paint", photo_file, painting_file, out, "--strength", 0).assert_refused("strength must be above 0")
    command("paint", photo_file, painting_file).assert_refused("required")


@pytest.fixture
def previews(tmp_path, monkeypatch) -> list[np.ndarray | None]:
    """What the file of the preview holds when an iteration ends: a picture, or None."""
    found = []
    path = tmp_path / "out_preview.png"
    monkeypatch.setattr(
        RunFiles, "save_step", lambda *_: found.append(images.read(path).rgb if path.exists() else None)
    )
    return found


FLAGS = ("--model", "mini", "--weights", "random", "--image_size", 32, "--num_iter", 1, "--sizes", 32)


def test_a_flag_of_network_is_recognised(command):
    found = command("paint", "photo.png", "painting.png", "out", "--style_loss", "patches")
    assert found.status == 2
    assert "unknown flag --style_loss, which neural-style network has" in found.err


def test_a_preview_is_there_while_the_painting_is_made(command, photo_file, painting_file, tmp_path, previews):
    """It is what the embedded painter makes of both, and it goes when the painting is there, or cannot be made."""
    ran = command("paint", photo_file, painting_file, tmp_path / "out", *FLAGS)
    assert ran.status == 0
    assert f"{tmp_path}/out_preview.png is a preview, painted in one pass, until {tmp_path}/out.png is" in ran.err
    painter = Painter()
    wanted = painter.paint(str(photo_file), painter.style(str(painting_file)), size=32).image
    np.testing.assert_array_equal(previews, [wanted])
    assert sorted(path.name for path in tmp_path.glob("out*")) == ["out.png"]


@pytest.mark.parametrize("reason", ["quiet", "mask", "taken"])
def test_no_preview(command, photo_file, painting_file, tmp_path, previews, reason):
    """Of whoever sees nothing of the run, of masks, which the painter has not, and over somebody's file."""
    taken = tmp_path / "out_preview.png"
    if reason == "taken":
        Image.new("RGB", (8, 8)).save(taken)
    more = {"quiet": ["--quiet"], "mask": ["--style_masks", photo_file], "taken": []}[reason]
    ran = command("paint", photo_file, painting_file, tmp_path / "out", *FLAGS, *more)
    assert ran.status == 0, ran.err
    assert "preview" not in ran.err
    if reason == "taken":
        assert previews[0].shape == (8, 8, 3)
        assert taken.is_file()
    else:
        assert previews == [None]


def test_a_preview_that_fails_is_of_no_concern(command, photo_file, painting_file, tmp_path, monkeypatch):
    def paint(*_, **__):
        raise MemoryError("no memory left")

    monkeypatch.setattr(Painter, "paint", paint)
    ran = command("paint", photo_file, painting_file, tmp_path / "out", *FLAGS)
    assert ran.status == 0
    assert "no preview: " in ran.err
    assert "no memory left" in ran.err
    assert [path.name for path in tmp_path.glob("out*")] == ["out.png"]


def test_a_signal_while_a_preview_is_written_leaves_none(command, photo_file, painting_file, tmp_path, monkeypatch):
    save = Result.save

    def saved(self, path, *rest, **settings):
        save(self, path, *rest, **settings)
        raise KeyboardInterrupt  # as `interruption.held` does when it ends

    monkeypatch.setattr(Result, "save", saved)
    command("paint", photo_file, painting_file, tmp_path / "out", *FLAGS)
    assert not (tmp_path / "out_preview.png").exists()
