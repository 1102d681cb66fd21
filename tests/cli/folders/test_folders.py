"""`neural-style network photos/ painting.jpg results/`: what is painted, skipped, passed over, and refused."""

from __future__ import annotations

import io
import json
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neural_style import Network, images
from neural_style.cli import progress
from neural_style.cli.folder_files import Tally
from neural_style.errors import OutOfMemoryError
from neural_style.images import formats, reading
from neural_style.runs import memory_plan
from neural_style.runs.settings import Run
from tests.cli.folders.small import SMALLEST, Command, names, pixels, save


def test_some_of_many_are_broken(paint: Command, folders: Path) -> None:
    """13 pictures, 3 of them broken: 10 results, 3 lines, exit status 1; a second call does nothing but the 3."""
    photos, results = folders / "photos", folders / "results"
    for index in range(11):
        save(photos / f"more{index:02}.png", index)
    (photos / "more00.png").write_bytes(b"no picture")
    (photos / "more05.png").write_bytes(b"")
    (photos / "more10.png").write_bytes((photos / "more10.png").read_bytes()[:200])
    ran = paint()
    assert ran.status == 1
    assert ran.out == f"{results}: 10 painted, 3 failed\n"
    broken = re.findall(r"^neural-style: error: .*(more\d\d\.png)", ran.err, flags=re.MULTILINE)
    assert broken == ["more00.png", "more05.png", "more10.png"]
    assert "Traceback" not in ran.err
    assert names(results) == sorted(set(names(photos)) - set(broken))
    before = {path: path.stat().st_mtime_ns for path in results.glob("*.png")}
    ran = paint("--quiet")
    assert (ran.status, ran.out) == (1, "")
    assert [line.startswith("neural-style: error: ") for line in ran.err.splitlines()] == [True] * 3
    assert {path: path.stat().st_mtime_ns for path in results.glob("*.png")} == before


def test_pictures_that_one_file_costs_are_counted_and_the_file_is_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A photo that fails with three paintings."""
    tally = Tally(made=1)
    for error in ("no memory", "no memory", "no room"):
        tally.fail(tmp_path / "a.png", error)
    assert tally.report(tmp_path, interrupted=False, quiet=False) == 1
    assert capsys.readouterr().out == f"{tmp_path}: 1 painted, 3 failed because of 1 file (failed.json)\n"
    failed = json.loads((tmp_path / "failed.json").read_text())["failed"]
    assert failed == {str(tmp_path / "a.png"): "no memory; no room"}


def test_a_picture_is_the_one_that_is_painted_alone(paint: Command, command: Command, folders: Path) -> None:
    """Apart from the pictures beside it nothing is different, and `rerun` makes it again from its record."""
    assert paint("--quiet") == (0, "", "")
    alone = paint("--quiet", content="photos/b.png", to="alone")
    assert alone.status == 0
    assert command("rerun", folders / "results" / "b.png", "--quiet").status == 0
    for other in (folders / "alone.png", folders / "results" / "b_rerun.png"):
        assert np.abs(pixels(other) - pixels(folders / "results" / "b.png")).mean() < 0.5
    record = json.loads(command("show", folders / "results" / "b.png", "--json").out)
    assert record["content"]["image"] == str(folders / "photos" / "b.png")
    assert [style["image"] for style in record["styles"]] == [str(folders / "style.png")]


@pytest.mark.filterwarnings("default")
def test_which_files_are_pictures_and_what_they_become(paint: Command, folders: Path) -> None:
    """Files without an ending of a picture are named in one line; hidden files and folders are not."""
    photos = folders / "photos"
    save(photos / "b.JPG")
    save(photos / "c.bmp")
    save(photos / ".hidden.png")
    (photos / "within.png").mkdir()
    for name in ("notes.txt", "x.psd", "y", "z.zip"):
        (photos / name).write_text("none")
    ran = paint("--quiet")
    assert ran.status == 0
    assert names(folders / "results") == ["a.png", "b.JPG.png", "b.png.png", "c.png"]
    assert ran.err == (
        f"neural-style: warning: {photos}: skipped without an ending of a picture: notes.txt, x.psd, y and 1 more\n"
    )


@pytest.mark.parametrize(("ending", "kind"), [("jfif", "JPEG"), ("JPE", "JPEG"), ("mpo", "MPO"), ("ppm", "PPM")])
def test_rarer_endings_are_pictures(command: Command, folders: Path, ending: str, kind: str) -> None:
    for path in (folders / "photos").iterdir():
        with Image.open(path) as image:
            image.save(path.with_suffix(f".{ending}"), kind)
        path.unlink()
    ran = command("network", folders / "photos", folders / "style.png", folders / "results", *SMALLEST, "--quiet")
    assert (ran.status, ran.err) == (0, "")
    assert names(folders / "results") == ["a.png", "b.png"]


def test_styles_beside_each_other_are_blended(paint: Command, command: Command, folders: Path) -> None:
    assert paint(styles=("style.png", "paintings/x.png")).status == 0
    assert names(folders / "results") == ["a.png", "b.png"]
    record = json.loads(command("show", folders / "results" / "a.png", "--json").out)
    assert len(record["styles"]) == 2


@pytest.mark.parametrize(
    ("content", "flags", "made"),
    [
        ("photos", [], ["a_a.png", "a_x.png", "b_a.png", "b_x.png"]),
        ("photos/a.png", ["--style_weight", "0.5"], ["a_a.png", "a_x.png"]),
        ("photos/a.png", ["--save_every", "1", "--record"], ["a_a.json", "a_a.png", "a_a_at_iteration_1.png"]),
    ],
)
def test_a_folder_of_paintings(
    paint: Command, command: Command, folders: Path, content: str, flags: list[str], made: list[str]
) -> None:
    assert paint(*flags, content=content, styles=("paintings",)).status == 0
    assert set(made) <= set(names(folders / "results"))
    assert len(names(folders / "results")) == len(made) * (2 if "--record" in flags else 1)
    record = json.loads(command("show", folders / "results" / "a_a.png", "--json").out)
    assert [(style["image"], style["weight"]) for style in record["styles"]] == [
        (str(folders / "paintings" / "a.png"), 0.5 if "--style_weight" in flags else 1.0)
    ]


def test_a_broken_painting_of_a_folder_is_told_once(paint: Command, folders: Path) -> None:
    (folders / "paintings" / "a.png").write_bytes(b"no picture")
    ran = paint("--quiet", styles=("paintings",))
    assert ran.status == 1
    assert ran.err.count("\n") == 1
    assert str(folders / "paintings" / "a.png") in ran.err
    assert names(folders / "results") == ["a_x.png", "b_x.png"]


def test_pairs(paint: Command, folders: Path) -> None:
    ran = paint("--pairs", styles=("paintings",))
    assert ran.status == 1
    assert names(folders / "results") == ["a.png"]
    lines = [line for line in ran.err.splitlines() if "error" in line]
    assert lines == [
        f"neural-style: error: {folders / 'photos' / 'b.png'} has no painting of its name in {folders / 'paintings'}"
    ]
    save(folders / "paintings" / "b.png")
    save(folders / "paintings" / "b.jpg")
    assert "several paintings of its name, b.jpg and b.png" in paint("--pairs", styles=("paintings",)).err
    (folders / "paintings" / "b.jpg").unlink()
    ran = paint("--pairs", styles=("paintings",))
    assert ran.status == 0
    assert ran.out.endswith("1 painted, 1 skipped that exist already (--overwrite paints them again)\n")


def test_what_is_there_is_replaced_only_when_told_to(paint: Command, folders: Path) -> None:
    (folders / "results").mkdir()
    (folders / "results" / "a.png").write_bytes(b"mine")
    assert paint("--quiet").status == 0
    assert (folders / "results" / "a.png").read_bytes() == b"mine"
    assert paint("--quiet", "--overwrite").status == 0
    assert pixels(folders / "results" / "a.png").shape == (16, 16, 3)


@pytest.mark.usefixtures("idle")
def test_a_call_with_nothing_to_do(paint: Command, folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.png", "b.png"):
        save(folders / "results" / name)
    monkeypatch.setattr("neural_style.cli.folder.start_backend", None)
    ran = paint()
    assert (ran.status, ran.err) == (0, "")
    assert "0 painted, 2 skipped" in ran.out


@pytest.mark.filterwarnings("default")
def test_masks_are_those_of_every_photo(paint: Command, command: Command, folders: Path) -> None:
    Image.fromarray(np.tri(30, dtype=np.uint8) * 255).save(folders / "mask.png")
    flags = ["--style_masks", folders / "mask.png", "--preserve_color", "pca", "--color_mask", folders / "mask.png"]
    ran = paint("--quiet", *flags)
    assert (ran.status, ran.out) == (0, "")
    stretched = [
        line
        for line in ran.err.splitlines()
        if line.endswith("30 x 30 and the content 16 x 20: the color mask is stretched to that shape")
    ]
    assert len(stretched) == 1  # of the two photos, one is a square as the mask
    assert "b.png" in stretched[0]
    assert len(ran.err.splitlines()) == 2
    for name in ("a.png", "b.png"):
        record = json.loads(command("show", folders / "results" / name, "--json").out)
        assert record["styles"][0]["mask"]["image"] == str(folders / "mask.png")
        assert record["content"]["color_mask"]["image"] == str(folders / "mask.png")


def test_styles_are_read_once(paint: Command, folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    whole = formats.open_image

    def spy(file: io.BufferedReader) -> Image.Image:
        opened.append(Path(file.name).name)
        return whole(file)

    monkeypatch.setattr(reading, "open_image", spy)
    assert paint("--quiet").status == 0
    assert opened.count("style.png") == 1
    assert paint("--quiet", styles=("paintings",), to="more").status == 0
    assert opened.count("x.png") == 1


def test_a_photo_that_is_too_narrow_is_passed_over(paint: Command, folders: Path) -> None:
    Image.fromarray(np.full((400, 8, 3), 99, np.uint8)).save(folders / "photos" / "a.png")
    ran = paint("--quiet")
    assert ran.status == 1
    assert ran.err.count("\n") == 1
    assert str(folders / "photos" / "a.png") in ran.err
    assert names(folders / "results") == ["b.png"]


@pytest.mark.filterwarnings("always")
def test_what_has_room_for_portraits_only(paint: Command, folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is that of each photo: no other shape is tried, warned of, or refused."""
    technique = Network(model="mini", weights="random", content_layer="conv1_1", style_layers=("conv1_1",))
    run = Run(image_size=16)
    portrait, square = (
        memory_plan.estimates(technique.extractor_spec, images.read(np.zeros((40, columns, 3), np.uint8)), (), run)[
            0
        ].bytes
        for columns in (20, 40)
    )
    monkeypatch.setattr(memory_plan, "free_memory", lambda: int((portrait + square) / 2 / memory_plan.RESERVE))
    for name in ("a.png", "b.png"):
        Image.fromarray(np.full((40, 20, 3), 99, np.uint8)).save(folders / "photos" / name)
    Image.fromarray(np.full((10, 10, 3), 99, np.uint8)).save(folders / "style.png")
    assert paint("--quiet") == (0, "", "")
    Image.fromarray(np.full((40, 40, 3), 99, np.uint8)).save(folders / "photos" / "b.png")
    ran = paint("--quiet", "--overwrite")
    assert ran.status == 1
    assert ran.err.count("\n") == 1
    assert "b.png: 16 x 16 pixels need" in ran.err


@pytest.mark.filterwarnings("always")
def test_errors_and_warnings_name_the_photo(paint: Command, folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Network.transfer

    def transfer(self: Network, content: Any, *arguments: Any, **settings: Any) -> Any:
        if content.content.picture.name.endswith("a.png"):
            raise OutOfMemoryError("no memory left")
        warnings.warn("the solver has lost its way", stacklevel=1)
        return whole(self, content, *arguments, **settings)

    monkeypatch.setattr(Network, "transfer", transfer)
    ran = paint("--quiet")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.splitlines() == [
        f"neural-style: error: {folders / 'photos' / 'a.png'}: no memory left",
        f"neural-style: warning: {folders / 'photos' / 'b.png'}: the solver has lost its way",
    ]


def test_one_bar_for_all(paint: Command, folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int, str]] = []
    whole = progress.Bar.advance

    def advance(self: progress.Bar, evaluations: int, loss: float) -> None:
        whole(self, evaluations, loss)
        seen.append((self._bar.n, self._bar.total, self._bar.desc.split(",")[0]))

    monkeypatch.setattr(progress.Bar, "advance", advance)
    (folders / "photos" / "aa.png").write_bytes(b"no picture")
    paint()
    expected = [(n, 60, "a") for n in range(1, 21)] + [(n, 60, "b") for n in range(41, 61)]
    assert seen == expected
