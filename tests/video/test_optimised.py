"""Films by optimisation: steady along a known motion, compiled once, and resumed to the bit."""

import numpy as np
import pytest

from neural_style import InvalidInputError, metrics
from neural_style.features.extractor import FeatureExtractor
from neural_style.video.coherence import without_drift
from neural_style.video.frame_painter import FramePainter
from neural_style.video.optimised import Optimised
from neural_style.video.settings import Coherence
from tests.video.conftest import SIZE, panned


def method_of(technique, night, iterations=1, **settings):
    coherence = Coherence(**{"next_iterations": 1, "flow": panned, **settings})
    return Optimised(technique, night, coherence, iterations=iterations)


def test_flicker_falls_with_warped_starts_and_with_the_temporal_term(technique, night, pan):
    alone = method_of(technique, night)
    frames = []
    for frame in pan.frames:
        alone.load_state({})
        frames.append(alone.transfer(frame))
    errors = [metrics.warping_error(frames, pan.flows, pan.valid)]
    for weight in (0.0, 1.0):
        method = method_of(technique, night, temporal_weight=weight)
        errors.append(metrics.warping_error([method.transfer(each) for each in pan.frames], pan.flows, pan.valid))
    assert errors[0] > 1.2 * errors[1] > 1.2 * 1.2 * errors[2]


def test_programs_and_statistics_of_styles_are_made_once(technique, night, pan, monkeypatch):
    sums, calls = FeatureExtractor.sums, []

    def counted(self, *given, **named):
        calls.append(1)
        return sums(self, *given, **named)

    monkeypatch.setattr(FeatureExtractor, "sums", counted)
    method = method_of(technique, night)
    method.transfer(pan.frames[0])
    programs = dict(method.painter.technique.extractor().objective_programs._entries)
    of_styles = len(calls)
    for frame in pan.frames[1:]:
        method.transfer(frame)
    assert method.painter.technique.extractor().objective_programs._entries == programs
    assert len(calls) == of_styles


@pytest.mark.parametrize("history", [(1,), (1, 2)])
def test_a_resumed_film_is_the_unbroken_one(technique, night, pan, history):
    first, second = (method_of(technique, night, history=history) for _ in range(2))
    assert first.state() == {}
    for frame in pan.frames[:2]:
        first.transfer(frame)
    second.load_state({name: array.copy() for name, array in first.state().items()})
    for frame in pan.frames[2:]:
        assert (first.transfer(frame) == second.transfer(frame)).all()


def test_paintings_in_the_colours_of_a_shot_are_those_of_the_unbroken_film(technique, night, pan):
    colors = {"preserve_color": "histogram", "color_when": "before"}
    first, second = (
        Optimised(technique, night, Coherence(next_iterations=1, flow=panned), iterations=1, **colors) for _ in range(2)
    )
    first.transfer(pan.frames[0])
    state = first.state()
    second.load_state(state)
    expected = first.transfer(pan.frames[1])
    assert (second.transfer(pan.frames[1]) == expected).all()
    for name in ("first", "plans", "reference"):
        with pytest.raises(InvalidInputError, match="damaged"):
            second.load_state({key: value for key, value in state.items() if key != name})


def test_a_cut_starts_afresh(technique, night, pan, other):
    method = method_of(technique, night)
    for frame in pan.frames[:2]:
        method.transfer(frame)
    after = method.transfer(other.frames[0])
    assert (after == method_of(technique, night).transfer(other.frames[0])).all()
    assert len(method.state()["frames"]) == 1


def test_a_frame_starts_from_the_painting_beyond_its_border(technique, night, pan, monkeypatch):
    starts = []
    minimised = FramePainter._minimised

    def watched(self, frame, warped, iterations):
        starts.append(warped)
        return minimised(self, frame, warped, iterations)

    monkeypatch.setattr(FramePainter, "_minimised", watched)
    method = method_of(technique, night)
    for frame in pan.frames[:2]:
        method.transfer(frame)
    _, warped = starts
    right = warped.weights[10] == 0
    assert 1 <= right.sum() <= 3
    assert (warped.start[10, right] == warped.start[10, ~right][-1]).all()


def test_colours_of_the_video_are_preserved_frame_by_frame(technique, night, pan):
    method = Optimised(
        technique, night, Coherence(next_iterations=1, flow=panned), iterations=1, preserve_color="luminance"
    )
    for frame in pan.frames[:2]:
        found = method.transfer(frame).astype(float)
        hue = (found - frame).std(axis=-1).mean()  # only the luminance differs
        assert hue < 6


def test_drift_is_brought_back_and_fades_are_not():
    trusted = np.ones(SIZE, bool)
    grey = np.full((*SIZE, 3), 100.0, np.float32)
    frame = grey.astype(np.uint8)
    assert without_drift(grey + 0.3, grey, frame, grey, trusted).mean() == pytest.approx(100)
    assert without_drift(grey + 3, grey, frame, grey, trusted).mean() == pytest.approx(102.5)  # half a level at a time
    assert without_drift(grey + 3, grey, (grey + 5).astype(np.uint8), grey, trusted).mean() == pytest.approx(103)
    assert without_drift(grey - 0.3, grey, (grey + 5).astype(np.uint8), grey, trusted).mean() == pytest.approx(100)
    assert without_drift(grey + 3, grey, frame, grey, ~trusted).mean() == pytest.approx(103)


def test_what_cannot_be_used_is_refused(technique, night, pan):
    with pytest.raises(InvalidInputError, match="work_size"):
        Optimised(technique, night, image_size=100)
    with pytest.raises(InvalidInputError, match="history"):
        Coherence(history=(2, 4))
    method = method_of(technique, night)
    method.transfer(pan.frames[0])
    with pytest.raises(InvalidInputError, match="one size"):
        method.transfer(pan.frames[0][:, :-1])
    with pytest.raises(InvalidInputError, match=r"uint8 \(H, W, 3\)"):
        method.transfer(pan.frames[0].astype(float))
    with pytest.raises(InvalidInputError, match="damaged"):
        method_of(technique, night).load_state({**method.state(), "results": np.zeros((1, 8, 8, 3), np.float32)})
