"""Folders that other processes paint: the same pictures, and the same lines about those that fail."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from neural_style import files
from neural_style.cli.folder_files import FAILURES
from neural_style.engines.interface import Outcome
from neural_style.engines.local import Local
from neural_style.engines.process import Process
from neural_style.runs import records
from tests.cli.folders.small import Command, names, pixels, save


def here(self: Local, tasks: Any, process: Process) -> Iterator[Any]:
    """In place of `Local.outcomes`: in this process, the last task first."""
    assert process.threads is None  # those that fit its cores
    for key, task in reversed(list(tasks)):
        yield key, task.run()


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Local, "outcomes", here)


def without_times(path: Path) -> dict[str, Any]:
    record = records.read(path)
    for entry in record["history"]:
        del entry["seconds"]
    return record


@pytest.mark.usefixtures("in_this_process")
def test_pictures_and_failures_are_those_of_one_process(paint: Command, folders: Path) -> None:
    (folders / "photos" / "broken.png").write_bytes(b"\x89PNG broken")

    one = paint("--save_every", "1", "--record", to="one")
    several = paint("--save_every", "1", "--record", "--jobs", "2", to="several")

    assert one.status == several.status == 1
    assert "2 painted, 1 failed" in several.out
    assert names(folders / "several") == names(folders / "one")
    for name in ("a.png", "a_at_iteration_1.png", "b.png"):
        assert (pixels(folders / "several" / name) == pixels(folders / "one" / name)).all()
    assert without_times(folders / "several" / "a.png") == without_times(folders / "one" / "a.png")
    failed = json.loads((folders / "several" / FAILURES).read_text())["failed"]
    assert list(failed) == [str(folders / "photos" / "broken.png")]

    (folders / "photos" / "broken.png").unlink()
    again = paint("--jobs", "2", "--record", to="several")
    assert "0 painted, 2 skipped" in again.out
    assert again.status == 0
    assert not (folders / "several" / FAILURES).exists()


def test_initial_image_is_sent_to_the_process(paint: Command, folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def elsewhere(self: Local, tasks: Any, _: Process) -> Iterator[Any]:
        for key, task in islice(tasks, 1):
            start.unlink(missing_ok=True)  # as on another machine
            yield key, task.run()

    monkeypatch.setattr(Local, "outcomes", elsewhere)
    start = folders / "photos" / "b.png"  # the second photo, which nothing asks for
    found = paint("--jobs", "2", "--init", start)
    assert "1 painted" in found.out, found.err
    assert start.name in json.dumps(records.read(folders / "results" / "a.png")["run"]["init"])


def test_file_of_that_name_which_is_not_ours_stays(paint: Command, folders: Path) -> None:
    (folders / "results").mkdir()
    (folders / "results" / FAILURES).write_text('{"mine": 1}')
    assert paint().status == 0
    assert (folders / "results" / FAILURES).read_text() == '{"mine": 1}'


def test_failing_process_deletes_no_picture(paint: Command, folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(folders / "results" / "a.png")
    before = (folders / "results" / "a.png").read_bytes()
    failed = Outcome({"a_at_iteration_1.png": b"a step"}, error="no memory", warnings=("odd",))
    monkeypatch.setattr(Local, "outcomes", lambda self, tasks, _: ((key, failed) for key, _ in tasks))

    found = paint("--jobs", "2", "--overwrite")

    assert names(folders / "results") == ["a.png"]
    assert found.status == 1
    assert "0 painted, 2 failed" in found.out
    assert "a.png: no memory" in found.err
    assert "warning: " in found.err
    assert (folders / "results" / "a.png").read_bytes() == before


def test_claims_end_with_the_command(paint: Command, folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: Local, tasks: Any, process: Process) -> Iterator[Any]:
        next(tasks), next(tasks)
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(Local, "outcomes", interrupted)
    found = paint("--jobs", "2")

    assert found.status == 130
    assert "rerun the command" in found.err
    for name in ("a.png", "b.png"):
        with files.claim(folders / "results" / name, name) as is_free:
            assert is_free


@pytest.mark.usefixtures("in_this_process")
def test_finished_pictures_are_written_before_it_waits_for_other_commands(
    paint: Command, folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two others have claimed a and b; that of a dies first."""
    results, original = folders / "results", files.claim
    others = [files.claim(results / name, name) for name in ("a.png", "b.png")]
    seen: list[list[str]] = []

    def claimed(path: Path, where: str, *, wait: bool = False) -> Any:
        if wait:
            seen.append(names(results))
            others.pop(0).__exit__(None, None, None)
        return original(path, where, wait=wait)

    assert all(each.__enter__() for each in others)
    monkeypatch.setattr(files, "claim", claimed)
    assert paint("--jobs", "2").status == 0
    assert seen == [[], ["a.png"]]
    assert names(results) == ["a.png", "b.png"]


@pytest.mark.usefixtures("in_this_process")
def test_feed_forward_network(command: Command, folders: Path) -> None:
    (folders / "photos" / "b.png").unlink()
    for to, flags in (("one", ("--batch_size", "1")), ("several", ("--jobs", "2"))):
        found = command("apply", "embedded", folders / "photos", folders / to, "--style", folders / "style.png", *flags)
        assert found.status == 0, found.err
    assert (pixels(folders / "several" / "a.png") == pixels(folders / "one" / "a.png")).all()


def test_process_that_unpickles_a_style_starts_keras_silently() -> None:
    """Otherwise TensorFlow writes its lines first: the process has imported nothing else."""
    source = Path(files.__file__).with_name("feedforward") / "styles.py"
    imports = [node for node in ast.parse(source.read_text()).body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert ast.unparse(imports[1]) == "import neural_style.backend"  # behind that of __future__


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--address", "head:6379"), "--address needs --engine ray"),
        (("--per_task_gpus", "1"), "--per_task_gpus needs --engine ray"),
        (("--jobs", "0"), "jobs"),
        (("--jobs", "2", "--engine", "ray"), "--jobs is for --engine local"),
    ],
)
def test_flags_that_do_not_go_together(paint: Command, flags: tuple[str, ...], words: str) -> None:
    found = paint(*flags)
    assert found.status == 2
    assert words in found.err


def test_one_picture_has_no_engine(paint: Command) -> None:
    found = paint("--jobs", "2", content="photos/a.png", to="out")
    assert found.status == 2
    assert "name a folder" in found.err
