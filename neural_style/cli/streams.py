"""Output streams that never end a command: closed, broken, full, or without the letters of a name."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO, cast

LOST = 1
"""Exit status of a command that did its work and could not print its output."""


class Stream:
    """A text stream whose `write` never raises.

    Letters that the encoding lacks are written as escapes (backslashreplace). After the first failure (a closed pipe,
    a full disk) the rest is dropped.

    Attributes:
        problem: the first failure; None while everything was written.
    """

    def __init__(self, stream: TextIO | None) -> None:
        """`stream` is None where a process was started without it (`2>&-`)."""
        self._stream = stream
        self.problem: Exception | None = None

    @property
    def encoding(self) -> str:
        return getattr(self._stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        if self._stream is not None and self.problem is None:
            try:
                try:
                    self._stream.write(text)
                except UnicodeEncodeError:
                    self._stream.write(text.encode(self.encoding, "backslashreplace").decode(self.encoding))
            except (OSError, ValueError) as error:  # ValueError: the stream has been closed
                self._give_up(error)
        return len(text)

    def flush(self) -> None:
        if self._stream is not None and self.problem is None:
            try:
                self._stream.flush()
            except (OSError, ValueError) as error:
                self._give_up(error)

    def isatty(self) -> bool:
        return self._stream is not None and self.problem is None and self._stream.isatty()

    def fileno(self) -> int:
        if self._stream is None:
            raise OSError("the stream is closed")
        return self._stream.fileno()

    def close(self) -> None:
        """Flush; the stream belongs to the process. Logging packages close what they were given as `sys.stderr`."""
        self.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _give_up(self, error: Exception) -> None:
        """Let the text that is still buffered go nowhere: Python writes it once more when it ends."""
        self.problem = error
        with contextlib.suppress(OSError, ValueError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())


@contextlib.contextmanager
def unfailing() -> Iterator[Stream]:
    """Replace `sys.stdout` and `sys.stderr` by streams that never raise; yields that of the output."""
    _open_missing()
    before = sys.stdout, sys.stderr
    out, err = Stream(sys.stdout), Stream(sys.stderr)
    sys.stdout, sys.stderr = cast(TextIO, out), cast(TextIO, err)
    try:
        yield out
    finally:
        out.flush()
        err.flush()
        sys.stdout, sys.stderr = before


def _open_missing() -> None:
    """Open the null device as each standard stream that is closed.

    The next file opened would get its number otherwise, and libraries that write to number 2 would write into it.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest free number, which is this one
