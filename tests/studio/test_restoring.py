"""A picture gives back the request that made it, which makes the same bits; and one can be continued."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neural_style import images
from neural_style.errors import InvalidInputError
from neural_style.runs import records
from neural_style.studio.execution import Optimisation
from neural_style.studio.job import Job
from neural_style.studio.job_folder import without_folders
from neural_style.studio.jobs import Jobs
from neural_style.studio.request import Request
from neural_style.studio.restoring import continued, request_of


@pytest.fixture(scope="module")
def jobs(tmp_path_factory):
    with Jobs(tmp_path_factory.mktemp("studio")) as found:
        yield found


FAST = {"image_size": 24, "strength": 0.0}
"""Of a picture in one pass that starts no program."""


def test_a_restored_picture_has_the_same_bits(jobs, request_for):
    settings = {"content_weight": 0.3, "style_weight": (2.0,), "seed": 3, "init": "noise"}
    first = jobs.wait(jobs.submit(request_for("network", **settings)).id)
    assert (first.state, first.message) == ("finished", "")
    restored = request_of(first.result)
    assert restored.inputs == {}
    second = jobs.wait(jobs.submit(replace(restored, inputs=first.request.inputs)).id)
    assert np.array_equal(*(np.asarray(Image.open(job.result)) for job in (first, second)))
    of_both = [records.read(job.result) for job in (first, second)]
    for record in of_both:
        record["history"] = [{**entry, "seconds": 0} for entry in record["history"]]
    assert of_both[0] == of_both[1]


@pytest.mark.parametrize(
    ("mode", "settings"),
    [
        ("paint", {"strength": 1.7, "stroke_scale": (0.5,), "preserve_color": "pca"}),
        ("paint", {"strength": 1 / 3, "sizes": (20, 32)}),
        ("regions", {"style_weight": (0.5,), "soft_masks": True}),
        ("inetwork", {"chain": False, "resize": "stretch"}),
        ("doodle", {"variant": "improved", "image_size": 24}),
        ("reconstruct", {"of": "style", "sizes": (24, 32), "init": "content"}),
    ],
)
def test_a_record_gives_mode_and_settings(mode, settings, request_for, tmp_path):
    """The record of the restored request is the record that it was restored from."""

    def recorded(request: Request) -> dict[str, Any]:
        made = Optimisation(request)
        inputs = made.inputs()
        return made.technique.identity(inputs, made.technique.run_settings(inputs, made.run))

    request = request_for(mode, **settings)
    record = without_folders(json.loads(records.to_json(recorded(request))))
    images.write(tmp_path / "made.png", np.zeros((8, 8, 3), np.uint8), record=json.dumps(record))
    restored = request_of(tmp_path / "made.png")
    assert restored.mode == mode
    assert {name: restored.value(name) for name in settings} == settings
    again = recorded(replace(restored, inputs=request.inputs))
    assert without_folders(json.loads(records.to_json(again))) == record


def test_the_picture_of_a_job_brings_its_files(jobs, request_for):
    job = jobs.wait(jobs.submit(request_for("fast", **FAST)).id)
    assert request_of(job.result, jobs.jobs()) == job.request
    assert str(job.folder) not in (images.read_record(job.result) or "")


def test_a_record_makes_the_studio_read_no_file(jobs, request_for, tmp_path):
    """Whoever uploads a picture writes its record."""
    job = jobs.wait(jobs.submit(request_for("fast", **FAST)).id)
    record = records.read(job.result)
    record["content"]["image"] = "/etc/hostname"
    crafted = tmp_path / "crafted.png"
    images.write(crafted, np.zeros((8, 8, 3), np.uint8), record=json.dumps(record))
    assert request_of(crafted, jobs.jobs()).files == ()


MASK = {"image": "mask.png", "soft": False}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"technique": "custom"}, "custom are not painted here"),
        ({"settings": {"model": "mine.keras"}}, "only the library"),
        ({"technique": "network", "settings": {"content_weight": -1}}, "another version"),
        ({"styles": [{}]}, "another version"),
        ({"run": {"size": 24, "strength": 3, "tile": "large"}}, "tile"),
        ({"content": {"mask": MASK, "color_mask": {**MASK, "soft": True}}}, "some masks are soft"),
        ({"output": {"enhance": "sharpen"}}, "neural-style rerun"),
        ({"content": {"image": "photo.png", "prepare": "grey"}}, "neural-style rerun"),
    ],
)
def test_other_records_are_refused_in_one_line(jobs, request_for, tmp_path, change, message):
    job = jobs.wait(jobs.submit(request_for("fast", **FAST)).id)
    images.write(
        tmp_path / "other.png",
        np.zeros((8, 8, 3), np.uint8),
        record=json.dumps({**records.read(job.result), **change}),
    )
    with pytest.raises(InvalidInputError, match=message) as error:
        request_of(tmp_path / "other.png")
    assert "\n" not in str(error.value)


def job_with(request: Request, path) -> Job:
    times = {"created": 0, "place": None, "seconds_left": None}
    files = {"preview": None, "result": path, "can_continue": True, "folder": path.parent}
    return Job(state="stopped", iteration=1, of=3, id="", request=request, **times, **files)


def test_a_pyramid_is_continued_at_the_sizes_that_are_left(request_for, tmp_path):
    path = tmp_path / "result.png"
    Image.fromarray(np.zeros((64, 80, 3), np.uint8)).save(path)
    request = continued(job_with(request_for("paint", image_size=128), path))
    assert request.settings["sizes"] == (64, 128)
    assert request.inputs["init"] == (path,)
    with pytest.raises(InvalidInputError, match="at once"):
        continued(job_with(request_for("fast"), path))


def test_a_continued_job_starts_from_the_picture(jobs, request_for):
    first = jobs.wait(jobs.submit(request_for("network")).id)
    second = jobs.wait(jobs.continue_from(first.id).id)
    assert second.state == "finished"
    assert second.losses[0] < first.losses[0]
