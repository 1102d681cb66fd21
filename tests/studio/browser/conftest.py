"""One server and one browser for all tests of the page, skipped where gradio, selenium or Chromium is missing."""

from __future__ import annotations

import os
import shutil
import socket
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from neural_style.studio.limits import Limits
from tests.studio.browser.tab import WAIT, Tab

if TYPE_CHECKING:
    from neural_style.studio.app import Server

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")

MISSING = [name for name in ("gradio", "selenium") if find_spec(name) is None]
MISSING += [name for name, path in (("chromium", CHROMIUM), ("chromedriver", DRIVER)) if path is None]

SCREENSHOTS = os.environ.get("STUDIO_SCREENSHOTS")
"""Folder for a picture of the page at the end of each test."""

LIMITS = Limits(bytes=400_000, pixels=1_000_000, clip_bytes=400_000)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with small photos and paintings, and one photo of too many pixels."""
    folder = tmp_path_factory.mktemp("pictures")
    row, column = np.mgrid[0:96, 0:128]
    photo = np.stack([row * 2, column * 2, 255 - row - column], axis=-1).clip(0, 255).astype(np.uint8)
    stripes = np.where((row + column)[..., None] // 8 % 2 == 0, (200, 60, 20), (20, 40, 160)).astype(np.uint8)
    for name, pixels in {
        "photo": photo,
        "photo two": photo[:, ::-1],
        "stripes": stripes,
        "bars": stripes[::-1],
    }.items():
        Image.fromarray(pixels).save(folder / f"{name}.png")
    Image.fromarray(np.zeros((1001, 1000), np.uint8)).save(folder / "wide.png")
    (folder / "heavy.png").write_bytes(os.urandom(600_000))
    return folder


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running studio with small limits."""
    if MISSING:
        pytest.skip(f"the tests of the page need {', '.join(MISSING)}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of gradio and what it brings
        from neural_style.studio.app import Server, Settings

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        settings = Settings(folder=tmp_path_factory.mktemp("studio"), port=port, limits=LIMITS)
        with Server(settings) as running:
            yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless browser."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--window-size=1280,1400",
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    yield driver
    driver.quit()


@pytest.fixture
def tab(server: Server, chromium: Any, request: pytest.FixtureRequest) -> Iterator[Tab]:
    """A fresh tab; its jobs are stopped at the end."""
    made = Tab(chromium, server.url)
    yield made
    if SCREENSHOTS:
        made.use()
        chromium.save_screenshot(f"{SCREENSHOTS}/{request.node.name}.png")
    for job in server.jobs.jobs():
        if not job.is_over:
            server.jobs.stop(job.id)
            server.jobs.wait(job.id, WAIT)
    made.use()
    chromium.close()
    chromium.switch_to.window(chromium.window_handles[0])
