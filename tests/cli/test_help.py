"""Help and version: texts for newcomers, examples that can be typed, and no backend started for them."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from neural_style.analogy.technique import Analogy
from neural_style.cli import main
from neural_style.cli.commands import (
    analogy,
    apply,
    doodle,
    export,
    figure,
    judge,
    network,
    reconstruct,
    rerun,
    samples,
    sheet,
    studio,
    train,
    video,
)
from neural_style.cli.commands.inetwork import IMPROVEMENTS, chosen_technique
from neural_style.cli.fast_folder import FastFolder
from neural_style.cli.flags import Parser, values
from neural_style.cli.folder import Folder
from neural_style.cli.program import COMMANDS
from neural_style.cli.session import Session
from neural_style.cli.sheets.varied import read_axes
from neural_style.doodle import NeuralDoodle
from neural_style.feedforward.settings import GROUPS, Recipe
from neural_style.inetwork import INetwork
from neural_style.network import Network
from neural_style.reconstruction import Reconstruction
from neural_style.runs.records import library_version
from neural_style.runs.settings import Run

ROOT = Path(__file__).resolve().parents[2]

HEAVY = ("keras", "tensorflow", "jax", "skimage", "matplotlib")

ALL_HELP = """
    import contextlib, io, json, sys
    from neural_style.cli import main
    from neural_style.cli.program import COMMANDS
    def shown(*arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = main(list(arguments))
            except SystemExit as end:
                status = end.code or 0
        return status, out.getvalue(), err.getvalue()
    texts = {"": shown(), "--help": shown("--help"), **{name: shown(name, "--help") for name in COMMANDS}}
    print(json.dumps([texts, [name for name in sys.modules if "." not in name]]))
"""


def python(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own."""
    return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, check=True, cwd=ROOT)


@pytest.fixture(scope="module")
def helped() -> tuple[dict[str, list], list[str]]:
    """The help of every command, and the packages that a process has loaded for all of them."""
    texts, packages = json.loads(python("-c", textwrap.dedent(ALL_HELP)).stdout)
    return texts, packages


def test_help_starts_no_backend(helped: tuple[dict[str, list], list[str]]) -> None:
    texts, packages = helped
    assert set(HEAVY) & set(packages) == set()
    for status, out, err in texts.values():
        assert (status, err) == (0, "")
        assert out.startswith("usage: neural-style")
    assert texts[""] == texts["--help"]


def test_help_begins_with_first_steps_and_has_every_command(helped: tuple[dict[str, list], list[str]]) -> None:
    text = helped[0]["--help"][1]
    assert text.index("neural-style paint pictures/cat.png") < text.index("paint:")
    assert re.findall(r"^  (\w+)  +\w", text, flags=re.MULTILINE) == list(COMMANDS)
    assert "neural-style COMMAND --help" in text


def test_no_help_is_lost_by_optimisation(helped: tuple[dict[str, list], list[str]]) -> None:
    """`python -OO` has no docstrings."""
    text = python("-OO", "-m", "neural_style", "network", "--help").stdout
    assert text == helped[0]["network"][1]


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"neural-style {library_version()}\n"
    assert python("-m", "neural_style", "--version").stdout == f"neural-style {library_version()}\n"


PARSERS = {
    "network": network.parser("network", Network, ""),
    "inetwork": network.parser("inetwork", INetwork, "", own=IMPROVEMENTS),
    "doodle": doodle.parser(),
    "reconstruct": reconstruct.parser(),
    "analogy": analogy.parser(),
    "video": video.parser(),
    "studio": studio.parser(),
    "figure": figure._parser(),
    "rerun": rerun._parser(),
    "sheet": sheet._parser(INetwork, IMPROVEMENTS),
}


@pytest.mark.parametrize("name", PARSERS)
def test_every_flag_is_explained_in_words_of_the_command_line(name: str) -> None:
    """No Python, whose names mean nothing to a user of commands."""
    for action in PARSERS[name]._actions:
        text = action.help or ""
        assert re.match(r"[\w<-]", text), action.dest
        assert re.search(r"`|neural_style|\b[A-Z]\w+\.\w|Network|NeuralDoodle|Reconstruction", text) is None, text


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("network", (Network, Run)),
        ("inetwork", (INetwork, Run)),
        ("doodle", (NeuralDoodle, Run)),
        ("reconstruct", (Reconstruction, Run)),
        ("analogy", (Analogy, Run)),
    ],
)
def test_every_setting_can_be_reached(name: str, settings: tuple[type, ...]) -> None:
    """A new field of a technique, or of a run, must become a flag."""
    known = {action.dest for action in PARSERS[name]._actions}
    # Reconstructions have no colours to keep: their content is what they are compared with.
    missing = {each.name for kind in settings for each in fields(kind)} - known
    assert missing == ({"preserve_color", "color_when"} if name == "reconstruct" else set())


def test_help_of_network_has_the_references_flags_and_ours(helped: tuple[dict[str, list], list[str]]) -> None:
    text = helped[0]["network"][1]
    reference = """image_size content_weight style_weight style_scale total_variation_weight num_iter model
        content_loss_type rescale_image rescale_method maintain_aspect_ratio content_layer init_image pool_type
        min_improvement style_masks content_mask color_mask preserve_color"""
    ours = """weights solver memory seed sizes precision style_layers style_layer_weights normalization save_every gif
        record overwrite device quiet"""
    for flag in (reference + " " + ours).split():
        assert re.search(rf"--{flag}\b", text), flag
    for default in ("400", "lbfgs", "bilinear", "vgg16", "True"):
        assert f"(default: {default})" in " ".join(text.split())
    assert "by default 0.025" in " ".join(text.split())
    assert "replaces --image_size" in " ".join(text.split())


def test_help_of_inetwork_has_its_flags_and_the_references_defect(helped: tuple[dict[str, list], list[str]]) -> None:
    text = helped[0]["inetwork"][1]
    for flag in (
        "--style_masks",
        "--content_mask",
        "--color_mask",
        "--preserve_color",
        *(f"--{name}" for name in IMPROVEMENTS),
    ):
        assert flag in text
    assert "no lower bound" in text
    assert "--normalization" not in text


def examples(text: str) -> Iterator[list[str]]:
    """The words of each `neural-style ...` line of a help text, without the first."""
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("  neural-style "):
            yield shlex.split(line)[1:]


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pictures that the examples name, in the current folder."""
    monkeypatch.chdir(tmp_path)
    rgb = np.random.default_rng(0).integers(0, 256, (40, 48, 3), np.uint8)
    for folder in ("photos", "paintings"):
        Path(folder).mkdir()
    for name in ("photo", "painting", "its_painting", "other_photo", "wave", "scream", "photos/a", "paintings/b"):
        Image.fromarray(rgb).save(f"{name}.jpg")
    for name in ("painting", "out"):
        Image.fromarray(rgb).save(f"{name}.png")
    mask = np.zeros((40, 48, 3), np.uint8)
    mask[20:] = 255
    for name in ("mask", "sky", "mine", "painting_mask"):
        Image.fromarray(mask).save(f"{name}.png")


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_examples_can_be_typed(
    helped: tuple[dict[str, list], list[str]], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Flags, layers and values are read and checked; nothing is painted."""
    monkeypatch.setattr(samples, "sample", lambda name: np.zeros((16, 16, 3), np.uint8))
    monkeypatch.setattr(Session, "execute", lambda self: 0 if Run(**self.run) else 1)
    monkeypatch.setattr(FastFolder, "paint_one", lambda self: 0)
    monkeypatch.setattr(Folder, "execute", lambda self: 0 if self.paintings() and Run(**self.run) else 1)
    shown = list(examples(helped[0][name][1]))
    assert shown
    for command, *rest in shown:
        if command in ("sheet", "plan"):
            technique, own = chosen_technique(rest)
            painter = network.parser(technique.name, technique, "", own=own)
            found = parser_of(command, technique, own).read(rest)
            assert technique(**values(found, technique))
            assert command == "plan" or read_axes(found.vary, painter, found)
        elif command == "figure":
            assert figure._parser().read(rest)
        elif command == "train":
            found = train.parser(train.defaults_of(rest)).read(rest)
            assert Recipe.from_values(**{k: v for group in GROUPS.values() for k, v in values(found, group).items()})
        elif command in ("apply", "export", "judge", "studio", "video"):
            known = {"apply": apply, "export": export, "judge": judge, "studio": studio, "video": video}
            assert known[command].parser().read(rest)
        elif command in ("show", "rerun"):
            assert rest[0] == "out.png"  # which has no record here
        else:
            assert main([command, *rest]) == 0, command


def parser_of(command: str, technique: type[Network], own: list[str]) -> Parser:
    if command == "sheet":
        return sheet._parser(technique, own)
    parser = network.parser(command, technique, "", own=own, paints=False)
    parser.add_argument("--technique")
    return parser


def test_defaults_in_the_help_are_those_of_the_flags() -> None:
    compared = 0
    for parser in PARSERS.values():
        for action in parser._actions:
            shown = re.search(r"\(default: ([\w.+-]+)\)$", action.help or "")
            if shown and isinstance(action.default, bool | int | float | str):
                kind = type(action.default)
                assert shown[1] == str(action.default) or kind(shown[1]) == action.default, action.dest
                compared += 1
    assert compared > 50
