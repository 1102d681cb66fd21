"""What concerns every picture of a folder is refused in one line, before any work is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.folders.small import Command, save


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize(
    ("changes", "flags", "parts"),
    [
        ({}, ["--content_layer", "conv9_1"], ['"conv9_1"']),
        ({}, ["--weights", "none.npz"], ["no weights file none.npz"]),
        ({}, ["--init_image", "nois"], ['did you mean "noise"?']),
        ({}, ["--image_size", "2", "--content_layer", "conv3_3"], ["image_size 2", "at least 4"]),
        ({}, ["--stroke_scale", "1e9"], ["style", "1e+09"]),
        ({}, ["--style_weight", "1", "2"], ["--style_weight has 2 values for 1 styles"]),
        ({}, ["--save_every", "-1"], ["save_every", "-1"]),
        ({}, ["--memory_limit", "-1"], ["memory_limit must be a finite number"]),
        ({}, ["--device", "tpu"], ['unknown device "tpu"']),
        ({}, ["--pairs"], ["--pairs needs two folders"]),
        ({"content": "photos/a.png", "styles": ("paintings",)}, ["--pairs"], ["--pairs needs two folders"]),
        ({"styles": ("paintings",)}, ["--weights", "none.npz"], ["no weights file none.npz"]),
        ({"styles": ("paintings",)}, ["--stroke_scale", "1e9"], ["style", "1e+09"]),
        ({"styles": ("missing.png",)}, [], ["style", "missing.png", "does not exist"]),
        ({"styles": ("style.png", "paintings")}, [], ["paintings", "name no other style beside it"]),
        ({"content": "empty"}, [], ["no picture in the folder", "empty", ".jpg"]),
        ({"to": "photos"}, [], ["photos is the folder of the inputs"]),
        ({"to": "paintings", "styles": ("paintings",)}, [], ["paintings is the folder of the inputs"]),
        ({"to": "style.png"}, [], ["style.png is a file"]),
        ({"to": "out.jpg"}, [], ["out.jpg names a picture"]),
        ({"to": "no/where"}, [], ["there is no folder", "no"]),
    ],
    ids=str,
)
def test_what_concerns_all_is_refused(
    paint: Command, folders: Path, changes: dict[str, Any], flags: list[str], parts: list[str]
) -> None:
    (folders / "empty").mkdir()
    paint(*flags, **changes).assert_refused(*parts)
    assert not list(folders.glob("results/*"))


@pytest.mark.usefixtures("idle")
def test_a_folder_that_is_not_there(command: Command, folders: Path) -> None:
    for inputs in ([f"{folders}/phots/", folders / "style.png"], [folders / "photos", f"{folders}/phots/"]):
        command("network", *inputs, folders / "results").assert_refused("there is no folder", "phots")


@pytest.mark.usefixtures("idle")
def test_two_results_of_one_name(paint: Command, folders: Path) -> None:
    for name in ("photos/c_d", "photos/c", "paintings/e", "paintings/d_e"):
        save(folders / f"{name}.png")
    paint(styles=("paintings",)).assert_refused("2 pictures would be named c_d_e.png")
