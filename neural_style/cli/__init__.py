"""The command line: `neural-style COMMAND ...`, one module a command.

This module imports nothing, so that Ctrl-C is met from the first milliseconds on: NumPy and the others take half a
second.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status; see `neural_style.cli.program`.

    Args:
        arguments: the command and its arguments. By default those of the process, which is then this program: Ctrl-C
            ends it at once, with a line, until there is work to be kept.
    """
    from neural_style import interruption

    if arguments is not None:
        from neural_style.cli.program import run

        return run(arguments)
    with interruption.leaving_at_once():
        from neural_style.cli.program import run

        return run(sys.argv[1:])
