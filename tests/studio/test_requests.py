"""Requests of every mode: their command lines, what is refused, and the zip of inputs and command."""

from __future__ import annotations

import shlex
import struct
import zipfile
import zlib
from dataclasses import fields, replace

import pytest

from neural_style.cli.commands import color_transfer, doodle, network, paint, reconstruct, video
from neural_style.cli.commands.inetwork import IMPROVEMENTS
from neural_style.cli.flags import run_settings, values
from neural_style.doodle import NeuralDoodle
from neural_style.errors import InvalidInputError, NeuralStyleError
from neural_style.inetwork import INetwork
from neural_style.network import Network
from neural_style.painting import run_for, technique_for
from neural_style.reconstruction import Reconstruction
from neural_style.runs.settings import Run
from neural_style.studio.execution import check, run_of, technique_of
from neural_style.studio.limits import Limits
from neural_style.studio.modes import MODES
from neural_style.studio.request import Request, unique_names

PARSERS = {
    "paint": paint.parser,
    "fast": paint.parser,
    "network": lambda: network.parser("network", Network, ""),
    "regions": lambda: network.parser("network", Network, ""),
    "inetwork": lambda: network.parser("inetwork", INetwork, "", own=IMPROVEMENTS),
    "doodle": doodle.parser,
    "reconstruct": reconstruct.parser,
    "color_transfer": color_transfer.parser,
    "video": video.parser,
}


TECHNIQUES = {
    "network": Network,
    "regions": Network,
    "inetwork": INetwork,
    "doodle": NeuralDoodle,
    "reconstruct": Reconstruction,
}

SETTINGS = [
    *((mode.name, preset) for mode in MODES.values() for preset in mode.presets.values()),
    ("paint", {"strength": 0.25, "seed": 5, "model": "mini", "weights": "random:2", "bounded": False}),
    ("network", {"style_layers": ("conv1_1", "conv2_1"), "style_layer_weights": (1, 0.5), "tile": 128}),
    ("network", {"style_loss": "patches", "painting_rotations": 1}),
    ("network", {"model": "vgg19", "content_loss_type": "1", "maintain_aspect_ratio": False, "init": "noise"}),
    ("inetwork", {"activation_shift": -2.5, "chain": False, "style_layer_weights": "gatys2016"}),
    ("doodle", {"labels": 2, "image_size": 48, "init": "noise", "style_weight": 2.0}),
    ("reconstruct", {"of": "style", "init": "content", "layers": ("conv1_2",)}),
    ("fast", {"stroke_scale": (2.0,), "seed": 4, "tile": 64, "resize": "stretch"}),
]


def parsed(request: Request):
    """The arguments that the command reads out of a request's command line."""
    words = shlex.split(request.command_text())
    assert words[0] == "neural-style"
    assert words[1] == request.of_mode.command[0]
    return PARSERS[request.mode]().read(words[2:])


@pytest.mark.parametrize(("mode", "settings"), SETTINGS)
def test_the_command_has_the_settings_of_the_request(mode, settings, request_for):
    """As the command itself understands them: technique, run and paintings."""
    request = replace(request_for(mode), settings=settings)
    found = parsed(request)
    if mode in ("fast", "color_transfer", "video"):
        defaults = {"method": "luminance", "style_weight": [1.0], "stroke_scale": [1.0]}
        for name, setting in MODES[mode].settings.items():
            read = defaults.get(name) if getattr(found, name) is None else getattr(found, name)
            assert setting.read(read) == (request.per_picture(setting) if setting.each else request.value(name))
        return
    run = run_settings(found)
    if mode == "paint":
        technique, run = technique_for(found.strength, model=found.model, weights=found.weights), run_for(run)
    else:
        technique = TECHNIQUES[mode](**values(found, TECHNIQUES[mode]))
    assert technique == technique_of(request)
    ours, theirs = run_of(request), {name: value for name, value in run.items() if value not in (None, -1)}
    assert Run(**ours) == Run(**theirs)  # of a doodle, None and -1 stand for what follows from its pictures


def test_defaults_are_left_out(request_for, pictures):
    names = {pictures["photo"]: "my photo.jpg", pictures["paintings"]: "-wave.jpg"}
    request = replace(request_for("paint"), settings={"image_size": 400, "strength": 2})
    assert request.command_text(names) == "neural-style paint 'my photo.jpg' ./-wave.jpg out --strength 2"


def test_files_of_one_name_stay_apart(request_for, pictures, tmp_path):
    names = {pictures["photo"]: "C:\\me\\image.png", pictures["paintings"]: "../Image.png"}
    request = request_for("fast")
    assert request.command_line(names)[2:4] == ["image.png", "Image_2.png"]
    request.zip(tmp_path / "all.zip", names)
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.namelist() == ["image.png", "Image_2.png", "command.txt"]
        assert archive.read("Image_2.png") == pictures["paintings"].read_bytes()
        assert archive.read("command.txt").decode().startswith("neural-style paint image.png Image_2.png out")


def test_no_file_takes_the_place_of_the_command_or_its_result(request_for, pictures):
    names = {pictures["photo"]: "command.txt", pictures["paintings"]: "OUT.png"}
    assert request_for("fast").command_line(names)[2:5] == ["command_2.txt", "OUT_2.png", "out"]


def test_a_file_without_an_ending_is_no_word_of_the_command(request_for, pictures):
    request = request_for("network")
    request = replace(request, inputs={**request.inputs, "init": (pictures["init"],)})
    assert "./noise" in request.command_line({pictures["init"]: "noise"})


@pytest.mark.parametrize("letter", ["\N{ARTIST PALETTE}", "\u65e5", "a"])
def test_long_names_fit_into_a_folder(letter, request_for, pictures, tmp_path):
    """A name has 255 bytes at most."""
    files = tuple(pictures.values())[:2]
    names = unique_names(files, dict.fromkeys(files, letter * 300 + ".png"))
    for name in names.values():
        (tmp_path / name).touch()
    assert len(set(names.values())) == 2


def test_a_region_without_a_mask_is_everywhere(request_for, pictures):
    request = request_for("regions")
    both = (pictures["paintings"], pictures["photo"])
    request = replace(
        request, inputs={**request.inputs, "paintings": both, "style_masks": (pictures["style_masks"], None)}
    )
    assert parsed(request).style_masks == ["style_masks.png", "none"]
    check(request)


@pytest.mark.parametrize("mode", MODES)
def test_every_preset_is_possible(mode, request_for):
    for preset in MODES[mode].presets.values():
        check(replace(request_for(mode), settings=preset))


@pytest.mark.parametrize(
    ("mode", "changes", "message"),
    [
        ("oil", {}, 'unknown mode "oil"'),
        ("paint", {"strenght": 2}, 'did you mean "strength"'),
        ("paint", {"strength": "much"}, "finite number"),
        ("paint", {"strength": 0.0}, "above 0"),
        ("paint", {"image_size": 9000}, "megapixels"),
        ("network", {"style_weight": (1, 2, 3)}, "3 values for 1"),
        ("network", {"weights": "/etc/passwd"}, "unknown weights"),
        ("network", {"content_layer": "conv9_1"}, "conv9_1"),
        ("fast", {"strength": 2}, "from 0 to 1"),
        ("fast", {"image_size": 1000, "stroke_scale": (10,)}, "smaller stroke_scale"),
        ("network", {"image_size": 1000, "stroke_scale": (10,)}, "smaller stroke_scale"),
        ("network", {"bounded": "perhaps"}, "true or false"),
        ("network", {"style_layers": 3}, "must be words"),
    ],
)
def test_settings_are_refused_in_one_line(mode, changes, message, request_for):
    with pytest.raises(InvalidInputError, match=message) as error:
        check(replace(request_for("paint" if mode == "oil" else mode), mode=mode, settings=changes))
    assert "\n" not in str(error.value)


def test_only_layers_are_free_text():
    """A setting with few values is a choice."""
    texts = {each.name for mode in MODES.values() for each in mode.settings.values() if each.kind == "text"}
    assert texts == {"content_layer"}


def test_the_studio_downloads_nothing(request_for, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(InvalidInputError, match="downloads nothing"):
        check(replace(request_for("network"), settings={"model": "vgg16"}))


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (Limits(bytes=100), "MiB"),
        (Limits(pixels=1000), "megapixels"),
        (Limits(pictures=0), "at most 0"),
        (Limits(result_pixels=1000), "smaller image_size"),
    ],
)
def test_limits_are_checked(limits, message, request_for):
    with pytest.raises(InvalidInputError, match=message):
        check(request_for("fast"), limits)


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def test_a_bomb_is_not_decoded(request_for, tmp_path, monkeypatch):
    """The header names the size."""
    bomb = tmp_path / "bomb.png"
    header = png_chunk(b"IHDR", struct.pack(">2I5B", 20000, 20000, 8, 2, 0, 0, 0))
    bomb.write_bytes(b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", b""))
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda *_: pytest.fail("it was decoded"))
    request = request_for("fast")
    with pytest.raises(InvalidInputError, match="400 megapixels"):
        check(replace(request, inputs={**request.inputs, "photo": (bomb,)}))


@pytest.mark.parametrize("content", [b"", b"not a picture", None])
def test_broken_files_are_refused_in_one_line(content, request_for, pictures):
    if content is None:
        pictures["photo"].unlink()
    else:
        pictures["photo"].write_bytes(content)
    with pytest.raises(NeuralStyleError, match="photo") as error:
        check(request_for("fast"))
    assert "\n" not in str(error.value)


def test_help_texts_are_those_of_the_fields():
    for mode in MODES.values():
        assert all(setting.help for setting in mode.settings.values())
    texts = {each.name: each.metadata["help"].replace("`", "") for each in fields(Run)}
    assert {name: MODES["network"].settings[name].help for name in texts} == texts
