"""Folders of small pictures, and the command over them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.folders.small import SMALLEST, Command, save


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """With photos/a.png and b.png, paintings/a.png and x.png, and style.png."""
    for seed, name in enumerate(["photos/a", "photos/b", "paintings/a", "paintings/x", "style"]):
        save(tmp_path / f"{name}.png", seed)
    return tmp_path


@pytest.fixture
def paint(command: Command, folders: Path) -> Command:
    """Run `neural-style network` in the smallest size; by default photos/ with style.png into results/."""

    def run(*flags: object, content: str = "photos", styles: tuple[str, ...] = ("style.png",), to: str = "results"):
        places = [folders / place for place in (content, *styles, to)]
        return command("network", *places, *SMALLEST, *flags)

    return run
