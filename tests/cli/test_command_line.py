"""The command that `show` prints: pasted, it makes the run of the record."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neural_style import Content, INetwork, Network, NeuralDoodle, Reconstruction, Style, read_mask
from neural_style.cli import session
from neural_style.cli.command_line import command_of
from neural_style.errors import InvalidInputError
from neural_style.painting import run_for, technique_for
from neural_style.runs import records
from neural_style.runs.settings import Run
from neural_style.technique import Technique

Command = Callable[..., Any]

MINI = {"model": "mini", "weights": "random:3"}


@pytest.fixture
def files(tmp_path: Path, photo: np.ndarray, painting: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with pictures, masks and label maps; one name has a space, one begins with a dash."""
    painting = np.pad(painting, ((0, 4), (0, 18), (0, 0)), mode="reflect")  # as its masks
    left = np.zeros((40, 48), np.uint8)
    left[:, :20] = 255
    regions = np.where(left[..., None] > 0, np.uint8([255, 0, 0]), np.uint8([0, 0, 255]))
    for name, pixels in {
        "my photo": photo,
        "-wave": painting,
        "left": left,
        "right": 255 - left,
        "map": regions,
    }.items():
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def record_of(technique: Technique, content: Any, styles: Any, run: Any) -> dict[str, Any]:
    """The record of a run without its results, as a file has it."""
    inputs = technique.inputs(content, styles)
    text = records.to_json(technique.identity(inputs, technique.run_settings(inputs, run)))
    return dict(json.loads(text))


def runs(files: Path) -> dict[str, tuple[Technique, Any, Any, Any]]:
    """A run of each technique, with settings of every type."""
    left, right = (read_mask(f"{name}.png", soft=True) for name in ("left", "right"))
    masked = [Style("-wave.png", weight=0.5, scale=2, mask=left), Style("left.png", mask=None)]
    return {
        "network": (
            Network(content_weight=1e-7, style_layers={"conv1_1": 2, "conv2_1": 0.1}, pooling="ave", **MINI),
            "my photo.png",
            "-wave.png",
            {"sizes": (32, 40), "init": "map.png", "solver": "adam", "bounded": False, "min_improvement": 0.5},
        ),
        "masks": (
            Network(mask_normalization="gatys2017", normalization="relative", **MINI),
            Content("my photo.png", mask=right, color_mask=left),
            masked,
            {"preserve_color": "pca", "image_size": 40, "seed": 5},
        ),
        "inetwork": (
            INetwork(variant="titu1994", chain=False, activation_shift=-1e-05, style_scale=3, **MINI),
            "my photo.png",
            [Style("-wave.png", resize="stretch")],
            {"image_size": 40, "maintain_aspect_ratio": False},
        ),
        "novak2016": (INetwork(**MINI), "my photo.png", "-wave.png", {"iterations": 3, "init": "noise"}),
        "doodle": (
            NeuralDoodle(labels=2, variant="improved", **MINI),
            Content(label_map="map.png"),
            Style("my photo.png", label_map="map.png"),
            {"sizes": (20, 40)},
        ),
        "doodle of a photo": (
            NeuralDoodle(labels=2, style_weight=3, **MINI),
            Content("my photo.png", label_map="map.png"),
            Style("my photo.png", label_map="map.png"),
            {},
        ),
        "reconstruct": (Reconstruction(of="style", layers=("conv1_1",), **MINI), "-wave.png", (), {"init": "noise"}),
        "paint": (technique_for(2.0, **MINI), "my photo.png", "-wave.png", run_for({"image_size": 40})),
    }


def test_the_command_makes_the_recorded_run(files: Path, monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    found: list[dict[str, Any]] = []

    def execute(self: session.Session) -> int:
        found.append(record_of(self.technique, self.content, self.styles, self.run))
        return 0

    monkeypatch.setattr(session.Session, "execute", execute)
    for name, run in runs(files).items():
        record = record_of(*run)
        words = command_of(record, "made/again")
        assert words[0] == "neural-style", name
        assert command(*words[1:]).status == 0, name
        assert found.pop() == record, name


def test_what_no_command_makes(files: Path, photo: np.ndarray) -> None:
    small = {"image_size": 40}
    for technique, content, styles, why in (
        (Network(**MINI), photo, "-wave.png", "the content was an array in memory"),
        (Network(**MINI), "my photo.png", photo, "the style was an array in memory"),
        (
            Network(**MINI),
            "my photo.png",
            [Style("-wave.png", resize="stretch"), "left.png"],
            "the paintings are resized in different ways",
        ),
        (
            Network(mask_normalization="gatys2017", **MINI),
            Content("my photo.png", mask=read_mask("left.png", soft=True)),
            Style("-wave.png", mask="right.png"),
            "some masks are soft",
        ),
    ):
        with pytest.raises(InvalidInputError, match=why):
            command_of(record_of(technique, content, styles, small), "made/again")
    custom = records.identity("custom", {}, None, Run(), start=technique.inputs(content, styles).content.picture)
    with pytest.raises(InvalidInputError, match="the technique custom has no command"):
        command_of(custom, "made/again")


def test_show_prints_it(files: Path, command: Command) -> None:
    record = record_of(*runs(files)["novak2016"])
    Path("made.json").write_text(json.dumps(record | {"losses": {"tv": 1.0}}), encoding="utf-8")
    last = command("show", "made.json").out.splitlines()[-2:]
    assert last == ["command", f"  {shlex.join(command_of(record, 'made_again'))}"]
    record["content"]["image"] = None
    Path("made.json").write_text(json.dumps(record), encoding="utf-8")
    assert command("show", "made.json").out.splitlines()[-1] == "  none: the content was an array in memory"
    record["styles"] = [{}]
    Path("made.json").write_text(json.dumps(record), encoding="utf-8")
    assert command("show", "made.json").status == 0
