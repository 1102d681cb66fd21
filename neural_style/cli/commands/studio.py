"""`neural-style studio`: the web page on which pictures are painted."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

from neural_style import interruption
from neural_style.cli.flags import Parser, boolean, file_path
from neural_style.cli.progress import report
from neural_style.errors import InvalidInputError

DESCRIPTION = """\
Open a web page on which photos are painted: choose a photo and a painting, press one button, and see the picture come.
All pictures stay on this machine, in --folder, each with its settings inside. Ctrl-C stops the studio."""

EPILOG = """\
examples:
  neural-style studio
  neural-style studio --folder pictures --port 8000
  neural-style studio --host 0.0.0.0 --password "a long password"
The last lets other machines in, by a password; between machines use TLS, by a proxy (docs/techniques/studio.md).
"""

PASSWORD = "NEURAL_STYLE_STUDIO_PASSWORD"
"""Environment variable for the password, which the list of processes does not show."""

GIB = 2**30


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    found = parser().read(arguments)
    from neural_style.studio.app import Server, Settings

    if not 0 < found.port < 2**16:
        raise InvalidInputError(f"--port must be from 1 to 65535, received {found.port}")
    if found.keep <= 0:
        raise InvalidInputError(f"--keep must be above 0, received {found.keep:g}")
    settings = Settings(
        folder=found.folder,
        host=found.host,
        port=found.port,
        password=found.password or os.environ.get(PASSWORD) or None,
        names=tuple(found.name),
        keep=round(found.keep * GIB),
        opens=found.open,
        framed=found.framed,
    )
    with Server(settings) as server:
        report(f"neural-style: the studio is at {server.url}; its pictures are in {settings.folder}; Ctrl-C stops it")
        interruption.begin_work()  # the next signal closes the server and its queue
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            report("neural-style: stopping the studio; its pictures are kept")
    return interruption.exit_status()


def parser() -> Parser:
    """The parser of the command."""
    parser = Parser("studio", DESCRIPTION, epilog=EPILOG)
    parser.add_argument("--port", type=int, default=7860, metavar="N", help="port of the page (default: 7860)")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="NAME",
        help="address to listen at; any but this machine's own needs --password (default: 127.0.0.1)",
    )
    parser.add_argument(
        "--folder",
        type=file_path,
        default=Path.home() / "neural-style-studio",
        metavar="NAME",
        help="folder for pictures, settings and records; by default neural-style-studio in the home folder",
    )
    parser.add_argument(
        "--password",
        metavar="TEXT",
        help=f"password of the page, with any user name; also taken from the variable {PASSWORD}",
    )
    parser.add_argument(
        "--keep",
        type=float,
        default=2.0,
        metavar="X",
        help="GiB of pictures to keep; above it the oldest are deleted (default: 2)",
    )
    parser.add_argument(
        "--name",
        nargs="+",
        default=[],
        metavar="NAME",
        help="further host names of the page, such as that of a proxy",
    )
    parser.add_argument(
        "--framed",
        action="store_true",
        help="let other sites show the page in a frame, as Hugging Face does",
    )
    parser.add_argument(
        "--open", type=boolean, default=True, metavar="BOOL", help="open the page in a browser (default: True)"
    )
    return parser
