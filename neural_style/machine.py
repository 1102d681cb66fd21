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

    What the kernel calls available, within the limit of the container. On a GPU, what its driver calls free, of the
    fullest one; what this process holds there already is not in that.
    """
    if NVIDIA.exists():
        from neural_style import backend

        if backend.device_name() == "gpu":
            return _free_on_gpu()
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


def _free_on_gpu() -> int | None:
    command = ["nvidia-smi", "--query-gpu=memory.free", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=SLOWEST_ANSWER, check=True).stdout
        return min(int(line) for line in answer.split()) * 2**20
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
