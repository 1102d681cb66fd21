"""Ctrl-C, SIGTERM and SIGHUP: when they act, and when they wait.

A picture that took hours must not be lost to a signal that arrives while it is written. Inside `held` signals wait
until the block ends; inside `allowed`, within it, they act at once: an evaluation may take minutes. The command line
turns SIGTERM and SIGHUP, which batch systems and closed terminals send, into the KeyboardInterrupt of Ctrl-C
(`ending_on_signals`), and a program that has nothing to keep yet leaves at once (`leaving_at_once`). Nothing here
touches a signal for which the process has no handler in Python.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import sys
import threading

TYPE_CHECKING = False  # as in `typing`, whose import takes longer than all others here
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType
    from typing import Any

    Handler = Callable[[int, FrameType | None], Any]

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Requests to end; Windows has no SIGHUP."""

AGAIN = 0.01
"""Seconds until a signal is sent again whose exception was dropped."""

NOTHING_TO_SAVE = "neural-style: interrupted before there was a picture to save"


class _Signals:
    """The handlers that are replaced while signals are held, and the signals that wait."""

    def __init__(self) -> None:
        self.depth = 0
        self.is_holding = False
        self.leaves = False
        self.last: int | None = None
        self._waiting: list[int] = []
        self._handlers: dict[int, Handler] = {}

    def receive(self, number: int, frame: FrameType | None) -> None:
        """The handler while signals are held."""
        if self.is_holding:
            self._waiting.append(number)
        else:
            self._handlers[number](number, frame)

    def end(self, number: int, frame: FrameType | None) -> None:
        """The handler of a command."""
        if self.leaves:
            self.leave(number, frame)
        self.last = number
        raise KeyboardInterrupt

    def leave(self, number: int, _: FrameType | None) -> None:
        """The handler of a program before there is anything to keep.

        An exception instead could come up within an import, and be reported as another one or be lost.
        """
        with contextlib.suppress(OSError):
            os.write(2, f"\n{NOTHING_TO_SAVE}\n".encode())
        os._exit(128 + number)

    def replace(self) -> None:
        """Install `receive` for every signal that has a handler in Python."""
        for number in SIGNALS:
            handler = signal.getsignal(number)
            if callable(handler) and handler != self.receive:
                self._handlers[number] = handler
                signal.signal(number, self.receive)

    def restore(self) -> None:
        """Undo `replace`."""
        for number, handler in self._handlers.items():
            if signal.getsignal(number) == self.receive:
                signal.signal(number, handler)

    def drop(self) -> None:
        """Forget the signals that wait, since an error ends what they would have ended; `is_ending` remembers."""
        if self._waiting and not self.is_holding:
            self.last = self._waiting[0]
            self._waiting.clear()

    def deliver(self) -> None:
        """Call the handler of the first signal that waits; the others asked for the same."""
        if self._waiting and not self.is_holding:
            number = self._waiting[0]
            self._waiting.clear()
            self._handlers[number](number, None)


_signals = _Signals()


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Let signals wait until the block ends, however often they come; they act then, unless an error ends it.

    Only the main thread receives signals; elsewhere this does nothing.
    """
    if not _in_main_thread():
        yield
        return
    begin_work()
    before = _signals.is_holding
    _signals.depth += 1
    _signals.is_holding = True
    is_whole = False
    try:
        if _signals.depth == 1:
            _signals.replace()
        yield
        is_whole = True
    finally:
        _signals.depth -= 1
        if _signals.depth == 0:
            _signals.restore()
        _signals.is_holding = before
        if is_whole:
            _signals.deliver()
        else:
            _signals.drop()


@contextlib.contextmanager
def allowed() -> Iterator[None]:
    """Let signals act at once within a block that holds them; also those that wait already."""
    if not (_in_main_thread() and _signals.is_holding):
        yield
        return
    _signals.is_holding = False
    try:
        _signals.deliver()
        yield
    finally:
        _signals.is_holding = True


@contextlib.contextmanager
def ending_on_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise KeyboardInterrupt, as Ctrl-C does.

    A signal that the caller ignores (nohup ignores SIGHUP) or handles stays as it is. In a callback of the garbage
    collector or in a destructor, where Python reports an exception and continues, the signal is sent again.
    """
    replaced = {}
    _signals.last = None
    report = sys.unraisablehook

    def send_again(lost: sys.UnraisableHookArgs) -> None:
        if _signals.last is not None and lost.exc_type is KeyboardInterrupt:
            threading.Timer(AGAIN, _thread.interrupt_main, [_signals.last]).start()  # an exception here is dropped, too
        else:
            report(lost)

    if _in_main_thread():
        for number in SIGNALS:
            handler = signal.getsignal(number)
            if handler in (signal.SIG_DFL, signal.default_int_handler, _signals.leave):
                replaced[number] = handler
                signal.signal(number, _signals.end)
        sys.unraisablehook = send_again
    try:
        yield
    finally:
        if sys.unraisablehook is send_again:
            sys.unraisablehook = report
        for number, handler in replaced.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def leaving_at_once() -> Iterator[None]:
    """End the process at once by Ctrl-C, SIGTERM or SIGHUP, with one line, until `begin_work` or `held` is called.

    For a program that is just starting. Once it is done, Ctrl-C has nothing left to end.
    """
    is_ours = _in_main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    _signals.leaves = is_ours
    if is_ours:
        signal.signal(signal.SIGINT, _signals.leave)
    try:
        yield
    finally:
        _signals.leaves = False
        if is_ours:
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def begin_work() -> None:
    """Let the next signal raise KeyboardInterrupt in the block of `ending_on_signals`, since there is work to keep."""
    _signals.leaves = False


def exit_status() -> int:
    """128 and the number of the signal that ended the command, as shells count: 130 after Ctrl-C."""
    return 128 + (_signals.last or signal.SIGINT)


def is_ending() -> bool:
    """Whether a signal has asked the command to end: what it interrupts may raise any error."""
    return _signals.last is not None


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
