"""The server of the page: the queue, the warm-up, the guard, and gradio, which is imported when it is started."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from neural_style.errors import InvalidInputError, explanation
from neural_style.studio import guard
from neural_style.studio.jobs import KEEP, WAITING, Jobs
from neural_style.studio.limits import Limits
from neural_style.studio.modes import MODES
from neural_style.studio.warming import warm_up

INSTALL = "pip install 'neural-style-keras[studio]'"

PORT = 7860

SHORTEST_PASSWORD = 6
"""Letters."""

PICTURES, CACHE, DOWNLOADS = "pictures", "neural-style-uploads", "neural-style-downloads"
"""Folders within that of the studio: of jobs, uploads and downloads. The last two are emptied at the start, and so have
names that no folder of the user has."""

OVERHEAD = 2**16
"""Bytes of a request beside the file."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """How the studio is reached, and what it keeps.

    Attributes:
        folder: of all pictures and their records.
        host, port: to listen at.
        password: asked for where it is not None; without one the host must be this machine alone.
        names: host names by which the page may be reached beside those of this machine, such as a proxy's.
        keep: bytes of all jobs.
        waiting: jobs that may wait.
        limits: of what is uploaded.
        opens: open a browser.
        framed: other sites may show the page in a frame.
        warms: start the backend at once, and not with the first picture.
    """

    folder: Path
    host: str = "127.0.0.1"
    port: int = PORT
    password: str | None = None
    names: tuple[str, ...] = ()
    keep: int = KEEP
    waiting: int = WAITING
    limits: Limits = field(default_factory=Limits)
    opens: bool = False
    framed: bool = False
    warms: bool = True

    def __post_init__(self) -> None:
        if self.password is not None and len(self.password) < SHORTEST_PASSWORD:
            raise InvalidInputError(f"a password has at least {SHORTEST_PASSWORD} letters")
        if not guard.is_loopback(self.host) and self.password is None:
            raise InvalidInputError(
                f"--host {self.host} lets other machines in: give --password as well, or leave --host out"
            )


class Server:
    """A running studio; a context manager, which stops it.

    Attributes:
        url: of the page.
        jobs: the queue.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._is_warm = threading.Event()
        gradio = _gradio(settings.folder / CACHE)
        check_address(settings.host, settings.port)
        self.jobs = Jobs(  # refuses a folder that another server uses, whose uploads must stay
            settings.folder / PICTURES, waiting=settings.waiting, keep=settings.keep, limits=settings.limits
        )
        for name in (CACHE, DOWNLOADS):
            shutil.rmtree(settings.folder / name, ignore_errors=True)
        try:
            self._page, self.url = self._launch(gradio)
        except BaseException:
            self.jobs.close()
            raise
        if settings.warms:
            threading.Thread(target=self._warm, name="neural-style warm-up", daemon=True).start()
        else:
            self._is_warm.set()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the server; the picture that is painted is kept as far as it is."""
        self._page.close(verbose=False)
        self.jobs.close()

    def _warm(self) -> None:
        try:
            seconds = warm_up()
        except Exception as error:
            _log.warning("%s", explanation(error))
        else:
            _log.info("ready after %.0f s", seconds)
        self._is_warm.set()

    def _launch(self, gradio: Any) -> tuple[Any, str]:
        """Start the server of the page."""
        from starlette.middleware import Middleware

        from neural_style.studio.page import studio_page, theme

        settings, limits = self.settings, self.settings.limits
        folder = settings.folder / DOWNLOADS
        page = studio_page.Page(self.jobs, self._is_warm.is_set, folder).build()
        page.queue(max_size=64, default_concurrency_limit=8)
        film = limits.clip_bytes if "video" in MODES else 0
        around = Middleware(
            guard.guarded,
            names=(*guard.LOOPBACK, socket.gethostname(), settings.host, *settings.names),
            numbers=not guard.is_loopback(settings.host),
            most_bytes=limits.bytes + OVERHEAD,
            film_bytes=film + OVERHEAD,
            password=settings.password,
            framed=settings.framed,
        )
        _, url, _ = page.launch(
            server_name=settings.host,
            server_port=settings.port,
            share=False,
            ssr_mode=False,
            quiet=True,
            prevent_thread_lock=True,
            inbrowser=settings.opens,
            run_history=False,
            footer_links=[],
            pwa=False,
            mcp_server=False,
            enable_monitoring=False,
            show_error=False,
            max_file_size=max(limits.bytes, film),
            allowed_paths=[str((settings.folder / name).resolve()) for name in (PICTURES, DOWNLOADS)],
            theme=theme.theme(),
            css=theme.CSS.read_text(encoding="utf-8"),
            app_kwargs={"middleware": [around], "docs_url": None, "redoc_url": None, "openapi_url": None},
        )
        return page, url


def check_address(host: str, port: int) -> None:
    """Raise `InvalidInputError` where no server can listen: the port is taken, or the host is not of this machine."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:  # UnicodeError: of a name that IDNA cannot encode
        raise InvalidInputError(
            f"--host {host} is no address of this machine: choose another, or leave it out"
        ) from error
    with socket.socket(family, kind, protocol) as trial:
        if os.name == "posix":  # elsewhere a taken port would seem free
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise InvalidInputError(f"port {port} is used by another program: choose another by --port") from error
            raise InvalidInputError(
                f"no server can listen at --host {host} --port {port} ({error.strerror}): choose others"
            ) from error


def _gradio(cache: Path) -> Any:
    """The package, set to send nothing anywhere and to keep its files in the studio's folder.

    Raises:
        InvalidInputError: it is not installed.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["GRADIO_TEMP_DIR"] = str(cache.resolve())
    try:
        import gradio
    except ImportError as error:
        raise InvalidInputError(f"the studio needs the package gradio, which is missing: {INSTALL}") from error
    return gradio
