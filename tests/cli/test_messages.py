"""Lines on the error stream: warnings, and what the library logs."""

from __future__ import annotations

import io
import logging
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import neural_style
from neural_style.cli import session
from neural_style.cli.commands import samples
from neural_style.cli.progress import FLAGS, Bar, report, report_error
from neural_style.errors import InvalidInputError

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


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (
            "a.png exists: choose another name, or pass overwrite=True",
            "a.png exists: choose another name, or pass --overwrite",
        ),
        ("gif=True for an animation, and record=True for a .json", "--gif for an animation, and --record for a .json"),
        ("resume=True continues it, overwrite=True starts afresh", "--resume continues it, --overwrite starts afresh"),
        ("started without engine=...: resume it", "started without --jobs or --engine: resume it"),
        ("sound=False leaves the sound out", "--silent leaves the sound out"),
        ("the picture my_resume=True.png", "the picture my_resume=True.png"),
    ],
)
def test_keywords_of_the_library_are_flags_of_the_command(
    message: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    report_error(InvalidInputError(message))
    report(f"neural-style: warning: {message}")
    assert capsys.readouterr().err.splitlines() == [f"neural-style: {kind}: {line}" for kind in ("error", "warning")]


def test_every_flag_of_a_message_is_one_of_a_command(command: Command, capfd: pytest.CaptureFixture[str]) -> None:
    """And every keyword is still in a message."""
    package = Path(neural_style.__file__).parent
    sources = {path: path.read_text("utf-8") for path in package.rglob("*.py") if path.name != "progress.py"}
    library = "".join(text for path, text in sources.items() if "cli" not in path.parts)
    texts = ""
    for name in ("video", "inetwork"):
        with pytest.raises(SystemExit):
            command(name, "--help")
        texts += capfd.readouterr().out
    for keyword, flags in FLAGS.items():
        assert keyword in library
        assert all(flag in texts for flag in re.findall(r"--\w+", flags))


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
