"""`neural-style apply`, `paint --fast` and `sheet --fast`: photos, folders, frames; what is refused."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neural_style import Style
from neural_style.feedforward import Painter
from neural_style.runs import records

Command = Callable[..., Any]

SHAPES = [(16, 16), (16, 20), (20, 16), (9, 11), (32, 24), (8, 30), (17, 33)]


def save(path: Path, seed: int) -> None:
    path.parent.mkdir(exist_ok=True)
    rows, columns = SHAPES[seed % len(SHAPES)]
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (rows, columns, 3), np.uint8)).save(path)


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the batches; a negative is painted in each."""
    found: list[int] = []

    def painted(_: Painter, photos: list[np.ndarray], *__: object) -> list[np.ndarray]:
        found.append(len(photos))
        return [255 - photo for photo in photos]

    monkeypatch.setattr(Painter, "_painted", painted)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With photos/, empty, and style.png."""
    (tmp_path / "photos").mkdir()
    save(tmp_path / "style.png", 99)
    return tmp_path


@pytest.fixture
def apply(command: Command, folder: Path) -> Command:
    """Paint photos/ into results/ in the style of style.png."""

    def run(*flags: object, photo: str = "photos", to: str = "results") -> Any:
        return command("apply", "embedded", folder / photo, folder / to, "--style", folder / "style.png", *flags)

    return run


def test_a_hundred_pictures_of_seven_sizes_of_which_three_are_broken(
    apply: Command, folder: Path, batches: list[int]
) -> None:
    for index in range(100):
        save(folder / "photos" / f"{index:03}.png", index)
    for index in (3, 50, 98):
        (folder / "photos" / f"{index:03}.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    ran = apply()
    assert ran.status == 1
    assert [name in ran.err for name in ("003.png", "050.png", "098.png", "004.png")] == [True, True, True, False]
    assert ran.out.endswith("results: 97 painted, 3 failed\n")
    results = sorted((folder / "results").glob("*.png"))
    assert len(results) == 97
    for result in results:
        photo = np.asarray(Image.open(folder / "photos" / result.name))
        np.testing.assert_array_equal(np.asarray(Image.open(result)), 255 - photo)
    assert max(batches) == 4
    assert len(batches) < 97 / 4 + 2 * 7
    batches.clear()
    assert "0 painted, 97 skipped" in apply().out
    assert batches == []


def test_finished_results_are_skipped(apply: Command, folder: Path, batches: list[int]) -> None:
    for index in range(3):
        save(folder / "photos" / f"{index}.png", 0)
    apply("--batch_size", 2)
    (folder / "results" / "1.png").unlink()
    assert batches == [2, 1]
    assert apply().status == 0
    assert batches == [2, 1, 1]
    assert apply("--overwrite", "--quiet").out == ""
    assert batches == [2, 1, 1, 3]


def test_files_that_differ_only_in_their_ending_keep_it(apply: Command, folder: Path, batches: list[int]) -> None:
    save(folder / "photos" / "a.png", 0)
    Image.new("RGB", (16, 16)).save(folder / "photos" / "a.jpg")
    apply()
    assert sorted(path.name for path in (folder / "results").iterdir()) == ["a.jpg.png", "a.png.png"]


def test_large_photos_are_painted_alone(
    apply: Command, folder: Path, batches: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    from neural_style.cli import fast_folder

    for index in range(4):
        save(folder / "photos" / f"{index}.png", 0)
    monkeypatch.setattr(fast_folder, "BATCH_PIXELS", 300)
    apply()
    assert batches == [1, 1, 1, 1]


def test_photos_do_not_wait_without_bound(
    apply: Command, folder: Path, batches: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    from neural_style.cli import fast_folder

    for index in range(7):
        save(folder / "photos" / f"{index}.png", index)
    monkeypatch.setattr(fast_folder, "WAITING_PIXELS", 0)
    assert apply().status == 0
    assert batches == [1] * 7


def test_an_interrupted_folder_keeps_what_is_finished(
    apply: Command, folder: Path, batches: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    for index in range(3):
        save(folder / "photos" / f"{index}.png", index)
    apply()
    (folder / "results" / "2.png").unlink()
    monkeypatch.setattr(Painter, "_painted", interrupt)
    ran = apply()
    assert ran.status == 130
    assert "rerun the command" in ran.err
    assert len(list((folder / "results").iterdir())) == 2


def test_one_photo_is_painted_by_the_embedded_network(apply: Command, folder: Path) -> None:
    save(folder / "photo.png", 6)
    ran = apply("--strength", 0.8, "--image_size", 34, photo="photo.png", to="out")
    assert ran.status == 0
    assert ran.out == f"wrote {folder / 'out.png'}\n"
    assert np.asarray(Image.open(folder / "out.png")).shape == (34, 66, 3)
    record = records.read(folder / "out.png")
    assert record["run"] == {
        "strength": 0.8,
        "preserve_color": "none",
        "size": 34,
        "tile": None,
        "seed": 0,
        "rounds": None,
    }


def test_wrong_input_is_refused(command: Command, apply: Command, folder: Path, batches: list[int]) -> None:
    save(folder / "photo.png", 0)
    photo, out = folder / "photo.png", folder / "out.png"
    command("apply", "embedded", photo, out).assert_refused("--style")
    command("apply", folder / "none.keras", photo, out).assert_refused("none.keras", "embedded")
    apply("--strength", 2, photo="photo.png", to="out.png").assert_refused("strength")
    apply("--style_weight", 1, 2, photo="photo.png", to="out.png").assert_refused("2 values for 1 styles")
    apply("--batch_size", 0).assert_refused("batch_size")
    apply(photo="photo.png", to="photo.png").assert_refused("is one of the inputs")
    apply().assert_refused("no picture in the folder")
    save(folder / "photos" / "a.png", 0)
    apply(to="style.png").assert_refused("is a file")
    assert batches == []


def test_a_picture_is_painted_again_from_its_record(command: Command, apply: Command, folder: Path) -> None:
    save(folder / "photo.png", 6)
    apply("--seed", 3, photo="photo.png", to="out.png")
    shown = command("show", folder / "out.png").out
    assert "fast by neural_style" in shown
    assert "none: the settings of fast are not spelled as flags: neural-style rerun makes" in shown
    assert command("rerun", folder / "out.png").out == f"wrote {folder / 'out_rerun.png'}\n"
    first, second = (np.asarray(Image.open(folder / name)) for name in ("out.png", "out_rerun.png"))
    np.testing.assert_array_equal(first, second)
    record = records.read(folder / "out.png")
    for edit, words in (
        ({"settings": {"model": 7}}, "settings model must be a text"),
        ({"settings": {"model": "embedded", "tiles": 2}}, "has no setting 'tiles'"),
        ({"styles": [{"name": "wave", "weight": "1"}]}, "weight must be a finite number"),
        ({"styles": [{**record["styles"][0], "scale": "1"}]}, "scale must be a finite number"),
        ({"content": {**record["content"], "frame": "first"}}, "content frame must be"),
        ({"run": {**record["run"], "seed": 1.5}}, "run seed must be a whole number"),
    ):
        (folder / "edited.json").write_text(json.dumps(record | edit), encoding="utf-8")
        command("rerun", folder / "edited.json").assert_refused("of another version, or was edited", words)


def test_paint_fast_paints_a_photo_or_a_folder(command: Command, folder: Path, batches: list[int]) -> None:
    save(folder / "photos" / "a.png", 6)
    flags = (folder / "style.png", folder / "out", "--fast", "--image_size", 34)
    assert command("paint", folder / "photos" / "a.png", *flags).out == f"wrote {folder / 'out.png'}\n"
    assert np.asarray(Image.open(folder / "out.png")).shape == (34, 66, 3)
    assert command("paint", folder / "photos", *flags).out.endswith("out: 1 painted\n")
    assert (folder / "out" / "a.png").is_file()
    command("paint", folder / "photos", *flags, "--strength", 3).assert_refused("from 0 to 1")
    assert batches == [1, 1]


@pytest.mark.parametrize(
    "flag",
    [
        ("--checkpoint", "c"),
        ("--model", "mini"),
        ("--weights", "random"),
        ("--num_iter", 3),
        ("--record",),
        ("--save_every", 1),
        ("--soft_masks",),
        ("--color_when", "before"),
    ],
    ids=lambda flag: flag[0][2:],
)
def test_paint_fast_refuses_a_flag_without_effect(command: Command, folder: Path, flag: tuple[object, ...]) -> None:
    refused = command("paint", folder / "photo.png", folder / "style.png", folder / "out", "--fast", *flag)
    refused.assert_refused(f"{flag[0]} has no effect with --fast")


def test_paint_fast_has_tiles(command: Command, folder: Path, batches: list[int]) -> None:
    save(folder / "photo.png", 0)
    command("paint", folder / "photo.png", folder / "style.png", folder / "out", "--fast", "--tile", 64)
    assert records.read(folder / "out.png")["run"]["tile"] == 64


def test_sheet_fast_has_the_pictures_of_the_network(
    command: Command, photo_file: Path, painting_file: Path, tmp_path: Path
) -> None:
    """Its commands are those of an optimisation, whose weights need not be there."""
    flags = ("--fast", "--rows", 32, "--model", "vgg16", "--vary", "stroke_scale", 1, 2)
    ran = command("sheet", photo_file, painting_file, tmp_path / "s.png", *flags)
    assert ran.status == 0, ran.err
    assert ran.out.count(": neural-style network ") == 2
    sheet, painter = np.asarray(Image.open(tmp_path / "s.png")), Painter()
    for cell, scale in zip(records.read(tmp_path / "s.png")["cells"], (1, 2), strict=True):
        wanted = painter.paint(str(photo_file), painter.style(Style(painting_file, scale=scale)), size=32).image
        top, left = cell["place"]
        np.testing.assert_array_equal(sheet[top : top + 32, left : left + wanted.shape[1]], wanted)
        assert set(cell["metrics"]) == {"content", "gram", "gram/2", "gram/4", "ssim", "tv", "clipped"}
        assert "loss" not in cell


@pytest.mark.parametrize("several", [False, True], ids=["photo", "folder"])
@pytest.mark.parametrize("name", ["apply", "paint"])
def test_a_frame_is_chosen(command: Command, folder: Path, batches: list[int], name: str, several: bool) -> None:
    """Of photo and painting; the network here makes a negative."""
    grey = [Image.new("RGB", (16, 16), (value,) * 3) for value in (0, 90, 200)]
    for path in (folder / "photos" / "a.tif", folder / "style.tif"):
        grey[0].save(path, save_all=True, append_images=grey[1:])
    photo, style = folder / "photos" / ("" if several else "a.tif"), folder / "style.tif"
    words = ("embedded", photo, folder / "out", "--style", style)
    ran = command(name, *(words if name == "apply" else (photo, style, folder / "out", "--fast")), "--frame", 2)
    assert ran.status == 0, ran.err
    result = folder / "out" / "a.png" if several else folder / "out.png"
    assert np.unique(np.asarray(Image.open(result))).tolist() == [255 - 90]
    record = records.read(result)
    assert [record["content"]["frame"], record["styles"][0]["frame"]] == [2, 2]


@pytest.mark.skipif(sys.platform == "win32", reason="leftovers are not recognised without file locks")
def test_what_a_killed_command_left_in_the_folder_is_deleted(apply: Command, folder: Path, batches: list[int]) -> None:
    save(folder / "photos" / "a.png", 0)
    (folder / "results").mkdir()
    (folder / "results" / f".{'a' * 16}.{'b' * 16}.part").touch()
    apply()
    assert [path.name for path in (folder / "results").iterdir()] == ["a.png"]
