"""What is seen of a run while it lasts, and how its time is told."""

from __future__ import annotations

import sys
from typing import Any, Self


class Bar:
    """A bar over the evaluations of one picture or of several, with the loss and the time left.

    It appears with the first evaluation: an error that is found until then is the only line.
    """

    def __init__(self, total: int, *, quiet: bool) -> None:
        self._total, self._quiet = total, quiet
        self._watched = sys.stderr.isatty()  # a log file gets a line now and then instead of a moving bar
        self._before, self._name = 0, ""
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def begin(self, name: str, before: int) -> None:
        """Go on with the picture of this name; those until it count as `before` evaluations."""
        self._name, self._before = name, before

    def advance(self, evaluations: int, loss: float) -> None:
        """Show that the picture has had so many evaluations, and the lowest loss of them."""
        from tqdm import tqdm

        if self._bar is None:
            self._bar = tqdm(
                total=self._total,
                initial=self._before + evaluations - 1,  # of a run that is resumed
                unit="eval",
                disable=self._quiet,
                dynamic_ncols=self._watched,
                mininterval=0.2 if self._watched else 30,
                maxinterval=10 if self._watched else 60,
            )
        self._bar.set_postfix_str(" ".join(filter(None, [self._name, f"loss {loss:.4g}"])), refresh=False)
        self._bar.update(self._before + evaluations - self._bar.n)

    def tell(self, line: str) -> None:
        """Write a line of its own to the error stream."""
        if self._bar is None or self._quiet:
            print(line, file=sys.stderr)
        elif self._watched:
            self._bar.write(line, file=sys.stderr)
        else:
            print(f"\n{line}", file=sys.stderr)


def duration(seconds: float) -> str:
    """In the unit in which it is short and says enough: up to 90 s, up to 90 min, or hours."""
    if 0 < seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.0f} h"
