"""Every benchmark and tool at a tiny size: it runs to its end and prints numbers. Examples run in test_docs.py."""

from __future__ import annotations

import importlib.util
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent

SHALLOW = "--content_layer conv1_2 --style_layers conv1_1"

BENCHMARKS = {
    "batches": "--pictures 2 --rows 32 --batches 1 2",
    "bounds": "--photos photos --paintings paintings --weights random --rows 32 --pairs 1",
    "cache_growth": "--pictures 2 --solver adam",
    "consistency": "--images photos --steps 1 --crop 16 --rows 16 --frames 2 --motions pan --weights 0.1",
    "convergence": f"photo.png painting.png --weights random {SHALLOW} --rows 24 --evaluations 10",
    "endings": "--moments 0 --commands",
    "enhancement": "upscale --images photos",
    "evaluation": "--model mini --content_layer conv1_2 --sizes 32 --precisions float32 --runs 1",
    "films": "--frames 10 --rows 16",
    "gpu": "memory evaluations training --sizes 16 --precisions float32 --runs 1 "
    "--training_model mini --crop 16 --batch 1",
    "masks": "photo.png mask.png painting.png painting.png painting.png --weights random --rows 32 --runs 1",
    "memory": "--one 64 mini 0 --evaluations 2",
    "own_network": "painting.png --images photos --photos photo.png --rows 32 --crop 32 --minutes 1e-4 "
    "--starts scratch --evaluations 20 --out own",
    "overhead": f"--model mini {SHALLOW} --sizes 32 --runs 1",
    "patches": "--one 'doodle patches' --rows 32 --evaluations 1",
    "parallax": "out --frames 2 --rows 32 --columns 2",
    "painting": "--photos photos --paintings paintings --weights random --rows 32 --pairs 1 --out painted",
    "start": "--one bare --models mini --rows 32",
    "studio": "--jobs 1",
    "style_losses": "--photos photos --paintings paintings --rows 16 --pairs 1 --iterations 1 --losses moments",
    "survival": "--kills 0 --num_iter 1 --sizes 24",
    "tiles": "--model mini --only 'Network, max' --rows 80 --tile 64",
    "video": "flow --frames 3 --motions layer --photos cat coffee",
    "xla": "--model mini --content_layer conv1_2 --sizes 32 --runs 1",
}
"""Arguments with which each script of benchmarks/ runs in seconds. One that is not here or in `ELSEWHERE` fails."""

TOOLS = {
    "architecture": "--list",
    "demo": "demo",
    "judge_mini": "--teacher random --weights random --images . --rows 24 --iterations 1 --out judged",
    "judge_painter": "--vgg19 random --images . --photos golden_gate --paintings starry_night --rows 48 "
    "--evaluations 3 --out judged",
    "make_paintings": "--images content --first 1 --paintings 1 --landscapes 0 --out painted",
    "train_painter": "--images content --vgg19 random --steps 1 --batch 1 --size 64 --rounds 0 --out trained",
}

ELSEWHERE = {
    "killed_training": "six processes; tests/feedforward/test_training.py breaks off one of its own",
    "pytorch_baseline": "needs PyTorch",
    "engines": "several commands; tests/engines and tests/cli/folders/test_engines.py take the same steps",
    "studio_page": "needs Gradio and Chromium; tests/studio/browser takes the same steps",
    "train_mini": "tests/tools/test_train_mini.py",
    "train_upscaler": "tests/tools/test_train_upscaler.py",
}


def test_no_script_is_left_out():
    for folder, known in (("benchmarks", BENCHMARKS), ("tools", TOOLS)):
        found = {path.stem for path in (ROOT / folder).glob("*.py")}
        assert found - set(ELSEWHERE) == set(known)


@pytest.fixture
def script(tmp_path, photo, painting, monkeypatch, capsys) -> Callable[..., str]:
    """Runs a script in a folder of tiny pictures, and returns what it prints."""
    for name, array in (("photo", photo), ("painting", painting), ("mask", (photo[..., :1] > 99).repeat(3, 2) * 255)):
        Image.fromarray(array.astype(np.uint8)).save(tmp_path / f"{name}.png")
    for folder, kind, name in (
        ("content", "photo", "golden_gate"),
        ("style", "painting", "starry_night"),
        ("style", "painting", "wave_kanagawa"),
        ("photos", "photo", "golden_gate"),
        ("paintings", "painting", "starry_night"),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        with Image.open(tmp_path / f"{kind}.png") as picture:
            picture.resize((96, 80)).save(tmp_path / folder / f"{name}.jpg", quality=95)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEURAL_STYLE_XLA", "")  # one of them sets it

    def run(path: Path, arguments: str, **settings: object) -> str:
        monkeypatch.setattr(sys, "argv", [str(path), *shlex.split(arguments)])
        monkeypatch.setattr(sys, "path", list(sys.path))
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, path.stem, module)
        spec.loader.exec_module(module)
        for name, value in settings.items():
            assert hasattr(module, name)
            setattr(module, name, value)
        assert not module.main()
        return capsys.readouterr().out

    return run


@pytest.mark.parametrize("name", BENCHMARKS)
def test_benchmarks_run(script, name):
    printed = script(ROOT / "benchmarks" / f"{name}.py", BENCHMARKS[name])
    assert re.search(r"\d", printed)
    for part in printed.split("\n\n"):
        rows = [line for line in part.splitlines() if line.startswith("|")]
        assert len({row.replace(r"\|", "").count("|") for row in rows}) <= 1  # a table, and not the message of an error
    assert "rror:" not in printed


@pytest.mark.parametrize("name", TOOLS)
def test_tools_run(script, name, tmp_path):
    settings: dict[str, object] = {
        "demo": {"LOOK": "--model mini --weights random --image_size 24 --num_iter 1"},
        "judge_mini": {"PAIRS": [("golden_gate", "wave_kanagawa")]},
    }.get(name, {})
    before = set(tmp_path.rglob("*"))
    printed = script(ROOT / "tools" / f"{name}.py", TOOLS[name], **settings)
    made = {path.suffix for path in set(tmp_path.rglob("*")) - before}
    assert printed if name == "architecture" else made & {".png", ".jpg", ".npz"}
