"""Free memory on this machine, so that a picture that does not fit is refused before it is decoded.

A file of 3 MB may hold a picture of gigabytes. `neural_style.runs.free_memory` adds the GPU for the plan of a run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from neural_style.errors import InvalidInputError

PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")

_V1 = "memory.limit_in_bytes", "memory.usage_in_bytes"
_V2 = "memory.max", "memory.current"


def check_fits(
    rows: int, columns: int, bytes_per_pixel: int, where: str, *, remedy: str = "make it smaller first"
) -> None:
    """Raise `InvalidInputError` for a picture that needs more memory than is free.

    Args:
        rows, columns: of the picture.
        bytes_per_pixel: at most, while it is decoded.
        where: names the picture in messages.
        remedy: what to do, at their end.
    """
    free, needed = headroom(), rows * columns * bytes_per_pixel
    if free is not None and needed > free:
        raise InvalidInputError(
            f"{where} needs {needed / 2**30:.1f} GiB of memory ({rows} rows by {columns} columns), but only "
            f"{free / 2**30:.1f} GiB is free: {remedy}"
        )


def headroom() -> int | None:
    """Bytes that this process may take beside those it has; None where that is unknown.

    The least of the kernel's available memory, what is left to the control groups that the process is in, and what is
    left of its limits (`ulimit -v` and `-d`).
    """
    try:
        kilobytes = re.search(r"^MemAvailable:\s+(\d+) kB", (PROC / "meminfo").read_text(), flags=re.MULTILINE)
    except OSError:  # not Linux
        return None
    if kilobytes is None:
        return None
    return max(0, min([int(kilobytes[1]) * 1024, *_left_to_groups(), *_left_of_limits()]))


def own() -> int:
    """Bytes of memory that this process has for itself, without the files that it maps."""
    pages = _pages()
    return (pages[1] - pages[2]) * os.sysconf("SC_PAGE_SIZE")


def _pages() -> list[int]:
    """Sizes of this process in pages: virtual, resident, shared, text, none, data, none (proc(5))."""
    return [int(each) for each in (PROC / "self" / "statm").read_text().split()]


def _left_of_limits() -> Iterator[int]:
    import resource  # which Windows lacks

    sizes, page = _pages(), os.sysconf("SC_PAGE_SIZE")
    for limit, used in ((resource.RLIMIT_AS, sizes[0]), (resource.RLIMIT_DATA, sizes[5])):
        most = resource.getrlimit(limit)[0]
        if most != resource.RLIM_INFINITY:
            yield most - used * page


def _left_to_groups() -> Iterator[int]:
    """What is left to each group of the process and to those above; file caches count as free: the kernel drops them.

    A group is limited by all that contain it. In a container the names in /proc may be those of the host, and its own
    group the root.
    """
    for root, names, place in _groups():
        parts = [part for part in place.split("/") if part not in ("", "..")]
        for depth in range(len(parts) + 1):
            folder = root.joinpath(*parts[:depth])
            try:
                most, now = (int((folder / name).read_text()) for name in names)
                statistics = (folder / "memory.stat").read_text()
            except (OSError, ValueError):  # no such group, or "max"
                continue
            cached = re.search(r"^(?:total_)?inactive_file (\d+)", statistics, re.MULTILINE)
            yield most - now + (int(cached[1]) if cached else 0)


def _groups() -> Iterator[tuple[Path, tuple[str, str], str]]:
    """Folder of each hierarchy that limits memory, names of limit and usage, and the place of this process in it."""
    try:
        lines = (PROC / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        number, _, rest = line.partition(":")
        controllers, _, place = rest.partition(":")
        if "memory" in controllers.split(","):
            yield CGROUPS / "memory", _V1, place
        elif number == "0" and not controllers:
            yield from ((CGROUPS, _V2, place), (CGROUPS / "unified", _V2, place))
