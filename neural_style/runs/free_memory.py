"""What this machine has free."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

NVIDIA = Path("/proc/driver/nvidia/version")
"""Is there where a GPU can be: without it no backend need be started to know that there is none."""

SLOWEST_ANSWER = 10.0
"""Seconds that the GPU's driver may take to tell."""


def free_memory() -> int | None:
    """Bytes that this process may have in all, what it has already included; None where nobody can tell.

    What the kernel calls available, within the limit of the container. On a GPU, what its driver calls free on the one
    that is used, within the limit of the backend.
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
    """What the limits of the control group leave; caches of files are given up when memory is short."""
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


def _free_on_gpu(number: int, held: int, limit: int | None) -> int | None:
    """The same on one GPU.

    Args:
        number: of it, as CUDA counts those that this process may see. Where cards of several kinds are in one machine,
            CUDA counts as nvidia-smi does if CUDA_DEVICE_ORDER is PCI_BUS_ID.
        held: bytes that this process has there, as far as its backend knows.
        limit: bytes that the backend takes at most.
    """
    visible = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    wanted = visible[number] if number < len(visible) else str(number)
    for index, identity, free in _told_by_driver("--query-gpu=index,uuid,memory.free"):
        if (wanted == index or (not wanted.isdecimal() and identity.startswith(wanted))) and free.isdecimal():
            apps = _told_by_driver("--query-compute-apps=gpu_uuid,pid,used_memory")
            own = [used for place, process, used in apps if (place, process) == (identity, str(os.getpid()))]
            # With the context, and all that the backend keeps for later. In a container the driver may know this
            # process by another number, or not tell.
            reserved = sum(int(used) * 2**20 for used in own if used.isdecimal())
            found = int(free) * 2**20 + max(reserved, held)
            return found if limit is None else min(found, limit)
    return None


def _told_by_driver(query: str) -> list[list[str]]:
    """Rows of three values each; none where the driver tells nothing."""
    command = ["nvidia-smi", query, "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=SLOWEST_ANSWER, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    rows = [[value.strip() for value in line.split(",")] for line in answer.splitlines()]
    return [row for row in rows if len(row) == 3]
