"""Processes of this machine: every task is done once, also where processes die."""

from __future__ import annotations

import os
import runpy
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import Pipe, resource_tracker
from pathlib import Path
from typing import ClassVar

import pytest

import neural_style
from neural_style import interruption
from neural_style.engines import local
from neural_style.engines.interface import TRIES, Outcome, done
from neural_style.engines.local import Local
from neural_style.engines.process import Process
from neural_style.errors import InvalidInputError


@dataclass(frozen=True)
class Named:
    """Returns the process and the cores that it may use."""

    name: str
    weights: ClassVar = ()

    def run(self) -> Outcome:
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        return Outcome({self.name: str(os.getpid()).encode()}, (str(cores),))


@dataclass(frozen=True)
class Deadly:
    """Kills its process until a file has been written as often as given."""

    log: Path
    times: int
    weights: ClassVar = ()

    def run(self) -> Outcome:
        with self.log.open("a") as file:
            file.write("x")
        if len(self.log.read_text()) <= self.times:
            os.kill(os.getpid(), signal.SIGKILL)
        return Outcome({"out": b"x"})


def test_tasks_of_which_some_kill_their_process(tmp_path: Path) -> None:
    often, once = tmp_path / "often", tmp_path / "once"
    tasks = {
        "a": Named("a"),
        "killed always": Deadly(often, 99),
        "killed once": Deadly(once, 1),
        **{str(number): Named(str(number)) for number in range(4)},
    }
    given = []

    def lazily():
        for key, task in tasks.items():
            given.append(key)
            yield key, task

    found = {}
    for key, outcome in Local(2).outcomes(lazily()):
        assert key not in found
        assert len(given) <= len(found) + 3  # one in each process, and the one that is given in place of this
        found[key] = outcome

    assert found.keys() == tasks.keys()
    assert "SIGKILL" in found.pop("killed always").error
    assert len(often.read_text()) == TRIES
    assert not any(outcome.error for outcome in found.values())
    assert found["killed once"].files == {"out": b"x"}
    processes = {outcome.files[key] for key, outcome in found.items() if isinstance(tasks[key], Named)}
    assert str(os.getpid()).encode() not in processes
    if hasattr(os, "sched_getaffinity") and len(os.sched_getaffinity(0)) > 1:
        shares = {outcome.warnings for outcome in found.values() if outcome.warnings}
        assert all(str(sorted(os.sched_getaffinity(0))) not in share for share in shares)


@dataclass(frozen=True)
class Leaving:
    """Leaves a temporary folder, and returns it, the process and the signals that it does not get."""

    weights: ClassVar = ()

    def run(self) -> Outcome:
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ()) if hasattr(signal, "pthread_sigmask") else set()
        return Outcome(value=(tempfile.mkdtemp(), os.getpid(), blocked))


def test_processes_get_no_signals_and_closing_ends_them_with_their_files(monkeypatch: pytest.MonkeyPatch) -> None:
    tracker = resource_tracker.ResourceTracker()  # not started yet, as in a command
    for name in ("ensure_running", "getfd"):
        monkeypatch.setattr(resource_tracker, name, getattr(tracker, name))
    outcomes = Local(1).outcomes((number, Leaving()) for number in range(9))
    folder, process, blocked = next(outcomes)[1].value
    assert Path(folder).is_dir()
    outcomes.close()
    assert not Path(folder).exists()
    assert blocked.issuperset(interruption.SIGNALS) or not hasattr(signal, "pthread_sigmask")
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_no_folder_is_made_before_a_process_that_would_delete_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that is killed then leaves none."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    found: list[Path] = []

    def tasks() -> Iterator[tuple[str, Named]]:
        found.extend(tmp_path.iterdir())
        yield from ()

    assert list(Local(1).outcomes(tasks())) == []
    assert found == []


def test_process_ends_with_a_killed_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status: list[int] = []
    monkeypatch.setattr(os, "_exit", status.append)
    folder = tmp_path / "temporary"
    folder.mkdir()
    ours, theirs = Pipe()
    theirs.close()  # readable now, as the sentinel of a process that has ended
    local._end_with(ours, str(folder))
    assert status == [1]
    assert not folder.exists()


def test_process_gets_its_settings_before_a_task(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[tuple[str | None, int | None]] = []

    def own_process(device: str | None, threads: int | None) -> None:
        taken.append((device, threads))
        if device == "gpu:9":
            raise InvalidInputError("no such GPU")

    monkeypatch.setattr("neural_style.backend.own_process", own_process)
    assert not done(Named("a"), Process("cpu", 3)).error
    assert done(Named("a"), Process("gpu:9")) == Outcome(error="no such GPU")
    assert taken == [("cpu", 3), ("gpu:9", None)]


def test_impossible_number() -> None:
    with pytest.raises(InvalidInputError, match="jobs"):
        Local(0)


@pytest.mark.parametrize("name", ["network", "inetwork"])
def test_processes_of_a_script_do_not_run_it_again(name: str) -> None:
    """Each imports the main module of the command under this name."""
    runpy.run_path(str(Path(neural_style.__file__).parents[1] / f"{name}.py"), run_name="__mp_main__")
