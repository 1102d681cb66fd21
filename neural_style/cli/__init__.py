"""The command line: `neural-style COMMAND ...`, one file a command.

Errors that the library raises on purpose are printed as one line and exit with 2; Ctrl-C exits with 130.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module

from neural_style.errors import NeuralStyleError, did_you_mean

COMMANDS = {
    "network": "paint a photo in the style of one or more paintings (Gatys et al.)",
    "show": "print how a picture was made",
    "rerun": "make a picture again from the record inside it",
}
"""Each is the module of its name in this package, with a function `main(arguments)`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    command = arguments[0] if arguments else "--help"
    if command in ("-h", "--help"):
        print(_help())
        return 0
    if command == "--version":
        from neural_style.records import library_version

        print(f"neural-style {library_version()}")
        return 0
    try:
        if command not in COMMANDS:
            raise NeuralStyleError(f'unknown command "{command}": {did_you_mean(command, COMMANDS)}')
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning  # type: ignore[assignment]
            return int(import_module(f"{__name__}.{command}").main(arguments[1:]))
    except NeuralStyleError as error:
        print(f"neural-style: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nneural-style: interrupted before there was a picture to keep", file=sys.stderr)
        return 130


def _help() -> str:
    lines = ["usage: neural-style COMMAND ...", "", "Neural style transfer in Keras 3.", "", "commands:"]
    lines += [f"  {name:<10}{what}" for name, what in COMMANDS.items()]
    lines += ["", "neural-style COMMAND --help tells the flags of each, neural-style --version the version."]
    return "\n".join(lines)


def _show_warning(message: Warning | str, *_: object) -> None:
    print(f"neural-style: warning: {message}", file=sys.stderr)
