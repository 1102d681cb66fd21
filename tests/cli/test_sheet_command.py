"""`neural-style sheet`: where its pictures are, the commands that it prints, what it refuses, and Ctrl-C."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neural_style import INetwork, Network
from neural_style.cli.commands import network
from neural_style.cli.commands import sheet as sheet_command
from neural_style.cli.commands.inetwork import chosen_technique
from neural_style.cli.progress import Bar
from neural_style.cli.sheets.combinations import Combination
from neural_style.engines.local import Local
from neural_style.errors import OutOfMemoryError
from neural_style.images import grid
from tests.conftest import SMALL

Command = Callable[..., Any]

LOOK = SMALL[: SMALL.index("--image_size")]
ROWS = 32
UNCHAINED = ("--technique", "inetwork", "--variant", "titu1994", "--chain", False)


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def cut(sheet: np.ndarray, place: list[int], size: tuple[int, ...]) -> np.ndarray:
    top, left = place
    return sheet[top : top + size[0], left : left + size[1]]


def commands(printed: str) -> dict[str, list[str]]:
    """The words of each printed command by the name of its cell."""
    lines = [line.split(": neural-style ") for line in printed.splitlines() if ": neural-style " in line]
    return {name: shlex.split(rest) for name, rest in lines}


@pytest.fixture
def sheet(command: Command, photo_file: Path, painting_file: Path, tmp_path: Path) -> Command:
    """Run `neural-style sheet` in the smallest size, into <tmp_path>/made/s.png."""

    def run(*arguments: object, small: bool = True) -> Any:
        size = ("--rows", ROWS, "--num_iter", 1) if small else ()
        return command("sheet", photo_file, painting_file, tmp_path / "made" / "s.png", *LOOK, *size, *arguments)

    return run


@pytest.fixture
def cells(monkeypatch: pytest.MonkeyPatch) -> list[Combination]:
    """Nothing is painted: the cells in the order in which they would be."""
    found: list[Combination] = []
    monkeypatch.setattr(sheet_command, "paint_all", lambda in_order, *_: found.extend(in_order))
    return found


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return tmp_path / "made"


@pytest.fixture
def record(made: Path) -> Callable[[], dict[str, Any]]:
    return lambda: json.loads((made / "s.json").read_text())


def test_each_cell_is_the_picture_of_its_command(sheet: Command, command: Command, made: Path, record: Any) -> None:
    """Painted by the printed command in the sheet's size, it is what is seen at the cell's place."""
    ran = sheet("--vary", "style_weight", 0.1, 10, "--vary", "content_layer", "conv1_2", "conv2_1")
    assert ran.status == 0
    printed = commands(ran.out)
    assert list(printed) == ["0.1 x conv1_2", "0.1 x conv2_1", "10 x conv1_2", "10 x conv2_1"]
    whole, cells = pixels(made / "s.png"), record()["cells"]
    tops, lefts = zip(*(cell["place"] for cell in cells), strict=True)
    assert tops[0] == tops[1] < tops[2] == tops[3]
    assert lefts[0] == lefts[2] < lefts[1] == lefts[3]
    pictures = []
    for words, cell in zip(printed.values(), cells, strict=True):
        assert shlex.split(cell["command"])[1:] == words
        assert command(*words, "--image_size", ROWS, "--quiet").status == 0
        prefix = next(word for word in words if Path(word).parent == made)
        pictures.append(pixels(Path(f"{prefix}.png")))
        assert np.abs(cut(whole, cell["place"], pictures[-1].shape).astype(int) - pictures[-1]).mean() < 0.5
        assert cell["loss"] == pytest.approx(sum(cell["losses"].values()), rel=1e-4)
        assert set(cell["metrics"]) == {"content", "gram", "gram/2", "gram/4", "ssim", "tv", "clipped"}
        assert cell["seconds"] > 0
    assert np.abs(pictures[0].astype(int) - pictures[2]).mean() > 1  # or else the comparison above says nothing


def test_the_numbers_below_a_cell_are_the_terms_of_its_loss(sheet: Command, record: Any) -> None:
    """In relative units, where a weight has one meaning in the sheet and in full size: borders are mirrored in both."""
    assert sheet("--vary", "content_weight", 0.5).status == 0
    (cell,) = record()["cells"]
    assert cell["metrics"]["content"] == pytest.approx(cell["losses"]["content.conv1_2"] / 0.5, rel=0.02)
    assert cell["metrics"]["gram"] == pytest.approx(cell["losses"]["style.0.conv1_1"], rel=0.1)


@pytest.mark.usefixtures("cells")
def test_a_command_has_what_differs_from_the_defaults_in_full_size(sheet: Command, record: Any) -> None:
    flags = ("--image_size", 600, "--variant", "titu1994", "--chain", False, "--technique", "inetwork", "--overwrite")
    ran = sheet(
        *flags, "--rows", ROWS, "--vary", "activation_shift", -1, 0.5, "--vary", "pool_type", "ave", small=False
    )
    assert ran.status == 0
    words = commands(ran.out)
    assert list(words) == ["-1 x ave", "0.5 x ave"]
    for name, shift in (("-1 x ave", -1), ("0.5 x ave", 0.5)):
        command, *rest = words[name]
        assert command == "inetwork"
        technique, own = chosen_technique(["--technique", "inetwork"])
        found = network.parser(command, technique, "", own=own).read(rest)
        assert (found.image_size, found.iterations, found.chain, found.pooling) == (600, 10, False, "ave")
        assert found.activation_shift == shift
        assert not found.overwrite
    assert "--activation_shift" not in words["-1 x ave"]  # is the default
    assert len(record()["cells"]) == 2


def test_weights_are_checked_before_the_backend_starts(sheet: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_command, "start_backend", None)
    ran = sheet("--vary", "weights", "random", "gone.npz")
    ran.assert_refused("no weights file gone.npz", "(in the cell gone.npz)")
    sheet("--vary", "model", "mini", "vgg91").assert_refused('unknown model "vgg91"')


@pytest.mark.usefixtures("cells")
def test_a_negative_value_may_be_written_with_an_exponent(sheet: Command) -> None:
    """For argparse by itself -1e-5 is a flag, since more than digits and a point follow the minus."""
    ran = sheet(*UNCHAINED, "--vary", "activation_shift", "0", "-1e-5", "-2E+1")
    assert ran.status == 0
    words = commands(ran.out)
    assert list(words) == ["0", "-1e-5", "-2E+1"]
    technique, own = chosen_technique(["--technique", "inetwork"])
    parser = network.parser("inetwork", technique, "", own=own)
    assert [parser.read(rest[1:]).activation_shift for rest in words.values()] == [0, -1e-5, -20]


@pytest.mark.usefixtures("cells")
def test_one_flag_makes_a_row_and_lists_are_joined_by_commas(sheet: Command, record: Any) -> None:
    ran = sheet("--vary", "style-layers", "conv1_1", "conv1_1,conv2_1", "conv2_2")
    assert ran.status == 0
    printed = commands(ran.out)
    place = printed["conv1_1,conv2_1"].index("--style_layers")
    assert printed["conv1_1,conv2_1"][place + 1 : place + 3] == ["conv1_1", "conv2_1"]
    tops, lefts = zip(*(cell["place"] for cell in record()["cells"]), strict=True)
    assert len(set(tops)) == 1
    assert sorted(lefts) == list(lefts)


def test_the_weight_is_that_of_the_first_of_several_styles(
    command: Command, photo_file: Path, painting_file: Path, tmp_path: Path
) -> None:
    names = (photo_file, painting_file, photo_file, tmp_path / "s")
    flags = (*LOOK, "--rows", ROWS, "--num_iter", 1, "--style_weight", 1, 0.4, "--vary", "style_weight", 2, "3,4")
    ran = command("sheet", *names, *flags)
    assert ran.status == 0
    for name, weights in (("2", ["2", "0.4"]), ("3,4", ["3", "4"])):
        words = commands(ran.out)[name]
        place = words.index("--style_weight")
        assert words[place + 1 : place + 3] == weights
    assert (tmp_path / "s.png").is_file()


def test_sizes_that_are_varied_are_run_as_they_are(sheet: Command, cells: list[Combination], record: Any) -> None:
    assert sheet("--vary", "image_size", 24, 48).status == 0
    assert [each.run["image_size"] for each in cells] == [24, 48]
    first, second = record()["cells"]
    assert "--image_size 24 " in first["command"]
    assert "--image_size 48 " in second["command"]
    assert second["place"][1] - first["place"][1] >= grid.NARROWEST


def test_a_pyramid_is_made_smaller(sheet: Command, cells: list[Combination]) -> None:
    ran = sheet("--sizes", 2, 200, 400, "--vary", "seed", 1)
    assert ran.status == 0
    assert [each.run["sizes"] for each in cells] == [[16, ROWS]]  # a level of no rows is left out
    assert "--sizes 2 200 400" in ran.out


def test_cells_with_one_network_are_neighbours(sheet: Command, cells: list[Combination], record: Any) -> None:
    assert sheet("--vary", "seed", 1, 2, "--vary", "content_layer", "conv1_1", "conv2_1").status == 0
    assert [each.settings.content_layer for each in cells] == ["conv1_1", "conv1_1", "conv2_1", "conv2_1"]
    assert [cell["values"]["content_layer"] for cell in record()["cells"]] == ["conv1_1", "conv2_1"] * 2


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_cell_that_fails_is_empty(
    sheet: Command, monkeypatch: pytest.MonkeyPatch, made: Path, record: Any, jobs: int
) -> None:
    monkeypatch.setattr(Local, "outcomes", lambda self, tasks, _: ((key, task.run()) for key, task in tasks))
    whole = INetwork.transfer

    def transfer(self: INetwork, *arguments: Any, **settings: Any) -> Any:
        if settings["seed"] == 2:
            raise OutOfMemoryError("no memory left")
        return whole(self, *arguments, **settings)

    monkeypatch.setattr(INetwork, "transfer", transfer)
    ran = sheet(*UNCHAINED, "--vary", "seed", 1, 2, 3, "--quiet", "--jobs", jobs)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == "neural-style: error: 2: no memory left\n"
    cells = record()["cells"]
    assert ["loss" in cell for cell in cells] == [True, False, True]
    assert cells[1]["problem"] == "no memory left"
    assert "--jobs" not in cells[0]["command"]  # which paints one picture, and would refuse it
    empty = cut(pixels(made / "s.png"), cells[1]["place"], (ROWS, 38))
    assert (empty[0] == 0xEC).all()


@pytest.mark.parametrize("at", [0, 1])
def test_ctrl_c_keeps_the_cells_so_far(
    sheet: Command, monkeypatch: pytest.MonkeyPatch, made: Path, record: Any, at: int
) -> None:
    whole = Network.transfer
    count = iter(range(9))

    def transfer(self: Network, *arguments: Any, **settings: Any) -> Any:
        if next(count) == at:
            raise KeyboardInterrupt
        return whole(self, *arguments, **settings)

    monkeypatch.setattr(Network, "transfer", transfer)
    ran = sheet("--vary", "seed", 1, 2, 3)
    assert ran.status == 130
    assert "interrupted" in ran.err
    if at == 0:
        assert not made.exists()
        return
    assert ["loss" in cell for cell in record()["cells"]] == [True, False, False]
    assert len(commands(ran.out)) == 3


def test_ctrl_c_within_a_cell_leaves_it_empty(sheet: Command, monkeypatch: pytest.MonkeyPatch, record: Any) -> None:
    """Half a picture would be compared with whole ones."""
    whole, count = Bar.advance, iter(range(1, 999))

    def advance(self: Bar, evaluations: int, loss: float) -> None:
        whole(self, evaluations, loss)
        if next(count) == 65:  # the second cell's second iteration
            raise KeyboardInterrupt

    monkeypatch.setattr(Bar, "advance", advance)
    assert sheet("--vary", "seed", 1, 2, 3, "--num_iter", 2).status == 130
    assert ["loss" in cell for cell in record()["cells"]] == [True, False, False]


@pytest.mark.usefixtures("cells")
def test_show_and_rerun(sheet: Command, command: Command, made: Path) -> None:
    ran = sheet("--vary", "seed", 1, 2)
    shown = command("show", made / "s.png")
    assert shown.status == 0
    assert commands(shown.out.replace("\n  ", "\n")) == commands(ran.out)
    command("rerun", made / "s.png").assert_refused("contact sheet", "show")


@pytest.mark.usefixtures("cells")
def test_weights_mean_something_else_in_full_size(sheet: Command) -> None:
    """Sums over an area, that of the content against that of the style."""
    flags = "--vary", "seed", 1, "--image_size", 4 * ROWS, "--overwrite"
    assert "16 times as large" in sheet(*flags, "--normalization", "titu1994").out
    assert "note" not in sheet(*flags).out


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize(
    ("flags", "parts"),
    [
        ([], ["nothing is varied", "--vary style_weight"]),
        (["--vary", "seed", "1", "--vary", "memory", "5", "--vary", "pool_type", "max"], ["3 times", "one or two"]),
        (["--vary", "stile_weight", "1"], ['"stile_weight"', 'did you mean "style_weight"?']),
        (["--vary", "seed"], ["seed has no values"]),
        (["--vary", "seed", "1", "--vary", "seed", "2"], ["seed is given twice"]),
        (["--vary", "init_image", "noise", "--vary", "init", "gray"], ["init_image is given twice"]),
        (["--vary", "style_weight", "1", "1.0"], ["the value 1.0 twice"]),
        *[
            (["--vary", name, "1"], [f"--vary {name}", "only flags that change the picture"])
            for name in ("prefix", "content", "save_every", "checkpoint", "tile", "device", "quiet", "overwrite")
        ],
        (["--vary", "rows", "32"], ['unknown flag "rows"']),
        (["--vary", "content_weight", "1", "much"], ["content_weight", 'received "much"']),
        (["--vary", "soft_masks", "maybe"], ["soft_masks", '"maybe"']),
        (["--vary", "content_layer", "conv1_2", "conv9_1"], ['no layer "conv9_1"', "in the cell conv9_1"]),
        (["--vary", "seed", "1", "--vary", "style_weight", "1", "-2"], ["at least 0", "in the cell 1 x -2"]),
        (["--vary", "style_weight", "1", "-2,3"], ["--style_weight has 2 values for 1 styles", "in the cell -2,3"]),
        (["--vary", "seed", "1", "-x"], ["unknown flag -x"]),
        (["--vary", "solver", "lbgfs"], ['did you mean "lbfgs"?']),
        (["--vary", "weights", "random", "nowhere.npz"], ["no weights file nowhere.npz"]),
        (["--vary", "color_mask", "m.png"], ["--color_mask needs --preserve_color"]),
        (["--vary", "style_masks", "nowhere.png"], ['style mask "nowhere.png" does not exist']),
        (["--vary", "init_image", "noise", "nois"], ['did you mean "noise"?']),
        (["--vary", "image_size", "9", "--sizes", "8", "9"], ["image_size has no effect with --sizes"]),
        (["--vary", "image_size", "32", "1000000"], ["image_size 1000000"]),
        (["--vary", "seed", "1", "--rows", "8"], ["rows", "at least 32", "8"]),
        (["--vary", "seed", "1", "--rowz", "8"], ["unknown flag --rowz", "--rows"]),
        (["--vary", "seed", "1", "--num_iter", "0"], ["iterations", "0"]),
        (["--fast", "--vary", "content_weight", "1"], ["--vary content_weight has no effect with --fast"]),
        (["--fast", "--vary", "seed", "1", "2"], ["--num_iter has no effect with --fast"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_refused(sheet: Command, made: Path, flags: list[str], parts: list[str]) -> None:
    sheet(*flags).assert_refused(*parts)
    assert not made.exists() or not list(made.iterdir())


@pytest.mark.usefixtures("idle")
def test_a_layer_that_is_too_deep_for_the_sheet(command: Command, photo_file: Path, painting_file: Path) -> None:
    with Image.open(photo_file) as photo:
        photo.crop((0, 0, 10, 40)).save(photo_file)
    flags = ("--model", "vgg19", "--weights", "random", "--style_layers", "conv1_1", "--rows", 32)
    ran = command("sheet", photo_file, painting_file, *flags, "--vary", "content_layer", "conv1_1", "conv5_1")
    ran.assert_refused("--rows 32 makes pictures of 32 x 8", "conv5_1", "at least 16", "choose more rows")


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize("name", ["s.png", "s.json"])
def test_nothing_is_overwritten(sheet: Command, made: Path, name: str) -> None:
    made.mkdir()
    (made / name).write_bytes(b"mine")
    sheet("--vary", "seed", 1).assert_refused(name, "--overwrite")
    assert (made / name).read_bytes() == b"mine"


@pytest.mark.usefixtures("idle")
def test_an_input_is_never_overwritten(command: Command, photo_file: Path, painting_file: Path) -> None:
    """Of several names the last is the sheet's, even where a second painting was meant."""
    ran = command("sheet", photo_file, painting_file, painting_file, *LOOK, "--vary", "seed", 1, "--overwrite")
    ran.assert_refused(str(painting_file), "one of the inputs")


def test_a_picture_that_is_no_sheet_is_not_replaced_by_one(
    command: Command, tmp_path: Path, photo_file: Path, painting_file: Path
) -> None:
    """A second painting stands where the sheet's name is expected."""
    second = tmp_path / "second.png"
    second.write_bytes(painting_file.read_bytes())
    ran = command("sheet", photo_file, painting_file, second, *LOOK, "--vary", "seed", 1, "--overwrite")
    ran.assert_refused("second.png", "not a contact sheet")
    assert second.read_bytes() == painting_file.read_bytes()
