"""The command line: `neural-style COMMAND ...`, one file a command.

Errors that the library raises on purpose are printed as one line and exit with 2; Ctrl-C exits with 130.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module

from neural_style.errors import InvalidInputError, NeuralStyleError
from neural_style.validation import did_you_mean

COMMANDS = {
    "network": "paint a photo in the style of one or more paintings (Gatys et al.)",
    "inetwork": "the same with the improved network (Novak & Nikulin)",
    "doodle": "paint the regions of a mask with those of a painting",
    "reconstruct": "show what layers of a network keep of a photo, or of a painting",
    "figure": "make a figure of a paper",
    "color_transfer": "give a picture the colours of another",
    "mask_transfer": "paste a photo back into a picture where a mask is black",
    "samples": "write pictures to begin with, from photos to maps of regions",
    "sheet": "compare the values of one or two flags on one sheet of small pictures",
    "plan": "tell memory and time of a run before it is started",
    "show": "print how a picture was made",
    "rerun": "make a picture again from the record inside it",
}
"""Each is the module of its name in this package, with a function `main(arguments)`; `color-transfer` is taken for
`color_transfer`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    command = arguments[0] if arguments else "--help"
    if command in ("-h", "--help"):
        print(_help())
        return 0
    if command == "--version":
        from neural_style.runs.records import library_version

        print(f"neural-style {library_version()}")
        return 0
    module = command.replace("-", "_")
    try:
        if module not in COMMANDS:
            raise InvalidInputError(f'unknown command "{command}": {did_you_mean(command, COMMANDS)}')
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning  # type: ignore[assignment]
            status = int(import_module(f"{__name__}.commands.{module}").main(arguments[1:]))
        sys.stdout.flush()
        return status
    except NeuralStyleError as error:
        print(f"neural-style: error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output has had enough, such as `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"neural-style: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nneural-style: interrupted before there was a picture to keep", file=sys.stderr)
        return 130


def _help() -> str:
    lines = ["usage: neural-style COMMAND ...", "", "Neural style transfer in Keras 3.", "", "commands:"]
    lines += [f"  {name:<16}{what}" for name, what in COMMANDS.items()]
    lines += ["", "neural-style COMMAND --help tells the flags of each, neural-style --version the version."]
    return "\n".join(lines)


def _show_warning(message: Warning | str, *_: object) -> None:
    print(f"neural-style: warning: {message}", file=sys.stderr)
