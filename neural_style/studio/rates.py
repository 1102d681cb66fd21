"""How often something happened in the running minute."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

CLIENTS = 4096
"""Addresses whose requests are counted; the longest idle one is forgotten first."""


class Rates:
    """Counts of events by address in the running minute.

    Args:
        each_minute: how many are allowed.
        now: seconds on a clock that never goes back.
    """

    def __init__(self, each_minute: int, *, now: Callable[[], float] = time.monotonic) -> None:
        self.each_minute = each_minute
        self._now = now
        self._counts: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def count(self, address: str) -> bool:
        """Count an event; whether it is within the limit."""
        minute, (counted_in, count) = int(self._now() // 60), self._counts.pop(address, (-1, 0))
        count = count + 1 if counted_in == minute else 1
        self._counts[address] = minute, count
        while len(self._counts) > CLIENTS:
            self._counts.popitem(last=False)
        return count <= self.each_minute

    def is_exceeded(self, address: str) -> bool:
        """Whether the next event would be beyond the limit."""
        counted_in, count = self._counts.get(address, (-1, 0))
        return counted_in == int(self._now() // 60) and count >= self.each_minute
