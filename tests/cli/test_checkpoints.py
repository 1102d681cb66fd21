"""`--checkpoint --resume`: commands that are killed, interrupted and given again."""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageSequence

from neural_style import files
from neural_style.runs.checkpoint import Checkpoint
from neural_style.runs.level import Level
from neural_style.runs.outputs import Output
from tests.calls import failing
from tests.conftest import SMALL

ROOT = Path(__file__).resolve().parents[2]

Command = Callable[..., Any]


class Killed(BaseException):
    """Nothing catches it, as nothing catches a kill."""


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def frames(path: Path) -> list[np.ndarray]:
    with Image.open(path) as image:
        return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Folder of the files of a run."""
    return tmp_path / "made"


@pytest.fixture
def keep(paint: Command, tmp_path: Path) -> Command:
    """`paint` three iterations with a checkpoint that is resumed."""
    flags = ["--num_iter", "3", "--checkpoint", tmp_path / "run.ckpt", "--resume"]
    return lambda *arguments, **settings: paint(*flags, *arguments, **settings)


@contextlib.contextmanager
def killed_in(where: type, name: str, call: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        failing(patch, where, name, call, Killed())
        with pytest.raises(Killed):
            yield


@pytest.mark.parametrize("iteration", [1, 2, 3])
def test_a_killed_run_goes_on(paint: Command, keep: Command, out: Path, tmp_path: Path, iteration: int) -> None:
    """Killed when the picture of an iteration is written and its checkpoint is not."""
    assert paint("--num_iter", "3", "--gif", prefix=tmp_path / "whole").status == 0
    with killed_in(Checkpoint, "write", iteration + 1):
        keep("--gif")
    assert (out / f"out_at_iteration_{iteration}.png").exists()
    early = {path: path.stat().st_mtime_ns for path in out.iterdir() if f"_{iteration}." not in path.name}
    ran = keep("--gif")
    assert (ran.status, ran.err.count("warning")) == (0, 0)
    np.testing.assert_array_equal(pixels(out / "out.png"), pixels(tmp_path / "whole.png"))
    np.testing.assert_array_equal(frames(out / "out.gif"), frames(tmp_path / "whole.gif"))
    assert sorted(path.name for path in out.iterdir()) == [
        *("out.gif", "out.png", "out_at_iteration_1.png", "out_at_iteration_2.png", "out_at_iteration_3.png")
    ]
    assert {path: path.stat().st_mtime_ns for path in early} == early  # what was done is not done again
    assert not (tmp_path / "run.ckpt").exists()


def test_killed_when_the_picture_is_written_and_the_checkpoint_still_there(
    keep: Command, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed_in(Checkpoint, "delete", 1):
        keep()
    before = pixels(out / "out.png")
    with monkeypatch.context() as patch:
        failing(patch, Level, "_advance", 1, Killed())  # there is nothing left to be done
        assert keep().status == 0
    np.testing.assert_array_equal(pixels(out / "out.png"), before)
    assert not (tmp_path / "run.ckpt").exists()


def test_killed_when_all_was_done(keep: Command, out: Path) -> None:
    """The command in a loop ends well, and another command does not take the picture for its own."""
    assert keep().status == 0
    before = (out / "out.png").stat().st_mtime_ns
    ran = keep()
    assert (ran.status, ran.out) == (0, f"{out / 'out.png'} is finished already\n")
    assert (out / "out.png").stat().st_mtime_ns == before
    keep("--content_weight", "7").assert_refused("out.png", "exists")


@pytest.mark.parametrize("count", [1, 2])
def test_killed_while_the_last_files_are_written(
    keep: Command, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """After the animation, and after the record beside it: the picture is last, and all are the run's own."""
    flags = ["--gif", "--record"]
    with monkeypatch.context() as patch:
        failing(patch, files, "atomic_write", 8 + count, Killed())  # after 4 checkpoints and 3 pictures of iterations
        with pytest.raises(Killed):
            keep(*flags)
    last = ["out.gif", "out.json", "out.png"]
    assert [name for name in last if (out / name).exists()] == last[:count]
    assert keep(*flags).status == 0
    assert pixels(out / "out.png").shape == (32, 38, 3)
    assert len(frames(out / "out.gif")) == 3
    assert not (tmp_path / "run.ckpt").exists()


def test_ctrl_c_leaves_the_checkpoint_and_says_so(
    paint: Command, keep: Command, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert paint("--num_iter", "3", prefix=tmp_path / "whole").status == 0
    with monkeypatch.context() as patch:
        failing(patch, Output, "write", 2, KeyboardInterrupt())
        ran = keep()
    assert ran.status == 130
    assert f"the run is saved in {tmp_path / 'run.ckpt'}; use --resume to continue it" in ran.out
    assert pixels(out / "out.png").shape == (32, 38, 3)
    assert keep().status == 0
    np.testing.assert_array_equal(pixels(out / "out.png"), pixels(tmp_path / "whole.png"))


def test_more_iterations_after_ctrl_c_are_killed_too(
    paint: Command, keep: Command, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The picture of the interrupted run says 3 iterations and the checkpoint 5: both are of one run."""
    assert paint("--num_iter", "5", "--gif", prefix=tmp_path / "whole").status == 0
    with monkeypatch.context() as patch:
        failing(patch, Output, "write", 2, KeyboardInterrupt())
        assert keep("--gif").status == 130
    with killed_in(Checkpoint, "write", 3):
        keep("--gif", "--num_iter", "5")
    ran = keep("--gif", "--num_iter", "5")
    assert ran.status == 0, ran.err
    np.testing.assert_array_equal(pixels(out / "out.png"), pixels(tmp_path / "whole.png"))
    np.testing.assert_array_equal(frames(out / "out.gif"), frames(tmp_path / "whole.gif"))


@pytest.mark.parametrize("name", ["out.png", "out.gif", "out_at_iteration_3.png", "other_at_iteration_2.png"])
def test_what_the_broken_run_did_not_write_is_the_users(
    keep: Command, out: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Killed in the second iteration, without --gif; then a file appears."""
    with killed_in(Checkpoint, "write", 3):
        keep()
    (out / name).write_bytes(b"mine")
    with monkeypatch.context() as patch:
        failing(patch, Level, "_advance", 1, Killed())
        keep("--gif", prefix=out / name.split("_")[0].removesuffix(".png").removesuffix(".gif")).assert_refused(name)
    assert (out / name).read_bytes() == b"mine"


@pytest.mark.filterwarnings("always:the interrupted run stored no frames")
def test_an_animation_without_its_beginning_is_told(keep: Command, out: Path) -> None:
    with killed_in(Checkpoint, "write", 3):
        keep()
    ran = keep("--gif")
    assert ran.status == 0
    assert "the animation begins at iteration 2" in ran.err
    assert len(frames(out / "out.gif")) == 2


def test_more_iterations(paint: Command, keep: Command, out: Path, tmp_path: Path) -> None:
    """An interrupted run is resumed with more iterations than before."""
    assert paint("--num_iter", "5", prefix=tmp_path / "whole").status == 0
    with killed_in(Checkpoint, "write", 3):
        keep()
    assert keep("--num_iter", "5").status == 0
    np.testing.assert_array_equal(pixels(out / "out.png"), pixels(tmp_path / "whole.png"))


@pytest.mark.usefixtures("idle")
def test_flags_that_cannot_be(paint: Command, tmp_path: Path, photo_file: Path) -> None:
    paint("--resume").assert_refused("--resume needs --checkpoint")
    (tmp_path / "there").write_text("")
    paint("--checkpoint", tmp_path / "there").assert_refused("there", "exists", "--resume")
    paint("--checkpoint", tmp_path / "there", "--resume").assert_refused("there", "is no checkpoint")
    paint("--checkpoint", tmp_path / "new", "--solver", "scipy_lbfgs").assert_refused("scipy_lbfgs", "lbfgs or adam")
    paint("--checkpoint", tmp_path / "made" / "out.png").assert_refused("out.png", "written twice")
    paint("--checkpoint", photo_file, "--overwrite").assert_refused("photo.png", "is no checkpoint")
    paint("--checkpoint", "/proc/run").assert_refused("/proc/run", "cannot be written")
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["painting.png", "photo.png", "there"]


def test_a_doodle_with_a_preview_goes_on(command: Command, painting_file: Path, tmp_path: Path) -> None:
    regions = np.zeros((36, 30, 3), np.uint8)
    regions[18:] = [0, 255, 0]
    Image.fromarray(regions).save(tmp_path / "mask.png")
    masks = ["--style_mask", tmp_path / "mask.png", "--target_mask", tmp_path / "mask.png", "--nlabels", "2"]
    flags = [*masks, "--style_image", painting_file, "--model", "mini", "--weights", "random", "--img_size", "16"]
    flags += ["--style_layers", "conv1_1", "--num_iter", "2", "--quiet", "--preview", tmp_path / "labels.png"]
    prefixed = [*flags, "--target_image_prefix", tmp_path / "out", "--checkpoint", tmp_path / "run.ckpt", "--resume"]
    with killed_in(Checkpoint, "write", 3):
        command("doodle", *prefixed)
    assert command("doodle", *prefixed).status == 0
    assert command("doodle", *prefixed) == (0, "", "")
    assert not (tmp_path / "run.ckpt").exists()
    (tmp_path / "labels.png").write_bytes(b"mine")
    prefixed[prefixed.index(tmp_path / "out")] = tmp_path / "other"
    command("doodle", *prefixed).assert_refused("labels.png", "exists")


KILLED = """
    import os, signal, sys, threading
    from neural_style.cli import main
    from neural_style.runs.outputs import Output
    left, delay = int(sys.argv[1]), float(sys.argv[2])
    whole = Output.write
    def write(self, *arguments):
        global left
        left -= 1
        if left == 0:
            threading.Timer(delay, os.kill, (os.getpid(), signal.SIGKILL)).start()
        whole(self, *arguments)
    Output.write = write
    sys.exit(main(sys.argv[3:]))
"""


def test_kill_9_at_random_moments(paint: Command, photo_file: Path, painting_file: Path, tmp_path: Path) -> None:
    """Two processes die some moments after a picture, and this one finishes the run; benchmarks/survival.py does it
    more often."""
    flags = ["--sizes", "24", "32", "--num_iter", "8", "--quiet"]
    assert paint(*flags, prefix=tmp_path / "whole").status == 0
    rng, folder, done = random.Random(0), tmp_path / "made", []
    flags += ["--checkpoint", str(folder / "run.ckpt"), "--resume"]
    command = ["network", str(photo_file), str(painting_file), str(folder / "out"), *SMALL, *flags]
    for _ in range(2):
        moment = str(rng.randint(1, 4)), str(rng.uniform(0, 0.05))
        killed = [sys.executable, "-c", textwrap.dedent(KILLED), *moment, *command]
        ran = subprocess.run(killed, capture_output=True, text=True, check=False, cwd=ROOT)
        assert ran.returncode == -signal.SIGKILL, ran.stderr
        for path in folder.glob("out*"):
            assert pixels(path).ndim == 3  # no picture is half written
        with np.load(folder / "run.ckpt") as stored:
            saved = stored["header"].tobytes().count(b'"iteration": ')
        shown = len(list(folder.glob("out_*")))
        assert shown - 1 <= saved <= shown
        done.append(saved)
    assert done == sorted(done)
    assert paint(*flags) == (0, "", "")
    difference = pixels(folder / "out.png").astype(int) - pixels(tmp_path / "whole.png")
    assert np.abs(difference).max() <= 1
    assert sorted(path.name for path in folder.iterdir() if "_at_" not in path.name) == ["out.png"]
