"""Memory that a process may use, and pictures, widths and names that would take more."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neural_style import InvalidInputError, images, transfer_mask
from neural_style.images import memory
from neural_style.images.picture import Picture
from neural_style.masks.mask import Mask
from neural_style.network import Network
from neural_style.runs import free_memory
from neural_style.runs.memory_plan import MemoryEstimate, largest

MIB, GIB = 2**20, 2**30

Tree = Callable[..., None]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """A machine of 64 GiB with these control groups: by path, limit, usage and cached files."""

    def build(cgroup: str, groups: dict[str, tuple[object, int, int]], *, version: int) -> None:
        proc, tree = tmp_path / "proc", tmp_path / "cgroup"
        (proc / "self").mkdir(parents=True)
        (proc / "meminfo").write_text(f"MemTotal: 1 kB\nMemAvailable:   {64 * GIB // 1024} kB\n")
        (proc / "self" / "statm").write_text("100 50 20 0 0 30 0\n")
        (proc / "self" / "cgroup").write_text(cgroup)
        names = ("memory.max", "memory.current") if version == 2 else ("memory.limit_in_bytes", "memory.usage_in_bytes")
        for place, (limit, used, cached) in groups.items():
            folder = tree / place
            folder.mkdir(parents=True, exist_ok=True)
            (folder / names[0]).write_text(f"{limit}\n")
            (folder / names[1]).write_text(f"{used}\n")
            key = "inactive_file" if version == 2 else "total_inactive_file"
            (folder / "memory.stat").write_text(f"anon 5\n{key} {cached}\n")
        monkeypatch.setattr(memory, "PROC", proc)
        monkeypatch.setattr(memory, "CGROUPS", tree)
        monkeypatch.setattr(free_memory, "NVIDIA", tmp_path / "none")

    return build


@pytest.mark.parametrize(
    ("cgroup", "groups", "version", "free"),
    [
        ("0::/user/job\n", {"user/job": (2 * GIB, 500 * MIB, 100 * MIB)}, 2, 2 * GIB - 400 * MIB),
        ("0::/user/job\n", {"user": (GIB, 0, 0), "user/job": ("max", 0, 0)}, 2, GIB),  # limited by the one above
        ("0::/user/job\n", {"user": (3 * GIB, 0, 0), "user/job": (2 * GIB, 0, 0)}, 2, 2 * GIB),
        ("0::/../../job\n", {".": (GIB, 0, 0)}, 2, GIB),  # in a container, whose own group is the root
        ("5:cpu:/\n4:memory:/docker/a\n0::/\n", {"memory/docker/a": (2 * GIB, 0, 0)}, 1, 2 * GIB),
        ("4:cpu,memory:/gone\n", {"memory": (3 * GIB, GIB, 0)}, 1, 2 * GIB),
        ("4:memory:/\n", {"memory": (2**63 - 4096, GIB, 0)}, 1, 64 * GIB),
        ("0::/job\n", {"job": (GIB, 2 * GIB, 0)}, 2, 0),
    ],
    ids=["v2", "above", "least", "container", "v1", "v1 root", "v1 unlimited", "over"],
)
def test_the_control_group_of_the_process_counts(
    machine: Tree, cgroup: str, groups: dict[str, Any], version: int, free: int
) -> None:
    machine(cgroup, groups, version=version)
    assert memory.headroom() == free
    assert free_memory.free_memory() == free + 30 * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(("limit", "pages"), [(resource.RLIMIT_AS, 100), (resource.RLIMIT_DATA, 30)])
def test_limits_of_the_process_count(machine: Tree, monkeypatch: pytest.MonkeyPatch, limit: int, pages: int) -> None:
    machine("", {}, version=2)
    limits = {limit: GIB}
    monkeypatch.setattr(resource, "getrlimit", lambda which: (limits.get(which, resource.RLIM_INFINITY),) * 2)
    assert memory.headroom() == GIB - pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(("mode", "colour"), [("RGB", (9, 9, 9)), ("RGBA", (9, 9, 9, 200)), ("I;16", 60000)])
def test_a_picture_that_does_not_fit_is_refused_before_it_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, colour: Any
) -> None:
    """In the same words from a PNG, and from a TIFF, which is of 16 bits or not."""
    for name in ("a.png", "a.tif"):
        path = tmp_path / name
        Image.new(mode, (1000, 1000), colour).save(path)
        assert images.read(path).size == (1000, 1000)
        with monkeypatch.context() as patch:
            patch.setattr(memory, "headroom", lambda: 11_000_000)
            patch.setattr(Image.Image, "load", lambda *_: pytest.fail("pixels were decoded"))
            with pytest.raises(InvalidInputError, match=r"a\.(png|tif).* needs 0\.0 GiB of memory \(1000 rows by"):
                images.read(path)


def test_garbage_in_a_chunk_of_exif_damages_no_picture(tmp_path: Path) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    Image.fromarray(rgb).save(tmp_path / "a.png", exif=b"Exif\0\0garbage")
    np.testing.assert_array_equal(images.read(tmp_path / "a.png").rgb, rgb)


def test_pillow_logs_nothing_of_a_damaged_picture(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A TIFF of 65535 samples, of which Pillow logs an error; Python prints it where nobody has set up logging."""
    Image.new("RGB", (20, 30)).save(tmp_path / "a.tif")
    data = bytearray((tmp_path / "a.tif").read_bytes())
    place = data.index((277).to_bytes(2, "little") + (3).to_bytes(2, "little"))
    data[place + 8 : place + 10] = b"\xff\xff"
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(InvalidInputError):
        images.read(tmp_path / "a.tif")
    assert caplog.records == []


def test_a_soft_edge_wider_than_the_picture_is_refused() -> None:
    photo = np.full((20, 30, 3), 90, np.uint8)
    mask = Mask(np.repeat(np.uint8([[0] * 15 + [255] * 15]), 20, 0), False, "mask")
    for feather in (1e7, 1e300, 31):
        with pytest.raises(InvalidInputError, match="feather must be at most the 30 pixels"):
            transfer_mask(photo, 255 - photo, mask, feather=feather)
    hard = transfer_mask(photo, 255 - photo, mask)
    np.testing.assert_array_equal(transfer_mask(photo, 255 - photo, mask, feather=1e-300), hard)


def test_the_largest_size_of_a_ribbon_is_found_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 8 x 100000 pixels, sizes are tried up to the largest of any picture: above, tiles are countless."""
    spec = Network(model="mini").extractor_spec
    tried: list[int] = []
    whole = MemoryEstimate.bytes
    assert isinstance(whole, property)

    def counted(self: MemoryEstimate) -> int:
        tried.append(self.size[0] * self.size[1])
        assert whole.fget is not None
        return int(whole.fget(self))

    monkeypatch.setattr(MemoryEstimate, "bytes", property(counted))
    assert largest(MemoryEstimate(spec, (8, 100_000), tile=256), 2 * GIB) > 8
    assert max(tried) < 1.1e9


def test_a_picture_in_memory_is_not_held_against_the_free_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "headroom", lambda: 0)
    assert isinstance(images.read(np.zeros((20, 20, 3), np.uint8)), Picture)
