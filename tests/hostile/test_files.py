"""Files: leftovers of killed processes, permissions, folders, claims, and full disks."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neural_style import files, images
from neural_style.errors import ExistingFileError, FullDiskError, InvalidInputError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_leftovers_of_killed_processes_go_and_nothing_else(tmp_path: Path) -> None:
    dead = tmp_path / f".{'a' * 16}.{'b' * 16}.part"
    for path in (dead, tmp_path / f".{'a' * 16}.claim.part", tmp_path / "mine.part", tmp_path / ".mine.part"):
        path.touch()
    with files.atomic_write(tmp_path / "out", "file", overwrite=False) as file, files.claim(tmp_path / "b", "file"):
        file.write(b"half")
        files.remove_leftovers(tmp_path)
        assert not dead.exists()
        assert len(names(tmp_path)) == 4
    assert names(tmp_path) == [".mine.part", "mine.part", "out"]
    files.remove_leftovers(tmp_path / "nowhere")


def test_a_replaced_file_keeps_its_permissions(tmp_path: Path, photo: np.ndarray) -> None:
    images.write(tmp_path / "a.png", photo)
    (tmp_path / "a.png").chmod(0o600)
    images.write(tmp_path / "a.png", photo, overwrite=True)
    assert stat.S_IMODE((tmp_path / "a.png").stat().st_mode) == 0o600


def test_a_name_is_claimed_once(tmp_path: Path) -> None:
    with files.claim(tmp_path / "made" / "a", "a") as first, files.claim(tmp_path / "made" / "a", "a") as second:
        assert (first, second) == (True, False)
        with files.claim(tmp_path / "made" / "b", "b") as other:
            assert other
    assert names(tmp_path / "made") == []


def test_a_claim_that_a_killed_process_left_is_free(tmp_path: Path) -> None:
    with files.claim(tmp_path / "a", "a"):
        (left,) = tmp_path.iterdir()
    left.touch()
    with files.claim(tmp_path / "a", "a", wait=True) as is_free:
        assert is_free


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_an_error_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def full(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)
    with (
        pytest.raises(FullDiskError, match="cannot be written"),
        files.atomic_write(tmp_path / "a", "a", overwrite=True),
    ):
        pass
    assert names(tmp_path) == []


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path in (tmp_path / "pipe.png", tmp_path / "dangling" / "a.png", tmp_path / "loop" / "a.png"):
        with pytest.raises(InvalidInputError, match=r"is not a regular file|is a link to nothing"):
            images.check_output(path, overwrite=True)
    with pytest.raises(ExistingFileError):
        images.check_output(tmp_path / "pipe.png", overwrite=False)


def test_a_folder_that_became_a_file_is_no_name_that_is_taken(
    tmp_path: Path, photo: np.ndarray, monkeypatch: Any
) -> None:
    (tmp_path / "folder").touch()
    monkeypatch.setattr("neural_style.images.writing.check_output", lambda *_, **__: None)
    with pytest.raises(InvalidInputError, match="Not a directory") as caught:
        images.write(tmp_path / "folder" / "a.png", photo)
    assert not isinstance(caught.value, ExistingFileError)
