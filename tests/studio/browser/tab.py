"""A tab of a browser on the page of the studio, driven as by a hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

WAIT = 120
"""Seconds for anything, on a machine that others load; the first picture compiles."""

FORMATS = (".png", ".jpg", ".tif", ".zip", ".mp4")


class Tab:
    """One tab of the browser on the page.

    Args:
        driver: the browser.
        url: of the page.
    """

    def __init__(self, driver: Any, url: str) -> None:
        self.driver, self.url = driver, url
        driver.switch_to.new_window("tab")
        self.handle = driver.current_window_handle
        self.open(url)

    def open(self, url: str) -> None:
        self.use()
        self.driver.get(url)
        self.until(lambda: self.all("button.go-paint"))

    def use(self) -> None:
        self.driver.switch_to.window(self.handle)

    def all(self, selector: str) -> list[Any]:
        return self.driver.find_elements("css selector", selector)

    def until(self, condition: Any) -> Any:
        """The first true value of the condition."""
        from selenium.webdriver.support.ui import WebDriverWait

        return WebDriverWait(self.driver, WAIT, poll_frequency=0.05).until(lambda _: condition())

    def press(self, selector: str) -> None:
        found = self.until(lambda: [each for each in self.all(selector) if each.is_displayed()])
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'}); arguments[0].click()", found[0])

    def mode(self, name: str) -> None:
        self.press(f".modes [data-tab-id={name}]")

    def upload(self, selector: str, path: Path) -> None:
        """Give a file to a drop zone, and wait until its picture is shown."""
        self.until(lambda: self.all(f"{selector} input[type=file]"))[0].send_keys(str(path))
        self.until(lambda: self.all(f"{selector} img"))

    def settings(self, mode: str, **values: float) -> None:
        """Set sliders by typing."""
        from selenium.webdriver.common.keys import Keys

        for name, value in values.items():
            box = self.reveal(mode, name, "input[type=number]")
            box.send_keys(Keys.CONTROL, "a")
            box.send_keys(str(value), Keys.TAB)

    def reveal(self, mode: str, name: str, kind: str) -> Any:
        """The component of a setting, after its folds have been opened."""
        for fold in (".settings > button.label-wrap", ".settings .fold > button.label-wrap"):
            if not self.all(f".mode-{mode} .setting-{name}, .mode-{mode} {fold}.open"):
                self.press(f".mode-{mode} {fold}")
                self.until(lambda fold=fold: self.all(f".mode-{mode} {fold}.open"))
        return self.until(lambda: self.all(f".mode-{mode} .setting-{name} {kind}"))[0]

    def value(self, mode: str, name: str) -> str:
        return str(self.reveal(mode, name, "input").get_attribute("value"))

    @property
    def status(self) -> str:
        script = "return [...document.querySelectorAll('.easel .status')].map((each) => each.innerText).join(' ')"
        return str(self.driver.execute_script(script)).strip()

    @property
    def job(self) -> str:
        """The id in the address."""
        return dict(pair.split("=") for pair in urlsplit(self.driver.current_url).query.split("&") if pair).get(
            "job", ""
        )

    def source(self, selector: str) -> str:
        """The address of a picture that is shown, or nothing."""
        script = "const found = document.querySelector(arguments[0]); return found ? found.src : ''"
        return str(self.driver.execute_script(script, f"{selector} img"))

    def paint(self, mode: str) -> str:
        """Press the button; returns the id of the job."""
        before = self.job
        self.press(f".mode-{mode} button.go")
        return str(self.until(lambda: self.job != before and self.job))

    def download(self, selector: str, folder: Path) -> Path:
        """Press a button, and wait for the file that comes into the folder."""
        before = set(folder.iterdir())
        where = {"behavior": "allow", "downloadPath": str(folder)}
        self.driver.execute_cdp_cmd("Browser.setDownloadBehavior", where)
        self.press(selector)
        found = self.until(lambda: [each for each in set(folder.iterdir()) - before if each.suffix in FORMATS])
        return Path(found[0])

    def drag(self, canvas: Any, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Draw a stroke with the mouse, between two places given from the middle of a canvas."""
        from selenium.webdriver import ActionChains

        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
        steps = 8
        pen = ActionChains(self.driver, duration=30).move_to_element_with_offset(canvas, *start).click_and_hold()
        for _ in range(steps):
            pen.move_by_offset((end[0] - start[0]) // steps, (end[1] - start[1]) // steps)
        pen.release().perform()

    def hosts(self) -> set[str]:
        """Hosts that anything was requested from since the last call, in any tab."""
        messages = (json.loads(each["message"])["message"] for each in self.driver.get_log("performance"))
        sent = (each for each in messages if each["method"] == "Network.requestWillBeSent")
        addresses = (urlsplit(each["params"]["request"]["url"]) for each in sent)
        return {address.netloc for address in addresses if address.scheme not in ("data", "blob", "chrome", "about")}
