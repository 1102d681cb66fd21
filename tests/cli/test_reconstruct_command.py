"""`neural-style reconstruct`: pictures, animation, record, the same again, and errors of one line."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from neural_style import Reconstruction
from neural_style.cli.commands import reconstruct as reconstruct_command
from neural_style.runs.checkpoint import Checkpoint


@pytest.fixture
def reconstruct(command, photo_file, tmp_path):
    """Run the command, small; further arguments come after the defaults and so replace them."""

    def run(of, *arguments, picture=photo_file, prefix=tmp_path / "out"):
        flags = ["--model", "mini", "--weights", "random", "--image_size", "16", "--num_iter", "2", "--quiet"]
        return command("reconstruct", of, picture, prefix, *flags, *arguments)

    return run


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture)


@pytest.mark.parametrize(
    ("of", "flags", "layers"),
    [
        ("content", ["--layer", "conv2_1"], ["conv2_1"]),
        ("style", ["--layers", "conv2_1", "conv1_1"], ["conv1_1", "conv2_1"]),
    ],
)
def test_files_are_made_and_made_again(reconstruct, command, tmp_path, of, flags, layers):
    ran = reconstruct(of, "--gif", "--record", "--save_every", "2", "--seed", "4", *flags)
    assert ran == (0, "", "")
    assert {path.name for path in tmp_path.glob("out*")} == {"out.png", "out.gif", "out.json", "out_at_iteration_2.png"}
    assert pixels(tmp_path / "out.png").shape == (16, 19, 3)
    with Image.open(tmp_path / "out.gif") as animation:
        assert animation.n_frames == 2
    record = json.loads(command("show", tmp_path / "out.png", "--json").out)
    assert record["technique"] == "reconstruction"
    assert (record["settings"]["of"], record["settings"]["layers"]) == (of, layers)
    assert list(record["losses"]) == [f"{of}.{layer}" for layer in layers]
    shown = command("show", tmp_path / "out.png")
    assert shown.status == 0
    assert "reconstruction by neural_style" in shown.out
    assert command("show", tmp_path / "out.gif", "--json").out == command("show", tmp_path / "out.png", "--json").out
    assert command("rerun", tmp_path / "out.gif", "--quiet", "--save_every", "0") == (0, "", "")
    np.testing.assert_array_equal(pixels(tmp_path / "out_rerun.png"), pixels(tmp_path / "out.png"))


@pytest.mark.filterwarnings("ignore:the initial image is")
def test_a_start_from_a_picture_and_from_the_picture_itself(reconstruct, painting_file, photo, tmp_path):
    flags = ["--layer", "conv3_1", "--save_every", "0", "--num_iter", "1"]
    for start, name in ((painting_file, "other"), ("content", "itself"), ("noise", "noise")):
        ran = reconstruct("content", *flags, "--image_size", "40", "--init_image", start, prefix=tmp_path / name)
        assert ran.status == 0, ran.err
    assert np.abs(pixels(tmp_path / "itself.png").astype(int) - photo).max() <= 1
    assert not np.array_equal(pixels(tmp_path / "other.png"), pixels(tmp_path / "noise.png"))


def test_a_broken_run_goes_on(reconstruct, tmp_path):
    flags = ["--layer", "conv1_1", "--save_every", "0", "--checkpoint", tmp_path / "out.ckpt"]
    assert reconstruct("content", *flags).status == 0
    assert not (tmp_path / "out.ckpt").exists()
    ran = reconstruct("content", *flags, "--resume")
    assert ran.status == 0, ran.err


class Killed(BaseException):
    """Nothing catches it, as nothing catches a kill."""


@pytest.mark.parametrize("of", ["content", "style"])
def test_a_killed_run_goes_on(reconstruct, tmp_path, monkeypatch, of):
    """Killed when the picture of the second iteration is written and its checkpoint is not."""
    flags = ["--layer", "conv1_2", "--num_iter", "3", "--seed", "3", "--sizes", "12", "16", "--gif"]
    assert reconstruct(of, *flags, prefix=tmp_path / "whole").status == 0
    flags += ["--checkpoint", tmp_path / "run.ckpt", "--resume"]
    original, calls = Checkpoint.write, []

    def write(*arguments, **settings):
        calls.append(arguments)
        if len(calls) == 3:
            raise Killed
        return original(*arguments, **settings)

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "write", write)
        with pytest.raises(Killed):
            reconstruct(of, *flags)
    made = tmp_path / "out_at_iteration_1.png"
    before = made.stat().st_mtime_ns
    assert reconstruct(of, *flags) == (0, "", "")
    np.testing.assert_array_equal(pixels(tmp_path / "out.png"), pixels(tmp_path / "whole.png"))
    assert (tmp_path / "out.gif").stat().st_size > 0
    assert made.stat().st_mtime_ns == before
    assert not (tmp_path / "run.ckpt").exists()
    reconstruct(of, *flags, "--layer", "conv1_1").assert_refused("out.png", "exists")


@pytest.mark.usefixtures("idle")
def test_errors_are_one_line(reconstruct, command, photo_file, tmp_path):
    reconstruct("contents").assert_refused('unknown reconstruction "contents"', 'did you mean "content"')
    reconstruct("content", "--layer", "conv9_1").assert_refused("mini has no layer", "conv9_1")
    reconstruct("style", "--normalization", "titu1994").assert_refused("gatys2016, johnson2016, relative")
    reconstruct("style", picture=tmp_path / "gone.png").assert_refused("style", "gone.png")
    reconstruct("content", picture=tmp_path / "gone.png").assert_refused("content", "gone.png")
    reconstruct("content", "--lair", "conv1_1").assert_refused("unknown flag --lair", "--layer")
    reconstruct("content", "--overwrite", prefix=photo_file).assert_refused("is one of the inputs")
    command("reconstruct", "content", photo_file).assert_refused("prefix", "required")


def test_settings_come_from_the_technique():
    """Every setting of the technique can be reached from the command line, with its own default."""
    found = vars(reconstruct_command.parser().read(["style", "a", "b"]))
    defaults = {field.name: field.default for field in dataclasses.fields(Reconstruction) if field.name != "of"}
    assert {name: found[name] for name in defaults} == defaults
    assert (found["of"], found["init"]) == ("style", "noise")
