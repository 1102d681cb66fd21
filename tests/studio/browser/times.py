"""Seconds of the page: until it can be used, from an iteration to its preview, and until a run has stopped.

python -m tests.studio.browser.times photo.jpg painting.jpg --rows 256
"""

from __future__ import annotations

import argparse
import re
import socket
import tempfile
import threading
import time
import warnings
from pathlib import Path
from typing import Any

from tests.studio.browser.conftest import CHROMIUM, DRIVER
from tests.studio.browser.tab import Tab

PREVIEWS = 7


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("painting", type=Path)
    parser.add_argument("--rows", type=int, default=256)
    found = parser.parse_args()
    warnings.simplefilter("ignore")  # of gradio and what it brings
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    from neural_style.studio.app import Server, Settings

    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder, Server(Settings(folder=Path(folder), port=port)) as server:
        driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
        began = time.monotonic()
        tab = Tab(driver, server.url)
        print(f"page: {time.monotonic() - began:.2f}")
        tab.upload(".mode-paint .input-photo", found.photo)
        tab.upload(".mode-paint .input-paintings", found.painting)
        tab.settings("paint", image_size=found.rows)
        print(f"previews after their iterations: {delays(tab, server.jobs, tab.paint('paint'))}")
        began = time.monotonic()
        tab.press(".stop-here")
        tab.until(lambda: tab.status.startswith("Stopped"))
        print(f"stop: {time.monotonic() - began:.2f}")
        driver.quit()


def delays(tab: Tab, jobs: Any, job: str) -> list[float]:
    """Seconds from the end of each of the first iterations to the moment at which the page names it."""
    ended: dict[int, float] = {}
    shown: dict[int, float] = {}

    def watch() -> None:
        while len(shown) < PREVIEWS:
            ended.setdefault(jobs.job(job).iteration, time.monotonic())
            time.sleep(0.01)

    threading.Thread(target=watch, daemon=True).start()
    while len(shown) < PREVIEWS:
        if number := re.search(r"Iteration (\d+)", tab.status):
            shown.setdefault(int(number[1]), time.monotonic())
        time.sleep(0.02)
    return [round(moment - ended[number], 2) for number, moment in shown.items() if number in ended]


if __name__ == "__main__":
    main()
