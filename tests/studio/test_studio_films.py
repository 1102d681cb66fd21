"""Films of the studio: the same as the command's, stopped and painted on, and refused in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

from neural_style.cli.commands import video
from neural_style.errors import InvalidInputError
from neural_style.feedforward.fast_run import FastRun
from neural_style.runs import records
from neural_style.studio.execution import check, prepare
from neural_style.studio.jobs import Jobs
from neural_style.studio.limits import Limits
from neural_style.studio.modes import HAS_VIDEO
from neural_style.studio.page.downloads import AS_PAINTED, made
from neural_style.studio.progress import Progress
from neural_style.studio.request import Request
from neural_style.video.transfer import NamedMethod, fast_method

pytestmark = pytest.mark.skipif(not HAS_VIDEO, reason="films need the extra video")

WAIT = 60


@pytest.fixture
def request_of(request_for) -> Callable[..., Request]:
    return lambda **settings: request_for("video", **{"work_size": 24, "segment": 1, **settings})


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    with Jobs(tmp_path / "studio") as opened:
        yield opened


@pytest.fixture
def calls(monkeypatch) -> list[dict[str, Any]]:
    """What the studio and the command ask of the method fast, in whose place colours are inverted."""
    from tests.video.films import Invert

    found: list[dict[str, Any]] = []

    def inverted(*given: Any, **named: Any) -> NamedMethod:
        call = signature(fast_method).bind(*given, **named)
        call.apply_defaults()
        settings = FastRun(**call.arguments.pop("settings"))
        found.append({**call.arguments, "run": settings})
        return NamedMethod(Invert(), {"settings": str(settings)})

    for module in ("neural_style.studio.films", "neural_style.cli.commands.video"):
        monkeypatch.setattr(f"{module}.fast_method", inverted)
    return found


class StoppedOnce:
    """Carries a request out; the owner of the first job stops it after so many frames."""

    def __init__(self, jobs: Jobs, at: int) -> None:
        self._jobs, self._at = jobs, at

    def prepare(self, request: Request) -> StoppedOnce:
        self._execution = prepare(request)
        return self

    def execute(self, watch: Any) -> object:
        advance = watch.advance

        def stop(progress: Progress) -> None:
            if progress.iteration == self._at and len(self._jobs.jobs()) == 1:
                self._jobs.stop(self._jobs.jobs()[0].id)
            advance(progress)

        watch.advance = stop
        return self._execution.execute(watch)


def test_a_film_that_was_stopped_is_painted_on_to_that_of_the_command(request_of, calls, jobs, tmp_path, monkeypatch):
    """To the byte, whether it was stopped or not."""
    monkeypatch.setattr("neural_style.studio.jobs.prepare", StoppedOnce(jobs, at=2).prepare)
    settings = {"strength": 0.5, "preserve_color": "pca", "stroke_scale": (2.0,), "blend": 0.5, "seed": 3}
    first = jobs.wait(jobs.submit(request_of(**settings)).id, WAIT)
    assert (first.state, first.iteration, first.of) == ("stopped", 2, 3)
    assert first.message == "stopped after frame 2 of 3; its finished part is kept, and it can be painted on"
    assert first.result is not None
    assert frames(first.result) == 1  # the second was not yet in a segment
    second = jobs.wait(jobs.continue_from(first.id).id, WAIT)
    assert (second.state, second.iteration, second.of) == ("finished", 3, 3)
    assert second.preview is not None
    with pytest.raises(InvalidInputError, match="nothing to continue"):
        jobs.continue_from(second.id)
    out = made(second, "PNG", AS_PAINTED, tmp_path, Limits())
    assert out.name == "clip_paintings.mp4"
    monkeypatch.chdir(tmp_path / "uploads")
    assert video.main(second.request.command_line()[2:]) == 0
    stopped, painted_on, command = calls
    for each in calls:
        each["styles"] = [{**records.describe(style), "image": ""} for style in each["styles"]]
    assert stopped == painted_on == command
    assert out.read_bytes() == (tmp_path / "uploads" / "out.mp4").read_bytes()


def test_a_film_without_a_finished_segment_is_painted_on(request_of, calls, jobs, monkeypatch):
    monkeypatch.setattr("neural_style.studio.jobs.prepare", StoppedOnce(jobs, at=2).prepare)
    first = jobs.wait(jobs.submit(request_of(segment=3)).id, WAIT)
    assert first.message == "stopped after frame 2 of 3; no part of it is a film yet, and it can be painted on"
    assert first.result is None
    assert jobs.wait(jobs.continue_from(first.id).id, WAIT).state == "finished"


def frames(path: Path) -> int:
    from neural_style.video.clip import open_clip

    return open_clip(path).count or 0


@pytest.mark.parametrize(
    ("limits", "changes", "name", "message"),
    [
        (Limits(clip_bytes=100), {}, "clip.mp4", "MiB, and at most"),
        (Limits(result_pixels=100), {}, "clip.mp4", "a frame has 48 x 64 pixels"),
        (Limits(), {"blend": 1.0}, "clip.mp4", "blend"),
        (Limits(), {"crf": 99}, "clip.mp4", "crf"),
        (Limits(), {}, "clip%02d.mp4", "rename the film"),
        (Limits(), {}, "paintings.png", "no film that can be read"),
        (Limits(), {}, "playlist.mp4", "no film that can be read"),
    ],
)
def test_films_are_refused_in_one_line(limits, changes, name, message, request_of, pictures):
    request = request_of(**changes)
    path = pictures["clip"].with_name(name)
    if name == "playlist.mp4":  # names a file that can be read
        path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:{pictures['clip']}\n#EXT-X-ENDLIST\n")
    if not path.exists():
        pictures["clip"].rename(path)
    with pytest.raises(InvalidInputError, match=message) as error:
        check(replace(request, inputs={**request.inputs, "clip": (path,)}), limits)
    assert "\n" not in str(error.value)
