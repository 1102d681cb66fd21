"""What the library keeps between runs: networks, programs and their graphs, bounded and cleared together.

A `Cache` belongs to an owner and is dropped with it: a program cannot outlive its network, nor a graph its program. A
`Budget` bounds all caches of one kind together, by dropping the entry that was used least recently.
"""

from __future__ import annotations

import gc
import itertools
import threading
import weakref
from collections.abc import Callable, Hashable, Iterable
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class Budget:
    """How many entries all caches of one kind may hold together.

    Attributes:
        limit: entries.
        collect: whether to collect garbage when an entry is dropped. A network and its programs refer to each other,
            and Python, which counts objects and not bytes, is in no hurry to find 80 MB of weights among them.
    """

    def __init__(self, limit: int, *, collect: bool = False) -> None:
        self.limit, self.collect = limit, collect
        self._lock = threading.RLock()  # re-entered where an owner dies, and with it a cache, while it is held
        self._caches: weakref.WeakSet[Cache[Any]] = weakref.WeakSet()
        self._clock = itertools.count()

    def __len__(self) -> int:
        with self._lock:
            return sum(map(len, self._caches))

    def clear(self) -> None:
        """Empty all caches. What is in use at the moment lives on until it is done."""
        with self._lock:
            dropped = [cache._entries for cache in self._caches]
            for cache in self._caches:
                cache._entries = {}
        del dropped  # outside of the lock, for what is freed runs code of its own

    def _entry(self, cache: Cache[Any], key: Hashable) -> _Entry:
        """The entry of a cache under a key, new if need be, for which others make room."""
        dropped = []
        with self._lock:
            if key not in cache._entries:
                cache._entries[key] = _Entry()
                self._caches.add(cache)
            entry = cache._entries[key]
            entry.used = next(self._clock)
            while len(cache) > (cache.limit or self.limit):
                dropped.append(_drop_oldest([cache]))
            while len(self) > self.limit:
                dropped.append(_drop_oldest(self._caches))
        if dropped:
            dropped.clear()
            if self.collect:
                gc.collect()
        return entry


NETWORKS = Budget(2, collect=True)
"""Networks by weights, layers and precision: two techniques in turn, or a painter and its judge, need no more, and one
VGG takes 80 MB."""

PROGRAMS = Budget(96)
"""Compiled functions of a network. A picture in tiles has nine shapes of tiles with two programs each in up to four
segments, beside the solver's: with fewer, each evaluation would compile all of them anew. A folder of doodles makes new
ones for each picture."""

GRAPHS = Budget(96)
"""Programs compiled for certain shapes, 3 MB each and 12 MB the solver's: all of a picture in tiles, or of a folder."""

SHAPES = 8
"""Graphs of one program: a folder of pictures has a few shapes, and each picture a few sizes."""


def _drop_oldest(caches: Iterable[Cache[Any]]) -> _Entry:
    """Take the entry out of some caches that was used least recently, and return it."""
    held = ((entry.used, cache, key) for cache in caches for key, entry in cache._entries.items())
    _, cache, key = min(held, key=lambda each: each[0])
    return cache._entries.pop(key)


class _Entry:
    """A value that is made once, by the first thread that asks."""

    def __init__(self) -> None:
        self.used = 0
        self._lock = threading.Lock()
        self._made: tuple[Any, ...] = ()

    def value(self, make: Callable[[], Any]) -> Any:
        with self._lock:
            if not self._made:
                self._made = (make(),)
            return self._made[0]


class Cache(Generic[Value]):
    """Values by key, for one owner.

    Safe to use from several threads: a value is made once, while others wait for it and those of other keys do not. One
    that cannot be made is tried again by the next to ask.

    Attributes:
        limit: entries of this cache, within the budget of all; None for no other bound than that.
    """

    def __init__(self, budget: Budget, limit: int | None = None) -> None:
        self._budget, self.limit = budget, limit
        self._entries: dict[Hashable, _Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value under `key`, made if it is not there (any more)."""
        value: Value = self._budget._entry(self, key).value(make)
        return value


def clear_caches() -> None:
    """Drop all networks, programs and graphs that are kept, and return their memory."""
    for budget in (NETWORKS, PROGRAMS, GRAPHS):
        budget.clear()
    gc.collect()  # a program and its network refer to each other
