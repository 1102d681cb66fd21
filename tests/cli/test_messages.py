"""Lines on the error stream: warnings, and what the library logs."""

from __future__ import annotations

import io
import logging
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from neural_style.cli import session
from neural_style.cli.commands import samples
from neural_style.cli.progress import Bar, report

Command = Callable[..., Any]


@pytest.fixture
def talking(command: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command that logs a message of each level, and warns."""

    def main(arguments: Sequence[str]) -> int:
        logger = logging.getLogger("neural_style.features.weights")
        logger.debug("reading a file")
        logger.info("downloading %s", "vgg19.h5")
        logger.warning("the file is old")
        warnings.warn("the solver is diverging", stacklevel=1)
        return 0

    monkeypatch.setattr(samples, "main", main)
    return lambda *flags: command("samples", *flags)


@pytest.mark.filterwarnings("always")
def test_each_message_is_one_line(talking: Command) -> None:
    lines = ["neural-style: warning: the file is old", "neural-style: warning: the solver is diverging"]
    assert talking().err.splitlines() == ["neural-style: downloading vgg19.h5", *lines]
    assert talking("--quiet").err.splitlines() == lines


@pytest.mark.filterwarnings("always")
def test_the_hosts_logging_is_as_before(talking: Command, caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("neural_style")
    before = logger.level, logger.propagate, list(logger.handlers), warnings.showwarning
    talking()
    assert (logger.level, logger.propagate, logger.handlers, warnings.showwarning) == before
    with caplog.at_level(logging.INFO):
        logger.info("of the library")
    assert "of the library" in caplog.text


class Terminal(io.StringIO):
    """A stream that is watched."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_a_line_does_not_end_up_in_the_bar(monkeypatch: pytest.MonkeyPatch, stream: type[io.StringIO]) -> None:
    err = stream()
    monkeypatch.setattr(sys, "stderr", err)
    with Bar(40, quiet=False) as bar:
        bar.advance(1, 5.0)
        report("a line")
        bar.advance(2, 4.0)
    report("after it")
    lines = err.getvalue().replace("\r", "\n").splitlines()
    assert "a line" in lines
    assert lines[-1] == "after it"


def test_the_first_line_names_the_network_before_the_backend_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import neural_style.backend

    monkeypatch.setattr(neural_style.backend, "own_process", lambda device: print("started", file=sys.stderr))
    session.start_backend(None, "mini")  # which has started, here
    assert capsys.readouterr().err == "started\n"
    monkeypatch.delitem(sys.modules, "neural_style.backend")
    session.start_backend(None, "mini")
    assert capsys.readouterr().err == "neural-style: loading mini\nstarted\n"


def test_ctrl_c_in_a_pyramid_names_the_size(paint: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, count = Bar.advance, iter(range(1, 999))

    def advance(self: Bar, evaluations: int, loss: float) -> None:
        whole(self, evaluations, loss)
        if next(count) == 25:
            raise KeyboardInterrupt

    monkeypatch.setattr(Bar, "advance", advance)
    ran = paint("--sizes", 16, 24, 32, "--save_every", 0)
    assert ran.status == 130
    assert ran.out.startswith("stopped early: interrupted at size 2 of 3; the picture has 24 x 28 pixels\n")
