"""Progress bar, lines beside it, and duration formatting."""

from __future__ import annotations

import sys
from typing import Any, Self

from neural_style.validation import printable

_bars: list[Bar] = []
"""The bar on the terminal, if there is one."""


class Bar:
    """A bar over the evaluations of one picture or of several, with the loss and the time left.

    It appears with the first evaluation, so that an error before it is the only line.
    """

    def __init__(self, total: int, *, quiet: bool) -> None:
        self._total, self._quiet = total, quiet
        self._is_terminal = sys.stderr.isatty()  # a log file gets a line now and then instead of a moving bar
        self._before, self._name = 0, ""
        self._bar: Any = None

    def __enter__(self) -> Self:
        _bars.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _bars.remove(self)
        if self._bar is not None:
            self._bar.close()

    def begin(self, name: str, before: int) -> None:
        """Start the picture of this name; the pictures before it count as `before` evaluations."""
        self._name, self._before = name, before

    def advance(self, evaluations: int, loss: float) -> None:
        """Show the number of evaluations of the current picture, and the lowest loss so far."""
        from tqdm import tqdm

        if self._bar is None:
            self._bar = tqdm(
                total=self._total,
                initial=self._before + evaluations - 1,  # of a resumed run
                unit="eval",
                disable=self._quiet,
                dynamic_ncols=self._is_terminal,
                mininterval=0.2 if self._is_terminal else 30,
                maxinterval=10 if self._is_terminal else 60,
            )
        self._bar.set_postfix_str(" ".join(filter(None, [self._name, f"loss {loss:.4g}"])), refresh=False)
        self._bar.update(self._before + evaluations - self._bar.n)

    def write(self, line: str) -> None:
        """Write a line to the error stream without damaging the bar."""
        if self._bar is None or self._quiet:
            print(line, file=sys.stderr)
        elif self._is_terminal:
            self._bar.write(line, file=sys.stderr)
        else:
            print(f"\n{line}", file=sys.stderr)


def report(line: str) -> None:
    """Write a line to the error stream, above the bar if there is one; control characters become escapes."""
    line = printable(line)
    if _bars:
        _bars[-1].write(line)
    else:
        print(line, file=sys.stderr)


def duration(seconds: float) -> str:
    """A duration in the unit that keeps it short: seconds up to 90 s, minutes up to 90 min, then hours."""
    if 0 < seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.0f} h"
