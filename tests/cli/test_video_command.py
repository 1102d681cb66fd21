"""`neural-style video`: from film to film, previews, interruptions, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from neural_style.cli.commands import video
from neural_style.engines.local import Local
from neural_style.painting import CONTENT_WEIGHT, technique_for
from neural_style.video.transfer import NamedMethod
from tests.video.films import Invert, frames_in, pictures, times_in, write_film
from tests.video.test_by_shots import Grey, Here, backwards

pytestmark = pytest.mark.filterwarnings("ignore:.*has no sound")


@pytest.fixture
def clip(tmp_path):
    return write_film(tmp_path / "clip.mp4", pictures(10), sound=[("aac", "eng")])


@pytest.fixture
def made(monkeypatch):
    """What the command passes on; films are inverted."""
    found = {}

    def method(name):
        def make(styles, *arguments, **settings):
            found.update(name=name, styles=styles, arguments=arguments, settings=settings)
            method = Invert(found.get("fail_at"))
            invert, found["sizes"] = method.transfer, set()
            method.transfer = lambda frame: found["sizes"].add(frame.shape) or invert(frame)
            return NamedMethod(method, {"name": name, "strength": settings.get("strength")})

        return make

    monkeypatch.setattr(video, "start_backend", lambda *_: None)
    monkeypatch.setattr(video, "fast_method", method("fast"))
    monkeypatch.setattr(video, "optimised_method", method("optimise"))
    return found


def test_a_film_is_painted_with_its_sound(command, clip, made, painting_file, tmp_path):
    out = tmp_path / "out.mp4"
    ran = command("video", clip, painting_file, out, "--strength", 0.5, "--stroke_scale", 2, "--crf", 4)
    assert (ran.status, ran.out) == (0, f"wrote {out}: 10 frames, aac copied\n")
    assert "10/10" in ran.err
    assert " frames/s" in ran.err
    assert times_in(out) == times_in(clip)
    assert np.abs(255.0 - pictures(1)[0] - frames_in(out)[0])[16:].mean() < 3
    assert (made["name"], made["settings"]["strength"], made["styles"][0].scale) == ("fast", 0.5, 2)


def test_frames_can_be_painted_small(command, clip, made, painting_file, tmp_path):
    arguments = ("video", clip, painting_file, tmp_path / "out.mp4", "--work_size", 24, "--work_pooling", "max")
    assert command(*arguments).status == 0
    assert made["sizes"] == {(24, 32, 3)}
    assert frames_in(tmp_path / "out.mp4")[0].shape == (48, 64, 3)


def test_flags_of_appearance_reach_the_optimisation(command, clip, made, painting_file, tmp_path):
    flags = ("--method", "optimise", "--model", "mini", "--strength", 2, "--style_layers", "conv1_1", "--num_iter", 7)
    ran = command("video", clip, painting_file, tmp_path / "out.mkv", *flags, "--quiet")
    assert (ran.status, ran.out, ran.err) == (0, "", "")
    technique = made["arguments"][0]
    assert (technique.model, technique.style_layers, technique.normalization) == ("mini", ("conv1_1",), "relative")
    assert technique.content_weight == pytest.approx(CONTENT_WEIGHT / 4)
    assert made["settings"]["iterations"] == 7
    assert not {"image_size", "sizes"} & set(made["settings"])
    flags = ("--method", "optimise", "--normalization", "gatys2016", "--model", "mini", "--content_layer", "conv2_1")
    assert command("video", clip, painting_file, tmp_path / "b.mkv", *flags).status == 0
    technique = made["arguments"][0]
    assert (technique.normalization, technique.content_layer) == ("gatys2016", "conv2_1")
    assert (technique.content_weight, technique.content_power) == (None, 1)


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("content_power", 1.0),
        ("precision", "float32"),
        ("mask_normalization", "titu1994"),
        ("padding", "auto"),
        ("content_weight", 0.05),
    ],
)
def test_defaults_are_those_of_paint_so_that_networks_own_can_be_named(
    command, clip, made, painting_file, tmp_path, flag, value
):
    arguments = ("video", clip, painting_file, tmp_path / "out.mkv", "--method", "optimise", "--model", "mini")
    assert command(*arguments, f"--{flag}", value).status == 0
    assert made["arguments"][0] == replace(technique_for(model="mini"), **{flag: value})


def test_a_content_layer_replaces_those_of_paint(command, clip, made, painting_file, tmp_path):
    flags = ("--method", "optimise", "--model", "mini", "--content_layer", "conv2_2")
    assert command("video", clip, painting_file, tmp_path / "out.mkv", *flags).status == 0
    technique = made["arguments"][0]
    assert (technique.content_layer, technique.content_layers) == ("conv2_2", None)


def test_a_preview_is_the_first_second_beside_the_film(command, clip, made, painting_file, tmp_path, monkeypatch):
    monkeypatch.setattr(video, "PREVIEW", 0.2)
    ran = command("video", clip, painting_file, tmp_path / "out.mp4", "--preview")
    assert ran.out == f"wrote {tmp_path / 'out_preview.mp4'}: 5 frames, aac copied\n"
    assert not (tmp_path / "out.mp4").exists()


def test_ctrl_c_keeps_segments_and_says_how_to_continue(command, clip, made, painting_file, tmp_path):
    out = tmp_path / "out.mp4"
    arguments = ("video", clip, painting_file, out, "--segment", 4)
    made["fail_at"] = 9
    ran = command(*arguments)
    assert ran.status == 130
    assert f"interrupted; 8 frames are kept in {out}.work; rerun the command with --resume" in ran.err
    made["fail_at"] = None
    command(*arguments).assert_refused("holds an unfinished film", "--resume")
    command(*arguments, "--resume", "--strength", 0.5).assert_refused("another method (strength 1.0, now 0.5)")
    assert command(*arguments, "--resume").status == 0
    assert len(times_in(out)) == 10


def test_a_run_without_a_finished_segment_leaves_nothing_to_resume(command, clip, made, painting_file, tmp_path):
    made["fail_at"] = 2
    ran = command("video", clip, painting_file, tmp_path / "out.mp4")
    assert "no segment was finished" in ran.err
    made["fail_at"] = None
    assert command("video", clip, painting_file, tmp_path / "out.mp4").status == 0


def test_paintings_of_unfinished_passes_are_kept(command, clip, made, painting_file, tmp_path, monkeypatch):
    class Interrupted:
        def paint_shots(self, frames, folder, finished, advance):
            (folder / "shot.npz").touch()
            advance(1 / 3, 1 / 3)
            yield from ()
            raise KeyboardInterrupt

    def method(styles, technique, coherence, **run):
        assert coherence.passes == 3
        return NamedMethod(Interrupted(), {})

    monkeypatch.setattr(video, "optimised_method", method)
    out = tmp_path / "out.mp4"
    ran = command("video", clip, painting_file, out, "--method", "optimise", "--model", "mini", "--passes", 3)
    assert "0%|" in ran.err
    assert "warning" not in ran.err
    assert f"interrupted; paintings of unfinished passes are kept in {out}.work; rerun" in ran.err
    command("video", clip, painting_file, out).assert_refused("holds an unfinished film", "--resume")


def test_shots_are_painted_by_an_engine_and_those_that_fail_are_lines(command, painting_file, tmp_path, monkeypatch):
    for number, grey in enumerate((50, 50, 60, 70)):
        Image.fromarray(np.full((16, 24, 3), grey, np.uint8)).save(tmp_path / f"{number}.png")
    monkeypatch.setattr(video, "start_backend", lambda *_: None)
    monkeypatch.setattr(video, "fast_method", lambda *_, **__: NamedMethod(Grey(), {}))
    monkeypatch.setattr(Local, "outcomes", lambda self, *given: Here(backwards).outcomes(*given))
    monkeypatch.setattr(Grey, "fails", {60})
    arguments = ("video", tmp_path / "%d.png", painting_file, tmp_path / "out.mp4", "--jobs", 2)
    ran = command(*arguments)
    assert ran.status == 1
    assert "error: frame 3: no paint" in ran.err
    assert f"1 shot failed; 2 painted shots are kept in {tmp_path / 'out.mp4'}.work; rerun it with --resume" in ran.err
    monkeypatch.setattr(Grey, "fails", set())
    assert command(*arguments, "--resume").out == f"wrote {tmp_path / 'out.mp4'}: 4 frames\n"


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize(
    ("flags", "parts"),
    [
        (["--rounds", 1, "--method", "optimise"], ["--rounds", "--method fast only"]),
        (["--num_iter", 3], ["--num_iter", "--method optimise only"]),
        (["--passes", 2], ["--passes", "--method optimise only"]),
        (
            ["--method", "optimise", "--strength", 2, "--content_weight", 1],
            ["no effect with --content_weight: leave one"],
        ),
        (["--method", "optimise", "--strength", 2, "--normalization", "gatys2016"], ["no effect with --normalization"]),
        (["--work_pooling", "max"], ["--work_pooling needs --work_size"]),
        (["--per_task_gpus", 1], ["--per_task_gpus needs --engine ray"]),
        (["--color_when", "before"], ["--color_when needs --preserve_color"]),
        (["--strength", 2], ["strength must be a number from 0 to 1"]),
        (["--codec", "ffv1"], ["holds no ffv1: use one of h264"]),
        (["--crf", 60], ["crf must be"]),
        (["--work_size", 0], ["work_size must be a whole number of at least 1"]),
        (["--rate", 25], ["has times of its own"]),
        (["--painter", "starry.keras"], ["no network starry.keras"]),
        (["--style_weight", 1, 2], ["2 values for 1 styles"]),
        (["--image_size", 100], ["unknown flag --image_size"]),
    ],
)
def test_flags_without_effect_and_impossible_values(command, clip, painting_file, tmp_path, flags, parts):
    command("video", clip, painting_file, tmp_path / "out.mp4", *flags).assert_refused(*parts)
    assert not list(tmp_path.glob("*.work"))


@pytest.mark.usefixtures("idle")
def test_files_that_cannot_be_used(command, clip, painting_file, photo_file, tmp_path):
    command("video", photo_file, painting_file, tmp_path / "out.mp4").assert_refused("is no film that can be read")
    command("video", clip, tmp_path / "no.jpg", tmp_path / "out.mp4").assert_refused("no.jpg", "does not exist")
    command("video", clip, painting_file, clip).assert_refused("is the clip and would be lost")
    command("video", clip, painting_file).assert_refused("required: out")
    (tmp_path / "out.mp4").touch()
    command("video", clip, painting_file, tmp_path / "out.mp4").assert_refused("exists: choose another name")
