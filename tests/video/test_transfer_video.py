"""Both methods from film to film: sound and times stay, the film is another one, and a resumed one is the same."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from neural_style.errors import InvalidInputError, UnknownSettingError
from neural_style.video import FilmRun, transfer_video
from neural_style.video.settings import Coherence
from neural_style.video.transfer import fast_method, optimised_method
from tests.video.conftest import panned
from tests.video.films import Invert, frames_in, pictures, sound_in, times_in, write_film


@pytest.fixture
def clip(tmp_path, pan):
    return write_film(tmp_path / "clip.mp4", pan.frames, sound=[("aac", "eng")])


@pytest.fixture
def settings(technique):
    """Of each method, so that a frame takes no time."""
    optimise = {"technique": technique, "coherence": Coherence(next_iterations=1), "iterations": 1}
    return {"fast": {"method": "fast", "rounds": 0}, "optimise": {"method": "optimise", **optimise}}


def stopping(at):
    def progress(each):
        if each.done == at:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize("method", ["fast", "optimise"])
def test_a_method_paints_a_film_and_resumes_it_to_the_byte(tmp_path, clip, night, settings, method):
    whole, out = tmp_path / "whole.mp4", tmp_path / "out.mp4"
    film = transfer_video(clip, night, whole, segment=2, **settings[method])
    assert (film.frames, film.sound[0].is_copied) == (4, True)
    assert times_in(whole) == times_in(clip)
    assert sound_in(whole) == sound_in(clip)
    assert np.abs(np.array(frames_in(whole), float) - frames_in(clip)).mean() > 5
    with pytest.raises(KeyboardInterrupt):
        transfer_video(clip, night, out, segment=2, progress=stopping(3), **settings[method])
    with pytest.raises(InvalidInputError, match="another method"):
        transfer_video(clip, night[::-1], out, segment=2, resume=True, **settings[method])
    transfer_video(clip, [night], out, segment=2, resume=True, **settings[method])
    assert out.read_bytes() == whole.read_bytes()


def test_a_method_of_ones_own(tmp_path):
    clip = write_film(tmp_path / "clip.mp4", pictures(3))
    method = Invert()
    assert transfer_video(clip, (), tmp_path / "out.mp4", method=method).frames == method.count == 3


def test_settings_of_the_other_method_are_refused_before_any_work(tmp_path, night, technique):
    clip, out = write_film(tmp_path / "clip.mp4", pictures(2)), tmp_path / "out.mp4"
    for given, part in [
        ({"technique": technique}, "technique and coherence are settings of the method optimise"),
        ({"method": "optimise", "painter": "starry.keras"}, "painter is a setting of the method fast"),
        ({"method": Invert(), "painter": "starry.keras"}, "painter is a setting of the method fast"),
        ({"method": "slow"}, 'unknown method "slow"'),
        ({"size": 20}, "a frame keeps its size"),
        ({"method": "optimise", "technique": technique, "image_size": 20}, "a frame keeps its size"),
        ({"strength": 2.0}, "strength must be a number from 0 to 1"),
    ]:
        with pytest.raises(InvalidInputError, match=part):
            transfer_video(clip, night, out, **given)
    with pytest.raises(UnknownSettingError, match="strength"):
        transfer_video(clip, (), out, method=Invert(), strength=1.0)
    with pytest.raises(UnknownSettingError, match="iteratoins"):
        transfer_video(clip, night, out, method="optimise", technique=technique, iteratoins=3)
    assert not (tmp_path / "out.mp4.work").exists()


def test_what_changes_a_film_is_part_of_its_identity(tmp_path, clip, night, settings):
    out, given = tmp_path / "out.mp4", settings["optimise"]
    with pytest.raises(KeyboardInterrupt):
        transfer_video(clip, night, out, segment=1, progress=stopping(2), **given)
    for changed in (
        {"iterations": 2},
        {"coherence": Coherence(next_iterations=2)},
        {"technique": replace(given["technique"], content_weight=1.0)},
    ):
        with pytest.raises(InvalidInputError, match="another method"):
            transfer_video(clip, night, out, segment=1, resume=True, **{**given, **changed})
    assert FilmRun(clip, out, segment=1, resume=True).total == 4


def test_identities_hold_no_addresses_and_all_defaults(night, technique):
    class Net:
        def __call__(self, first, second):
            return np.zeros((*first.shape[:2], 2), np.float32)

    assert fast_method(night).identity == fast_method(night, blend=0.8, rounds=None, flow="dis").identity
    assert fast_method(night, blend=0.5).identity != fast_method(night).identity
    for flow, name in ((panned, "panned"), (Net(), "Net")):
        fast = fast_method(night, flow=flow).identity
        optimised = optimised_method(night, technique, Coherence(flow=flow)).identity
        assert fast["flow"] == optimised["flow"]
        assert fast["flow"].endswith(name)
        assert " at 0x" not in json.dumps(fast, default=str)
