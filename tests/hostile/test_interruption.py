"""Signals: they act in an evaluation, wait while files are written, and end a run with its best picture."""

from __future__ import annotations

import ast
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neural_style import Network, files, images, interruption
from neural_style.cli.progress import Bar
from neural_style.runs import records
from tests.calls import at_call

Command = Callable[..., Any]

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def send(number: int = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    """The handlers are Python's own, also where the tests run in the background; whatever happens, they stay."""
    outside = {number: signal.getsignal(number) for number in ENDING}
    usual = dict(zip(ENDING, (signal.default_int_handler, signal.SIG_DFL, signal.SIG_DFL), strict=True))
    for number, handler in usual.items():
        signal.signal(number, handler)
    yield
    found = {number: signal.getsignal(number) for number in ENDING}
    for number, handler in outside.items():
        signal.signal(number, handler)
    assert found == usual


def sent_in(monkeypatch: pytest.MonkeyPatch, where: Any, name: str, call: int, *numbers: int) -> None:
    """Send signals when a function is called for this time."""

    def send_all() -> None:
        for number in numbers:
            send(number)

    at_call(monkeypatch, where, name, call, send_all)


def test_signals_wait_and_then_act_once() -> None:
    done = []

    def work() -> None:
        with interruption.held():
            for _ in range(3):
                send()
            done.append("whole")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["whole"]


def test_signals_act_at_once_where_they_may() -> None:
    with interruption.held():
        with pytest.raises(KeyboardInterrupt), interruption.allowed():
            send()
        send()
        with pytest.raises(KeyboardInterrupt), interruption.allowed():  # one that waits acts when it may
            raise AssertionError("the signal still waits")


def test_a_signal_within_a_garbage_collection_is_not_lost() -> None:
    """JAX and others register callbacks, whose exceptions Python reports and drops."""
    phases = []

    def callback(phase: str, _: dict[str, int]) -> None:
        phases.append(phase)
        if len(phases) == 1:
            signal.raise_signal(signal.SIGTERM)

    def work() -> None:
        gc.collect()
        until = time.monotonic() + 5
        while time.monotonic() < until:
            pass

    hook = sys.unraisablehook
    gc.callbacks.append(callback)
    try:
        with pytest.raises(KeyboardInterrupt), interruption.ending_on_signals():
            work()
    finally:
        gc.callbacks.remove(callback)
    assert phases
    assert sys.unraisablehook is hook


def test_an_error_is_not_replaced_by_a_signal() -> None:
    def fail() -> None:
        with interruption.held():
            send(signal.SIGTERM)
            raise ValueError("the disk")

    with interruption.ending_on_signals():
        with pytest.raises(ValueError, match="the disk"):
            fail()
        assert interruption.is_ending()
        assert interruption.exit_status() == 128 + signal.SIGTERM


def test_signals_that_the_process_ignores_stay_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as under nohup
    try:
        with interruption.ending_on_signals(), interruption.held():
            send(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_file_is_written_whole(tmp_path: Path, photo: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    sent_in(monkeypatch, os, "fsync", 1, signal.SIGINT, signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        images.write(tmp_path / "a.png", photo)
    np.testing.assert_array_equal(images.read(tmp_path / "a.png").rgb, photo)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_in_a_run_keeps_the_best_picture(
    paint: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """After 25 evaluations of 60; a second signal, while the files are written, changes nothing."""
    sent_in(monkeypatch, Bar, "advance", 25, number)
    sent_in(monkeypatch, images, "write_animation", 1, number)
    ran = paint("--num_iter", "3", "--save_every", "0", "--gif", "--record")
    assert ran.status == 128 + number
    assert "Traceback" not in ran.err
    record = records.read(tmp_path / "made" / "out.png")
    assert (record["stopped"], len(record["history"])) == ("interrupted", 2)
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == ["out.gif", "out.json", "out.png"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_after_the_last_iteration_loses_nothing(
    paint: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    sent_in(monkeypatch, images, "write_animation", 1, number)
    assert paint("--save_every", "0", "--gif").status == 128 + number
    assert records.read(tmp_path / "made" / "out.png")["stopped"] == ""


def test_a_signal_before_the_first_picture(paint: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, no file, no folder; also where the interrupted import raises something else."""
    for error in (None, ImportError("half of a module")):

        def prepare(*_: Any, error: Exception | None = error) -> None:
            try:
                send(signal.SIGTERM)
            except KeyboardInterrupt:
                raise error or KeyboardInterrupt from None

        monkeypatch.setattr(Network, "objective_at", prepare)
        ran = paint("--checkpoint", tmp_path / "made" / "run.ckpt")
        assert ran.status == 128 + signal.SIGTERM
        assert ran.err == "\nneural-style: interrupted before there was a picture to save\n"
        assert not (tmp_path / "made").exists()


def test_a_folder_ends_with_the_picture_that_is_being_written(
    command: Command, photo: np.ndarray, painting_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "photos").mkdir()
    for name in ("a", "b", "c"):
        Image.fromarray(photo[:16, :16]).save(tmp_path / "photos" / f"{name}.png")
    sent_in(monkeypatch, files, "atomic_write", 2, signal.SIGHUP)
    flags = ["--model", "mini", "--weights", "random", "--content_layer", "conv1_1", "--style_layers", "conv1_1"]
    flags += ["--image_size", "16", "--num_iter", "1"]
    ran = command("network", tmp_path / "photos", painting_file, tmp_path / "results", *flags)
    assert ran.status == 128 + signal.SIGHUP
    assert "2 painted" in ran.out
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == ["a.png", "b.png"]


def test_a_program_leaves_at_once_while_there_is_nothing_to_keep(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """One line and the status of the signal, whatever an interrupted import would have raised or swallowed."""

    class Left(BaseException):
        """The process has ended."""

    def leave(status: int) -> None:
        raise Left(status)

    monkeypatch.setattr(os, "_exit", leave)
    outside = signal.getsignal(signal.SIGINT)
    try:
        with interruption.leaving_at_once():
            with pytest.raises(Left, match="130"):
                send()
            with interruption.ending_on_signals():
                with pytest.raises(Left, match="143"):
                    send(signal.SIGTERM)
                with pytest.raises(KeyboardInterrupt), interruption.held():
                    send()
                with pytest.raises(KeyboardInterrupt):  # from now on
                    send()
        send()  # while the interpreter ends
    finally:
        signal.signal(signal.SIGINT, outside)
    assert capfd.readouterr().err == 2 * f"\n{interruption.NOTHING_TO_SAVE}\n"


def test_a_host_with_a_handler_of_its_own_keeps_it() -> None:
    outside = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        with interruption.leaving_at_once():
            send()
        send()
    finally:
        signal.signal(signal.SIGINT, outside)


@pytest.mark.parametrize("module", ["__init__", "interruption", "cli/__init__"])
def test_nothing_slow_is_imported_before_signals_are_met(module: str) -> None:
    """Of what Python has not imported already when it starts; NumPy alone takes a tenth of a second."""
    tree = ast.parse((Path(interruption.__file__).parent / f"{module}.py").read_text())
    imported = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in tree.body if isinstance(node, ast.ImportFrom)}
    assert imported <= {"__future__", "_thread", "contextlib", "os", "signal", "sys", "threading"}
