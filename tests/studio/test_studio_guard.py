"""The guard of the studio, by plain ASGI calls: each refusal has its status and does not reach the page."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from neural_style.studio.addresses import client_address
from neural_style.studio.guard import (
    UPLOAD,
    HostNames,
    Password,
    RateLimit,
    SameOrigin,
    guarded,
    is_loopback,
)
from neural_style.studio.rates import Rates

NAMES = ("127.0.0.1", "localhost")


class Page:
    """An application that reads what it is sent, counts its calls and answers 200."""

    def __init__(self) -> None:
        self.calls = 0
        self.received = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.calls += 1
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            self.received += len(message.get("body", b""))
            if not message.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": [(b"referrer-policy", b"unsafe-url")]})
        await send({"type": "http.response.body", "body": b"painted"})


def call(
    app: Any, method: str = "GET", chunks: tuple[bytes, ...] = (b"",), path: str = "/", **headers: str
) -> tuple[int, dict, bytes]:
    """Status, headers and body of the reply; `host` is 127.0.0.1:7860 unless it is named."""
    given = {"host": "127.0.0.1:7860", **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "client": ("10.0.0.7", 5000),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }
    messages = [
        {"type": "http.request", "body": chunk, "more_body": chunk is not chunks[-1] or index < len(chunks) - 1}
        for index, chunk in enumerate(chunks)
    ]
    sent: list[dict] = []

    async def receive() -> dict:
        return messages.pop(0)

    async def send(message: dict) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


@pytest.fixture
def page() -> Page:
    return Page()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:7860", "LOCALHOST", "127.0.0.1:1"])
def test_own_host_names_are_answered(page: Page, host: str) -> None:
    assert call(HostNames(page, names=NAMES), host=host)[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "192.168.1.5", "[::1"])
def test_other_host_names_are_refused(page: Page, host: str) -> None:
    """A name of an attacker's that points to this machine."""
    assert call(HostNames(page, names=NAMES), host=host)[0] == 400
    assert page.calls == 0


def test_addresses_in_numbers_are_accepted_on_request(page: Page) -> None:
    app = HostNames(page, names=NAMES, numbers=True)
    assert [call(app, host=host)[0] for host in ("192.168.1.5:7860", "[fe80::1]:7860", "evil.example")] == [
        200,
        200,
        400,
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
def test_posts_of_other_sites_are_refused(page: Page, headers: dict[str, str]) -> None:
    assert call(SameOrigin(page), "POST", (b"picture",), **headers)[0] == 403
    assert page.calls == 0


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", {"origin": "http://127.0.0.1:7860", "sec_fetch_site": "same-origin"}),
        ("POST", {}),
        ("GET", {"sec_fetch_site": "cross-site"}),  # a link on another page
    ],
)
def test_own_requests_and_links_are_answered(page: Page, method: str, headers: dict[str, str]) -> None:
    assert call(SameOrigin(page), method, **headers)[0] == 200


def test_files_are_refused_by_their_announced_and_by_their_real_size(page: Page) -> None:
    app = guarded(page, names=NAMES, most_bytes=1000)
    assert call(app, "POST", (b"x" * 600, b"x" * 400))[0] == 200
    assert call(app, "POST", content_length="1001")[0] == 413
    assert call(app, "POST", content_length="-1")[0] == 413
    status, _, body = call(app, "POST", (b"x" * 600, b"x" * 401))
    assert (status, body) == (413, b"A file may have at most 0 MB.")
    assert page.received == 1000 + 600


@pytest.mark.parametrize(
    ("name", "path", "status"),
    [("a.MP4", UPLOAD, 200), ("a.png", UPLOAD, 413), ("a.mp4.png", UPLOAD, 413), ("a.mp4", "/", 413)],
)
def test_an_upload_may_be_larger_only_where_it_is_a_film(page: Page, name: str, path: str, status: int) -> None:
    app = guarded(page, names=NAMES, most_bytes=1000, film_bytes=2000)
    body = f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'.encode().ljust(1500)
    assert call(app, "POST", (body[:600], body[600:]), path)[0] == status
    assert call(app, "POST", (body,), path, content_length="1500")[0] == status
    assert page.received == (3000 if status == 200 else 600)  # what comes in parts is counted as it comes
    assert call(app, "POST", (body + bytes(501),), path)[0] == 413


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"anybody:{password}".encode()).decode()


def test_password(page: Page) -> None:
    app = Password(page, password="grün:2", rates=Rates(4, now=lambda: 0))
    status, headers, _ = call(app)
    assert (status, page.calls) == (401, 0)
    assert headers[b"www-authenticate"].startswith(b"Basic ")
    assert call(app, authorization=basic("grün:2"))[0] == 200
    for wrong in (basic("rot"), "Basic %%%", "Bearer abc", basic("")):
        assert call(app, authorization=wrong)[0] == 401
    assert call(app, authorization=basic("grün:2"))[0] == 429  # guessing is slow
    assert call(guarded(page, names=NAMES, most_bytes=1000, password="grün:2"))[0] == 401


def test_rates() -> None:
    now = [30.0]
    rates = Rates(2, now=lambda: now[0])
    assert [rates.count("a"), rates.count("a"), rates.count("a"), rates.count("b")] == [True, True, False, True]
    now[0] += 60
    assert not rates.is_exceeded("a")
    assert rates.count("a")


def test_requests_that_change_something_have_a_rate(page: Page) -> None:
    app = RateLimit(page, rates=Rates(2, now=lambda: 0))
    assert [call(app, "POST")[0] for _ in range(3)] == [200, 200, 429]
    assert call(app)[0] == 200
    assert call(guarded(page, names=NAMES, most_bytes=1000), "POST")[0] == 200


def test_replies_carry_a_policy_against_other_hosts(page: Page) -> None:
    headers = call(guarded(page, names=NAMES, most_bytes=1000))[1]
    assert headers[b"referrer-policy"] == b"no-referrer"
    policy = headers[b"content-security-policy"].decode()
    assert "http" not in policy
    assert "connect-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    framed = call(guarded(page, names=NAMES, most_bytes=1000, framed=True))[1]
    assert b"frame-ancestors" not in framed[b"content-security-policy"]
    assert b"x-frame-options" not in framed


def test_websockets_are_closed(page: Page) -> None:
    sent = []

    async def send(message: dict) -> None:
        sent.append(message)

    asyncio.run(guarded(page, names=NAMES, most_bytes=1)({"type": "websocket", "headers": []}, None, send))
    assert (sent, page.calls) == ([{"type": "websocket.close", "code": 1008}], 0)


def test_loopback() -> None:
    assert [is_loopback(host) for host in ("127.0.0.1", "localhost", "::1", "0.0.0.0", "")] == [True] * 3 + [False] * 2


@pytest.mark.parametrize("origin", ["http://[", "http://[x]", "", "127.0.0.1:7860"])
def test_an_origin_that_is_no_address_is_foreign(page: Page, origin: str) -> None:
    assert call(SameOrigin(page), "POST", origin=origin)[0] == 403


@pytest.mark.parametrize(
    ("client", "counted_as"),
    [
        ("10.0.0.7", "10.0.0.7"),
        ("::ffff:10.0.0.7", "10.0.0.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_a_network_of_one_client_is_one_address(client: str, counted_as: str) -> None:
    assert client_address({"client": (client, 5000)}) == counted_as


def test_a_file_runs_no_script(page: Page) -> None:
    """A picture may be called .html."""
    app = guarded(page, names=NAMES, most_bytes=1000)
    assert call(app, path="/gradio_api/file=/pictures/a.html")[1][b"content-security-policy"].endswith(b"; sandbox")
    assert b"sandbox" not in call(app)[1][b"content-security-policy"]


def test_what_the_page_does_not_need_is_not_there(page: Page) -> None:
    app = guarded(page, names=NAMES, most_bytes=1000)
    paths = ("process_recording", "vibe-edit/", "proxy=http://127.0.0.1", "run/predict", "queue/join")
    assert [call(app, "POST", path=f"/gradio_api/{path}")[0] for path in paths] == [404, 404, 404, 200, 200]
