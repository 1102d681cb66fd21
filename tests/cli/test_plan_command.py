"""`neural-style plan`: memory and time of a run, estimated before it."""

import re

import pytest

from neural_style import Network
from neural_style.cli.commands.plan import _lines
from neural_style.cli.progress import duration
from neural_style.runs.memory_plan import MemoryEstimate
from tests.conftest import SMALL

LOOK = SMALL[: SMALL.index("--image_size")]


def test_a_plan_has_memory_time_and_what_fits(command, photo_file, painting_file):
    ran = command("plan", photo_file, painting_file, *LOOK, "--image_size", 3000, "--memory_limit", 8)
    assert ran.status == 0
    lines = ran.out.splitlines()
    assert lines[0] == "3000 x 3600 pixels, 8.0 GiB free"
    rows = [line for line in lines if re.search(r"\d GiB +\d+ (s|min|h)$", line)]
    assert rows[0].lstrip().startswith("whole")
    assert all(line.lstrip().startswith("tiles of") for line in rows[1:])
    memory = [float(re.search(r"([\d.]+) GiB", line)[1]) for line in rows]
    assert memory == sorted(memory, reverse=True)
    assert any("in tiles of" in line for line in lines)
    assert re.search(r"the largest picture of this shape that fits has \d+ rows", lines[-1])


def test_a_plan_has_every_size_of_a_pyramid_and_every_technique(command, photo_file, painting_file):
    flags = (*LOOK, "--sizes", 32, 64, "--technique", "inetwork", "--variant", "titu1994", "--chain", "False")
    ran = command("plan", photo_file, painting_file, *flags)
    assert ran.status == 0
    assert next(line for line in ran.out.splitlines() if "pixels," in line).startswith("32 x 38 pixels")
    assert ran.out.count("fits into memory") == 2


def test_a_plan_without_tiles_names_none():
    estimate = MemoryEstimate(Network(model="mini", style_loss="patches").extractor_spec, (600, 800))
    lines = _lines(estimate, None, (1e-6, 1e-6))
    assert not any("tiles of" in line for line in lines)
    assert "not in the time: the style loss itself" in lines[-1]


@pytest.mark.usefixtures("idle")
def test_what_does_not_fit_is_refused_before_any_work(paint):
    paint("--image_size", 9000, "--memory_limit", 2).assert_refused("9000 x 10800 pixels need", "choose at most")


@pytest.mark.usefixtures("idle")
def test_impossible_tiles_and_limits(paint):
    paint("--tile", 3).assert_refused("tile must be a whole number of at least 64, received 3")
    paint("--memory_limit", -1).assert_refused("memory_limit must be a finite number")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0.4 s"), (89, "89 s"), (90, "2 min"), (89 * 60, "89 min"), (90 * 60 + 1, "2 h"), (26 * 3600, "26 h")],
)
def test_a_duration_has_the_unit_that_keeps_it_short(seconds, text):
    assert duration(seconds) == text


def test_a_plan_of_a_film_has_its_frames_and_the_time_of_each_method(command, painting_file, tmp_path):
    films = pytest.importorskip("tests.video.films")
    clip = films.write_film(tmp_path / "clip.mp4", films.pictures(10), sound=[("aac", "eng")])
    ran = command("plan", clip, painting_file, *LOOK)
    assert ran.status == 0
    lines = ran.out.splitlines()
    assert lines[0].startswith("48 x 64 pixels")
    assert lines[-3] == f"{clip}: 10 frames at 25 a second, 1 audio stream"
    times = [re.fullmatch(r"  neural-style video --method (\w+) +([\d.]+) (s|min|h)", line) for line in lines[-2:]]
    assert [time[1] for time in times] == ["fast", "optimise"]
    assert all(float(time[2]) > 0 for time in times)


def test_a_plan_of_a_film_counts_flows(command, painting_file, tmp_path, monkeypatch):
    from neural_style.cli.commands import plan

    films = pytest.importorskip("tests.video.films")
    clip = films.write_film(tmp_path / "clip.mp4", films.pictures(10))
    monkeypatch.setattr(plan, "_seconds", lambda function: 100.0)
    ran = command("plan", clip, painting_file, *LOOK)
    share = 48 * 64 / 256**2
    assert ran.out.splitlines()[-2].endswith(duration((10 + 9) * share * 100))  # frames, flows


@pytest.mark.parametrize(
    ("passes", "iterations", "flows"), [(1, 9 * 3, 9), (2, 1 + 9 * 3, 3 * 9), (5, 4 + 9 * 5, 6 * 9)]
)
def test_a_plan_of_a_film_counts_passes(monkeypatch, tmp_path, passes, iterations, flows):
    from neural_style.cli.commands import plan
    from neural_style.video.settings import Coherence

    films = pytest.importorskip("tests.video.films")
    clip = plan.open_clip(films.write_film(tmp_path / "clip.mp4", films.pictures(10)))
    monkeypatch.setattr(plan, "duration", lambda seconds: f"{seconds:.6f}")
    estimate = MemoryEstimate(Network(model="mini").extractor_spec, clip.size)
    of_iterations, of_flows = 20 * estimate.pixels, 48 * 64 / 256**2
    for speed, seconds, found in ((1.0, 0.0, iterations * of_iterations), (0.0, 1.0, flows * of_flows)):
        monkeypatch.setattr(plan, "_seconds", lambda function, seconds=seconds: seconds)
        lines = plan._lines_of_film(clip, estimate, (0.0, speed), Coherence(passes=passes))
        first = 5 * sum((rows / 48) ** 2 for rows in plan.sizes_for(48)) * speed * of_iterations
        assert float(lines[-1].split()[-1]) == pytest.approx(first + found)


@pytest.mark.usefixtures("idle")
def test_passes_are_those_of_films(command, photo_file, painting_file):
    command("plan", photo_file, painting_file, *LOOK, "--passes", 2).assert_refused("--passes has an effect on films")
