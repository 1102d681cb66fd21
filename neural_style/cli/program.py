"""The program behind `neural-style`: the table of commands, and one line for every error.

Errors that the library raises on purpose are printed as one line and exit with 2; so is any other, with the address for
reports, and exits with 1. Ctrl-C, SIGTERM and SIGHUP end a run with the best picture so far, and exit with 128 and the
signal's number. Warnings and log messages of the library are printed as one line each. An output that nobody reads or
that cannot be written never ends a run.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module

from neural_style import interruption
from neural_style.cli import streams
from neural_style.cli.progress import report, report_error
from neural_style.errors import InvalidInputError, NeuralStyleError, explanation, reason
from neural_style.validation import did_you_mean

GROUPS = {
    "paint": {
        "paint": "paint a photo in the style of one or more paintings",
        "network": "the same with every setting of the paper and the reference scripts (Gatys et al.)",
        "inetwork": "the improved network of Novak & Nikulin",
        "apply": "paint photos with a feed-forward network, in one pass",
        "video": "paint a film with a feed-forward network or by optimisation, and keep its sound",
        "doodle": "fill a label map with textures from a painting",
        "analogy": "paint a photo as a painting was made from its source (image analogies)",
        "mrf": "the same with the arguments of the reference's MRFNetwork.py",
        "studio": "open a web page to paint on, without a terminal",
        "reconstruct": "show what layers of a network keep of a photo or a painting",
    },
    "before painting": {
        "samples": "write sample photos, paintings, masks and label maps",
        "plan": "estimate the memory and time a run needs",
        "sheet": "compare values of one or two flags on a sheet of small pictures",
    },
    "after painting": {
        "color_transfer": "give a picture the colours of a photo",
        "mask_transfer": "paste a photo back into a picture where a mask is black",
        "enhance": "remove noise, sharpen, enlarge or reduce a picture",
        "judge": "compare pictures by any tools, in numbers and on a sheet",
        "show": "print the settings, versions and losses of a picture",
        "rerun": "make a picture again from the record inside it",
    },
    "feed-forward networks": {
        "train": "train a network for one or more paintings",
        "export": "write a trained network as ONNX or as a SavedModel",
    },
    "papers": {"figure": "reproduce a figure of a paper"},
}
"""Commands by group, in the order of the help."""

COMMANDS = {name: text for group in GROUPS.values() for name, text in group.items()}
"""Each is a module of `neural_style.cli.commands` with a function `main(arguments)`; `color-transfer` is the same as
`color_transfer`."""

FIRST_STEPS = """\
first steps (no download needed):
  neural-style samples pictures
  neural-style paint pictures/cat.png pictures/night.png out
The result is out.png."""

DEBUG = "NEURAL_STYLE_DEBUG"
"""Environment variable that, set to anything, prints the traceback of an error above its line."""

MORE = "Run 'neural-style COMMAND --help' for a command's options, 'neural-style --version' for the version."


def run(arguments: Sequence[str]) -> int:
    """Run a command and return the exit status."""
    with streams.unfailing() as out:
        status = _run(list(arguments))
        out.flush()
        if status == 0 and out.problem is not None and not isinstance(out.problem, BrokenPipeError):
            report(f"neural-style: error: the output cannot be written: {reason(out.problem)}")
            return streams.LOST
    return status


def _run(arguments: list[str]) -> int:
    """Run a command; errors that are raised on purpose become one line and a status."""
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
            raise InvalidInputError(f'unknown command "{command}": {did_you_mean(module, COMMANDS)}')
        with interruption.ending_on_signals(), _one_line_each(quiet="--quiet" in arguments):
            return int(import_module(f"neural_style.cli.commands.{module}").main(arguments[1:]))
    except (KeyboardInterrupt, Exception) as error:
        is_own = isinstance(error, NeuralStyleError)
        if isinstance(error, KeyboardInterrupt) or (interruption.is_ending() and not is_own):  # an interrupted import
            print(f"\n{interruption.NOTHING_TO_SAVE}", file=sys.stderr)
            return interruption.exit_status()
        if os.environ.get(DEBUG):
            traceback.print_exc()
        report_error(explanation(error))
        return 2 if is_own or isinstance(error, OSError | MemoryError) else 1


class _LineHandler(logging.Handler):
    """Prints what the library logs as a line on the error stream."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        report(f"neural-style: {kind}{record.getMessage()}")


@contextmanager
def _one_line_each(*, quiet: bool) -> Iterator[None]:
    """Print warnings and logged messages as one line each; of the messages, `quiet` keeps warnings and errors."""
    logger, handler = logging.getLogger("neural_style"), _LineHandler()
    before = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING if quiet else logging.INFO)
    logger.propagate = False
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning  # type: ignore[assignment]
            warnings.filterwarnings("ignore", module=r"PIL\.")  # of damaged pictures, whose error is printed
            yield
    finally:
        logger.removeHandler(handler)
        logger.level, logger.propagate = before


def _show_warning(message: Warning | str, *_: object) -> None:
    report(f"neural-style: warning: {message}")


def _help() -> str:
    lines = ["usage: neural-style COMMAND ...", "", "Neural style transfer in Keras 3.", "", FIRST_STEPS]
    for title, commands in GROUPS.items():
        lines += ["", f"{title}:", *(f"  {name:<16}{text}" for name, text in commands.items())]
    return "\n".join([*lines, "", MORE])
