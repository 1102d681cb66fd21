"""Notes of a backend's start on the error stream."""

import os
import tempfile
import threading

import pytest

from neural_style.backend.noise import without_noise
from neural_style.images.damage import without_lines_of_libtiff

NOTES = (
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
    "I0000 00:00:1795702954.494791    1612 port.cc:153] oneDNN custom operations are on.\n"
    "E0000 00:00:1795702974.992556    1612 cuda_platform.cc:52] failed call to cuInit: INTERNAL\n"
    "To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow.\n"
)


def test_notes_are_dropped_and_other_lines_kept(capfd):
    settings = dict(os.environ)

    def start():
        os.write(2, f"of the host\n{NOTES}no module of that name\n".encode())
        raise ImportError

    with pytest.raises(ImportError), without_noise():
        start()
    os.write(2, NOTES.encode())
    assert capfd.readouterr().err == "of the host\nno module of that name\n" + NOTES
    assert os.environ == settings


def test_two_threads_take_turns(capfd):
    """Otherwise the second would restore the stream of the first, which is closed by then."""
    inside, may_end = threading.Event(), threading.Event()

    def read_a_picture():
        with without_lines_of_libtiff():
            inside.set()
            may_end.wait(5)

    thread = threading.Thread(target=read_a_picture)
    with without_noise():
        thread.start()
        assert not inside.wait(0.05)
    may_end.set()
    thread.join()
    os.write(2, b"of the host\n")
    assert capfd.readouterr().err == "of the host\n"


def test_without_a_temporary_folder_all_lines_are_kept(monkeypatch, capfd):
    """And no descriptor of the stream stays open."""

    def lowest_free():
        found = os.dup(2)
        os.close(found)
        return found

    def missing():
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "TemporaryFile", missing)
    before = lowest_free()
    with without_noise():
        os.write(2, NOTES.encode())
    assert capfd.readouterr().err == NOTES
    assert lowest_free() == before


def test_a_stream_that_nobody_reads_any_more():
    """As where the reader of a pipe has ended."""
    kept, (end, start) = os.dup(2), os.pipe()
    os.dup2(start, 2)
    try:
        with without_noise():
            os.write(2, b"of the host\n")
            os.close(end)
    finally:
        os.dup2(kept, 2)
        for each in (kept, start):
            os.close(each)


def test_a_process_without_an_error_stream(monkeypatch):
    def closed(_: int) -> int:
        raise OSError(9, "Bad file descriptor")

    monkeypatch.setattr(os, "dup", closed)
    with without_noise():
        pass
