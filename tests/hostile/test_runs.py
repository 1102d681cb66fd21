"""Runs that break off, meet another process, or find their names taken: the picture is kept, and the status tells."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neural_style import InvalidInputError, Network, files, images
from neural_style.cli.folder_files import FAILURES
from neural_style.features import weights
from neural_style.runs import records
from neural_style.runs.checkpoint import Checkpoint
from neural_style.runs.file_writer import RunFiles
from neural_style.runs.level import Level
from neural_style.runs.outputs import Output
from tests.calls import failing

Command = Callable[..., Any]

pytestmark = pytest.mark.filterwarnings("always:.*the best picture so far is kept")

NETWORK = ("--model", "mini", "--weights", "random", "--content_layer", "conv1_1", "--style_layers", "conv1_1")
SMALLEST = (*NETWORK, "--image_size", "16", "--num_iter", "1")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != FAILURES)


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Folder of the files of a run."""
    return tmp_path / "made"


@pytest.fixture
def folder(command: Command, photo: np.ndarray, painting_file: Path, tmp_path: Path) -> Callable[..., Any]:
    """Paint photos a, b and c into `tmp_path / "results"`."""
    (tmp_path / "photos").mkdir()
    for index, name in enumerate("abc"):
        Image.fromarray(photo[:16, index : 16 + index]).save(tmp_path / "photos" / f"{name}.png")
    return lambda *flags: command(
        "network", tmp_path / "photos", painting_file, tmp_path / "results", *SMALLEST, *flags
    )


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("of TensorFlow"), FULL])
def test_a_run_that_breaks_off_at_a_later_size(
    paint: Command, made: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    failing(monkeypatch, Level, "_advance", 2, error)
    ran = paint("--sizes", "16", "24", "--save_every", "0", "--quiet")
    assert ran.status == 1
    assert ran.err.count("\n") == 1
    assert "the best picture so far is kept" in ran.err
    record = records.read(made / "out.png")
    assert records.is_unfinished(record)
    assert len(record["history"]) == 1


def test_an_error_before_there_is_a_picture_is_one_line(
    paint: Command, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NEURAL_STYLE_DEBUG", raising=False)
    for error, status, text in (
        (KeyError("unforeseen"), 1, "unexpected KeyError: 'unforeseen'; please report it at"),
        (MemoryError(), 2, "not enough memory"),
        (RuntimeError("RESOURCE_EXHAUSTED: [0] Failed to load"), 1, "the memory of the GPU is exhausted: end other"),
        (RuntimeError("Unable to initialize backend 'cuda': INTERNAL"), 1, "or set JAX_PLATFORMS=cpu"),
    ):
        with monkeypatch.context() as patch:
            failing(patch, Level, "_advance", 1, error)
            ran = paint("--quiet")
        assert (ran.status, ran.err.count("\n")) == (status, 1)
        assert text in ran.err
    monkeypatch.setenv("NEURAL_STYLE_DEBUG", "1")
    failing(monkeypatch, Level, "_advance", 1, KeyError("unforeseen"))
    assert "Traceback" in paint().err
    assert not made.exists()


def test_an_error_of_the_callers_comes_out_as_it_is(photo: np.ndarray, painting: np.ndarray) -> None:
    error = LookupError("mine")

    def on_step(step: Any) -> None:
        if step.iteration == 2:
            raise error

    settings = {"image_size": 16, "iterations": 3, "on_step": on_step}
    with pytest.raises(LookupError) as caught:
        Network(model="mini", weights="random", content_layer="conv1_1", style_layers="conv1_1").transfer(
            photo, painting, **settings
        )
    assert caught.value is error


def test_an_unforeseen_error_costs_one_picture_of_a_folder(
    folder: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        failing(patch, Level, "_advance", 2, KeyError("unforeseen"))
        ran = folder("--quiet")
    assert (ran.status, ran.err.count("\n")) == (1, 1)
    assert "b.png: unexpected KeyError" in ran.err
    assert names(tmp_path / "results") == ["a.png", "c.png"]


def test_a_broken_off_picture_of_a_folder_is_painted_again(
    folder: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        failing(patch, Level, "_advance", 2, MemoryError())
        ran = folder("--quiet", "--num_iter", "2")
    assert (ran.status, ran.err.count("\n")) == (1, 1)
    assert records.is_unfinished(records.read(tmp_path / "results" / "a.png"))
    ran = folder("--num_iter", "2")
    assert ran.status == 0
    assert "1 painted, 2 skipped" in ran.out
    assert not records.is_unfinished(records.read(tmp_path / "results" / "a.png"))


def test_a_full_disk_ends_a_folder(folder: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        failing(patch, os, "fsync", 3, FULL)  # the second picture; a file and its folder are synchronised
        ran = folder()
    assert ran.status == 1
    assert "1 painted, 1 failed" in ran.out
    assert ran.err.count("No space left on device") == 1
    assert "the disk is full" in ran.err
    assert names(tmp_path / "results") == ["a.png"]


def test_two_processes_share_a_folder(folder: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one has claimed b, finishes it while a is painted, and finishes c before it is looked at."""
    results = tmp_path / "results"
    claim = files.claim(results / "b.png", "b")
    whole = RunFiles.finish

    def finish(self: RunFiles, result: Any) -> list[Path]:
        written = whole(self, result)
        if self.output.final.name == "a.png":
            images.write(results / "c.png", np.zeros((9, 9, 3), np.uint8))
        else:
            raise AssertionError("painted twice")
        return written

    original = files.claim

    def claimed(path: Path, where: str, *, wait: bool = False) -> Any:
        if wait:  # the other process ends
            images.write(results / "b.png", np.zeros((9, 9, 3), np.uint8))
            claim.__exit__(None, None, None)
        return original(path, where, wait=wait)

    assert claim.__enter__()
    monkeypatch.setattr(RunFiles, "finish", finish)
    monkeypatch.setattr(files, "claim", claimed)
    ran = folder()
    assert ran.status == 0
    assert "1 painted, 2 painted by another process" in ran.out
    assert names(results) == ["a.png", "b.png", "c.png"]


def test_what_the_other_process_did_not_finish_is_painted(
    folder: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, refused = files.claim, []

    def claimed(path: Path, where: str, *, wait: bool = False) -> Any:
        if path.name == "b.png" and not (wait or refused):
            refused.append(original(path.with_name("b.png"), where))
            refused[0].__enter__()
        elif wait:
            refused[0].__exit__(None, None, None)  # the other process was killed
        return original(path, where, wait=wait)

    monkeypatch.setattr(files, "claim", claimed)
    assert folder("--quiet").status == 0
    assert names(tmp_path / "results") == ["a.png", "b.png", "c.png"]


def test_names_that_are_taken_in_the_run(paint: Command, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The picture, its record and that of an iteration go under free names, and two files are taken at once."""
    whole = Level._advance

    def advance(self: Level, *arguments: Any) -> str:
        made.mkdir(exist_ok=True)
        for name in ("out.png", "out_2.png", "out.json", "out_at_iteration_1.png"):
            (made / name).write_bytes(b"mine")
        return whole(self, *arguments)

    monkeypatch.setattr(Level, "_advance", advance)
    ran = paint("--record", "--quiet")
    assert (ran.status, ran.err.count("\n")) == (2, 1)
    assert f"has written {made / 'out_3.png'}, and 2 more files under free names" in ran.err
    assert names(made) == [
        *("out.json", "out.png", "out_2.json", "out_2.png", "out_3.png"),
        *("out_at_iteration_1.png", "out_at_iteration_1_2.png"),
    ]
    assert (made / "out.png").read_bytes() == b"mine"
    assert records.read(made / "out_3.png")["stopped"] == ""


def test_a_picture_that_fits_nowhere_is_saved_elsewhere(
    paint: Command, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    failing(monkeypatch, os, "fsync", 1, FULL)
    ran = paint("--save_every", "0", "--quiet")
    assert (ran.status, ran.err.count("\n")) == (2, 1)
    (place,) = (tmp_path / "temporary").glob("*/out.png")
    assert f"No space left on device; the picture was saved as {place}" in ran.err
    assert not records.is_unfinished(records.read(place))

    def full(_: int) -> None:
        raise FULL

    monkeypatch.setattr(os, "fsync", full)
    assert "saved as" not in paint("--save_every", "0", "--quiet").err
    assert list((tmp_path / "temporary").iterdir()) == [place.parent]


def test_an_animation_that_fails_does_not_cost_the_picture(
    paint: Command, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, images, "write_animation", 1, MemoryError())
    assert paint("--save_every", "0", "--gif", "--quiet").status == 2
    assert records.is_unfinished(records.read(made / "out.png"))


@pytest.fixture
def checkpoint(paint: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The checkpoint of a run that was interrupted in its second iteration."""
    with monkeypatch.context() as patch:
        failing(patch, Output, "write", 2, KeyboardInterrupt())
        assert paint("--num_iter", "3", "--checkpoint", tmp_path / "run.ckpt").status == 130
    return tmp_path / "run.ckpt"


def test_a_checkpoint_is_used_by_one_process(paint: Command, checkpoint: Path) -> None:
    before = checkpoint.read_bytes()
    with checkpoint.open("rb") as file:  # another open file stands for another process
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for flag in ("--resume", "--overwrite"):
            paint("--num_iter", "3", "--checkpoint", checkpoint, flag).assert_refused("in use by another process")
    assert checkpoint.read_bytes() == before
    assert paint("--num_iter", "3", "--checkpoint", checkpoint, "--resume", "--quiet").status == 0
    assert not checkpoint.exists()


def test_a_checkpoint_is_locked_from_its_first_byte_to_its_end(tmp_path: Path) -> None:
    record = {"neural_style": "0", "technique": "t", "settings": {}, "content": {}, "styles": [], "run": {}}
    one, other = Checkpoint.opened(tmp_path / "a", resume=True), Checkpoint(tmp_path / "a", resume=True)
    for _ in range(2):
        one.write(record, {"history": []}, {}, is_finished=False)
        with (tmp_path / "a").open("rb") as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with pytest.raises(InvalidInputError, match="in use by another process"):  # both were started afresh
        other.write(record, {"history": []}, {}, is_finished=False)
    one.release()
    with (tmp_path / "a").open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_overwrite_replaces_no_file_but_a_checkpoint(paint: Command, checkpoint: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "weights.npz"
    kernels = {"block1_conv1_kernel": np.zeros((3, 3, 3, 64), np.float32)}
    np.savez(foreign, **kernels)
    before = foreign.read_bytes()
    paint("--checkpoint", foreign, "--overwrite").assert_refused("weights.npz", "is no checkpoint")
    assert foreign.read_bytes() == before
    assert paint("--checkpoint", checkpoint, "--overwrite", "--quiet").status == 0
    assert not checkpoint.exists()


@pytest.mark.usefixtures("idle")
def test_weights_are_inputs(paint: Command, made: Path, tmp_path: Path) -> None:
    """Also under another name of the same file."""
    loaded = weights.load(Network(model="mini").architecture, "embedded", ("conv1_1", "conv1_2"))
    np.savez(tmp_path / "weights.npz", **loaded)
    made.mkdir()
    os.link(tmp_path / "weights.npz", made / "out.png")
    paint("--weights", tmp_path / "weights.npz", "--overwrite").assert_refused("out.png is one of the inputs")


def test_a_checkpoint_that_cannot_be_written_any_more(
    paint: Command, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status 1, the picture so far, and a checkpoint that can be resumed."""
    with monkeypatch.context() as patch:
        failing(patch, np, "savez", 3, FULL)
        flags = ["--num_iter", "3", "--save_every", "0", "--checkpoint", tmp_path / "run.ckpt", "--resume", "--quiet"]
        assert paint(*flags).status == 1
    assert records.is_unfinished(records.read(made / "out.png"))
    assert paint(*flags).status == 0
    assert len(records.read(made / "out.png")["history"]) == 3


@pytest.mark.usefixtures("idle")
def test_no_folder_is_made_for_a_run_that_is_refused(paint: Command, made: Path, tmp_path: Path) -> None:
    flags = ["--checkpoint", tmp_path / "deep" / "er" / "run.ckpt", "--weights", tmp_path / "nothing.npz"]
    paint(*flags).assert_refused("nothing.npz")
    assert not made.exists()
    assert not (tmp_path / "deep").exists()
