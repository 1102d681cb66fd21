"""Optical flow, consistency and cuts on clips whose motion is known."""

import subprocess
import sys

import numpy as np
import pytest

from neural_style.errors import InvalidInputError
from neural_style.samples import sample
from neural_style.samples.clips import clip
from neural_style.video import coherence, flow

SIZE = (64, 96)


@pytest.fixture
def dis():
    pytest.importorskip("cv2", reason="needs the extra video", exc_type=ImportError)
    return flow.flow_named("dis")


def test_importing_loads_neither_backend_nor_files():
    code = "import sys, neural_style.video.method, neural_style.video.coherence\n"
    code += "print([name for name in ('keras', 'tensorflow', 'jax', 'av', 'cv2') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_flow_that_returns_is_consistent_and_smooth():
    """Equations 5 and 6 by hand: |3 - 2|^2 = 1 > 0.01 (9 + 4) + 0.5, and a step of 1 > 0.01 * 4 + 0.002."""
    ones = np.ones((6, 8, 2)) * [1, 0]
    assert coherence.is_consistent(3 * ones, -3 * ones).all()
    assert not coherence.is_consistent(3 * ones, -2 * ones).any()
    assert coherence.is_consistent(2.5 * ones, -2 * ones).all()  # 0.25 < 0.6
    bent = -2 * ones
    bent[:, 4:] -= [1, 0]
    smooth = coherence.is_smooth(bent)
    assert not smooth[:, 3:5].any()
    assert smooth[:, :3].all()
    assert smooth[:, 5:].all()


def test_boundary_of_a_motion_is_followed_where_colours_are_alike():
    frame = np.full((16, 24, 3), 90, np.uint8)
    changed = frame.copy()
    changed[8:] += 9
    bent = np.zeros((16, 24, 2), np.float32)
    bent[:, 12:, 1] = 0.5  # down; both ways, which equation 5 allows as 4 * 0.5^2 > 0.02 * 0.25 + 0.5 does not
    step = coherence.motion(changed, frame, lambda one, other: bent if one is changed else -bent)
    assert step.followed[:7].all()
    assert step.followed[8:-1, :11].all()
    assert not step.followed[8:-1, 11:13].any()
    assert step.followed[8:-1, 13:].all()


def test_boundaries_of_motions_lie_between_the_things(dis):
    """Of a square that moves 3 pixels over noise, the flow is blurred by 4 pixels; each then gets its own."""
    rng = np.random.default_rng(0)
    first, second = (rng.integers(0, 256, (40, 50, 3), np.uint8),) * 2
    second = second.copy()
    square = rng.integers(0, 256, (10, 10, 3), np.uint8)
    first[8:18, 8:18], second[8:18, 11:21] = square, square
    exact = np.zeros((40, 50, 2), np.float32)
    exact[8:18, 8:18, 0] = 3
    blurred = exact.copy()
    blurred[4:22, 12:22, 0] = 3
    hidden = np.zeros((40, 50), bool)
    hidden[8:18, 18:21] = True
    wrong = (flow.with_sharp_boundaries(first, second, blurred) != exact).any(axis=-1)
    assert (blurred != exact).any(axis=-1)[~hidden].sum() == 90
    assert wrong[~hidden].sum() < 9
    smooth = np.broadcast_to(np.linspace(0, 0.9, 50, dtype=np.float32)[:, None], (40, 50, 2))
    assert (flow.with_sharp_boundaries(first, second, smooth) == smooth).all()


def test_flow_of_a_turning_camera(dis):
    found = clip(sample("cat"), "rotation", frames=2, size=SIZE)
    estimated = dis(found.frames[1], found.frames[0])
    errors = np.linalg.norm(estimated - found.flows[0], axis=-1)
    assert errors[found.valid[0]].mean() < 0.1


@pytest.mark.parametrize("photo", ["cat", "coffee", "portrait"])
def test_what_a_moving_layer_uncovers_is_not_followed(dis, photo):
    found = clip(sample(photo), "layer", frames=2, size=SIZE)
    step = coherence.motion(found.frames[1], found.frames[0], dis)
    assert not step.is_cut
    assert (~step.followed)[found.occluded[0]].mean() > 0.9
    assert step.followed[found.valid[0]].mean() > 0.95


def test_every_cut_is_found_and_no_other(dis):
    pans = [clip(sample(name), "fast_pan", frames=2, size=SIZE).frames for name in ("cat", "coffee", "portrait")]
    dark = np.zeros((1, *SIZE, 3), np.uint8)
    frames = np.concatenate([*pans, dark, pans[0]])
    cuts = [i for i in range(1, len(frames)) if coherence.motion(frames[i], frames[i - 1], dis).is_cut]
    assert cuts == [2, 4, 6, 7]


def test_motion_too_fast_to_follow_is_no_cut():
    frames = clip(sample("cat"), "pan", frames=2, size=SIZE).frames
    lost = coherence.motion(*frames, lambda one, other: np.random.default_rng(0).normal(0, 9, (*SIZE, 2)))
    assert lost.followed.mean() < 0.1
    assert not lost.is_cut


def test_paintings_are_continued_into_what_came_into_view():
    painted, frame = np.zeros((32, 48, 3), np.float32), np.full((32, 48, 3), 200, np.uint8)
    painted[:, :20] = [10, 20, 30]
    trusted = np.zeros((32, 48), bool)
    trusted[:, :20] = True
    start = coherence.filled(painted, trusted, frame)
    assert (start[:, :23] == [10, 20, 30]).all()  # 48 / 16 pixels beyond
    assert (start[:, 23:] == 200).all()
    assert (coherence.filled(painted, np.zeros_like(trusted), frame) == 200).all()


def test_a_flow_of_ones_own():
    frames = np.zeros((2, 8, 8, 3), np.uint8)
    step = coherence.motion(*frames, flow.flow_named(lambda one, other: np.zeros((8, 8, 2))))
    assert step.followed.all()


def test_flows_that_cannot_be_used(dis, monkeypatch):
    with pytest.raises(InvalidInputError, match="flow"):
        flow.flow_named("diss")
    with pytest.raises(InvalidInputError, match="at least 16 x 16"):
        dis(*np.zeros((2, 8, 40, 3), np.uint8))
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(InvalidInputError, match=r"neural-style-keras\[video\]"):
        flow.flow_named("dis")
