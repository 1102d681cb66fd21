"""`color_transfer` and `mask_transfer` on the command line: names, flags, files read back, and refusals."""

from __future__ import annotations

import runpy
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from neural_style import transfer_color, transfer_mask
from neural_style.cli import main

ROOT = Path(__file__).resolve().parents[2]

Command = Callable[..., Any]


def read(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image)


@pytest.fixture
def files(golden: Mapping[str, np.ndarray], tmp_path: Path) -> Path:
    """content.png, made.out.png and mask.png of the golden file, in a folder."""
    Image.fromarray(golden["ct_content_u8"]).save(tmp_path / "content.png")
    Image.fromarray(golden["ct_generated_u8"]).save(tmp_path / "made.out.png")
    Image.fromarray(golden["ct_mask01"].astype(np.uint8) * 255).save(tmp_path / "mask.png")
    return tmp_path


@pytest.mark.parametrize(
    ("flags", "name", "key"),
    [
        ([], "made.out_original_color.png", "ct_ycbcr_out"),
        (["--hist_match", "0"], "made.out_original_color.png", "ct_ycbcr_out"),
        (["--mask", "mask.png"], "made.out_original_color.png", "ct_ycbcr_masked_out"),
        (["--masks", "mask.png"], "made.out_original_color.png", "ct_ycbcr_masked_out"),
        (["--hist_match", "1"], "made.out_histogram_color.png", "ct_hist_out"),
        (["--method", "histogram"], "made.out_histogram_color.png", "ct_hist_out"),
    ],
)
def test_color_transfer_writes_the_reference_s_file(
    command: Command,
    files: Path,
    golden: Mapping[str, np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
    flags: list[str],
    name: str,
    key: str,
) -> None:
    monkeypatch.chdir(files)
    before = {path.name: path.read_bytes() for path in files.iterdir()}
    ran = command("color_transfer", "content.png", "made.out.png", *flags)
    assert (ran.status, ran.out, ran.err) == (0, f"wrote {name}\n", "")
    np.testing.assert_array_equal(read(files / name), golden[key])
    assert {path.name: path.read_bytes() for path in files.iterdir() if path.name != name} == before


@pytest.mark.parametrize("method", ["cholesky", "pca", "monge_kantorovich"])
def test_the_linear_maps_have_names_of_their_own(command: Command, files: Path, method: str) -> None:
    assert command("color-transfer", files / "content.png", files / "made.out.png", "--method", method).status == 0
    expected = transfer_color(files / "content.png", files / "made.out.png", method=method)
    np.testing.assert_array_equal(read(files / f"made.out_{method}_color.png"), expected)


def test_transparent_pictures_stay_as_they_are(command: Command, tmp_path: Path) -> None:
    """A logo in its own colours, and pasted into itself."""
    alpha = np.tile(np.linspace(0, 255, 30).astype(np.uint8), (20, 1))
    logo = np.dstack([np.full((20, 30, 3), (30, 20, 60), np.uint8), alpha])
    logo[alpha == 0] = 0
    Image.fromarray(logo).save(tmp_path / "logo.png")
    Image.fromarray(np.eye(20, 30, dtype=bool)).save(tmp_path / "mask.png")
    files = tmp_path / "logo.png", tmp_path / "logo.png"
    assert command("color_transfer", *files, "--method", "pca", "--output", tmp_path / "a.png").status == 0
    assert command("mask_transfer", *files, tmp_path / "mask.png", "--output", tmp_path / "b.png").status == 0
    for name in ("a.png", "b.png"):
        found = read(tmp_path / name).astype(int)
        np.testing.assert_array_equal(found[..., 3], alpha)
        assert np.abs(found - logo)[alpha > 0].max() <= 1


def test_a_frame_of_either_picture_is_chosen(command: Command, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (12, 9), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    Image.new("RGB", (12, 9), "white").save(tmp_path / "b.png")
    flags = "--method", "pca", "--frame", "2", "--output", tmp_path / "out.png"
    ran = command("color_transfer", tmp_path / "a.gif", tmp_path / "b.png", *flags)
    assert (ran.status, ran.err) == (0, "")
    assert (read(tmp_path / "out.png") == (0, 0, 255)).all()


def test_mask_transfer_writes_the_reference_s_file(
    command: Command, files: Path, golden: Mapping[str, np.ndarray]
) -> None:
    paths = files / "content.png", files / "made.out.png", files / "mask.png"
    ran = command("mask_transfer", *paths)
    assert (ran.status, ran.err) == (0, "")
    np.testing.assert_array_equal(read(files / "made.out_masked.png"), golden["mt_out"])
    assert command("mask-transfer", *paths, "--feather", "2.5", "--output", files / "new" / "soft.tif").status == 0
    np.testing.assert_array_equal(read(files / "new" / "soft.tif"), transfer_mask(*paths, feather=2.5))


def test_transparency_of_the_picture_is_kept(command: Command, files: Path) -> None:
    rgba = np.dstack([read(files / "made.out.png"), np.full((10, 14), 255, np.uint8)])
    rgba[:4, :, 3] = 0
    Image.fromarray(rgba).save(files / "cut.png")
    assert command("color_transfer", files / "content.png", files / "cut.png").status == 0
    np.testing.assert_array_equal(read(files / "cut_original_color.png")[..., 3], rgba[..., 3])
    assert command("mask_transfer", files / "content.png", files / "cut.png", files / "mask.png").status == 0
    np.testing.assert_array_equal(read(files / "cut_masked.png")[..., 3], rgba[..., 3])


@pytest.mark.parametrize("name", ["color_transfer", "mask_transfer"])
def test_a_file_that_exists_is_replaced_only_when_told(command: Command, files: Path, name: str) -> None:
    arguments = [name, files / "content.png", files / "made.out.png"]
    arguments += [files / "mask.png"] if name == "mask_transfer" else []
    arguments += ["--output", files / "out.png"]
    assert command(*arguments).status == 0
    (files / "out.png").write_bytes(b"kept")
    command(*arguments).assert_refused("out.png", "exists", "--overwrite")
    assert (files / "out.png").read_bytes() == b"kept"
    assert command(*arguments, "--overwrite").status == 0
    assert read(files / "out.png").shape == (10, 14, 3)


@pytest.mark.parametrize("name", ["color_transfer", "mask_transfer"])
@pytest.mark.parametrize("target", ["content.png", "made.out.png", "mask.png"])
def test_an_input_is_never_overwritten(command: Command, files: Path, name: str, target: str) -> None:
    before = (files / target).read_bytes()
    arguments = [name, files / "content.png", files / "made.out.png"]
    arguments += [files / "mask.png"] if name == "mask_transfer" else ["--mask", files / "mask.png"]
    output = files / ".." / files.name / target
    command(*arguments, "--output", output, "--overwrite").assert_refused("is one of the inputs", "choose another name")
    assert (files / target).read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["color_transfer", "content.png", "none.png"], ['generated "none.png" does not exist']),
        (["color_transfer", "none.png", "made.out.png"], ['content "none.png" does not exist']),
        (["color_transfer", "loop.png", "made.out.png"], ['content "loop.png" cannot be opened: Too many levels']),
        (["color_transfer", "content.png"], ["generated", "--help"]),
        (["color_transfer", "content.png", "made.out.png", "--method", "chol"], ['"chol"', "cholesky"]),
        (["color_transfer", "content.png", "made.out.png", "--hist_match", "2"], ['"2" is neither']),
        (
            ["color_transfer", "content.png", "made.out.png", "--hist_match", "1", "--method", "pca"],
            ["--hist_match 1 is --method histogram", "leave one out"],
        ),
        (["color_transfer", "content.png", "made.out.png", "--mask", "black.png"], ['mask "black.png" is all black']),
        (["color_transfer", "content.png", "made.out.png", "--hist"], ["unknown flag --hist", "--hist_match"]),
        (["color_transfer", "content.png", "made.out.png", "--output", "out.bmp"], ["unknown suffix", ".bmp"]),
        (["mask_transfer", "content.png", "made.out.png", "black.png"], ['mask "black.png" is all black']),
        (["mask_transfer", "content.png", "made.out.png"], ["mask", "--help"]),
        (["mask_transfer", "content.png", "made.out.png", "mask.png", "--feather", "-1"], ["feather", "at least 0"]),
        (["mask_transfer", "content.png", "text.png", "mask.png"], ['generated "text.png" is not a picture']),
        (["colour_transfer"], ['did you mean "color_transfer"']),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    command: Command, files: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], parts: list[str]
) -> None:
    monkeypatch.chdir(files)
    Image.fromarray(np.full((9, 9), 100, np.uint8)).save("black.png")
    Path("text.png").write_text("no picture")
    Path("loop.png").symlink_to("loop.png")
    before = sorted(files.iterdir())
    command(*arguments).assert_refused(*parts)
    assert sorted(files.iterdir()) == before


@pytest.mark.parametrize(
    ("script", "flags"),
    [
        ("color_transfer.py", ["content", "generated", "--mask", "--hist_match", "--method", "--output"]),
        ("mask_transfer.py", ["content", "generated", "mask", "--feather", "--output"]),
        ("network.py", ["content", "style", "prefix", "--image_size", "--style_weight", "--content_weight"]),
        ("inetwork.py", ["content", "style", "prefix", "--image_size", "--style_weight", "--content_weight"]),
        ("neural_doodle.py", ["--nlabels", "--img_size", "--tv_weight"]),
        ("improved_neural_doodle.py", ["--nlabels", "--img_size", "--tv_weight"]),
        ("doodle.py", ["--nlabels", "--style_image", "--style_mask", "--target_mask", "--target_image_prefix"]),
    ],
)
def test_the_scripts_show_the_reference_s_flags(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], script: str, flags: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [script, "--help"])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(ROOT / script), run_name="__main__")
    assert not end.value.code
    out, err = capsys.readouterr()
    assert err == ""
    for flag in flags:
        assert flag in out


def test_neither_command_starts_a_backend(files: Path) -> None:
    code = (
        "import sys; from neural_style.cli import main; pictures = sys.argv[1:3]; "
        "print(main(['color_transfer', *pictures, '--hist_match', '1']), main(['mask_transfer', *sys.argv[1:]]), "
        "sorted({'keras', 'tensorflow', 'jax', 'h5py'} & set(sys.modules)))"
    )
    paths = [files / name for name in ("content.png", "made.out.png", "mask.png")]
    ran = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "0 0 []"


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = (
        "import sys, neural_style; "
        "print(sorted({'keras', 'tensorflow', 'jax', 'scipy', 'skimage', 'h5py', 'tifffile'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


@pytest.mark.parametrize("command", ["color_transfer", "mask_transfer"])
def test_sixteen_bits_stay_sixteen_bits(tmp_path, command):
    """A slope finer than 8 bits can show, in and out."""
    slope = np.linspace(20_000, 21_000, 40 * 48).reshape(40, 48)
    for name in ("content", "generated"):
        tifffile.imwrite(tmp_path / f"{name}.tif", np.stack([slope] * 3, -1).astype(np.uint16), photometric="rgb")
    Image.new("L", (48, 40), 255).save(tmp_path / "mask.png")
    masks = [str(tmp_path / "mask.png")] if command == "mask_transfer" else []
    assert main([command, str(tmp_path / "content.tif"), str(tmp_path / "generated.tif"), *masks]) == 0
    ending = "_masked.tif" if masks else "_original_color.tif"
    written = tifffile.imread(tmp_path / f"generated{ending}")
    assert written.dtype == np.uint16
    np.testing.assert_allclose(written[..., 0], slope, atol=2)
    assert len(np.unique(written)) > 900


def test_an_empty_method_is_refused(command: Callable[..., Any], photo_file: Path, tmp_path: Path) -> None:
    command("color_transfer", photo_file, photo_file, "--method", "", "--output", tmp_path / "a.png").assert_refused(
        "method"
    )
