"""`neural-style studio`: what is refused before a server is started."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from pathlib import Path

import pytest

from neural_style.cli import main
from neural_style.cli.commands.studio import PASSWORD
from neural_style.errors import InvalidInputError
from neural_style.studio import app
from neural_style.studio.jobs import Jobs


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


@pytest.fixture
def without_gradio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "_gradio", lambda cache: None)


@pytest.mark.usefixtures("without_gradio")
def test_an_address_that_cannot_be_used_is_refused_before_the_folder_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "studio"
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert main(["studio", "--folder", str(folder), "--port", str(port)]) == 2
    assert (
        capsys.readouterr().err
        == f"neural-style: error: port {port} is used by another program: choose another by --port\n"
    )
    assert main(["studio", "--folder", str(folder), "--host", "192.0.2.1", "--password", "secret"]) == 2  # RFC 5737
    assert "no server can listen at --host 192.0.2.1" in capsys.readouterr().err
    assert not folder.exists()


@pytest.mark.usefixtures("without_gradio")
def test_a_second_studio_deletes_nothing_of_the_first(tmp_path: Path) -> None:
    upload = tmp_path / app.CACHE / "photo.png"
    upload.parent.mkdir()
    upload.touch()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with Jobs(tmp_path / app.PICTURES), pytest.raises(InvalidInputError, match="in use by another studio"):
        app.Server(app.Settings(folder=tmp_path, port=port))
    assert upload.exists()


def test_ctrl_c_closes_the_server(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    class Fake(contextlib.AbstractContextManager["Fake"]):
        url, is_closed = "http://127.0.0.1:7860", False

        def __init__(self, settings: app.Settings) -> None:
            assert settings.folder == tmp_path

        def __exit__(self, *_: object) -> None:
            Fake.is_closed = True

    def interrupted(_: threading.Event) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(app, "Server", Fake)
    monkeypatch.setattr(threading.Event, "wait", interrupted)
    assert main(["studio", "--folder", str(tmp_path)]) == 130
    assert Fake.is_closed
    assert capsys.readouterr().err.endswith("stops it\nneural-style: stopping the studio; its pictures are kept\n")
