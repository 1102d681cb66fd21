"""What a user can get wrong: exit status 2, one line that says what and what to do, and no work done."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest
from PIL import Image

from neural_style.cli import session
from neural_style.features import weights

ROOT = Path(__file__).resolve().parents[2]

Command = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("idle")


def jpeg(rgb: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG")
    return buffer.getvalue()


def noise(rows: int, columns: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (rows, columns, 3), dtype=np.uint8)


PICTURES: dict[str, tuple[bytes | None, str]] = {
    "missing.jpg": (None, "does not exist"),
    "phot.png": (None, 'did you mean "'),  # photo.png is there
    "text.jpg": (b"a shopping list\n", "is not a picture"),
    "empty.jpg": (b"", "is empty"),
    "truncated.jpg": (jpeg(noise(40, 40))[:900], "is damaged or cut short"),
    "dot.jpg": (jpeg(noise(1, 1)), "is too small: 1 rows by 1 columns"),
    "line.jpg": (jpeg(noise(1, 10000)), "is too small: 1 rows by 10000 columns"),
    "column.jpg": (jpeg(noise(10000, 1)), "is too small: 10000 rows by 1 columns"),
}


@pytest.mark.parametrize("role", ["content", "style"])
@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_that_cannot_be_used(
    command: Command, photo_file: Path, painting_file: Path, tmp_path: Path, name: str, role: str
) -> None:
    data, expected = PICTURES[name]
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    inputs = [path, painting_file] if role == "content" else [photo_file, path]
    ran = command("network", *inputs, tmp_path / "out", "--model", "mini", "--weights", "random")
    ran.assert_refused(role, str(path), expected)


def test_an_initial_image_that_cannot_be_used(paint: Command, tmp_path: Path) -> None:
    paint("--init_image", tmp_path / "missing.png").assert_refused("initial image", "missing.png", "does not exist")
    paint("--init_image", "nois").assert_refused('did you mean "noise"?')


@pytest.mark.parametrize(
    ("flags", "parts"),
    [
        (["--style_weight", "1", "0.5"], ["--style_weight has 2 values for 1 styles"]),
        (["--stroke_scale", "1", "2", "3"], ["--stroke_scale has 3 values for 1 styles"]),
        (["--style_weight", "-0.5"], ["weight of a style", "at least 0", "-0.5"]),
        (["--style_weight", "nan"], ["weight of a style", "finite", "nan"]),
        (["--style_weight=-inf"], ["weight of a style", "finite", "-inf"]),
        (["--content_weight", "-1"], ["content_weight", "-1"]),
        (["--content_weight", "nan"], ["content_weight", "nan"]),
        (["--content_weight", "much"], ["content_weight", "much"]),
        (["--content_weight", "0", "--total_variation_weight", "0", "--style_weight", "0"], ["every weight is zero"]),
        (["--total_variation_weight", "inf"], ["total_variation_weight", "inf"]),
        (["--style_scale", "-2"], ["style_scale", "-2"]),
        (["--stroke_scale", "0"], ["scale of a style", "0"]),
        (["--stroke_scale", "1e9"], ["style", "1e+09"]),
        (["--model", "vgg91"], ['"vgg91"', 'did you mean "vgg19"?']),
        (["--content_layer", "conv3_5"], ['"conv3_5"', 'did you mean "conv']),
        (["--style_layers", "conv1_1", "convl_2"], ['"convl_2"', 'did you mean "conv']),
        (["--style_layers", "conv1_1", "conv1_1"], ["style_layers must be different"]),
        (["--solver", "scipy_lbgfs"], ['did you mean "scipy_lbfgs"?']),
        (["--pool_type", "avg"], ['did you mean "ave"?']),
        (["--normalization", "gatys"], ['did you mean "gatys2016"?']),
        (["--rescale_method", "bilinaer"], ['did you mean "bilinear"?']),
        (["--style_resize", "strech"], ['did you mean "stretch"?']),
        (["--image_siz", "32"], ["unknown flag --image_siz", 'did you mean "--image_size"?']),
        (["--image-siz=32"], ["unknown flag --image_siz", 'did you mean "--image_size"?']),
        (["--enhance", "upscale:4 " * 6], ["out.png", "too large"]),
        (["--frobnicate"], ["unknown flag --frobnicate", "--help"]),
        (["--content_loss_type", "3"], ["content_loss_type must be 0, 1 or 2"]),
        (["--rescale_image", "maybe"], ["rescale_image", '"maybe"']),
        (["--image_size", "0"], ["image_size", "0"]),
        (["--image_size", "-5"], ["image_size", "-5"]),
        (["--image_size", "many"], ['--image_size must be a whole number, received "many"; see neural-style ']),
        (["--style_weight", "1,5"], ['--style_weight must be a number, received "1,5"']),
        (["--engine", "rya"], ['unknown --engine "rya": did you mean "ray"? See neural-style ']),
        (["--image_size", "1000000"], ["image_size 1000000", "choose at most"]),
        (["--image_size", "2", "--content_layer", "conv3_3"], ["image_size 2", "at least 4"]),
        (["--sizes", "64", "32"], ["sizes must grow"]),
        (["--num_iter", "0"], ["iter", "0"]),
        (["--seed", "-1"], ["seed", "-1"]),
        (["--seed", "1234567890123456789"], ["seed", "at most 2147483647", "1234567890123456789"]),
        (["--min_improvement", "nan"], ["min_improvement", "nan"]),
        (["--save_every", "-1"], ["save_every", "-1"]),
        (["--weights", "/nowhere/vgg.npz"], ["no weights file /nowhere/vgg.npz"]),
        (["--weights", "imagnet"], ['unknown weights "imagnet"']),
        (["--device", "tpu"], ['unknown device "tpu"']),
        (["--device", "gpu:99"], ['device "gpu:99"']),
        (["--style_masks", "/nowhere/m.png"], ['style mask "/nowhere/m.png" does not exist']),
        (["--style_masks", "none", "none"], ["--style_masks has 2 values for 1 styles"]),
        (["--content_mask", "/nowhere/m.png"], ['content mask "/nowhere/m.png" does not exist']),
        (["--color_mask", "m.png"], ["--color_mask needs --preserve_color"]),
        (["--preserve_color", "True", "--color_mask", "/nowhere/m.png"], ['color mask "/nowhere/m.png"']),
        (["--preserve_color", "luminanse"], ['unknown preserve_color "luminanse"', 'did you mean "luminance"']),
        (["--preserve_color", "True", "--color_when", "before"], ["luminance recolours the result only"]),
        (["--mask_normalization", "gatys"], ['did you mean "gatys2017"']),
        (["--guide_propagation", "none"], ["unknown guide_propagation"]),
    ],
    ids=" ".join,
)
def test_flags(paint: Command, tmp_path: Path, flags: list[str], parts: list[str]) -> None:
    paint(*flags).assert_refused(*parts)
    assert not list(tmp_path.glob("made/*"))


@pytest.mark.parametrize(
    ("prefix", "parts"),
    [
        ("/proc/x/out", ["/proc/x/out", "cannot be written"]),
        ("{folder}", ["is a folder", "such as"]),
        ("{folder}/new/", ["is a folder", "such as"]),
        ("{folder}/photo.png/out", ["photo.png", "is a file, not a folder"]),
        ("{folder}/" + "x" * 300, ["too long"]),
    ],
)
def test_output_that_cannot_be_written(paint: Command, tmp_path: Path, prefix: str, parts: list[str]) -> None:
    paint(prefix=prefix.format(folder=tmp_path)).assert_refused(*parts)


DOODLE = ("--style_image", "p.png", "--style_mask", "p.png", "--target_mask", "p.png", "--target_image_prefix", "o")

EMPTY = [
    ("show", "", []),
    ("rerun", "", []),
    ("samples", "", []),
    ("plan", "", ["painting.png"]),
    ("paint", "", ["painting.png", "out"]),
    ("paint", "photo.png", ["", "out"]),
    ("paint", "photo.png", ["painting.png", ""]),
    ("paint", "photo.png", ["painting.png", "out", "--weights", ""]),
    ("color_transfer", "photo.png", ["photo.png", "--output", ""]),
    ("color_transfer", "", ["photo.png"]),
    ("mask_transfer", "photo.png", ["photo.png", "", "--output", "out.png"]),
    ("reconstruct", "", ["conv1_1", "out", "--model", "mini"]),
    ("sheet", "", ["painting.png", "--vary", "seed", "1", "2"]),
    ("sheet", "photo.png", ["painting.png", "", "--vary", "seed", "1", "2"]),
    ("doodle", "--preview", ["", *DOODLE]),
    *(
        ("figure", "gatys2016-4", ["--draft", *flags])
        for flags in (["--output", ""], ["--panels", ""], ["--weights", " "], ["--input", "photo= "])
    ),
    *(
        ("network", "photo.png", ["painting.png", "out", "--model", "mini", *flags])
        for flags in (["--checkpoint", ""], ["--weights", ""], ["--weights", " "], ["--init_image", ""])
    ),
    *(
        ("network", "photo.png", ["painting.png", "out", "--model", "mini", "--weights", "random", *flags])
        for flags in (["--device", ""], ["--style_masks", ""], ["--content_mask", " "], ["--content_layer", ""])
    ),
    ("network", "photo.png", ["painting.png", "out", "--model", "mini", "--preserve_color", "pca", "--color_mask", ""]),
]


@pytest.mark.parametrize(("name", "first", "arguments"), EMPTY)
@pytest.mark.usefixtures("photo_file", "painting_file")
def test_an_empty_name(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, first: str, arguments: list[str]
) -> None:
    """A variable of the shell that is not set stands for no file, and not for the current folder."""
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    command(name, first, *arguments, *(["--quiet"] if name == "paint" else [])).assert_refused('"')
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("prefix", "parts"),
    [
        ("~/pictures/out", ['"~" is expanded by shells only: write "', "/pictures/out"]),
        ("https://example.org/out", ["is an address, and only files are read and written", "name a file"]),
        ("s3://bucket/out.jpg", ["is an address"]),
        ("out.gif", ["not written as .gif", "--gif"]),
        ("out.bmp", ["not written as .bmp", ".png"]),
        ("out.psd", ["not written as .psd"]),
        ("out.mp4", ["not written as .mp4"]),
        ("out.json", ["not written as .json", "--record"]),
    ],
)
def test_output_that_is_no_file_here_or_no_picture(
    paint: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, prefix: str, parts: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    paint(prefix=prefix).assert_refused(*parts)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("arguments", [[], ["photo.jpg"], ["photo.jpg", "out"]])
def test_no_style(command: Command, arguments: list[str]) -> None:
    command("network", *arguments).assert_refused("required", "--help")


@pytest.mark.parametrize("name", ["netwrok", "show", "rerun"])
def test_a_command_that_is_none_or_lacks_its_picture(command: Command, name: str) -> None:
    command(name).assert_refused('did you mean "network"?' if name == "netwrok" else "picture")


def test_nothing_but_the_line_reaches_the_terminal(photo_file: Path, painting_file: Path, tmp_path: Path) -> None:
    """In a process of its own: an error found after the backend has been started, by the script in the root."""
    ran = subprocess.run(
        [sys.executable, ROOT / "network.py", photo_file, painting_file, tmp_path / "out", "--weights", "none.npz"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert ran.stderr.startswith("neural-style: error: no weights file none.npz")
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["network", "inetwork", "reconstruct", "doodle"])
def test_without_weights_and_network_there_are_three_remedies(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, photo_file: Path, painting_file: Path, name: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise URLError("nobody knows that name")

    def start(*_: object) -> None:
        raise AssertionError("the backend takes seconds to start")

    monkeypatch.setattr(weights, "urlopen", refuse)
    monkeypatch.setattr(session, "start_backend", start)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    masks = ("--style_mask", painting_file, "--target_mask", photo_file, "--nlabels", 2)
    words = {
        "reconstruct": ("content", photo_file, tmp_path / "out"),
        "doodle": ("--style_image", painting_file, *masks, "--target_image_prefix", tmp_path / "out"),
    }
    ran = command(name, *words.get(name, (photo_file, painting_file, tmp_path / "out")))
    place = "home/models"  # the middle of a line of more than 300 characters is left out
    ran.assert_refused("nobody knows that name", "--model mini", place, "--weights FILE")
    assert len(ran.err) - len(place) < 300
