"""Free memory on this machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from neural_style.images import memory

NVIDIA = Path("/proc/driver/nvidia/version")
"""Exists where a GPU can be: without it there is none, which takes no backend to know."""

SLOWEST_ANSWER = 10.0
"""Seconds that nvidia-smi may take to answer."""

_sharing = 1
"""Processes that share the free memory."""


def share(processes: int) -> None:
    """Count only an equal part of the free memory as this process's, whose like run beside it."""
    global _sharing
    _sharing = processes


def free_memory() -> int | None:
    """Bytes that this process may use in all, including those it uses already; None where that is unknown.

    On a CPU the kernel's available memory, within the limits of the process and of its control groups; on a GPU the
    driver's free memory on the card in use, within the limit of the backend.
    """
    if NVIDIA.exists():
        from neural_style import backend

        if backend.device_name() == "gpu":
            free = _free_on_gpu(*backend.gpu())
            return None if free is None else free // _sharing
    free = memory.headroom()
    return None if free is None else memory.own() + free // _sharing


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
