"""Seconds of the page: until it can be used, from an iteration to its preview, and until a run has stopped.

python benchmarks/studio_page.py photo.jpg painting.jpg --rows 256
"""

import argparse
import re
import socket
import sys
import tempfile
import time
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

PREVIEWS = 7


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("painting", type=Path)
    parser.add_argument("--rows", type=int, default=256)
    found = parser.parse_args()
    warnings.simplefilter("ignore")  # of gradio and what it brings
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    from neural_style.studio.app import Server, Settings
    from tests.studio.browser.conftest import CHROMIUM, DRIVER
    from tests.studio.browser.tab import Tab

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


def delays(tab, jobs, job):
    """Seconds from the preview of each of the first iterations, a file, to the moment at which the page names it."""
    shown = {}

    def enough():
        number = re.search(r"Iteration (\d+)", tab.status)
        if number and int(number[1]) not in shown:
            found, now = jobs.job(job), time.time()
            is_same = found.iteration == int(number[1])  # otherwise the preview is of a later one already
            shown[int(number[1])] = round(now - found.preview.stat().st_mtime, 2) if is_same else None
        return len(shown) >= PREVIEWS

    tab.until(enough)
    return [delay for delay in shown.values() if delay is not None]


if __name__ == "__main__":
    main()
