"""Films whose shots other processes paint: the film of one process to the byte, also after failures and kills."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from PIL import Image

from neural_style import Network, backend
from neural_style.engines.interface import Outcome
from neural_style.engines.process import Process
from neural_style.errors import InvalidInputError
from neural_style.video import transfer_video
from neural_style.video.by_shots import ShotsFailedError
from neural_style.video.settings import Coherence
from neural_style.video.transfer import optimised_method
from tests.video.conftest import panned
from tests.video.films import Invert

LENGTHS = (3, 1, 4, 2)
"""Frames of the shots of the film, whose grey levels are 50, 60, 70 and 80."""


SHALLOW = Network(model="mini", weights="random", content_layer="conv1_2", style_layers="conv1_1")


class Grey:
    """Numbers the frames of a shot, all of one grey level."""

    painted: ClassVar[list[int]] = []
    fails: ClassVar[set[int]] = set()

    def __init__(self) -> None:
        self._count, self._grey = 0, -1

    def transfer(self, frame: np.ndarray) -> np.ndarray:
        grey = int(frame[0, 0, 0])
        if grey in self.fails:
            raise InvalidInputError("no paint")
        self._count, self._grey = self._count + 1 if grey == self._grey else 1, grey
        self.painted.append(grey)
        return frame + np.uint8(self._count)

    def state(self) -> dict[str, np.ndarray]:
        return {"count": np.array(self._count), "grey": np.array(self._grey)}

    def load_state(self, state: Any) -> None:
        self._count, self._grey = int(state.get("count", 0)), int(state.get("grey", -1))

    def begins_shot(self, frame: np.ndarray, earlier: np.ndarray) -> bool:
        return bool(frame[0, 0, 0] != earlier[0, 0, 0])


class GreyShots:
    """The same of whole shots, which it reads twice."""

    def paint_shots(self, frames: Any, folder: Path, finished: Any, advance: Any) -> Iterator[np.ndarray]:
        method = Grey()
        assert len(list(frames(0))) == 1 + len(list(frames(1)))
        assert not list(folder.iterdir())
        yield from map(method.transfer, frames(finished()))

    begins_shot = Grey.begins_shot


class Here:
    """An engine in this process.

    Attributes:
        order: of the tasks.
        at_most: outcomes until a signal ends the command.
        process: settings of the processes that paint.
    """

    description = "this process"

    def __init__(self, order: Callable[[Iterable[Any]], Iterable[Any]] = iter, at_most: int | None = None) -> None:
        self._order, self._at_most = order, at_most
        self.process: Process | None = None

    def outcomes(self, tasks: Iterable[Any], process: Process) -> Iterator[Any]:
        self.process = process
        for key, task in islice(self._order(tasks), self._at_most):
            yield key, task.run()
        if self._at_most is not None:
            raise KeyboardInterrupt


def backwards(tasks: Iterable[Any]) -> Iterable[Any]:
    return reversed(list(tasks))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    greys = np.repeat([50, 60, 70, 80], LENGTHS)
    for number, grey in enumerate(greys):
        Image.fromarray(np.full((16, 24, 3), grey, np.uint8)).save(tmp_path / f"{number}.png")
    Grey.painted, Grey.fails = [], set()
    return tmp_path / "%d.png"


@pytest.fixture
def whole(clip: Path, tmp_path: Path) -> bytes:
    """The bytes of the film of one process."""
    film = transfer_video(clip, (), tmp_path / "whole.mp4", method=Grey(), segment=2).path.read_bytes()
    Grey.painted.clear()
    return film


@pytest.mark.parametrize(("method", "order"), [(Grey, iter), (GreyShots, backwards)])
def test_film_is_that_of_one_process_in_whatever_order_shots_are_painted(clip, whole, tmp_path, method, order):
    out, seen = tmp_path / "out.mp4", []
    transfer_video(clip, (), out, method=method(), segment=2, engine=Here(order), progress=seen.append)
    assert out.read_bytes() == whole
    assert [each.done for each in seen] == list(np.cumsum(list(order(LENGTHS))))
    assert sorted(Grey.painted) == list(np.repeat([50, 60, 70, 80], LENGTHS))
    assert not (tmp_path / "out.mp4.work").exists()


@pytest.mark.parametrize("order", [iter, backwards])
@pytest.mark.parametrize("painted", range(4))
def test_resumed_film_paints_no_shot_twice(clip, whole, tmp_path, order, painted):
    """Segments end within shots, so that some are finished in part."""
    out = tmp_path / "out.mp4"
    with pytest.raises(KeyboardInterrupt):
        transfer_video(clip, (), out, method=Grey(), segment=2, engine=Here(order, painted))
    if painted:
        with pytest.raises(InvalidInputError, match="unfinished film"):
            transfer_video(clip, (), out, method=Grey(), segment=2, engine=Here())
    transfer_video(clip, (), out, method=Grey(), segment=2, engine=Here(), resume=True)
    assert out.read_bytes() == whole
    assert len(Grey.painted) == sum(LENGTHS)


def test_failed_shot_costs_no_other_and_is_painted_by_resume(clip, whole, tmp_path):
    out = tmp_path / "out.mp4"
    Grey.fails = {60, 80}
    with pytest.raises(ShotsFailedError, match=r"frame 4: no paint; frames 9 to 10: no paint"):
        transfer_video(clip, (), out, method=Grey(), segment=2, engine=Here(backwards))
    assert not out.exists()
    assert set(Grey.painted) == {50, 70}
    Grey.painted, Grey.fails = [], set()
    transfer_video(clip, (), out, method=Grey(), segment=2, engine=Here(), resume=True)
    assert out.read_bytes() == whole
    assert set(Grey.painted) == {60, 80}


def test_damaged_frame_costs_no_shot_before_its_own(clip, tmp_path):
    (tmp_path / "9.png").write_bytes(b"")
    with pytest.raises(InvalidInputError, match=r"9\.png"):
        transfer_video(clip, (), tmp_path / "out.mp4", method=Grey(), segment=2, engine=Here(backwards))
    assert set(Grey.painted) == {50, 60, 70}


def test_film_is_continued_in_the_way_it_was_started(clip, tmp_path):
    settings = {"out": tmp_path / "out.mp4", "segment": 2, "resume": True}
    with pytest.raises(KeyboardInterrupt):
        transfer_video(clip, (), method=Grey(), engine=Here(at_most=2), **settings)
    with pytest.raises(InvalidInputError, match=r"started with engine=.*: resume it in the same way"):
        transfer_video(clip, (), method=Grey(), **settings)


def test_damaged_shot_is_one_line(clip, tmp_path):
    settings = {"out": tmp_path / "out.mp4", "resume": True}
    with pytest.raises(KeyboardInterrupt):
        transfer_video(clip, (), method=Grey(), engine=Here(backwards, 2), **settings)
    (kept,) = (tmp_path / "out.mp4.work").glob("shot000004*")
    for length in (100, 0):
        kept.write_bytes(kept.read_bytes()[:length])
        with pytest.raises(InvalidInputError, match="damaged"):
            transfer_video(clip, (), method=Grey(), engine=Here(), **settings)


@pytest.mark.parametrize(
    ("method", "settings"),
    [
        ("fast", {"rounds": 0}),
        ("optimise", {"iterations": 1, "coherence": Coherence(next_iterations=1, flow=panned)}),
    ],
)
def test_methods_paint_shots_as_they_paint_films(tmp_path, night, pan, other, method, settings):
    for number, frame in enumerate([*pan.frames[:2], *other.frames]):
        Image.fromarray(frame).save(tmp_path / f"{number}.png")
    if method == "optimise":  # with something of the first frame of a shot for all others
        settings = {**settings, "technique": SHALLOW, "preserve_color": "pca", "color_when": "before"}
    films = []
    for name, engine in (("one", None), ("several", Here(backwards))):
        out = tmp_path / f"{name}.mp4"
        transfer_video(tmp_path / "%d.png", night, out, method=method, engine=engine, **settings)
        films.append(out.read_bytes())
    assert films[0] == films[1]


def test_methods_that_cannot_be_sent_are_refused_before_any_work(clip, tmp_path, technique, night):
    with pytest.raises(InvalidInputError, match="no begins_shot"):
        transfer_video(clip, (), tmp_path / "out.mp4", method=Invert(), engine=Here())
    method = optimised_method(night, technique, Coherence(flow=lambda first, second: second))
    with pytest.raises(InvalidInputError, match="instead of lambdas"):
        method.painted_by(Here())
    assert optimised_method(night, technique, Coherence(passes=2)).painted_by(Here()).identity["by_shots"]


def test_initial_picture_is_sent_with_the_method(tmp_path, night, pan):
    class Elsewhere(Here):
        def outcomes(self, tasks, process):
            (tmp_path / "initial.png").unlink()
            return super().outcomes(tasks, process)

    for name in ("0", "initial"):
        Image.fromarray(pan.frames[0]).save(tmp_path / f"{name}.png")
    settings = {"technique": SHALLOW, "init": tmp_path / "initial.png", "iterations": 1, "engine": Elsewhere()}
    transfer_video(tmp_path / "%d.png", night, tmp_path / "out.mp4", method="optimise", **settings)


def test_warnings_of_a_process_are_those_of_the_film(clip, tmp_path):
    class Warned(Here):
        def outcomes(self, tasks, process):
            for key, outcome in super().outcomes(tasks, process):
                yield key, Outcome(outcome.files, warnings=("of a tile",))

    with pytest.warns(UserWarning, match="of a tile"):
        transfer_video(clip, (), tmp_path / "out.mp4", method=Grey(), engine=Warned())


def test_processes_have_the_threads_of_this_one(clip, tmp_path, monkeypatch):
    """The last bits of long sums depend on their number."""
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "3")
    engine = Here()
    transfer_video(clip, (), tmp_path / "out.mp4", method=Grey(), engine=engine)
    assert engine.process == Process(threads=3)
    backend.own_process(None, 3)  # leaves a process as it is in which TensorFlow has started
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "0")
    assert backend.thread_count() >= 1
