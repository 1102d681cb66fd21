"""The work folder deletes no files but its own, and belongs to one run at a time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from neural_style import files
from neural_style.errors import ExistingFileError, InvalidInputError
from neural_style.video import film
from neural_style.video.film import FilmRun
from tests.video.films import Invert, pictures, write_film


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_film(tmp_path_factory.mktemp("source") / "clip.mp4", pictures(4))


@pytest.fixture
def clip(tmp_path, source):
    (tmp_path / "clip.mp4").write_bytes(source.read_bytes())
    return tmp_path / "clip.mp4"


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_neither_clip_nor_film_lies_in_the_work_folder(tmp_path, clip):
    folder = tmp_path / "movie"
    folder.mkdir()
    inner = clip.rename(folder / "film.mp4")
    before = contents(folder)
    with pytest.raises(InvalidInputError, match="the clip is in the work folder"):
        FilmRun(inner, tmp_path / "out.mp4", work_folder=folder)
    with pytest.raises(InvalidInputError, match="the film is in the work folder"):
        FilmRun(inner, tmp_path / "w" / "film.mp4", work_folder=tmp_path / "w")
    assert contents(folder) == before


@pytest.mark.parametrize(
    "names", [("000001.mkv",), ("film.mp4",), ("run.json",), ("run.json", "000001.mkv"), ("state.npz",)]
)
def test_folders_of_others_stay_whole(tmp_path, clip, names):
    folder = tmp_path / "theirs"
    folder.mkdir()
    for name in names:
        (folder / name).write_text('{"theirs": 1}')
    before = contents(folder)
    for settings in ({}, {"overwrite": True}, {"resume": True}):
        with pytest.raises(InvalidInputError, match="holds other files"):
            FilmRun(clip, tmp_path / "out.mp4", work_folder=folder, **settings).execute(Invert())
    assert contents(folder) == before


def test_temporary_files_of_a_killed_run_do_not_block_the_next(tmp_path, clip):
    folder = tmp_path / "out.mp4.work"
    folder.mkdir()
    (folder / ".film.part.mp4").touch()
    assert FilmRun(clip, tmp_path / "out.mp4").execute(Invert()).frames == 4
    assert not folder.exists()


class Killed(BaseException):
    pass


@pytest.mark.parametrize("name", ["out.mp4", "made/%d.png"])
def test_a_run_killed_while_it_deletes_is_finished_by_resume(tmp_path, clip, monkeypatch, name):
    out, delete = tmp_path / name, Path.unlink
    FilmRun(clip, tmp_path / name, segment=2).execute(Invert())
    first = clip.with_name("first.work")
    for kept in range(5):  # files that are left: the joined film, run.json, the state and two segments
        left = [5 - kept]

        def unlink(path, missing_ok=False, left=left):
            if path.parent == first and path.exists():
                left[0] -= 1
                if left[0] < 0:
                    raise Killed
            delete(path, missing_ok=missing_ok)

        monkeypatch.setattr(Path, "unlink", unlink)
        settings = {"segment": 2, "work_folder": first}
        with pytest.raises(Killed) if kept else pytest.MonkeyPatch.context():
            FilmRun(clip, out, overwrite=True, **settings).execute(Invert())
        monkeypatch.setattr(Path, "unlink", delete)
        assert first.exists() == bool(kept)
        if kept:
            method = Invert()
            FilmRun(clip, out, resume=True, **settings).execute(method)
            assert method.count == 0
            assert not first.exists()


def test_resume_replaces_pictures_only_where_it_began_to_write_them(tmp_path, clip, monkeypatch):
    out = tmp_path / "made" / "%02d.png"
    with pytest.raises(KeyboardInterrupt):
        FilmRun(clip, out, segment=2).execute(Invert(fail_at=3))
    out.parent.mkdir(exist_ok=True)
    mine = out.with_name("03.png")
    mine.write_text("mine")
    with pytest.raises(ExistingFileError, match=r'03\.png" exists'):
        FilmRun(clip, out, segment=2, resume=True).execute(Invert())
    mine.unlink()
    run = FilmRun(clip, out, segment=2, resume=True)
    mine.write_text("mine")  # while the frames are painted
    with pytest.raises(ExistingFileError, match=r'03\.png" exists'):
        run.execute(Invert())
    assert mine.read_text() == "mine"
    mine.unlink()
    write = film.write_pictures

    def interrupted(*args, **settings):
        write(*args, **settings)
        raise KeyboardInterrupt

    monkeypatch.setattr(film, "write_pictures", interrupted)
    with pytest.raises(KeyboardInterrupt):
        FilmRun(clip, out, segment=2, resume=True).execute(Invert())
    monkeypatch.undo()
    other = out.with_name("other%02d.png")
    other.with_name("other03.png").write_text("mine")
    with pytest.raises(ExistingFileError):
        FilmRun(clip, other, segment=2, resume=True, work_folder=tmp_path / "made" / "%02d.png.work")
    FilmRun(clip, out, segment=2, resume=True).execute(Invert())
    assert sorted(os.listdir(out.parent)) == ["01.png", "02.png", "03.png", "04.png", "other03.png"]


def test_a_work_folder_belongs_to_one_run(tmp_path, clip):
    folder = tmp_path / "w"
    run = FilmRun(clip, tmp_path / "out.mp4", work_folder=folder, overwrite=True)
    with files.claim(folder, "w"), pytest.raises(InvalidInputError, match="in use by another process"):
        run.execute(Invert())
    assert not folder.exists()
    assert run.execute(Invert()).frames == 4
