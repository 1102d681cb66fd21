"""`neural-style network`: the files that it makes, what it says, and what it refuses."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageSequence

from neural_style import Network
from neural_style.cli.commands import network
from neural_style.cli.flags import values
from tests.conftest import SMALL

ROOT = Path(__file__).resolve().parents[2]

Command = Callable[..., Any]


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.fixture
def made(tmp_path: Path) -> Callable[[], list[str]]:
    """Names of the files beside the prefix of `paint`."""
    return lambda: sorted(path.name for path in (tmp_path / "made").iterdir())


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        ([], ["out.png", "out_at_iteration_1.png"]),
        (["--save_every", "0"], ["out.png"]),
        (["--num_iter", "3", "--save_every", "2"], ["out.png", "out_at_iteration_2.png"]),
        (["--save_every", "0", "--gif", "--record"], ["out.gif", "out.json", "out.png"]),
        (["--sizes", "16", "24", "32", "--save_every", "3"], ["out.png", "out_at_iteration_3.png"]),
    ],
)
def test_files(paint: Command, made: Callable[[], list[str]], flags: list[str], names: list[str]) -> None:
    assert paint("--image_size", "16", *flags).status == 0
    assert made() == names


def test_the_last_iteration_is_the_picture(paint: Command, tmp_path: Path) -> None:
    assert paint("--num_iter", "2", "--gif").status == 0
    out = tmp_path / "made"
    np.testing.assert_array_equal(pixels(out / "out.png"), pixels(out / "out_at_iteration_2.png"))
    assert (pixels(out / "out.png") != pixels(out / "out_at_iteration_1.png")).any()
    with Image.open(out / "out.gif") as animation:
        assert [frame.size for frame in ImageSequence.Iterator(animation)] == [(38, 32)] * 2


@pytest.mark.parametrize(
    ("flags", "saved", "worked"),
    [
        # int(32 * 48 / 40) columns: the reference truncates.
        ([], (32, 38), [32, 38]),
        (["--maintain_aspect_ratio", "False"], (32, 38), [32, 32]),
        (["--rescale_image", "True"], (40, 48), [32, 38]),
        (["--rescale_image", "True", "--maintain_aspect_ratio", "no"], (40, 48), [32, 32]),
        (["--rescale_image"], (40, 48), [32, 38]),
    ],
)
def test_size(paint: Command, tmp_path: Path, flags: list[str], saved: tuple[int, int], worked: list[int]) -> None:
    assert paint("--record", *flags).status == 0
    for name in ("out.png", "out_at_iteration_1.png"):
        assert pixels(tmp_path / "made" / name).shape == (*saved, 3)
    record = json.loads((tmp_path / "made" / "out.json").read_text())
    assert record["history"][-1]["image_size"] == worked


def test_rescale_method_is_pillows(paint: Command, tmp_path: Path) -> None:
    for method in ("nearest", "lanczos"):
        assert paint("--rescale_image", "True", "--rescale_method", method, prefix=tmp_path / method).status == 0
    assert paint(prefix=tmp_path / "plain").status == 0
    plain = Image.fromarray(pixels(tmp_path / "plain.png"))
    for method, resampling in (("nearest", Image.Resampling.NEAREST), ("lanczos", Image.Resampling.LANCZOS)):
        expected = np.asarray(plain.resize((48, 40), resampling)).astype(int)
        # One run may differ from another by rounding, see the README.
        assert np.abs(pixels(tmp_path / f"{method}.png") - expected).mean() < 0.5


@pytest.mark.parametrize("flags", [[], ["--rescale_image", "True"]])
def test_the_contents_alpha_is_kept(paint: Command, photo: np.ndarray, tmp_path: Path, flags: list[str]) -> None:
    alpha = np.zeros((40, 48), np.uint8)
    alpha[5:30, 10:40] = 200
    Image.fromarray(np.dstack([photo, alpha])).save(tmp_path / "cut.png")
    assert paint(*flags, content=tmp_path / "cut.png").status == 0
    for name in ("out.png", "out_at_iteration_1.png"):
        found = pixels(tmp_path / "made" / name)
        columns, rows = found.shape[1::-1]
        expected = Image.fromarray(alpha).resize((columns, rows), Image.Resampling.BILINEAR)
        np.testing.assert_array_equal(found[..., 3], np.asarray(expected))


def test_the_suffix_of_the_prefix_names_the_format(
    paint: Command, made: Callable[[], list[str]], tmp_path: Path
) -> None:
    assert paint(prefix=tmp_path / "made" / "out.jpg").status == 0
    assert made() == ["out.jpg", "out_at_iteration_1.jpg"]
    with Image.open(tmp_path / "made" / "out.jpg") as image:
        assert image.format == "JPEG"


def test_a_dot_in_the_prefix_is_no_suffix(paint: Command, made: Callable[[], list[str]], tmp_path: Path) -> None:
    assert paint("--save_every", "0", prefix=tmp_path / "made" / "v1.5").status == 0
    assert made() == ["v1.5.png"]


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize("name", ["out.png", "out_at_iteration_2.png", "out.json", "out.gif"])
def test_nothing_is_overwritten(paint: Command, made: Callable[[], list[str]], tmp_path: Path, name: str) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / name).write_bytes(b"mine")
    ran = paint("--num_iter", "2", "--gif", "--record")
    ran.assert_refused(name, "--overwrite")
    assert made() == [name]
    assert (tmp_path / "made" / name).read_bytes() == b"mine"


def test_overwrite(paint: Command, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    for name in ("out.png", "out_at_iteration_1.png", "out.json", "out.gif"):
        (tmp_path / "made" / name).write_bytes(b"mine")
    assert paint("--overwrite", "--gif", "--record").status == 0
    for path in (tmp_path / "made").iterdir():
        assert path.read_bytes() != b"mine"


def test_table_of_terms(command: Command, photo_file: Path, painting_file: Path, tmp_path: Path) -> None:
    """Two styles with a weight each: the terms add up to the loss, and so do their shares."""
    second = tmp_path / "second.png"
    Image.fromarray(pixels(painting_file)[::-1, :, ::-1]).save(second)
    flags = ["--model=mini", "--weights=random", "--content_layer=conv1_2", "--image_size=24", "--num_iter=1"]
    weights = ["--style_weight", "1.0", "0.4", "--style_layers", "conv1_1", "conv2_1"]
    ran = command("network", photo_file, painting_file, second, tmp_path / "out", *flags, *weights)
    assert ran.status == 0
    rows = dict(re.findall(r"^  (\S+) +(\S+)", ran.out, flags=re.MULTILINE))
    loss = float(rows.pop("loss"))
    styles = [f"style.{index}.{layer}" for index in (0, 1) for layer in ("conv1_1", "conv2_1")]
    assert list(rows) == ["content.conv1_2", *styles, "tv"]
    assert sum(map(float, rows.values())) == pytest.approx(loss, rel=1e-3)
    assert sum(map(float, re.findall(r"([\d.]+)%", ran.out))) == pytest.approx(100, abs=0.5)
    assert f"wrote {tmp_path / 'out.png'}" in ran.out


def test_quiet(paint: Command) -> None:
    ran = paint("--quiet")
    assert ran == (0, "", "")


def read(*arguments: str) -> argparse.Namespace:
    return network.parser("network", Network, "").read(arguments)


def test_defaults_are_the_references() -> None:
    """facts/titu1994.md 1, where a value is not None."""
    found = read("photo.jpg", "a.jpg", "b.jpg", "out")
    technique = Network(**values(found, Network)).resolved()
    expected = {
        "image_size": 400,
        "iterations": 10,
        "rescale_image": False,
        "rescale_method": "bilinear",
        "maintain_aspect_ratio": True,
        "init": "content",
        "min_improvement": 0.0,
    }
    assert {name: getattr(found, name) for name in expected} == expected
    technique = technique.resolved()
    assert (technique.content_weight, technique.style_scale, technique.total_variation_weight) == (0.025, 1, 8.5e-5)
    assert (technique.model, technique.content_loss_type, technique.pooling) == ("vgg16", 0, "max")
    assert technique.content_layer == "conv5_2"
    styles = network.styles_of(found)
    assert [style.weight for style in styles] == [1, 1]


@pytest.mark.parametrize(
    ("arguments", "name", "expected"),
    [
        *[(["--rescale_image", text], "rescale_image", True) for text in ("True", "true", "YES", "t", "1")],
        *[(["--rescale_image", text], "rescale_image", False) for text in ("False", "no", "F", "0")],
        (["--maintain-aspect-ratio", "False"], "maintain_aspect_ratio", False),
        (["--image-size", "64"], "image_size", 64),
        (["--image-size=64"], "image_size", 64),
        (["--style-weight", "1", "0.4"], "style_weight", [1.0, 0.4]),
        (["--weights=my-own-file.npz"], "weights", "my-own-file.npz"),
        (["--pool_type", "ave"], "pooling", "ave"),
        (["--num_iter", "3"], "iterations", 3),
        (["--init_image", "noise"], "init", "noise"),
    ],
)
def test_spelling(arguments: list[str], name: str, expected: object) -> None:
    assert getattr(read("photo.jpg", "painting.jpg", "out", *arguments), name) == expected


INTERRUPTED = """
    import os, signal, sys, threading
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's "&" ignores it
    from neural_style.cli import main
    from neural_style.runs.outputs import Output
    whole = Output.write
    def write(self, path, *arguments):
        whole(self, path, *arguments)
        if path.name == "out_at_iteration_1.png":
            threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGINT)).start()
    Output.write = write
    sys.exit(main(sys.argv[1:]))
"""


def test_ctrl_c_keeps_the_best_picture(photo_file: Path, painting_file: Path, tmp_path: Path) -> None:
    arguments = ["network", photo_file, painting_file, tmp_path / "out", *SMALL, "--num_iter", "5000"]
    code = textwrap.dedent(INTERRUPTED)
    ran = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert ran.returncode == 130, ran.stderr
    assert pixels(tmp_path / "out.png").shape == (32, 38, 3)
    assert "stopped early: interrupted" in ran.stdout
    assert "Traceback" not in ran.stderr


def test_names_that_begin_with_dashes(
    command: Command, photo_file: Path, painting_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After `--` there are names only, which are left as they are."""
    monkeypatch.chdir(tmp_path)
    photo_file.rename(tmp_path / "--my-photo.png")
    flags = (*SMALL, "--save_every", "0", "--quiet")
    assert command("network", *flags, "--", "--my-photo.png", painting_file.name, "--my-out").status == 0
    assert (tmp_path / "--my-out.png").is_file()
    assert command("show", "--", "--my-out.png").status == 0
    assert command("color_transfer", "--", "--my-photo.png", "--my-out.png").status == 0
    assert (tmp_path / "--my-out_original_color.png").is_file()
