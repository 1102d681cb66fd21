"""The queue and its folder: order, places, stopping, a restart, bounds; with painting that takes no time."""

from __future__ import annotations

import json
import logging
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neural_style import images
from neural_style.errors import InvalidInputError, OutOfMemoryError
from neural_style.runs.result import Result
from neural_style.studio.job_folder import JobFolder
from neural_style.studio.jobs import Jobs
from neural_style.studio.progress import Execution, Progress

pytestmark = pytest.mark.filterwarnings("default")

WAIT = 20
"""Seconds after which a test fails that waits for a thread."""


class Easel(Execution):
    """Paints a picture whose brightness is the request's seed, and rests after each of three iterations.

    Attributes:
        painted: the seeds, in their order.
        errors: what is raised, by seed.
        rests: let one iteration pass for each release; None never rests.
    """

    def __init__(self) -> None:
        self.painted: list[int] = []
        self.errors: dict[int, BaseException] = {}
        self.rests: threading.Semaphore | None = None
        self.begun = threading.Semaphore(0)

    def prepare(self, request) -> Execution:
        self.seed = int(request.value("seed"))
        self.file = request.file("photo")
        return self

    def check(self, limits) -> None:
        """Everything is fine."""

    def execute(self, watch) -> Result:
        seed = self.seed
        losses: tuple[float, ...] = ()
        picture = np.full((16, 20, 3), seed, np.uint8)
        stopped = ""
        warnings.warn(f"{self.file} has 3 frames", UserWarning, stacklevel=1)
        try:
            for index in range(3):
                watch.advance(Progress(index, 3, index / 3, losses))
                if self.rests is not None:
                    self.begun.release()
                    assert self.rests.acquire(timeout=WAIT)
                watch.advance(Progress(index, 3, (index + 0.5) / 3, losses))
                losses = (*losses, 1 / (index + 1))
                watch.show(picture)
            watch.advance(Progress(3, 3, 1.0, losses))
        except KeyboardInterrupt:
            if not losses:
                raise
            stopped = "interrupted"
        if seed in self.errors:
            raise self.errors[seed]
        self.painted.append(seed)
        return Result(picture, None, {}, (), stopped, {"content": {"image": "/secret/photo.png"}})


@pytest.fixture
def easel(monkeypatch) -> Easel:
    found = Easel()
    monkeypatch.setattr("neural_style.studio.jobs.prepare", found.prepare)
    return found


@pytest.fixture
def open_jobs(tmp_path) -> Iterator[Callable[..., Jobs]]:
    """Open the studio's folder; all are closed at the end."""
    opened: list[Jobs] = []

    def make(**settings) -> Jobs:
        opened.append(Jobs(tmp_path / "studio", **settings))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def brightness(path: Path) -> int:
    return int(images.read(path).rgb[0, 0, 0])


def resting(easel: Easel, jobs: Jobs, request):
    """A job that has begun and rests within its first iteration."""
    easel.rests = threading.Semaphore(0)
    job = jobs.submit(request)
    assert easel.begun.acquire(timeout=WAIT)
    return job


def let_go(easel: Easel, iterations: int = 100) -> None:
    assert easel.rests is not None
    easel.rests.release(iterations)


def test_jobs_are_painted_in_their_order_and_never_mixed(easel, open_jobs, request_for):
    jobs = open_jobs()
    first = resting(easel, jobs, request_for("fast", seed=10))
    waiting = [jobs.submit(request_for("fast", seed=seed)) for seed in (30, 20, 40)]
    assert [jobs.job(job.id).place for job in (first, *waiting)] == [0, 1, 2, 3]
    assert [job.state for job in waiting] == ["waiting"] * 3
    let_go(easel)
    ended = [jobs.wait(job.id, WAIT) for job in (first, *waiting)]
    assert easel.painted == [10, 30, 20, 40]
    assert [(job.state, job.place, job.iteration, job.of) for job in ended] == [("finished", None, 3, 3)] * 4
    assert [brightness(job.result) for job in ended] == easel.painted
    assert [brightness(job.preview) for job in ended] == easel.painted
    assert ended[0].losses == (1, 1 / 2, 1 / 3)
    assert [job.id for job in jobs.jobs()] == [job.id for job in reversed(ended)]


def test_the_ninth_that_waits_is_refused(easel, open_jobs, request_for):
    jobs = open_jobs()
    resting(easel, jobs, request_for("fast"))
    eight = [jobs.submit(request_for("fast")) for _ in range(8)]
    with pytest.raises(InvalidInputError, match="8 pictures wait already"):
        jobs.submit(request_for("fast"))
    assert len(list(jobs.folder.glob("*-*-*-*"))) == 9
    jobs.stop(eight[3].id)
    jobs.submit(request_for("fast"))
    let_go(easel)


def test_a_running_job_stops_with_its_best_picture(easel, open_jobs, request_for):
    jobs = open_jobs()
    job = resting(easel, jobs, request_for("fast", seed=70))
    let_go(easel, 1)
    assert easel.begun.acquire(timeout=WAIT)
    assert jobs.job(job.id).iteration == 1
    jobs.stop(job.id)
    let_go(easel)
    stopped = jobs.wait(job.id, WAIT)
    assert stopped.state == "stopped"
    assert stopped.message == "stopped after iteration 1 of 3; its best picture is kept"
    assert brightness(stopped.result) == 70
    after = jobs.wait(jobs.submit(request_for("fast", seed=80)).id, WAIT)
    assert after.state == "finished"


def test_a_waiting_job_stops_before_it_begins(easel, open_jobs, request_for):
    jobs = open_jobs()
    first = resting(easel, jobs, request_for("fast", seed=1))
    second = jobs.submit(request_for("fast", seed=2))
    assert jobs.stop(second.id).state == "stopped"
    let_go(easel)
    jobs.wait(first.id, WAIT)
    assert easel.painted == [1]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OutOfMemoryError("no memory is left"), "no memory is left"),
        (MemoryError(), "not enough memory: use smaller pictures or a smaller image_size"),
        (ZeroDivisionError("division\nby zero"), "unexpected ZeroDivisionError: division by zero; please report"),
    ],
)
def test_a_failure_is_one_line_and_the_next_job_is_painted(error, line, easel, open_jobs, request_for):
    jobs = open_jobs()
    easel.errors[5] = error
    failed = jobs.wait(jobs.submit(request_for("fast", seed=5)).id, WAIT)
    assert failed.state == "failed"
    assert failed.message.startswith(line)
    assert "\n" not in failed.message
    assert jobs.wait(jobs.submit(request_for("fast", seed=6)).id, WAIT).state == "finished"


def test_a_closed_studio_is_found_again(easel, open_jobs, request_for, tmp_path):
    """The job that was painted is interrupted, those that waited are painted."""
    jobs = open_jobs()
    done = jobs.submit(request_for("fast", seed=1))
    done = jobs.wait(done.id, WAIT)
    running = resting(easel, jobs, request_for("fast", seed=2))
    waiting = jobs.submit(request_for("fast", seed=3))
    threading.Timer(0, let_go, [easel]).start()
    jobs.close()
    easel.rests = None
    again = open_jobs()
    assert again.job(done.id) == done
    interrupted = again.job(running.id)
    assert (interrupted.state, interrupted.place) == ("interrupted", None)
    assert "the server was stopped after iteration" in interrupted.message
    assert again.wait(waiting.id, WAIT).state == "finished"
    assert brightness(again.job(waiting.id).result) == 3


def test_a_killed_server_left_the_best_picture(easel, open_jobs, request_for):
    """Its folder says that the job is running, and has the picture of the last iteration."""
    jobs = open_jobs()
    job = jobs.wait(jobs.submit(request_for("fast", seed=9)).id, WAIT)
    jobs.close()
    state = job.folder / "state.json"
    state.write_text(json.dumps({**json.loads(state.read_text()), "state": "running", "iteration": 2}))
    (job.folder / ".0123456789abcdef.0123456789abcdef.part").write_bytes(b"half a preview")
    found = open_jobs().job(job.id)
    assert found.state == "interrupted"
    assert found.message == "the server ended after iteration 2 of 3; its best picture is kept"
    assert brightness(found.result) == 9
    assert not list(job.folder.glob(".*.part"))


def test_warnings_are_notes_of_their_job(easel, open_jobs, request_for):
    """Each time, and without the folder."""
    jobs = open_jobs()
    for seed in (1, 2):
        job = jobs.wait(jobs.submit(request_for("fast", seed=seed)).id, WAIT)
        assert job.notes == ("photo.png has 3 frames",)


def test_a_damaged_folder_hinders_nobody(open_jobs, tmp_path, caplog):
    (tmp_path / "studio" / "2026-01-01-abc").mkdir(parents=True)
    (tmp_path / "studio" / "2026-01-01-abc" / "request.json").write_text("[1")
    with caplog.at_level(logging.WARNING):
        assert open_jobs().jobs() == []
    assert "holds no job" in caplog.text


def test_one_studio_uses_a_folder(open_jobs):
    open_jobs()
    with pytest.raises(InvalidInputError, match="in use by another studio"):
        open_jobs()


def test_the_oldest_jobs_make_room_and_never_the_running_one(easel, open_jobs, request_for, caplog):
    jobs = open_jobs()
    old = [jobs.wait(jobs.submit(request_for("fast", seed=seed)).id, WAIT) for seed in (1, 2, 3)]
    size = JobFolder(old[0].folder, "", 0).size
    jobs.close()
    jobs = open_jobs(keep=int(2.5 * size))
    with caplog.at_level(logging.INFO):
        running = resting(easel, jobs, request_for("fast", seed=4))
    assert [job.id for job in jobs.jobs()] == [running.id, old[2].id]
    assert not old[0].folder.exists()
    assert "to make room" in caplog.text
    with pytest.raises(InvalidInputError, match="deleted to make room"):
        jobs.job(old[0].id)
    let_go(easel)


def test_the_newest_job_stays_however_large(easel, open_jobs, request_for):
    jobs = open_jobs(keep=1)
    first = jobs.wait(jobs.submit(request_for("fast", seed=1)).id, WAIT)
    second = jobs.wait(jobs.submit(request_for("fast", seed=2)).id, WAIT)
    assert [job.id for job in jobs.jobs()] == [second.id]
    assert not first.folder.exists()


def test_an_input_beside_the_caller_is_not_overwritten(easel, open_jobs, request_for, pictures, monkeypatch):
    """A relative path such as result.png."""
    monkeypatch.chdir(pictures["photo"].parent)
    pictures["photo"].rename("result.png")
    request = request_for("fast")
    jobs = open_jobs()
    job = jobs.wait(jobs.submit(replace(request, inputs={**request.inputs, "photo": ("result.png",)})).id, WAIT)
    assert [path.name for path in job.request.files] == ["result_2.png", "paintings.png"]


def test_a_job_owns_its_inputs_and_names_no_folder(easel, open_jobs, request_for, pictures):
    jobs = open_jobs()
    names = {pictures["photo"]: "result.png", pictures["paintings"]: "Wave.png"}
    job = jobs.wait(jobs.submit(request_for("fast"), names).id, WAIT)
    assert [path.name for path in job.request.files] == ["result_2.png", "Wave.png"]
    assert job.request.files[1].read_bytes() == pictures["paintings"].read_bytes()
    assert images.read_record(job.result) == '{"content": {"image": "photo.png"}}'
    assert len(job.id) == 32
