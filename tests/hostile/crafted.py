"""Strategies for crafted files: a good one with values or bytes replaced."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

Place = tuple[Any, ...]

JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.sampled_from([0, 1, 2**31 - 1, 10**400, "\x1b[2J", "../../evil", "", "none", "content"]),
        st.floats(),
        st.text(max_size=12),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, way: Place = ()) -> Iterator[Place]:
    """The way to every value in a nest of lists and objects, except the whole."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in entries:
        yield (*way, name)
        yield from places(each, (*way, name))


@st.composite
def edited(draw: st.DrawFn, value: Any, others: st.SearchStrategy[Any] = JSON) -> Any:
    """A value from JSON in which one to three values are replaced, removed or added."""
    value = copy.deepcopy(value)
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(list(places(value)) or [("new",)]))
        parent = value
        for name in way:
            parent = parent[name]
        change = draw(st.sampled_from(["replace", "replace", "replace", "remove", "add"]))
        if change == "remove":
            del parent[last]
        elif change == "add" and isinstance(parent, dict):
            parent[draw(st.text(max_size=8))] = draw(others)
        else:
            parent[last] = draw(others)
        if not list(places(value)):
            break
    return value


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """Bytes of which some are changed, removed or repeated."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, max(0, len(data) - 1)))
        length = draw(st.integers(1, 40))
        change = draw(st.sampled_from(["bytes", "cut", "end", "repeat"]))
        if change == "bytes":
            data = data[:start] + draw(st.binary(min_size=1, max_size=8)) + data[start + 8 :]
        elif change == "cut":
            data = data[:start] + data[start + length :]
        elif change == "end":
            data = data[:start]
        else:
            data = data[:start] + data[start : start + length] + data[start:]
    return data
