"""Free memory on this machine."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

NVIDIA = Path("/proc/driver/nvidia/version")
"""Exists where a GPU can be: without it there is none, which takes no backend to know."""

SLOWEST_ANSWER = 10.0
"""Seconds that nvidia-smi may take to answer."""


def free_memory() -> int | None:
    """Bytes that this process may use in all, including those it uses already; None where that is unknown.

    On a CPU the kernel's available memory, within the limit of the container; on a GPU the driver's free memory on the
    card in use, within the limit of the backend.
    """
    if NVIDIA.exists():
        from neural_style import backend

        if backend.device_name() == "gpu":
            return _free_on_gpu(*backend.gpu())
    return _free_on_cpu()


def _free_on_cpu() -> int | None:
    try:
        kilobytes = re.search(r"^MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text(), flags=re.MULTILINE)
        own = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # not Linux
        return None
    if kilobytes is None:
        return None
    free = int(kilobytes[1]) * 1024
    within = _free_in_container()
    return own + (free if within is None else min(free, within))


def _free_in_container() -> int | None:
    """Bytes within the limits of the control group; file caches count as free, as the kernel drops them."""
    for limit, used, statistics in (
        ("memory.max", "memory.current", "memory.stat"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat"),
    ):
        folder = Path("/sys/fs/cgroup")
        try:
            most, now = int((folder / limit).read_text()), int((folder / used).read_text())
            cached = re.search(r"^(?:total_)?inactive_file (\d+)", (folder / statistics).read_text(), re.MULTILINE)
        except (OSError, ValueError):  # no such group, or "max"
            continue
        return most - now + (int(cached[1]) if cached else 0)
    return None


def _free_on_gpu(number: int, held: int, limit: int | None, is_pooled: bool = False) -> int | None:
    """`free_memory` on one GPU.

    Args:
        number: index of the GPU in CUDA's order among those visible to this process. With cards of several kinds in one
            machine, CUDA's order is that of nvidia-smi if CUDA_DEVICE_ORDER is PCI_BUS_ID.
        held: bytes that this process holds there, as far as its backend knows.
        limit: most bytes that the backend allocates.
        is_pooled: whether it allocated all that was free with the first of them, so that `held` is not all it has.
    """
    visible = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    wanted = visible[number] if number < len(visible) else str(number)
    for index, identity, free in _driver_report("--query-gpu=index,uuid,memory.free"):
        if (wanted == index or (not wanted.isdecimal() and identity.startswith(wanted))) and free.isdecimal():
            apps = _driver_report("--query-compute-apps=gpu_uuid,pid,used_memory")
            own = [used for place, process, used in apps if (place, process) == (identity, str(os.getpid()))]
            # Includes the context and the backend's pool. In a container the driver may know this process by another
            # number, or report none.
            reserved = sum(int(used) * 2**20 for used in own if used.isdecimal())
            if is_pooled and held and not reserved:
                return None
            found = int(free) * 2**20 + max(reserved, held)
            return found if limit is None else min(found, limit)
    return None


def _driver_report(query: str) -> list[list[str]]:
    """Rows of three values each; none where the driver does not answer."""
    command = ["nvidia-smi", query, "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=SLOWEST_ANSWER, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    rows = [[value.strip() for value in line.split(",")] for line in answer.splitlines()]
    return [row for row in rows if len(row) == 3]
