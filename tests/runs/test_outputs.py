"""Files of a run: names, sizes, records, what is refused before a run, and what a killed run leaves behind."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageSequence

from neural_style import files, images
from neural_style.errors import InvalidInputError
from neural_style.inputs import Content, Inputs, Style
from neural_style.network import Network
from neural_style.runs import records
from neural_style.runs.checkpoint import Checkpoint, same_run
from neural_style.runs.file_writer import GIF_ROWS, RunFiles
from neural_style.runs.outputs import Output, is_finished, record_in
from neural_style.runs.result import Result, Step
from neural_style.runs.settings import Run

RECORD: dict[str, Any] = {
    "neural_style": "0",
    "technique": "network",
    "settings": {"model": "mini"},
    "content": {},
    "styles": [],
    "run": {"iterations": 2},
    "versions": {},
}
RUN = Run(iterations=2)


def picture(seed: int, size: tuple[int, int] = (20, 24)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)


def step(iteration: int, size: tuple[int, int] = (20, 24)) -> Step:
    return Step(iteration, 20 * iteration, 1.0, {"tv": 1.0}, None, picture(iteration, size), 0.1)


def result(image: np.ndarray, **record: Any) -> Result:
    return Result(image=image, alpha=None, losses={"tv": 1.0}, history=[], stopped="", record={**RECORD, **record})


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "made" / "out"


@pytest.fixture
def inputs(photo_file: Path, painting_file: Path) -> Inputs:
    """A photo of 40 x 48 pixels and a painting, in memory."""
    return Inputs(Content(photo_file).read(), (Style(painting_file).read(),))


def names(out: Path) -> list[str]:
    return sorted(path.name for path in out.parent.iterdir())


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ["out.png", "out_at_iteration_1.png", "out_at_iteration_2.png", "out_at_iteration_3.png"]),
        ({"save_every": 0}, ["out.png"]),
        ({"save_every": 2, "suffix": ".jpg"}, ["out.jpg", "out_at_iteration_2.jpg"]),
        ({"save_every": 0, "gif": True, "record": True}, ["out.png", "out.gif", "out.json"]),
        ({"done": 2}, ["out.png", "out_at_iteration_3.png"]),
    ],
    ids=str,
)
def test_names(out: Path, settings: dict[str, Any], expected: list[str]) -> None:
    output = Output(out, **settings)
    pictures = output.pictures(3)
    assert [path.name for path in (*output.last, *map(pictures.name, pictures.saved))] == expected


@pytest.mark.parametrize(
    ("prefix", "final"), [("out", "out.png"), ("out.jpg", "out.jpg"), ("v1.5", "v1.5.png"), ("a/b.TIF", "a/b.TIF")]
)
def test_the_ending_of_a_prefix_selects_the_format(prefix: str, final: str) -> None:
    assert Output.from_prefix(prefix).final == Path(final)


def test_impossible_outputs(tmp_path: Path) -> None:
    for prefix in (str(tmp_path), f"{tmp_path}/new/"):
        with pytest.raises(InvalidInputError, match="is a folder: add the beginning of a file name"):
            Output.from_prefix(prefix)
    with pytest.raises(InvalidInputError, match="save_every must be a whole number of at least 0, received -1"):
        Output(tmp_path / "out", save_every=-1)
    with pytest.raises(InvalidInputError, match='unknown rescale_method "cubic": did you mean "bicubic"'):
        Output(tmp_path / "out", rescale_method="cubic")


def test_a_run_writes_its_files_and_the_picture_last(out: Path, inputs: Inputs) -> None:
    files = RunFiles(Output(out, gif=True, record=True), inputs, RUN)
    for iteration in (1, 2):
        files.save_step(step(iteration))
    assert names(out) == ["out_at_iteration_1.png", "out_at_iteration_2.png"]
    written = files.finish(result(step(2).image))
    assert [path.name for path in written] == ["out.png", "out.gif", "out.json"]
    np.testing.assert_array_equal(pixels(out.with_suffix(".png")), step(2).image)
    with Image.open(out.with_suffix(".gif")) as animation:
        assert [frame.size for frame in ImageSequence.Iterator(animation)] == [(24, 20)] * 2
    expected = {**RECORD, "output": {"rescale_image": False, "rescale_method": "bilinear", "enhance": ""}}
    assert json.loads(out.with_suffix(".json").read_text()) == expected
    assert all(record_in(path) == expected for path in written)
    assert record_in(out.with_name("out_at_iteration_1.png")) is None


def test_the_picture_is_last(out: Path, inputs: Inputs, monkeypatch: pytest.MonkeyPatch) -> None:
    moved: list[str] = []
    whole = files.atomic_write

    def spy(path: Path, *arguments: Any, **settings: Any) -> Any:
        moved.append(path.name)
        return whole(path, *arguments, **settings)

    monkeypatch.setattr(files, "atomic_write", spy)
    run = RunFiles(Output(out, gif=True, record=True), inputs, RUN)
    run.save_step(step(1))
    run.finish(result(picture(1)))
    assert moved == ["out_at_iteration_1.png", "out.gif", "out.json", "out.png"]


def test_a_square_is_stretched_back_and_rescaled(out: Path, inputs: Inputs) -> None:
    """The photo is 40 x 48: int(20 * 48 / 40) columns, as in the reference scripts, or its own size."""
    square = picture(0, (20, 20))
    for rescale, size in ((False, (20, 24)), (True, (40, 48))):
        output = Output(out, rescale_image=rescale, rescale_method="nearest", overwrite=True)
        output.write(output.final, square, inputs.content.canvas)
        expected = Image.fromarray(square).resize(size[::-1], Image.Resampling.NEAREST)
        np.testing.assert_array_equal(pixels(output.final), np.asarray(expected))


def test_transparency_is_that_of_the_content(out: Path, inputs: Inputs) -> None:
    alpha = np.zeros((40, 48), np.uint8)
    alpha[5:30, 10:40] = 200
    canvas = replace(inputs.content.canvas, alpha=alpha)
    output = Output(out)
    output.write(output.final, picture(0), canvas)
    expected = Image.fromarray(alpha).resize((24, 20), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(pixels(output.final)[..., 3], np.asarray(expected))


def test_white_behind_the_content_is_not_written(out: Path, inputs: Inputs) -> None:
    """A picture that a run has not changed is the content again, on any background, however often it is done."""
    alpha = np.tile(np.linspace(0, 255, 48).astype(np.uint8), (40, 1))
    colours = np.full((40, 48, 3), (30, 20, 60), np.uint8)
    canvas = images.read(np.dstack([colours, alpha]))
    output = Output(out, overwrite=True)
    for _ in range(3):
        output.write(output.final, canvas.rgb, canvas)
        canvas = images.read(output.final)
    np.testing.assert_array_equal(canvas.alpha, alpha)
    on_black = (canvas.colors.astype(float) - colours) * (alpha[..., None] / 255)
    assert np.abs(on_black).max() < 1.01


def test_an_animation_is_as_transparent_as_the_content(out: Path, inputs: Inputs) -> None:
    alpha = np.zeros((40, 48), np.uint8)
    alpha[5:30, 10:40] = 255
    rgba = np.dstack([picture(0, (40, 48)), alpha])
    files = RunFiles(Output(out, save_every=0, gif=True), replace(inputs, content=Content(rgba).read()), RUN)
    files.save_step(step(1, (40, 48)))
    files.finish(result(picture(0, (40, 48))))
    with Image.open(files.output.gif_file) as gif:
        np.testing.assert_array_equal(np.asarray(gif.convert("RGBA"))[..., 3], alpha)


def test_an_animation_is_no_larger_than_needed(out: Path, inputs: Inputs) -> None:
    files = RunFiles(Output(out, save_every=0, gif=True), inputs, RUN)
    files.save_step(step(1, (2 * GIF_ROWS, 2 * GIF_ROWS)))
    files.finish(result(picture(1)))
    with Image.open(out.with_suffix(".gif")) as animation:
        assert animation.size == (480, GIF_ROWS)


def test_what_would_be_lost_is_refused_before_the_run(
    tmp_path: Path, inputs: Inputs, photo_file: Path, painting_file: Path
) -> None:
    def refused(prefix: Path, match: str, run: Run = RUN, **settings: Any) -> None:
        others = settings.pop("others", ())
        with pytest.raises(InvalidInputError, match=match):
            RunFiles(Output(prefix, **settings), inputs, run, others=others)

    for path in (photo_file, painting_file):
        refused(path.with_suffix(""), "is one of the inputs and would be lost", overwrite=True)
    start = tmp_path / "start.png"
    Image.fromarray(picture(0)).save(start)
    refused(tmp_path / "start", "is one of the inputs", Run(init=str(start)), overwrite=True)
    refused(tmp_path / "out", "would be written twice", others=[tmp_path / "out_at_iteration_2.png"])
    (tmp_path / "out_at_iteration_2.png").write_bytes(b"mine")
    refused(tmp_path / "out", "exists")
    refused(Path("/proc/out"), "cannot be written")
    assert (tmp_path / "out_at_iteration_2.png").read_bytes() == b"mine"


def test_leftovers_of_a_killed_run_are_replaced_and_nothing_else(out: Path, inputs: Inputs) -> None:
    output = Output(out, gif=True, record=True)
    run = RunFiles(output, inputs, RUN)
    run.save_step(step(1))
    output.write_record(json.dumps(RECORD))
    output.gif_file.write_bytes(b"mine")
    again = output.replacing_leftovers(2)
    names_of_all = [*again.last, *map(again.at_iteration, range(4))]
    assert {path.name for path in names_of_all if again.replaces(path)} == {
        *("out.json", "out_at_iteration_1.png", "out_at_iteration_2.png")
    }
    with pytest.raises(InvalidInputError, match=r'out\.gif" exists'):
        RunFiles(again, inputs, RUN)
    output.final.write_bytes(b"finished")
    assert output.replacing_leftovers(2).own == ()


def test_files_of_a_run_that_is_not_finished_are_discarded(out: Path, inputs: Inputs) -> None:
    output = Output(out, record=True)
    run = RunFiles(output, inputs, RUN)
    run.save_step(step(1))
    run.discard()
    assert names(out) == []
    run.save_step(step(1))
    run.finish(result(picture(1)))
    run.discard()
    assert names(out) == ["out.json", "out.png", "out_at_iteration_1.png"]


def checkpoint_of(path: Path, output: Output, *, iterations: int, frames: int = 0) -> Checkpoint:
    """A checkpoint as a run leaves it that was killed after so many iterations."""
    checkpoint = Checkpoint.opened(path, resume=True)
    checkpoint.note = {"files": [str(each) for each in output.last], "pictures": output.pictures(2).note()}
    checkpoint.frames = [picture(index) for index in range(frames)]
    history = [{"iteration": index + 1} for index in range(iterations)]
    level = {"loss": 1.0, "losses": {}, "evaluations": 1, "iterations": 1, "improvement": None, "stopped": ""}
    progress = {"index": 0, "evaluations_before": 0, "seconds": 0.5, "history": history, "weights_sha256": ""}
    arrays = {"image": np.zeros((20, 24, 3), np.float32)}
    checkpoint.write(RECORD, {**progress, "level": {**level, "broken": False}}, arrays, is_finished=False)
    return Checkpoint.opened(path, resume=True)


def test_a_resumed_run_replaces_its_own_files(out: Path, tmp_path: Path) -> None:
    """The picture of the lost iteration, and last files with the record of the run; not those of another run."""
    output = Output(out, gif=True, record=True)
    checkpoint = checkpoint_of(tmp_path / "run.ckpt", output, iterations=1)
    for path in (out.with_name("out_at_iteration_1.png"), out.with_name("out_at_iteration_2.png"), output.gif_file):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"some bytes")
    output.write_record(json.dumps({**RECORD, "run": {"iterations": 5}}))
    resumed = output.resuming(checkpoint)
    assert resumed.done == 1
    assert {path.name for path in resumed.own} == {"out_at_iteration_2.png", "out.json"}
    output.record_file.write_text(json.dumps({**RECORD, "settings": {"model": "vgg19"}}))
    assert {path.name for path in output.resuming(checkpoint).own} == {"out_at_iteration_2.png"}
    assert Output(out.with_name("other")).resuming(checkpoint).own == ()


def test_frames_of_a_resumed_run(out: Path, inputs: Inputs, tmp_path: Path) -> None:
    """One frame of the iteration before, and one of the next; or none were stored, which is reported."""
    output = Output(out, save_every=0, gif=True)
    checkpoint = checkpoint_of(tmp_path / "one.ckpt", output, iterations=1, frames=1)
    run = RunFiles(output.resuming(checkpoint), inputs, RUN, checkpoint=checkpoint)
    run.save_step(step(2))
    np.testing.assert_array_equal(checkpoint.frames, [picture(0), picture(2)])
    checkpoint = checkpoint_of(tmp_path / "none.ckpt", output, iterations=1)
    with pytest.warns(UserWarning, match="stored no frames, so the animation begins at iteration 2"):
        run = RunFiles(output.resuming(checkpoint), inputs, RUN, checkpoint=checkpoint)
    run.save_step(step(2))
    run.finish(result(picture(2)))
    with Image.open(output.gif_file) as animation:
        assert sum(1 for _ in ImageSequence.Iterator(animation)) == 1


@pytest.mark.parametrize("is_finished", [False, True])
def test_the_checkpoint_of_a_finished_run_is_deleted(
    out: Path, inputs: Inputs, tmp_path: Path, is_finished: bool
) -> None:
    path = tmp_path / "run.ckpt"
    checkpoint = checkpoint_of(path, Output(out), iterations=2)
    run = RunFiles(Output(out), inputs, RUN, checkpoint=checkpoint)
    assert checkpoint.note == {
        "files": [str(out.with_name("out.png"))],
        "pictures": {"like": str(out.with_name("out_at_iteration_*.png")), "every": 1},
    }
    checkpoint.is_finished = is_finished
    run.finish(result(picture(2)))
    assert path.exists() is not is_finished


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"stopped": "interrupted"}, False),
        ({"settings": {"model": "vgg19"}}, False),
        ({"run": {"iterations": 3}}, False),
    ],
    ids=str,
)
def test_a_finished_picture_is_recognised(out: Path, inputs: Inputs, change: dict[str, Any], expected: bool) -> None:
    RunFiles(Output(out, save_every=0), inputs, RUN).finish(result(picture(1), **change))
    assert is_finished(out.with_suffix(".png"), RECORD) is expected


@pytest.mark.parametrize(("power", "expected"), [(1.0, True), (2.0, False)])
def test_a_setting_that_a_record_lacks_has_its_default(power: float, expected: bool) -> None:
    """As in the records of the version before the setting."""
    settings = records.plain(Network(model="mini"))
    older = {name: value for name, value in settings.items() if name not in ("content_power", "content_layers")}
    now = {**RECORD, "settings": {**settings, "content_power": power}}
    assert same_run({**RECORD, "settings": older}, now) is expected


def test_without_a_record_nothing_is_finished(tmp_path: Path, photo_file: Path) -> None:
    for path in (tmp_path / "none.png", photo_file):
        assert record_in(path) is None
        assert not is_finished(path, RECORD)


def test_a_transparent_picture_is_not_the_same_as_an_opaque_one() -> None:
    rgb = np.full((8, 8, 3), 255, np.uint8)
    alphas = (None, np.full((8, 8), 255, np.uint8), np.zeros((8, 8), np.uint8))
    assert len({records.describe_picture(images.Picture(rgb, alpha, "a", None))["sha256"] for alpha in alphas}) == 3
