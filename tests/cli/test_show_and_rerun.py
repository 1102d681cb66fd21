"""`neural-style show` and `rerun`: what is stored in a picture, and the picture made from it once more."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

Command = Callable[..., Any]

CLOSE = 0.5
"""Mean difference in grey levels between two runs of one iteration: sums over threads are rounded in any order."""


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image).astype(int)


def assert_same_picture(found: Path, expected: Path) -> None:
    assert pixels(found).shape == pixels(expected).shape
    assert np.abs(pixels(found) - pixels(expected)).mean() < CLOSE


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Folder of the picture that `paint` makes."""
    return tmp_path / "made"


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_show(paint: Command, command: Command, out: Path, photo_file: Path, painting_file: Path, suffix: str) -> None:
    flags = ["--style_weight", "0.7", "--stroke_scale", "1.5", "--content_weight", "0.5", "--pool_type", "ave"]
    assert paint(*flags, "--weights", "random:7", "--seed", "11", prefix=out / f"out{suffix}").status == 0
    ran = command("show", out / f"out{suffix}")
    assert (ran.status, ran.err) == (0, "")
    shown = {tuple(line.split(maxsplit=1)) for line in ran.out.splitlines() if len(line.split()) > 1}
    assert {
        ("model", "mini"),
        ("weights", "random:7"),
        ("pooling", "ave"),
        ("content_layer", "conv1_2"),
        ("style_layers", "conv1_1"),
        ("content_weight", "0.5"),
        ("total_variation_weight", "1e-06"),
        ("weight", "0.7"),
        ("scale", "1.5"),
        ("image_size", "32"),
        ("iterations", "1"),
        ("seed", "11"),
        ("solver", "lbfgs"),
        ("image", str(photo_file)),
        ("image", str(painting_file)),
    } <= shown
    assert {"style.0.conv1_1", "content.conv1_2", "tv", "keras", "numpy", "backend"} <= {name for name, _ in shown}


def test_the_record_beside_the_picture_is_the_one_inside(paint: Command, command: Command, out: Path) -> None:
    assert paint("--record").status == 0
    record = json.loads((out / "out.json").read_text())
    for name in ("out.png", "out.json"):
        assert json.loads(command("show", out / name, "--json").out) == record
    assert command("show", out / "out.json").out == command("show", out / "out.png").out
    assert sum(record["losses"].values()) == pytest.approx(record["history"][-1]["loss"], rel=1e-5)
    assert record["history"][-1]["evaluations"] == 20
    assert len(record["weights_sha256"]) == 64


@pytest.mark.parametrize("name", ["show", "rerun"])
def test_what_holds_no_record(command: Command, photo_file: Path, tmp_path: Path, name: str) -> None:
    texts = {"text.png": "none", "list.json": "[1]", "other.json": '{"a": 1}', "broken.json": "{", "empty.json": ""}
    texts["nan.json"] = '{"technique": "network", "settings": {}, "content": {}, "styles": [], "run": {"a": NaN}}'
    for file, text in texts.items():
        (tmp_path / file).write_text(text)
    command(name, photo_file).assert_refused("photo.png", "holds no record")
    command(name, tmp_path / "text.png").assert_refused("text.png", "is not a picture")
    for file in ("list.json", "other.json", "broken.json", "nan.json"):
        command(name, tmp_path / file).assert_refused(file, "holds no record")
    command(name, tmp_path / "empty.json").assert_refused("empty.json", "is empty")
    for file in ("missing.png", "missing.json"):
        command(name, tmp_path / file).assert_refused(file)


def record_of(photo: np.ndarray, path: Path) -> dict[str, Any]:
    """The least that `rerun` needs."""
    source = {"image": str(path), "sha256": hashlib.sha256(photo.tobytes()).hexdigest()}
    settings = {"model": "mini", "weights": "random"}
    return {
        "technique": "network",
        "settings": settings,
        "content": source,
        "styles": [source],
        "run": {"init": "gray"},
    }


@pytest.mark.parametrize("change", [{"settings": 3}, {"styles": 3}, {"content": []}, {"run": "x"}], ids=str)
@pytest.mark.parametrize("name", ["show", "rerun"])
def test_a_damaged_record(
    command: Command, photo: np.ndarray, photo_file: Path, tmp_path: Path, name: str, change: dict[str, Any]
) -> None:
    (tmp_path / "edited.json").write_text(json.dumps({**record_of(photo, photo_file), **change}))
    command(name, tmp_path / "edited.json").assert_refused("edited.json")


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"technique": "cubism"}, "cubism"),
        ({"settings": {"mode": "mini"}}, "mode"),
        ({"settings": {"model": "vgg20"}}, "vgg20"),
        ({"run": {"init": "gray", "steps": 3}}, "steps"),
        ({"run": {}}, "init"),
    ],
    ids=str,
)
def test_a_record_of_another_version(
    command: Command, photo: np.ndarray, photo_file: Path, tmp_path: Path, change: dict[str, Any], part: str
) -> None:
    (tmp_path / "other.json").write_text(json.dumps({**record_of(photo, photo_file), **change}))
    command("rerun", tmp_path / "other.json").assert_refused(part)


@pytest.mark.parametrize(
    "flags",
    [
        [],
        ["--init_image", "noise", "--seed", "5", "--normalization", "gatys2016", "--content_weight", "1e-3"],
        ["--rescale_image", "True", "--rescale_method", "box", "--maintain_aspect_ratio", "False"],
        ["--sizes", "16", "24", "--style_resize", "stretch", "--solver", "adam", "--weights", "random:3"],
    ],
    ids=lambda flags: " ".join(flags[:2]),
)
def test_rerun(paint: Command, command: Command, out: Path, flags: list[str]) -> None:
    assert paint("--save_every", "0", *flags).status == 0
    ran = command("rerun", out / "out.png", "--quiet")
    assert ran == (0, "", "")
    assert_same_picture(out / "out_rerun.png", out / "out.png")
    records = [json.loads(command("show", out / name, "--json").out) for name in ("out.png", "out_rerun.png")]
    measured = ("losses", "history", "stopped")
    first, second = ({k: v for k, v in record.items() if k not in measured} for record in records)
    assert first == second
    for term, value in records[0]["losses"].items():
        assert records[1]["losses"][term] == pytest.approx(value, rel=0.02)


@pytest.mark.filterwarnings("ignore:the initial image is")
def test_rerun_from_a_picture_as_the_start(paint: Command, command: Command, out: Path, painting_file: Path) -> None:
    assert paint("--init_image", painting_file, "--content_weight", "0").status == 0
    assert command("rerun", out / "out.png", "--quiet").status == 0
    assert_same_picture(out / "out_rerun.png", out / "out.png")


def test_a_frame_is_painted_and_painted_again(
    paint: Command, command: Command, out: Path, photo: np.ndarray, tmp_path: Path
) -> None:
    """Neither run says anything of the frames: the number is in the record."""
    frames = [Image.fromarray(each) for each in (photo[::-1], photo)]
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:], lossless=True)
    frames[1].save(tmp_path / "second.png")
    for name, content, flags in (("out", "a.webp", ["--frame", "2"]), ("alone", "second.png", [])):
        ran = paint(*flags, "--save_every", "0", "--quiet", content=tmp_path / content, prefix=out / name)
        assert (ran.status, ran.err) == (0, "")
    assert_same_picture(out / "out.png", out / "alone.png")
    ran = command("rerun", out / "out.png", "--quiet")
    assert (ran.status, ran.err) == (0, "")
    assert_same_picture(out / "out_rerun.png", out / "out.png")


def test_rerun_of_the_json_beside_a_picture(paint: Command, command: Command, out: Path) -> None:
    assert paint("--record", "--save_every", "0").status == 0
    assert command("rerun", out / "out.json").status == 0
    assert_same_picture(out / "out_rerun.png", out / "out.png")


def test_rerun_to_another_prefix_with_its_own_output_flags(paint: Command, command: Command, out: Path) -> None:
    assert paint("--save_every", "0", "--num_iter", "2").status == 0
    before = set(out.iterdir())
    flags = ["--save_every", "2", "--gif", "--record"]
    assert command("rerun", out / "out.png", out / "again", *flags).status == 0
    made = {path.name for path in set(out.iterdir()) - before}
    assert made == {"again.png", "again_at_iteration_2.png", "again.gif", "again.json"}


def test_rerun_overwrites_only_when_told_to(paint: Command, command: Command, out: Path) -> None:
    assert paint("--save_every", "0").status == 0
    command("rerun", out / "out.png", out / "out").assert_refused("out.png", "--overwrite")
    kept = shutil.copy(out / "out.png", out / "kept.png")
    assert command("rerun", out / "out.png", out / "out", "--save_every", "0", "--overwrite").status == 0
    assert_same_picture(out / "out.png", kept)


@pytest.mark.parametrize("gone", ["photo.png", "painting.png"])
def test_rerun_without_an_input(paint: Command, command: Command, out: Path, tmp_path: Path, gone: str) -> None:
    assert paint("--save_every", "0").status == 0
    (tmp_path / gone).rename(tmp_path / "elsewhere.png")
    what = "content" if gone == "photo.png" else "style"
    command("rerun", out / "out.png").assert_refused(f"the {what} {tmp_path / gone} is gone", str(out))
    # Beside the picture it is found.
    (tmp_path / "elsewhere.png").rename(out / gone)
    ran = command("rerun", out / "out.png", "--quiet")
    assert ran == (0, "", "")
    assert_same_picture(out / "out_rerun.png", out / "out.png")


@pytest.mark.filterwarnings("always")
def test_rerun_with_a_changed_input_warns(paint: Command, command: Command, out: Path, painting_file: Path) -> None:
    assert paint("--save_every", "0").status == 0
    Image.fromarray((255 - pixels(painting_file)).astype(np.uint8)).save(painting_file)
    ran = command("rerun", out / "out.png", "--quiet")
    assert ran.status == 0
    assert ran.err.startswith(f"neural-style: warning: {painting_file} has changed")
    assert ran.err.count("\n") == 1
    assert np.abs(pixels(out / "out_rerun.png") - pixels(out / "out.png")).mean() > CLOSE


@pytest.mark.usefixtures("idle")
def test_rerun_of_arrays_cannot_be(command: Command, tmp_path: Path) -> None:
    content = {"image": None, "sha256": ""}
    record = {"technique": "network", "settings": {}, "content": content, "styles": [], "run": {"init": "gray"}}
    (tmp_path / "array.json").write_text(json.dumps(record))
    command("rerun", tmp_path / "array.json").assert_refused("content", "array in memory")
