"""What stands between the network and the page: host names, origins, the password, sizes and rates.

Each is an ASGI application around another and imports no web framework. `guarded` puts them in their order. A request
that is refused gets one line of plain text, and nothing of it reaches the page.

A page on 127.0.0.1 is reachable by every web site that its user visits: a site's own name may be made to point to this
machine (DNS rebinding, refused by `HostNames`), and a form or a script of the site may post here (refused by
`SameOrigin`). Neither attack needs a reply that its script can read, so hiding replies, as CORS does, is not enough.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any

from neural_style.studio.addresses import client_address, header_values, host_name, host_of_origin, is_number
from neural_style.studio.rates import Rates

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Names of this machine that no other machine can reach."""

CALLS_EACH_MINUTE = 600
"""Requests that change something, by one address. A page makes some two a second while it is in use."""

ATTEMPTS_EACH_MINUTE = 10
"""Wrong passwords by one address."""

UPLOAD = "/gradio_api/upload"

FILM, HEAD = re.compile(rb'filename="[^"]*\.(mp4|m4v|mov|mkv|webm|avi|mpe?g)"', re.IGNORECASE), 4096
"""The name of a film, and the bytes at the beginning of an upload among which it stands."""

STARTED = "/gradio_api/startup-events"

HEADERS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
"""Headers of every reply, beside the policy."""

POLICY_NAME = b"content-security-policy"

POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "worker-src 'self' blob:; connect-src 'self' data: blob:; form-action 'self'; base-uri 'self'; object-src 'none'"
)
"""By this policy a browser sends no request to another host, whatever the scripts of the page ask for. The page's
framework needs inline scripts, and evaluates some."""

API = "/gradio_api/"

FILES = f"{API}file"
"""Beginning of the addresses of uploads and results."""

OF_FILES = b"default-src 'none'; sandbox"
"""The policy of a file: one that is called .html or .svg, whatever is in it, runs no script and has no origin."""

UNUSED = ("api", "call", "custom", "dev", "process_recording", "profiling", "proxy=", "run-history", "runs", "vibe")
"""Beginnings of the framework's addresses after `API` that the page does not need."""


class _Around:
    """An application around another; HTTP requests go through `handle`."""

    def __init__(self, app: Application) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self.handle(scope, receive, send)
        elif scope["type"] == "websocket":  # the page has none, and the checks below are of HTTP requests
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self.app(scope, receive, send)

    async def handle(self, scope: Message, receive: Receive, send: Send) -> None:
        raise NotImplementedError


class HostNames(_Around):
    """Refuses requests for another host name with 400.

    Args:
        app: the application within.
        names: those by which it may be reached.
        numbers: accept addresses in numbers as well, such as 192.168.1.5: no site's name can be made to look like one.
    """

    def __init__(self, app: Application, *, names: Collection[str], numbers: bool = False) -> None:
        super().__init__(app)
        self.names = {name.lower() for name in names}
        self.numbers = numbers

    async def handle(self, scope: Message, receive: Receive, send: Send) -> None:
        hosts = [host_name(host) for host in header_values(scope, b"host")]
        if len(hosts) == 1 and (hosts[0] in self.names or (self.numbers and is_number(hosts[0]))):
            await self.app(scope, receive, send)
        else:
            await refuse(send, 400, "This studio does not have that name.")


class SameOrigin(_Around):
    """Refuses with 403 what another site, a sandboxed frame or a local file makes a browser send.

    A request with an `Origin` must have that of its `Host`; `null`, which sandboxed frames and local files send, never
    is. A request that changes something is refused as well where the browser names another site in `Sec-Fetch-Site`.
    Without both headers it comes from no browser, and no browser's user is misled.
    """

    async def handle(self, scope: Message, receive: Receive, send: Send) -> None:
        origins, hosts = header_values(scope, b"origin"), header_values(scope, b"host")
        is_foreign = any(host_of_origin(origin) not in {host.lower() for host in hosts} for origin in origins)
        sites = header_values(scope, b"sec-fetch-site")
        if scope["method"] not in SAFE_METHODS:
            is_foreign |= any(site not in ("same-origin", "none") for site in sites)
        if is_foreign:
            await refuse(send, 403, "Another site may not use this studio.")
        else:
            await self.app(scope, receive, send)


class Addresses(_Around):
    """Refuses with 404 what begins with `API` and one of `UNUSED`."""

    async def handle(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["path"].startswith(tuple(API + name for name in UNUSED)):
            await refuse(send, 404, "There is nothing at this address.")
        else:
            await self.app(scope, receive, send)


class RateLimit(_Around):
    """Refuses with 429 what changes something, beyond so many requests a minute by one address."""

    def __init__(self, app: Application, *, rates: Rates) -> None:
        super().__init__(app)
        self.rates = rates

    async def handle(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["method"] not in SAFE_METHODS and not self.rates.count(client_address(scope)):
            await refuse(send, 429, "Too many requests: wait a minute.", (b"retry-after", b"60"))
        else:
            await self.app(scope, receive, send)


class Password(_Around):
    """Asks for a password (HTTP basic authentication, any user name) before anything is answered.

    Basic authentication sends the password with each request: over a network it needs TLS, which a proxy provides.
    `STARTED` is answered without it: by this address the page's framework starts itself, and nothing is in its reply.
    """

    def __init__(self, app: Application, *, password: str, rates: Rates) -> None:
        super().__init__(app)
        self.password = password.encode()
        self.rates = rates

    async def handle(self, scope: Message, receive: Receive, send: Send) -> None:
        given = header_values(scope, b"authorization")
        if scope["path"] == STARTED and scope["method"] == "GET":
            await self.app(scope, receive, send)
        elif self.rates.is_exceeded(client_address(scope)):
            await refuse(send, 429, "Too many wrong passwords: wait a minute.", (b"retry-after", b"60"))
        elif given and self._is_right(given[0]):
            await self.app(scope, receive, send)
        else:
            if given:
                self.rates.count(client_address(scope))
            challenge = (b"www-authenticate", b'Basic realm="neural-style studio", charset="UTF-8"')
            await refuse(send, 401, "This studio has a password.", challenge)

    def _is_right(self, header: str) -> bool:
        scheme, _, encoded = header.partition(" ")
        try:
            decoded = base64.b64decode(encoded.strip(), validate=True)
        except (binascii.Error, ValueError):
            return False
        return scheme.lower() == "basic" and hmac.compare_digest(decoded.partition(b":")[2], self.password)


class BodyLimit(_Around):
    """Refuses with 413 a request of more than `most` bytes: by its announced length, and by counting what arrives.

    Args:
        app: the application within.
        most: bytes.
        most_film: bytes of an upload whose first file has the name of a film.
    """

    def __init__(self, app: Application, *, most: int, most_film: int = 0) -> None:
        super().__init__(app)
        self.most, self.most_film = most, max(most, most_film)

    async def handle(self, scope: Message, receive: Receive, send: Send) -> None:
        announced = header_values(scope, b"content-length")
        if any(not length.isdigit() or int(length) > self.most_film for length in announced):
            await self._refuse(send, self.most_film)
            return
        first: Message | None = await receive() if scope["path"] == UPLOAD else None
        most = self.most_film if first and FILM.search(first.get("body", b"")[:HEAD]) else self.most
        if any(int(length) > most for length in announced):
            await self._refuse(send, most)
            return
        received, is_started, is_over = 0, False, False

        async def counted() -> Message:
            nonlocal received, is_over, first
            message, first = first or await receive(), None
            received += len(message.get("body", b""))
            if received > most:
                is_over = True
                return {"type": "http.disconnect"}
            return message

        async def passed(message: Message) -> None:
            nonlocal is_started
            if is_over and not is_started:
                return
            is_started = True
            await send(message)

        try:
            await self.app(scope, counted, passed)
        except Exception:
            if not is_over:
                raise
        if is_over and not is_started:
            await self._refuse(send, most)

    async def _refuse(self, send: Send, most: int) -> None:
        await refuse(send, 413, f"A file may have at most {most / 1e6:.0f} MB.")


class Headers(_Around):
    """Adds `HEADERS` to every reply, in place of those that the page sets.

    Args:
        app: the application within.
        framed: other sites may show the page in a frame.
    """

    def __init__(self, app: Application, *, framed: bool = False) -> None:
        super().__init__(app)
        policy = POLICY if framed else f"{POLICY}; frame-ancestors 'none'"
        self.headers: tuple[tuple[bytes, bytes], ...] = (*HEADERS, (POLICY_NAME, policy.encode()))
        if not framed:
            self.headers += ((b"x-frame-options", b"DENY"),)

    async def handle(self, scope: Message, receive: Receive, send: Send) -> None:
        own = {name for name, _ in self.headers}
        is_file = scope["path"].startswith(FILES)
        headers = [(name, OF_FILES if is_file and name == POLICY_NAME else value) for name, value in self.headers]

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(name, value) for name, value in message.get("headers", ()) if name.lower() not in own]
                message = {**message, "headers": [*kept, *headers]}
            await send(message)

        await self.app(scope, receive, with_headers)


def guarded(
    app: Application,
    *,
    names: Collection[str],
    numbers: bool = False,
    most_bytes: int,
    film_bytes: int = 0,
    password: str | None = None,
    framed: bool = False,
) -> Application:
    """The application behind all of the above.

    Args:
        app: the page.
        names, numbers: of `HostNames`.
        most_bytes, film_bytes: of one request, and of the upload of a film.
        password: asked for where it is not None.
        framed: of `Headers`.
    """
    app = Addresses(BodyLimit(app, most=most_bytes, most_film=film_bytes))
    if password is not None:
        app = Password(app, password=password, rates=Rates(ATTEMPTS_EACH_MINUTE))
    app = RateLimit(SameOrigin(app), rates=Rates(CALLS_EACH_MINUTE))
    return Headers(HostNames(app, names=names, numbers=numbers), framed=framed)


def is_loopback(host: str) -> bool:
    """Whether a server at this address can be reached from this machine only."""
    return host in LOOPBACK


async def refuse(send: Send, status: int, text: str, *headers: tuple[bytes, bytes]) -> None:
    """Answer with one line of text."""
    body = text.encode()
    own = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": own})
    await send({"type": "http.response.body", "body": body})
