"""Runs that are interrupted or killed: what stays, and that a resumed film equals the unbroken one to the byte."""

from __future__ import annotations

import json
import resource
import shutil

import pytest

from neural_style.errors import ExistingFileError, InvalidInputError
from neural_style.video.encoding import Encoding
from neural_style.video.film import FilmRun
from neural_style.video.segments import FilmProgress
from neural_style.video.work import WorkFolder
from tests.video.films import Invert, pictures, write_film


@pytest.fixture
def clip(tmp_path):
    return write_film(tmp_path / "clip.mp4", pictures(10), sound=[("aac", "eng")])


@pytest.fixture
def whole(tmp_path, clip):
    """The bytes of the unbroken film."""
    film = FilmRun(clip, tmp_path / "whole.mp4", segment=3).execute(Invert())
    assert film.frames == 10
    return film.path.read_bytes()


def interrupted(clip, out, at, **settings):
    """A run that Ctrl-C ends at a frame, counted from 0."""
    with pytest.raises(KeyboardInterrupt):
        FilmRun(clip, out, segment=3, **settings).execute(Invert(fail_at=at))


@pytest.mark.parametrize("at", [0, 2, 3, 5, 9])
def test_a_resumed_film_equals_the_unbroken_one(tmp_path, clip, whole, at):
    out = tmp_path / "out.mp4"
    interrupted(clip, out, at)
    folder = tmp_path / "out.mp4.work"
    assert not out.exists()
    assert sorted(path.name for path in folder.glob("*[0-9].mkv")) == [f"{n:06d}.mkv" for n in range(at // 3)]
    method = Invert()
    film = FilmRun(clip, out, segment=3, resume=True).execute(method)
    assert (film.frames, method.count) == (10, 10)
    assert out.read_bytes() == whole
    assert not folder.exists()


class Photographed(Invert):
    """Copies the work folder at a frame, and behind it where a segment ends: what a kill at that moment leaves."""

    def __init__(self, folder, at):
        super().__init__()
        self._folder, self._at = folder, at

    def transfer(self, frame):
        self._copy("frame")
        return super().transfer(frame)

    def state(self):
        self._copy("state")
        return super().state()

    def _copy(self, name):
        if self.count == self._at:
            shutil.copytree(self._folder, self._folder.with_name(name), dirs_exist_ok=True)


@pytest.mark.parametrize("at", [1, 6, 7])
def test_a_killed_run_loses_a_segment_at_most(tmp_path, clip, whole, at):
    """benchmarks/films.py kills processes at twenty random moments."""
    work = tmp_path / "first.mp4.work"
    FilmRun(clip, tmp_path / "first.mp4", segment=3).execute(Photographed(work, at))
    left = [tmp_path / name for name in ("frame", "state") if (tmp_path / name).exists()]
    assert len(left) == 1 + (at == 6)
    for number, folder in enumerate(left):
        painted: list[FilmProgress] = []
        out = tmp_path / f"out{number}.mp4"
        FilmRun(clip, out, segment=3, resume=True, work_folder=folder).execute(Invert(), progress=painted.append)
        assert at - painted[0].done < 3
        assert out.read_bytes() == whole


def test_a_run_killed_between_film_and_clearing_up_is_finished(tmp_path, clip, whole, monkeypatch):
    out = tmp_path / "out.mp4"
    monkeypatch.setattr(WorkFolder, "delete", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        FilmRun(clip, out, segment=3).execute(Invert())
    monkeypatch.undo()
    assert out.read_bytes() == whole
    film = FilmRun(clip, out, segment=3, resume=True).execute(Invert())
    assert film.frames == 10
    assert out.read_bytes() == whole
    assert not (tmp_path / "out.mp4.work").exists()
    out.write_text("somebody else's")
    with pytest.raises(ExistingFileError):
        FilmRun(clip, out, resume=True)


def test_an_unfinished_film_is_neither_replaced_nor_mixed(tmp_path, clip):
    out = tmp_path / "out.mp4"
    interrupted(clip, out, 7)
    with pytest.raises(InvalidInputError, match=r"holds an unfinished film: resume=True"):
        FilmRun(clip, out, segment=3).execute(Invert())
    other = write_film(tmp_path / "other.mp4", pictures(9))
    for run, name in [
        (FilmRun(other, out, segment=3, resume=True), "another clip"),
        (FilmRun(clip, out, segment=4, resume=True), "another segment"),
        (FilmRun(clip, out, segment=3, resume=True, encoding=Encoding(crf=30)), r"another encoding \(crf None, now 30"),
    ]:
        with pytest.raises(InvalidInputError, match=name):
            run.execute(Invert())
    with pytest.raises(InvalidInputError, match=r"another method \(style None, now other.jpg"):
        FilmRun(clip, out, segment=3, resume=True).execute(Invert(), settings={"style": "other.jpg"})
    method = Invert()
    FilmRun(clip, out, segment=3, overwrite=True).execute(method)
    assert method.count == 10


def test_a_damaged_or_foreign_work_folder_is_one_line(tmp_path, clip):
    out, folder = tmp_path / "out.mp4", tmp_path / "out.mp4.work"
    interrupted(clip, out, 7)
    for name, part in (("state.npz", "is damaged and cannot be resumed"), ("run.json", "holds other files")):
        (folder / name).write_bytes((folder / name).read_bytes()[:100])
        with pytest.raises(InvalidInputError, match=part):
            FilmRun(clip, out, segment=3, resume=True).execute(Invert())
    (folder / "run.json").unlink()
    (folder / "diary.txt").write_text("mine")
    with pytest.raises(InvalidInputError, match="holds other files"):
        FilmRun(clip, out, segment=3, overwrite=True).execute(Invert())
    assert (folder / "diary.txt").read_text() == "mine"


def test_a_work_folder_elsewhere_and_no_files_of_others_lost(tmp_path, clip, whole):
    out, folder = tmp_path / "out.mp4", tmp_path / "elsewhere" / "work"
    interrupted(clip, out, 4, work_folder=folder)
    assert json.loads((folder / "run.json").read_text())["segment"] == 3
    (folder / "diary.txt").write_text("mine")
    FilmRun(clip, out, segment=3, resume=True, work_folder=folder).execute(Invert())
    assert out.read_bytes() == whole
    assert [path.name for path in folder.iterdir()] == ["diary.txt"]


def test_sequences_are_resumed(tmp_path):
    clip, out = write_film(tmp_path / "silent.mp4", pictures(10)), tmp_path / "made" / "%02d.png"
    interrupted(clip, out, 8)
    FilmRun(clip, out, segment=3, resume=True).execute(Invert())
    assert len(list((tmp_path / "made").iterdir())) == 10


def test_progress_counts_frames_and_their_time(tmp_path, clip):
    seen: list[FilmProgress] = []
    FilmRun(clip, tmp_path / "out.mp4", segment=3).execute(Invert(), progress=seen.append)
    assert [each.done for each in seen] == list(range(1, 11))
    assert {each.total for each in seen} == {10}
    assert all(each.seconds > 0 for each in seen)
    assert FilmProgress(4, 10, 0.5).speed == "2.0 frames/s"
    assert FilmProgress(1, None, 12.34).speed == "12.3 s a frame"


def test_a_full_disk_ends_a_run_in_one_line_and_keeps_what_is_finished(tmp_path, clip, whole):
    out = tmp_path / "out.mp4"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    method = Invert()
    method.transfer = lambda frame, paint=method.transfer: (
        resource.setrlimit(resource.RLIMIT_FSIZE, (600, before[1])) if method.count == 7 else None,
        paint(frame),
    )[1]
    try:
        with pytest.raises(InvalidInputError, match=r"segment .* cannot be written: File too large"):
            FilmRun(clip, out, segment=3).execute(method)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    film = FilmRun(clip, out, segment=3, resume=True)
    film.execute(Invert())
    assert out.read_bytes() == whole


def test_a_method_must_return_frames(tmp_path, clip):
    method = Invert()
    method.transfer = lambda frame: frame[::2]
    with pytest.raises(InvalidInputError, match=r"must return uint8 \(48, 64, 3\), received uint8 \(24, 64, 3\)"):
        FilmRun(clip, tmp_path / "out.mp4").execute(method)
