"""Passes back and forth over a shot: the start of a later pass, its neighbours, and films that are resumed."""

from __future__ import annotations

from itertools import count, islice

import numpy as np
import pytest
from PIL import Image

from neural_style import InvalidInputError
from neural_style.video.optimised import Optimised
from neural_style.video.passes import Passes
from neural_style.video.settings import Coherence
from neural_style.video.work_size import ShotsAtWorkSize
from tests.video.conftest import panned

SIZE, STEP = (24, 32), (2, 1)
"""Of the frames, and pixels that the scene moves left and up from frame to frame."""


def shot(seed: int, length: int) -> list[np.ndarray]:
    """Frames of a pan over coarse noise by whole pixels; the first pixel holds shot and number."""
    cells = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    scene = cells.repeat(8, axis=0).repeat(8, axis=1)
    found = []
    for index in range(length):
        frame = scene[index * STEP[1] :, index * STEP[0] :][: SIZE[0], : SIZE[1]].copy()
        frame[0, 0] = seed, index, 0
        found.append(frame)
    return found


def known_flow(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The exact flow within a shot; nonsense between two."""
    if first[0, 0, 0] != second[0, 0, 0]:
        return np.random.default_rng(0).normal(0, 9, (*SIZE, 2)).astype(np.float32)
    frames = int(second[0, 0, 1]) - int(first[0, 0, 1])
    return np.broadcast_to(np.float32(STEP) * -np.float32(frames), (*SIZE, 2))


class Sketch:
    """A painter without a network: a painting depends on the start, on the target, and on the first of the shot."""

    def __init__(self, fail_at: int | None = None) -> None:
        self.calls: list[tuple[int, np.ndarray | None, np.ndarray, int]] = []
        self._fail_at, self._reference = fail_at, 0.0

    def converged(self, frame):
        self._reference = float(frame[0, 0, 0])
        return self._called(frame, None, frame.astype(np.float32), 0)

    def continued(self, frame, warped, nearest, iterations):
        painted = 0.7 * warped.start + 0.1 * warped.target + 0.2 * frame + self._reference
        self._called(frame, warped, warped.start, iterations)
        return painted.astype(np.float32)

    def finished(self, frame, painted):
        return np.clip(painted, 0, 255).astype(np.uint8)

    def state(self):
        return {"reference": np.array(self._reference)}

    def load_state(self, state):
        self._reference = float(state["reference"])

    def _called(self, frame, warped, start, iterations):
        if len(self.calls) == self._fail_at:
            raise KeyboardInterrupt
        self.calls.append((int(frame[0, 0, 1]), warped, start.copy(), iterations))
        return start


def passes(monkeypatch, fail_at=None, **settings):
    """The method with a sketch for a painter."""
    sketch = Sketch(fail_at)
    monkeypatch.setattr("neural_style.video.passes.FramePainter", lambda *_: sketch)
    return Passes(None, (), Coherence(**{"passes": 3, "flow": known_flow, **settings})), sketch


def film(method, frames, folder, finished=lambda: 0):
    """All painted frames; `finished` as of `neural_style.video.method.ShotMethod`."""
    folder.mkdir(exist_ok=True)
    return [*method.paint_shots(lambda skip: iter(frames[skip:]), folder, finished, lambda *_: None)]


def test_a_later_pass_starts_from_a_blend_with_the_neighbour_of_its_direction(monkeypatch, tmp_path):
    frames = shot(1, 3)
    method, sketch = passes(monkeypatch)
    film(method, frames, tmp_path)
    assert [index for index, *_ in sketch.calls] == [0, 1, 2, 2, 1, 0, 0, 1, 2]
    painted = 0.7 * sketch.calls[3][2] + 0.1 * sketch.calls[3][1].target + 0.2 * frames[2] + 1  # the second pass'
    _, warped, start, _ = sketch.calls[4]
    inner = np.s_[4:-4, 4:-4]
    moved = np.roll(painted, (STEP[1], STEP[0]), axis=(0, 1))  # frame 2 lies further left and up
    np.testing.assert_allclose(warped.target[inner], moved[inner], rtol=1e-5)
    assert (warped.weights[inner] == 1).all()
    assert (warped.weights[:, 0] == 0).all()  # what left the frame
    own = 0.7 * sketch.calls[1][2] + 0.1 * sketch.calls[1][1].target + 0.2 * frames[1] + 1
    np.testing.assert_allclose(start[inner], 0.5 * own[inner] + 0.5 * moved[inner], rtol=1e-5)
    np.testing.assert_allclose(start[:, 0], own[:, 0], rtol=1e-5)
    assert not sketch.calls[3][1].weights.any()  # the first frame of a pass has no neighbour


def test_passes_share_the_iterations(monkeypatch, tmp_path):
    for total, shares in ((5, [2, 2, 1]), (3, [1, 1, 1]), (1, [1, 1, 1])):
        assert [Coherence(next_iterations=total, passes=3).iterations(turn) for turn in (1, 2, 3)] == shares
    method, sketch = passes(monkeypatch, next_iterations=5)
    film(method, shot(1, 2), tmp_path)
    assert [iterations for *_, iterations in sketch.calls] == [0, 2, 2, 2, 1, 1]


def test_a_film_that_is_killed_at_any_painting_equals_the_unbroken_one(monkeypatch, tmp_path):
    frames, history = [*shot(1, 3), *shot(2, 1)], (1, 2)
    method, sketch = passes(monkeypatch, history=history)
    whole = film(method, frames, tmp_path / "whole")
    total = len(sketch.calls)
    assert (len(whole), total) == (4, 3 * 4)
    for at in range(total):
        folder = tmp_path / f"{at}"
        with pytest.raises(KeyboardInterrupt):
            film(passes(monkeypatch, at, history=history)[0], frames, folder)
        method, sketch = passes(monkeypatch, history=history)
        assert np.array_equal(film(method, frames, folder), whole)
        assert len(sketch.calls) == total - at


def test_files_of_finished_frames_are_deleted_and_frames_behind_them_are_the_same(monkeypatch, tmp_path):
    frames = [*shot(1, 4), *shot(2, 2)]
    whole = film(passes(monkeypatch)[0], frames, tmp_path / "whole")
    for kept in range(7):
        folder, counter = tmp_path / f"{kept}", count()
        folder.mkdir()
        method, _ = passes(monkeypatch)
        painted = method.paint_shots(lambda skip: iter(frames[skip:]), folder, lambda c=counter: next(c), lambda *_: 0)
        assert len(list(islice(painted, kept + 1))) == min(kept + 1, 6)  # one frame is lost when this is killed
        left = sorted(int(path.stem[5:]) for path in folder.glob("frame*"))
        assert left[:1] == ([kept] if kept < 6 else [])
        (folder / "painting000009.npz").write_bytes(b"without its frame")
        method, _ = passes(monkeypatch)
        assert np.array_equal(film(method, frames, folder, lambda k=kept: k), whole[kept:])


def test_a_film_in_passes_is_resumed_from_its_work_folder(monkeypatch, tmp_path):
    films = pytest.importorskip("tests.video.films")
    from neural_style.video.film import FilmRun

    for number, frame in enumerate([*shot(1, 3), *shot(2, 2)]):
        Image.fromarray(frame).save(tmp_path / f"{number}.png")
    clip, seen = tmp_path / "%d.png", []
    FilmRun(clip, tmp_path / "whole.mp4", segment=2).execute(passes(monkeypatch)[0], progress=seen.append)
    assert [each.done for each in seen] == [0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5]
    assert len(films.times_in(tmp_path / "whole.mp4")) == 5
    method, sketch = passes(monkeypatch)
    assert FilmRun(clip, tmp_path / "preview.mp4", seconds=0.08).execute(method).frames == 2
    assert len(sketch.calls) == 3 * 2
    method.paint_shots = lambda *_: iter([np.zeros((*SIZE, 3), np.uint8)])
    with pytest.raises(InvalidInputError, match="fewer frames"):
        FilmRun(clip, tmp_path / "short.mp4").execute(method)
    out = tmp_path / "out.mp4"
    for at in (4, 13):  # in the second pass; and in the second shot, with a segment finished
        with pytest.raises(KeyboardInterrupt):
            FilmRun(clip, out, segment=2, overwrite=True).execute(passes(monkeypatch, at)[0])
        with pytest.raises(InvalidInputError, match="holds an unfinished film"):
            FilmRun(clip, out, segment=2).execute(passes(monkeypatch)[0])
        method, sketch = passes(monkeypatch)
        FilmRun(clip, out, segment=2, resume=True).execute(method)
        assert len(sketch.calls) == 15 - at
        assert out.read_bytes() == (tmp_path / "whole.mp4").read_bytes()
        assert not (tmp_path / "out.mp4.work").exists()
        out.unlink()


def test_a_damaged_shot_is_refused_in_one_line(monkeypatch, tmp_path):
    frames = shot(1, 3)
    for at, name in ((1, "frame000001.npz"), (5, "painting000002.npz")):
        folder = tmp_path / name
        with pytest.raises(KeyboardInterrupt):
            film(passes(monkeypatch, at)[0], frames, folder)
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(InvalidInputError, match="damaged"):
            film(passes(monkeypatch)[0], frames, folder)
        (folder / "frame000001.npz").unlink()
        with pytest.raises(InvalidInputError, match="damaged"):
            film(passes(monkeypatch)[0], frames, folder)


def test_frames_are_painted_small_and_enlarged(monkeypatch, tmp_path):
    method, _ = passes(monkeypatch, flow=lambda first, second: np.zeros((12, 16, 2), np.float32))
    frames = [np.full((*SIZE, 3), grey, np.uint8) for grey in (100, 102)]
    found = film(ShotsAtWorkSize(method, 12), frames, tmp_path)
    assert [each.shape for each in found] == [(24, 32, 3)] * 2
    assert np.load(tmp_path / "painting000000.npz")["painting"].shape == (12, 16, 3)
    assert film(ShotsAtWorkSize(method, 12), [], tmp_path / "empty") == []


def test_an_optimisation_in_passes_is_resumed_to_the_bit(technique, night, pan, tmp_path):
    def method():
        return Passes(technique, night, Coherence(next_iterations=1, flow=panned, passes=2), iterations=1)

    whole = film(method(), pan.frames[:3], tmp_path / "whole")
    broken = method()
    continued, left = broken.painter.continued, iter(range(3))

    def failing(*arguments):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return continued(*arguments)

    broken.painter.continued = failing
    with pytest.raises(KeyboardInterrupt):
        film(broken, pan.frames[:3], tmp_path / "broken")
    assert np.array_equal(film(method(), pan.frames[:3], tmp_path / "broken"), whole)


def test_what_paints_each_frame_once_refuses_passes(technique, night):
    with pytest.raises(InvalidInputError, match="one pass, not 2"):
        Optimised(technique, night, Coherence(passes=2))
    with pytest.raises(InvalidInputError, match="passes must be"):
        Coherence(passes=0)
