"""Runs over folders that are killed, interrupted or run out of space: what is left, and what the next call does."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from neural_style import files
from neural_style.cli import progress
from neural_style.errors import InvalidInputError
from neural_style.runs.file_writer import RunFiles
from neural_style.runs.outputs import Output
from tests.cli.folders.small import Command, names, save


class Killed(BaseException):
    """Nothing catches it, as nothing catches a kill."""


ALL = ["--save_every", "1", "--num_iter", "2", "--gif", "--record"]
MADE = ["a.gif", "a.json", "a.png", "a_at_iteration_1.png", "a_at_iteration_2.png"]


@pytest.mark.parametrize("left", [1, 2, 3, 4])
def test_what_a_kill_has_left_is_replaced(
    paint: Command, folders: Path, monkeypatch: pytest.MonkeyPatch, left: int
) -> None:
    """After each file until the picture itself, which is the last."""
    whole, results, written = files.atomic_write, folders / "results", []

    def complete(path: Path, *arguments: Any, **settings: Any) -> Any:
        written.append(path.name)
        if len(written) > left:
            raise Killed
        return whole(path, *arguments, **settings)

    with monkeypatch.context() as patch:
        patch.setattr(files, "atomic_write", complete)
        patch.setattr(RunFiles, "discard", lambda _: None)  # a killed process cleans up nothing
        with pytest.raises(Killed):
            paint(*ALL, content="photos/a.png", styles=("paintings",))
    assert len(names(results)) == left
    assert "a_a.png" not in names(results)
    ran = paint("--quiet", *ALL, content="photos/a.png", styles=("paintings",))
    assert ran == (0, "", "")
    assert names(results) == sorted(name.replace("a", f"a_{each}", 1) for each in "ax" for name in MADE)


@pytest.mark.parametrize("error", [InvalidInputError("no space left on the device"), KeyboardInterrupt(), Killed()])
def test_what_has_no_picture_is_not_left(
    paint: Command, folders: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    whole = Output.write_picture

    def write(self: Output, path: Path, *arguments: Any) -> None:
        if path.name == "b.png":
            raise error
        whole(self, path, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Output, "write_picture", write)
        with contextlib.suppress(Killed):
            assert paint(*ALL).status in (1, 130)
    assert names(folders / "results") == MADE


@pytest.mark.parametrize("name", ["a.gif", "a.json"])
def test_what_no_run_has_written_stays(paint: Command, folders: Path, name: str) -> None:
    save(folders / "results" / "b_at_iteration_1.png")
    (folders / "results" / name).write_bytes(b"mine")
    ran = paint("--quiet", *ALL)
    assert ran.status == 1
    assert ran.err.count("\n") == 1
    assert f'{name}" exists' in ran.err
    assert (folders / "results" / name).read_bytes() == b"mine"
    assert [made for made in names(folders / "results") if made[0] == "b"] == [
        each.replace("a", "b", 1) for each in MADE
    ]


def test_ctrl_c_ends_everything_and_keeps_what_is_finished(
    paint: Command, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a picture is not kept, since the next call would take it for finished."""
    whole, count = progress.Bar.advance, iter(range(1, 999))
    results = folders / "results"
    save(results / "a.png")

    def advance(self: progress.Bar, evaluations: int, loss: float) -> None:
        whole(self, evaluations, loss)
        if next(count) == 25:  # the second iteration, after the picture of the first was saved
            assert names(results) == ["a.png", "b_at_iteration_1.png"]
            raise KeyboardInterrupt

    monkeypatch.setattr(progress.Bar, "advance", advance)
    ran = paint("--num_iter", "3", "--save_every", "1")
    assert ran.status == 130
    assert "0 painted, 1 skipped" in ran.out
    assert "interrupted; rerun the command to paint the remaining images" in ran.err
    assert "Traceback" not in ran.err
    assert names(results) == ["a.png"]
