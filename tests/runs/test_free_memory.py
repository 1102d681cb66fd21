"""What is free on a GPU, from answers of a nvidia-smi with two cards."""

import os

import pytest

from neural_style import backend
from neural_style.runs import free_memory

MIB = 2**20

CARDS = """0, GPU-5a1fbd3e-7c2b-8f05-3d0c-5d1e0c6f1a11, 80994
1, GPU-c3b0f1d2-11aa-42f7-9b60-0a9be8d5f622, 41230
"""

APPS = """GPU-c3b0f1d2-11aa-42f7-9b60-0a9be8d5f622, {own}, 38404
GPU-5a1fbd3e-7c2b-8f05-3d0c-5d1e0c6f1a11, {own}, 522
GPU-c3b0f1d2-11aa-42f7-9b60-0a9be8d5f622, 999999999, 1000
"""


@pytest.fixture
def smi(tmp_path, monkeypatch):
    """Puts a nvidia-smi in place that gives these answers, on a machine whose backend runs on GPUs."""

    def place(cards=CARDS, apps=APPS, **used):
        program = tmp_path / "nvidia-smi"
        lines = {
            "--query-gpu=index,uuid,memory.free": cards,
            "--query-compute-apps=gpu_uuid,pid,used_memory": apps.format(own=os.getpid()),
        }
        answers = "".join(f"{query}) printf '%s' '{answer}';;\n" for query, answer in lines.items())
        program.write_text(
            f'#!/bin/sh\n[ "$2" = --format=csv,noheader,nounits ] || exit 6\ncase "$1" in\n{answers}*) exit 2;;\nesac\n'
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        monkeypatch.setattr(free_memory, "NVIDIA", program)
        monkeypatch.setattr(backend, "device_name", lambda: "gpu")
        monkeypatch.setattr(backend, "gpu", lambda: backend.Gpu(**{"number": 0, "held": 0, "limit": None, **used}))

    return place


@pytest.mark.parametrize(("number", "mebibytes"), [(0, 80994 + 522), (1, 41230 + 38404)])
def test_what_this_process_holds_on_its_card_is_its_own(smi, number, mebibytes):
    """And not what it holds on another, nor what others hold."""
    smi(number=number)
    assert free_memory.free_memory() == mebibytes * MIB


@pytest.mark.parametrize(
    ("visible", "number", "mebibytes"),
    [
        ("1", 0, 41230 + 38404),
        ("1,0", 1, 80994 + 522),
        ("GPU-c3b0f1d2", 0, 41230 + 38404),
        ("", 1, 41230 + 38404),
    ],
)
def test_cards_are_counted_among_those_that_are_visible(smi, monkeypatch, visible, number, mebibytes):
    smi(number=number)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert free_memory.free_memory() == mebibytes * MIB


@pytest.mark.parametrize("apps", ["", "GPU-5a1fbd3e-7c2b-8f05-3d0c-5d1e0c6f1a11, {own}, [N/A]\n"])
def test_in_a_container_the_backend_tells_what_it_holds(smi, apps):
    smi(apps=apps, held=700 * MIB)
    assert free_memory.free_memory() == (80994 + 700) * MIB


def test_what_is_left_of_a_pool_is_unknown_in_a_container(smi):
    smi(apps="", held=700 * MIB, is_pooled=True)
    assert free_memory.free_memory() is None
    smi(apps="", held=0, is_pooled=True)  # not taken yet
    assert free_memory.free_memory() == 80994 * MIB
    smi(held=200 * MIB, is_pooled=True)
    assert free_memory.free_memory() == (80994 + 522) * MIB


def test_a_backend_may_take_less_than_there_is(smi):
    smi(limit=60000 * MIB)
    assert free_memory.free_memory() == 60000 * MIB


@pytest.mark.parametrize("cards", ["", "No devices were found\n", "0, GPU-5a1fbd3e, [Not Supported]\n"])
def test_nobody_can_tell(smi, monkeypatch, cards):
    smi(cards=cards)
    assert free_memory.free_memory() is None
    monkeypatch.setenv("PATH", "")
    assert free_memory.free_memory() is None


@pytest.mark.parametrize("growth", [True, False])
def test_the_gpu_that_tensorflow_uses(monkeypatch, growth):
    if backend.NAME != "tensorflow":
        pytest.skip("of TensorFlow")
    import tensorflow

    config = tensorflow.config
    monkeypatch.setattr(config, "list_physical_devices", lambda _: ["one", "other"])
    monkeypatch.setattr(config, "get_visible_devices", lambda _: ["other"])
    monkeypatch.setattr(config.experimental, "get_memory_info", lambda name: {"GPU:0": {"current": 5, "peak": 9}}[name])
    monkeypatch.setattr(config.experimental, "get_memory_growth", {"other": growth}.__getitem__)
    assert backend.gpu() == (1, 9, None, not growth)  # what was taken once is kept for later
