"""The container's file: no rights, a password, and a command line that the studio reads."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from neural_style.cli.commands.studio import PASSWORD, parser
from neural_style.errors import InvalidInputError
from neural_style.studio.app import Settings

CONTAINER = Path(__file__).resolve().parents[2] / "container"
LINES = (CONTAINER / "Dockerfile").read_text(encoding="utf-8").splitlines()


def command(host: str = "") -> list[str]:
    """The words of CMD as a shell expands them, without and with the host name of a Space."""
    text = next(line for line in LINES if line.startswith("CMD "))
    expanded = re.sub(
        r"\$\{SPACE_HOST:\+(.*?)\}", lambda found: found[1].replace("$SPACE_HOST", host) if host else "", text
    )
    return shlex.split(expanded)[1:]


@pytest.mark.parametrize("host", ["", "me-studio.hf.space"])
def test_command_can_be_read_and_needs_a_password(host: str, tmp_path: Path) -> None:
    words = command(host)
    assert words[:3] == ["exec", "neural-style", "studio"]
    found = parser().read(words[3:])
    assert (found.host, found.port, found.open) == ("0.0.0.0", 7860, False)
    assert (found.name, found.framed) == (([host], True) if host else ([], False))
    with pytest.raises(InvalidInputError, match="password"):
        Settings(folder=tmp_path, host=found.host)


def test_it_runs_without_rights_and_ports_agree() -> None:
    instructions = [line.split(maxsplit=1) for line in LINES if re.match("[A-Z]+ ", line)]
    names = [name for name, _ in instructions]
    assert ("USER", "painter") in [tuple(each) for each in instructions]
    assert names.index("USER") < names.index("CMD")
    assert ["EXPOSE", "7860"] in instructions
    assert "app_port: 7860" in (CONTAINER / "SPACE.md").read_text(encoding="utf-8")
    assert any(f"--env {PASSWORD}" in line for line in LINES)
