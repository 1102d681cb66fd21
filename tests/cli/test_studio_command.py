"""`neural-style studio`: what is refused before a server is started."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from neural_style.cli import main
from neural_style.cli.commands.studio import PASSWORD


def test_without_gradio_one_line_names_the_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "gradio", None)
    monkeypatch.setenv("GRADIO_TEMP_DIR", "")  # which the command sets
    assert main(["studio", "--folder", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "pip install 'neural-style-keras[studio]'" in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--host", "0.0.0.0"], "give --password as well"),
        (["--host", "0.0.0.0", "--password", "abc"], "at least 6 letters"),
        (["--port", "70000"], "--port must be"),
        (["--keep", "0"], "--keep must be above 0"),
    ],
)
def test_what_would_be_open_or_impossible_is_refused(
    flags: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(PASSWORD, raising=False)
    assert main(["studio", "--folder", str(tmp_path), *flags]) == 2
    assert message in capsys.readouterr().err
