"""Streams that are closed, full, broken or of a small encoding: a command does its work all the same."""

from __future__ import annotations

import errno
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from neural_style.cli import main, progress, streams

Command = Callable[..., Any]


class Broken(io.StringIO):
    """A stream whose every write fails."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def write(self, text: str) -> int:
        raise self.error


def ascii_stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")


def text_of(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode("ascii")


def recoloured(photo: Path, out: Path) -> int:
    """The status of a command that prints one line, and starts no backend."""
    return main(["color_transfer", str(photo), str(photo), "--output", str(out)])


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), 0),
        (OSError(errno.ENOSPC, "No space left on device"), streams.LOST),
        (ValueError("I/O operation on closed file"), streams.LOST),
    ],
)
def test_an_output_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, photo_file: Path, tmp_path: Path, error: Exception, status: int
) -> None:
    """As of `| head -0` and of a full disk: the picture is there, and a full disk is reported once."""
    out, err = Broken(error), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    assert recoloured(photo_file, tmp_path / "out.png") == status
    assert (tmp_path / "out.png").is_file()
    assert err.getvalue().count("the output cannot be written") == (status != 0)
    assert sys.stdout is out


@pytest.mark.parametrize("stream", [None, Broken(BrokenPipeError(errno.EPIPE, "")), Broken(OSError(errno.ENOSPC, ""))])
def test_a_run_continues_without_its_error_stream(
    monkeypatch: pytest.MonkeyPatch, paint: Command, tmp_path: Path, stream: io.StringIO | None
) -> None:
    """As of `2>&-`, `2>&1 | head -c 1` and a full disk behind it: bar and warnings are lost, the picture is not."""
    monkeypatch.setattr(sys, "stderr", stream)
    assert paint("--save_every", "0").status == 0
    assert (tmp_path / "made" / "out.png").is_file()


def test_an_error_without_streams_has_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["show", "nothing.png"]) == 2


def test_a_process_without_streams(photo_file: Path, tmp_path: Path) -> None:
    """`<&- >&- 2>&-`: no file may take the number of a stream, which libraries write to."""
    code = (
        "import os; os.closerange(0, 3)\n"
        "from neural_style.cli import main\n"
        "status = main(['color_transfer', *sys.argv[1:3], '--output', sys.argv[3]])\n"
        "os.write(2, b'of a library')\n"
        "os._exit(status + 10 * (os.open(sys.argv[3], os.O_RDONLY) != 3))\n"
    )
    words = [sys.executable, "-c", f"import sys; {code}", photo_file, photo_file, tmp_path / "out.png"]
    assert subprocess.run(words, check=False).returncode == 0
    with Image.open(tmp_path / "out.png") as image:
        image.load()


def test_names_in_letters_that_the_terminal_lacks(
    monkeypatch: pytest.MonkeyPatch, photo_file: Path, paint: Command, tmp_path: Path
) -> None:
    """`PYTHONIOENCODING=ascii`: escapes stand for the letters, and JSON stays JSON."""
    photo = photo_file.rename(tmp_path / "фото é.png")
    out, err = ascii_stream(), ascii_stream()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    made = tmp_path / "выход"
    assert paint("--save_every", "0", content=photo, prefix=made).status == 0
    assert recoloured(photo, tmp_path / "цвет.png") == 0
    assert main(["show", f"{made}.png"]) == 0
    assert "\\u0444\\u043e\\u0442\\u043e \\xe9.png" in text_of(out)
    monkeypatch.setattr(sys, "stdout", json_out := ascii_stream())
    assert main(["show", f"{made}.png", "--json"]) == 0
    assert json.loads(text_of(json_out))["content"]["image"] == str(photo)
    assert main(["show", "нет.png"]) == 2
    assert "\\u043d\\u0435\\u0442.png" in text_of(err)


def test_a_stream_behaves_as_the_one_within() -> None:
    text = ascii_stream()
    stream = streams.Stream(text)
    assert (stream.encoding, stream.isatty(), stream.writable(), stream.errors) == ("ascii", False, True, "strict")
    stream.close()  # of absl, when Python ends
    assert stream.write("after") == 5
    assert text_of(text) == "after"
    with pytest.raises(OSError, match="closed"):
        streams.Stream(None).fileno()


def test_error_lines_are_short(command: Command, tmp_path: Path) -> None:
    """What and what to do stay, the middle of a long name goes."""
    for arguments in (["network", "p" * 3000 + ".png", "a.png", "out"], ["m" * 100_000], ["show", "a/" * 1500 + "b"]):
        line = command(*arguments).err
        assert line.startswith("neural-style: error: ")
        assert len(line) == progress.LONGEST + 1
        assert line.count("\n") == 1
    assert command("m" * 100_000).err.endswith("train, export, figure\n")
    odd = command("show", tmp_path / "a\nb \x1b[31m  фото.png").err
    assert odd.count("\n") == 1
    assert "\\x1b[31m  фото.png" in odd
    assert len(command("show", "\udcff" * 200).err) == progress.LONGEST + 1  # bytes of a name that are no text
