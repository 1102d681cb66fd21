"""Progress bar, lines beside it, and duration formatting."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any, Self

from neural_style import interruption
from neural_style.cli.place import Place
from neural_style.runs.result import Step
from neural_style.runs.settings import Run
from neural_style.validation import printable

LONGEST = 300
"""Characters of an error line at most: longer ones are those of names and of other libraries."""

FLAGS = {
    **{f"{name}=True": f"--{name}" for name in ("overwrite", "resume", "gif", "record")},
    "chain=False": "--chain False",
    "engine=...": "--jobs or --engine",
    "frame=N": "--frame N",
    'model="mini"': "--model mini",
    "sound=False": "--silent",
    "weights=FILE": "--weights FILE",
}
"""Keywords as the messages of the library have them, each with its flag."""

_KEYWORD = re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, FLAGS))})")

_bars: list[Bar] = []
"""The bar on the terminal, if there is one."""


FORMAT = "{desc}{percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"


class Bar:
    """A bar over the work on one picture or on several, with the loss and the time left.

    It appears with the first evaluation, so that an error before it is the only line.
    """

    def __init__(self, total: float | None, *, quiet: bool) -> None:
        """`total` is the work on all pictures, in evaluations or as `neural_style.cli.place.work` weighs them; None
        where it is unknown."""
        self._total, self._quiet = total, quiet
        self._is_terminal = sys.stderr.isatty()  # a log file gets a line now and then instead of a moving bar
        self._before, self._name = 0.0, ""
        self._place: Place | None = None
        self._bar: Any = None

    def __enter__(self) -> Self:
        interruption.begin_work()
        _bars.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _bars.remove(self)
        if self._bar is not None:
            self._bar.close()

    def begin(self, name: str, before: float, run: Run | None = None) -> None:
        """Start the picture of this name.

        Args:
            name: shown beside the bar.
            before: work on the pictures before it.
            run: its settings, if the work is weighed by pixels; size and iteration are then shown as well.
        """
        self._name, self._before = name, before
        self._place = None if run is None else Place(run)

    def advance(self, evaluations: int, loss: float | None = None, *, note: str = "") -> None:
        """Show the number of evaluations of the current picture, and the loss of what is kept; or that of pictures.

        Args:
            evaluations: their number, or that of pictures or frames.
            loss: see `neural_style.runs.level.Progress`.
            note: shown in place of the loss.
        """
        from tqdm import tqdm

        done = self._done(evaluations)
        place = "" if self._place is None else self._place.text(evaluations)
        where = ", ".join(filter(None, [self._name, place]))
        title = f"{where}: " if where else ""
        shown = note if loss is None else f"loss {loss:.4g}"
        if self._bar is None:
            self._bar = tqdm(
                desc=title,
                postfix=shown,
                total=self._total,
                initial=self._done(max(evaluations - 1, 0)),  # of a resumed run
                bar_format=FORMAT,
                disable=self._quiet,
                dynamic_ncols=self._is_terminal,
                mininterval=0.2 if self._is_terminal else 30,
                maxinterval=10 if self._is_terminal else 60,
            )
        self._bar.set_description_str(title, refresh=False)
        self._bar.set_postfix_str(shown, refresh=False)
        self._bar.update(done - self._bar.n)

    def before(self, on_step: Callable[[Step], None]) -> Callable[[Step], None]:
        """The `on_step` of the current picture that takes size and iteration from a step before `on_step` gets it."""

        def both(step: Step) -> None:
            if self._place is not None:
                self._place.update(step)
            on_step(step)

        return both

    def _done(self, evaluations: int) -> float:
        """The work that is done."""
        return self._before + (evaluations if self._place is None else self._place.done(evaluations))

    def write(self, line: str) -> None:
        """Write a line to the error stream without damaging the bar."""
        if self._bar is None or self._quiet:
            print(line, file=sys.stderr)
        elif self._is_terminal:
            self._bar.write(line, file=sys.stderr)
        else:
            print(f"\n{line}", file=sys.stderr)


def report(line: str) -> None:
    """Write a line to the error stream, above the bar if there is one, with flags; control characters are escaped."""
    _write(printable(with_flags(line)))


def _write(line: str) -> None:
    if _bars:
        _bars[-1].write(line)
    else:
        print(line, file=sys.stderr)


def report_error(error: object, *, about: str = "") -> None:
    """Write an error as one line of at most `LONGEST` characters.

    Args:
        error: the exception, or its message.
        about: the picture that it is about, named first unless the message names it.
    """
    text = str(error)
    named = f"{about}: {text}" if about and about not in text else text
    _write(one_line(with_flags(f"neural-style: error: {named}")))


def with_flags(message: str) -> str:
    """A message of the library with the flags of the commands in place of its keywords."""
    return _KEYWORD.sub(lambda found: FLAGS[found[0]], message)


def one_line(text: str) -> str:
    """A text on one line without control characters; of a longer one than `LONGEST` the middle is left out.

    The end stays, since it is the remedy.
    """
    text = printable(re.sub(r"\s*[\r\n\t]\s*", " ", text.strip()))
    if len(text) <= LONGEST:
        return text
    end = LONGEST // 3
    return f"{text[: LONGEST - end - 5]} ... {text[-end:]}"


def duration(seconds: float) -> str:
    """A duration in the unit that keeps it short: seconds up to 90 s, minutes up to 90 min, then hours."""
    if 0 < seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.0f} h"
