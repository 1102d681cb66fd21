"""Each row of the table of security in docs/techniques/studio.md, against a running studio."""

from __future__ import annotations

import contextlib
import http.client
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from neural_style.studio.app import CACHE
from neural_style.studio.jobs import WAITING
from neural_style.studio.request import Request
from tests.studio.browser.tab import Tab

pytestmark = pytest.mark.filterwarnings("ignore")  # an error within the server of the page stops it


def ask(server: Any, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    """Status and body of a reply; `Host` is the server's unless it is named."""
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=20)
    given = {"Host": address.netloc, "Content-Length": str(len(body)), **headers}
    connection.putrequest(method, path, skip_host=True)
    for name, value in given.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused before all of it was sent
        connection.send(body)
    reply = connection.getresponse()
    return reply.status, reply.read()


def multipart(content: bytes) -> tuple[bytes, dict[str, str]]:
    head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
    return head + content + b"\r\n--x--\r\n", {"Content_Type": "multipart/form-data; boundary=x"}


def uploads(server: Any) -> int:
    return sum(1 for each in (server.settings.folder / CACHE).rglob("*") if each.name == "a.png")


def test_other_host_names_are_refused(server: Any) -> None:
    assert ask(server, "GET", "/")[0] == 200
    assert ask(server, "GET", "/", Host="evil.example")[0] == 400


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_uploads_of_other_sites_are_refused_and_not_written(server: Any, origin: str) -> None:
    body, headers = multipart(b"picture")
    before = uploads(server)
    assert ask(server, "POST", "/gradio_api/upload", body, Origin=origin, **headers)[0] == 403
    assert ask(server, "POST", "/gradio_api/upload", body, Sec_Fetch_Site="cross-site", **headers)[0] == 403
    assert uploads(server) == before


def test_files_that_are_too_large_are_refused(server: Any) -> None:
    body, headers = multipart(bytes(server.settings.limits.bytes + 2**17))
    before = uploads(server)
    assert ask(server, "POST", "/gradio_api/upload", body, **headers)[0] == 413
    assert uploads(server) == before


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/gradio_api/file=/etc/passwd", "../../etc/passwd", "..%2f..%2fetc%2fpasswd"]
)
def test_paths_outside_of_the_folders_are_refused(server: Any, path: str) -> None:
    for address in (f"/gradio_api/file={path}", f"/static/{path}", f"/assets/{path}"):
        status, body = ask(server, "GET", address)
        assert status in (403, 404), address
        assert b"root:" not in body


def test_a_local_file_is_no_input(server: Any) -> None:
    """Neither a file of this machine nor one at an address on it."""
    restore = next(index for index, each in server._page.fns.items() if getattr(each.fn, "__name__", "") == "_restore")
    for data in ({"path": "/etc/passwd"}, {"path": "http://127.0.0.1:1/a.png", "url": "http://127.0.0.1:1/a.png"}):
        given = {**data, "meta": {"_type": "gradio.FileData"}}
        body = json.dumps({"data": [given], "fn_index": restore, "session_hash": "local"}).encode()
        status, _ = ask(server, "POST", "/gradio_api/queue/join", body, Content_Type="application/json")
        if status == 200:
            _, events = ask(server, "GET", "/gradio_api/queue/data?session_hash=local")
            assert b'"success":false' in events
            assert b"Settings of" not in events


def test_pictures_of_too_many_pixels_are_refused(tab: Tab, pictures: Path, server: Any) -> None:
    tab.upload(".mode-paint .input-photo", pictures / "wide.png")
    tab.upload(".mode-paint .input-paintings", pictures / "stripes.png")
    before = len(server.jobs.jobs())
    tab.press(".mode-paint button.go")
    tab.until(lambda: "megapixels" in tab.driver.find_element("css selector", "body").text)
    assert len(server.jobs.jobs()) == before


def test_the_ninth_waiting_job_is_refused(tab: Tab, pictures: Path, server: Any) -> None:
    settings = {"image_size": 64, "iterations": 50}
    long = Request("paint", {"photo": (pictures / "photo.png",), "paintings": (pictures / "stripes.png",)}, settings)
    first = server.jobs.submit(long)
    tab.until(lambda: server.jobs.job(first.id).state == "running")
    for _ in range(WAITING):
        server.jobs.submit(long)
    tab.upload(".mode-paint .input-photo", pictures / "photo.png")
    tab.upload(".mode-paint .input-paintings", pictures / "stripes.png")
    tab.press(".mode-paint button.go")
    tab.until(lambda: f"{WAITING} pictures wait already" in tab.driver.find_element("css selector", "body").text)
    for job in reversed(server.jobs.jobs()[:WAITING]):
        server.jobs.stop(job.id)
