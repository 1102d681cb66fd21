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
    assert coherence.consistent(3 * ones, -3 * ones).all()
    assert not coherence.consistent(3 * ones, -2 * ones).any()
    assert coherence.consistent(2.5 * ones, -2 * ones).all()  # 0.25 < 0.6
    bent = -2 * ones
    bent[:, 4:] -= [1, 0]
    trusted = coherence.consistent(-bent, bent)
    assert not trusted[:, 3:5].any()
    assert trusted[:, :2].all()
    assert trusted[:, 7:].all()


def test_flow_of_a_turning_camera(dis):
    found = clip(sample("cat"), "rotation", frames=2, size=SIZE)
    estimated = dis(found.frames[1], found.frames[0])
    errors = np.linalg.norm(estimated - found.flows[0], axis=-1)
    assert errors[found.valid[0]].mean() < 0.1


def test_what_a_moving_layer_uncovers_is_not_trusted(dis):
    found = clip(sample("cat"), "layer", frames=2, size=SIZE)
    step = coherence.motion(found.frames[1], found.frames[0], dis)
    assert not step.is_cut
    assert (~step.trusted)[found.occluded[0]].mean() > 0.9
    assert step.trusted[found.valid[0]].mean() > 0.9


def test_every_cut_is_found_and_no_other(dis):
    pans = [clip(sample(name), "fast_pan", frames=3, size=SIZE).frames for name in ("cat", "coffee", "portrait")]
    dark = np.zeros((1, *SIZE, 3), np.uint8)
    frames = np.concatenate([*pans, dark, pans[0]])
    cuts = [i for i in range(1, len(frames)) if coherence.motion(frames[i], frames[i - 1], dis).is_cut]
    assert cuts == [3, 6, 9, 10]


def test_motion_too_fast_to_follow_is_no_cut():
    frames = clip(sample("cat"), "pan", frames=2, size=SIZE).frames
    lost = coherence.motion(*frames, lambda one, other: np.random.default_rng(0).normal(0, 9, (*SIZE, 2)))
    assert lost.trusted.mean() < 0.1
    assert not lost.is_cut


def test_a_flow_of_ones_own():
    frames = np.zeros((2, 8, 8, 3), np.uint8)
    step = coherence.motion(*frames, flow.flow_named(lambda one, other: np.zeros((8, 8, 2))))
    assert step.trusted.all()


def test_flows_that_cannot_be_used(dis, monkeypatch):
    with pytest.raises(InvalidInputError, match="flow"):
        flow.flow_named("diss")
    with pytest.raises(InvalidInputError, match="at least 16 x 16"):
        dis(*np.zeros((2, 8, 40, 3), np.uint8))
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(InvalidInputError, match=r"neural-style-keras\[video\]"):
        flow.flow_named("dis")
