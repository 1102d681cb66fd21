"""The page in a real browser: from two pictures to a painting that is taken home, with everything in between."""

from __future__ import annotations

import io
import re
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

from neural_style.runs import records
from neural_style.studio.sketches import BRUSH
from tests.studio.browser.tab import Tab

pytestmark = pytest.mark.filterwarnings("ignore")  # an error within the server of the page stops it

SMALL = {"image_size": 64, "iterations": 3}


def two_pictures(tab: Tab, pictures: Path, mode: str = "paint", photo: str = "photo", **settings: float) -> None:
    """Choose a photo and a painting."""
    tab.upload(f".mode-{mode} .input-photo", pictures / f"{photo}.png")
    tab.upload(f".mode-{mode} .input-paintings", pictures / "stripes.png")
    tab.settings(mode, **{**SMALL, **settings})


def fetched(tab: Tab, address: str) -> bytes:
    with urllib.request.urlopen(address) as reply:
        return bytes(reply.read())


def test_first_view_is_two_pictures_and_one_button(tab: Tab) -> None:
    shown = [each for each in tab.all(".mode-paint button.go, .mode-paint .settings, .easel") if each.is_displayed()]
    assert [each.text for each in shown] == ["Paint"]
    tab.until(lambda: len([each for each in tab.all(".mode-paint .mount") if each.is_displayed()]) == 2)


def test_paint_watch_compare_and_download(tab: Tab, pictures: Path, server: Any) -> None:
    two_pictures(tab, pictures)
    tab.hosts()
    id = tab.paint("paint")
    seen = [""]

    def is_finished() -> bool:
        seen.append(tab.source(".easel .live"))
        return tab.status.startswith("Finished")

    tab.until(is_finished)
    assert len(set(seen) - {""}) >= 2  # a sketch, and some of the iterations
    job = server.jobs.job(id)
    assert (job.state, job.of, len(job.losses)) == ("finished", 6, 6)
    tab.until(lambda: len(tab.all(".easel .slider img")) >= 2)
    path = tab.download("button.download", pictures.parent)
    assert path.name == "photo_stripes.png"
    assert Image.open(path).size == (85, 64)
    assert records.read(path)["run"]["iterations"] == 3
    assert tab.hosts() == {urlsplit(server.url).netloc}
    tab.press(".easel .fold > button.label-wrap")
    command = tab.until(lambda: tab.driver.execute_script(COMMAND))
    assert command.startswith("neural-style paint photo.png stripes.png out")
    assert "--image_size 64" in command


COMMAND = "const box = document.querySelector('.command textarea'); return box ? box.value : ''"


def test_stop_keeps_the_best_picture_and_paints_on(tab: Tab, pictures: Path, server: Any) -> None:
    two_pictures(tab, pictures, iterations=50)
    first = tab.paint("paint")
    tab.until(lambda: "Iteration 2" in tab.status)
    tab.press("button.stop-here")
    tab.until(lambda: tab.status.startswith("Stopped"))
    job = server.jobs.job(first)
    assert job.state == "stopped"
    assert job.iteration < job.of
    assert job.result is not None
    tab.press("button.further")
    second = tab.until(lambda: tab.job != first and tab.job)
    tab.until(lambda: "Iteration 1" in tab.status)
    assert server.jobs.job(second).request.file("init") is not None


def test_a_refreshed_tab_finds_its_job(tab: Tab, pictures: Path, server: Any) -> None:
    two_pictures(tab, pictures, iterations=50)
    id = tab.paint("paint")
    tab.until(lambda: tab.source(".easel .live"))
    tab.driver.refresh()
    tab.until(lambda: tab.all("button.go-paint"))
    tab.until(lambda: "Iteration" in tab.status)
    assert tab.job == id
    tab.until(lambda: tab.source(".easel .live"))
    tab.open(f"{server.url}?job=0123")
    tab.until(lambda: "no such job" in tab.status)


def test_two_tabs_have_a_queue_and_never_mix(tab: Tab, pictures: Path, server: Any, chromium: Any) -> None:
    two_pictures(tab, pictures, iterations=50)
    one = tab.paint("paint")
    other = Tab(chromium, server.url)
    two_pictures(other, pictures, photo="photo two")
    two = other.paint("paint")
    other.until(lambda: "1 picture is painted before yours" in other.status)
    server.jobs.stop(one)
    other.until(lambda: other.status.startswith("Finished"))
    shown = np.asarray(Image.open(io.BytesIO(fetched(other, other.source(".easel .slider")))).convert("RGB"), float)
    chromium.close()
    tab.use()
    assert one != two
    tab.until(lambda: tab.status.startswith("Stopped"))
    photos = [np.asarray(Image.open(pictures / f"{name}.png").resize(shown.shape[1::-1]), float) for name in PHOTOS]
    distances = [np.abs(shown - photo).mean() for photo in photos]
    assert min(distances) == distances[1]


PHOTOS = ("photo", "photo two")


def test_a_picture_of_ours_brings_its_settings_back(tab: Tab, pictures: Path, server: Any) -> None:
    two_pictures(tab, pictures, image_size=72, iterations=1)
    job = server.jobs.wait(tab.paint("paint"))
    tab.until(lambda: tab.status.startswith("Finished"))
    tab.open(server.url)
    tab.press(".shelf > button.label-wrap")
    tab.until(lambda: tab.all(".drop input[type=file]"))[0].send_keys(str(job.result))
    tab.until(lambda: "Settings of" in " ".join(each.text for each in tab.all(".said")))
    tab.until(lambda: tab.source(".mode-paint .input-photo"))
    assert (tab.value("paint", "image_size"), tab.value("paint", "iterations")) == ("72", "1")
    again = server.jobs.wait(tab.paint("paint"))
    assert Image.open(again.result).tobytes() == Image.open(job.result).tobytes()


def test_a_mask_is_drawn_with_the_mouse(tab: Tab, pictures: Path, server: Any) -> None:
    """The second painting's region is where the mouse went; the first painting has the rest."""
    tab.mode("regions")
    tab.upload(".mode-regions .input-photo", pictures / "photo.png")
    tab.upload(".mode-regions .input-paintings", pictures / "stripes.png")
    tab.until(lambda: tab.all(".mode-regions .input-paintings input[type=file]"))[0].send_keys(
        str(pictures / "bars.png")
    )
    tab.until(lambda: len(tab.all(".mode-regions .input-paintings img")) == 2)
    tab.settings("regions", image_size=64, iterations=1)
    canvas = tab.until(lambda: [each for each in tab.all(".board-style_masks canvas") if each.is_displayed()])[0]
    tab.drag(canvas, (-60, 0), (60, 0))
    job = server.jobs.wait(tab.paint("regions"))
    assert job.message == ""
    rest, drawn = (np.asarray(Image.open(path).convert("L")) > 127 for path in job.request.inputs["style_masks"])
    assert np.array_equal(rest, ~drawn)
    zoom = int(re.findall(r"(\d+)%", tab.all(".board-style_masks")[0].text)[0]) / 100
    row, column = np.mgrid[: drawn.shape[0], : drawn.shape[1]] + 0.5
    along = np.clip(column - drawn.shape[1] / 2, -60 / zoom, 60 / zoom)  # the nearest place on the mouse's way
    distance = np.hypot(row - drawn.shape[0] / 2, column - drawn.shape[1] / 2 - along)
    stroke = distance < BRUSH
    assert (stroke & drawn).sum() > 0.95 * (stroke | drawn).sum()


def test_try_these_shows_a_sheet(tab: Tab, pictures: Path) -> None:
    two_pictures(tab, pictures)
    tab.press(".mode-paint button.try")
    tab.until(lambda: tab.all(".sheet img"))


def test_no_request_leaves_this_machine(tab: Tab, server: Any) -> None:
    tab.hosts()
    tab.open(server.url)
    for each in tab.all(".modes [role=tab]"):
        tab.driver.execute_script("arguments[0].click()", each)
    assert tab.hosts() == {urlsplit(server.url).netloc}
