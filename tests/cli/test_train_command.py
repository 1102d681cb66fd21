"""The command train: its files, its presets, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from functools import partialmethod
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from neural_style.cli.commands import train as train_command
from neural_style.feedforward.model_file import read_metadata
from neural_style.feedforward.presets import PRESETS
from neural_style.feedforward.settings import Recipe
from neural_style.feedforward.trainer import Trainer

TINY = (
    *("--model", "mini", "--weights", "random", "--content_layer", "conv1_1", "--style_layers", "conv1_1"),
    *("--width", "2", "--blocks", "0", "--ends", "3", "--crop", "16", "--batch", "1", "--held_out", "0"),
)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    rgb = np.random.default_rng(0).integers(0, 256, (20, 24, 3), np.uint8)
    Image.fromarray(rgb).save(folder / "a.png")
    return folder


def test_a_network_is_trained_resumed_and_described(
    command: Callable, photos: Path, painting_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Trainer, "compile", partialmethod(keras.Model.compile, run_eagerly=True))
    (photos / "b.jpg").write_bytes(b"no picture")
    out = tmp_path / "made" / "net.keras"
    arguments = ("train", painting_file, "--images", photos, "--out", out, *TINY, "--save_every", "1")
    ran = command(*arguments, "--steps", "2")
    assert ran.status == 0
    assert ran.err.count("b.jpg") == 1
    assert "step 2 of 2" in ran.err
    assert ran.out.startswith(f"wrote {out}: loss ")
    assert read_metadata(out)["styles"] == ["painting"]
    command(*arguments, "--steps", "3").assert_refused("exists")
    ran = command(*arguments, "--steps", "3", "--overwrite", "--quiet", "--minutes", "1e-9")
    assert (ran.status, ran.out) == (0, "")
    ran = command(*arguments, "--steps", "3", "--resume", "--minutes", "1e-9")
    assert ran.out.endswith("2 steps\nstopped by --minutes; use --resume to continue\n")
    ran = command(*arguments, "--steps", "3", "--resume")
    assert "step 3 of 3" in ran.err
    assert "step 1 of" not in ran.err


def test_presets_are_defaults_that_flags_change() -> None:
    arguments = ["p.jpg", "--images", "d", "--out", "o.keras", "--preset", "lengstrom", "--steps", "5"]
    parser = train_command.parser(train_command.defaults_of(arguments))
    found = parser.read(arguments)
    assert found.steps == 5
    for name, value in PRESETS["lengstrom"].items():
        assert name == "steps" or getattr(found, name) == value
    for preset in PRESETS.values():  # nothing is left to defaults that may change, but seed, saves and sizes
        missing = set(Recipe().values()) - set(preset)
        assert missing == {"weights", "minutes", "style_size", "seed", "save_every", "held_out"}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--out", "net.h5"], "must end with .keras"),
        (["--start", "embeded"], 'did you mean "embedded"'),
        (["--preset", "lengstorm"], 'did you mean "lengstrom"'),
        (["--crop", "20"], "crop must be a multiple of 8"),
        (["--ends", "4"], "ends must be odd"),
        (["--content_layer", "conv4_2"], 'mini has no layer "conv4_2"'),
        (["--images", "nowhere"], "there is no folder nowhere"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_a_line(
    command: Callable, photos: Path, painting_file: Path, tmp_path: Path, more: list[str], message: str
) -> None:
    arguments = (painting_file, "--images", photos, "--out", tmp_path / "net.keras", *TINY, *more)
    command("train", *arguments).assert_refused(message)
