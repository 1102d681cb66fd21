"""Something that happens when a function is called for the n-th time: a kill, an error, a signal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


def at_call(monkeypatch: pytest.MonkeyPatch, where: Any, name: str, call: int, act: Callable[[], object]) -> None:
    """Call `act` before the function `name` of `where` is called for this time."""
    original, calls = getattr(where, name), []

    def called(*arguments: Any, **settings: Any) -> Any:
        calls.append(name)
        if len(calls) == call:
            act()
        return original(*arguments, **settings)

    monkeypatch.setattr(where, name, called)


def failing(monkeypatch: pytest.MonkeyPatch, where: Any, name: str, call: int, error: BaseException) -> None:
    """Raise an error when a function is called for this time."""

    def fail() -> None:
        raise error

    at_call(monkeypatch, where, name, call, fail)
