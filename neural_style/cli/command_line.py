"""The command that makes a recorded picture, word by word."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from neural_style.analogy.technique import Analogy
from neural_style.cli.commands import analogy, doodle, network, reconstruct
from neural_style.cli.commands.inetwork import IMPROVEMENTS
from neural_style.cli.flags import Parser
from neural_style.doodle import NeuralDoodle
from neural_style.errors import InvalidInputError
from neural_style.feedforward.fast_run import TECHNIQUE
from neural_style.inetwork import INetwork
from neural_style.inputs import Style
from neural_style.network import Network
from neural_style.reconstruction import Reconstruction
from neural_style.runs import records
from neural_style.runs.settings import Run

_PARSERS = {
    Network.name: lambda: network.parser("network", Network, ""),
    INetwork.name: lambda: network.parser("inetwork", INetwork, "", own=IMPROVEMENTS),
    NeuralDoodle.name: doodle.parser,
    Analogy.name: analogy.parser,
    Reconstruction.name: reconstruct.parser,
}


def command_of(record: Mapping[str, Any], prefix: str) -> list[str]:
    """The words of a command that makes the recorded picture again.

    Every setting that is not its flag's default is spelled, so that another default in a later version changes nothing.

    Args:
        record: from `neural_style.runs.records.read`.
        prefix: of the new files.

    Raises:
        InvalidInputError: no command makes it: a picture was an array in memory, or a setting has no flag.
    """
    name = record["technique"]
    if name == TECHNIQUE:
        raise InvalidInputError(
            f"the settings of {name} are not spelled as flags: neural-style rerun makes the picture again"
        )
    if name not in _PARSERS:
        raise InvalidInputError(f"the technique {name} has no command")
    parser = _PARSERS[name]()
    given = {**record["settings"], **record["run"], **record.get("output", {})}
    if isinstance(given["init"], Mapping):
        given["init"] = _path(given["init"], "initial image")
    frames = {entry.get("frame") for entry in (record["content"], *record["styles"])}
    if len(frames) > 1:
        raise InvalidInputError("one flag sets the frame of all pictures, and here they differ")
    given["frame"] = frames.pop()
    if prepare := record["content"].get("prepare"):
        given["prepare"] = prepare
    if name == NeuralDoodle.name:
        given |= _label_maps(record)
        positional = []
    elif name == Analogy.name:
        positional = _analogous(record)
    else:
        content = _path(record["content"], "content")
        positional = [given.pop("of"), content] if name == Reconstruction.name else [content]
        positional += [_path(style, "style") for style in record["styles"]]
        given |= {} if name == Reconstruction.name else {**_masks(record), **_of_styles(record)}
    if name == NeuralDoodle.name:
        given["prefix"] = prefix
    else:
        positional.append(prefix)
    named = [f"./{word}" if word.startswith("-") else word for word in positional]
    return [*parser.prog.split(), *named, *parser.spelled(Namespace(**dict(_as_flags(given, parser))))]


def _as_flags(given: Mapping[str, Any], parser: Parser) -> Iterator[tuple[str, Any]]:
    """The settings as the parser has them.

    Raises:
        InvalidInputError: one that is not the default has no flag.
    """
    for name, value in given.items():
        action = parser.flag(name)
        if action is None:
            if value != getattr(Run, name, None):
                raise InvalidInputError(f"no flag sets {name}")
            continue
        if isinstance(value, list):
            value = list(value) if isinstance(action.default, list) else tuple(value)
        yield name, value


def _path(picture: Mapping[str, Any], what: str) -> str:
    if picture["image"] is None:
        raise InvalidInputError(f"the {what} was an array in memory")
    return str(Path(picture["image"]))


def _label_maps(record: Mapping[str, Any]) -> dict[str, Any]:
    """Flags of a doodle's pictures."""
    content, style = record["content"], record["styles"][0]
    if any(style[name] != getattr(Style, name) for name in ("weight", "scale", "resize")):
        raise InvalidInputError("a doodle's command sets neither weight, scale nor resize of the painting")
    return {
        "style_image": _path(style, "style"),
        "style_mask": _path(style["label_map"], "style's label map"),
        "target_mask": _path(content["label_map"], "label map"),
        "content_image": _path(content, "content") if "image" in content else None,
    }


def _analogous(record: Mapping[str, Any]) -> list[str]:
    """The pictures of an analogy, in the order of the command."""
    style = record["styles"][0]
    if any(style[name] != getattr(Style, name) for name in ("weight", "scale", "resize")):
        raise InvalidInputError("an analogy's command sets neither weight, scale nor resize of the painting")
    given = {"source": style["source"], "style": style, "content": record["content"]}
    return [_path(given[name], name) for name in analogy.ORDER]


def _masks(record: Mapping[str, Any]) -> dict[str, Any]:
    """Flags of all masks."""
    content, styles = record["content"], record["styles"]
    masks = [content["mask"], content["color_mask"], *(style["mask"] for style in styles)]
    of_content, of_colors, *of_styles = [None if mask is None else _path(mask, "mask") for mask in masks]
    return {
        "content_mask": of_content,
        "color_mask": of_colors,
        "style_masks": [mask or "none" for mask in of_styles] if any(of_styles) else None,
        "soft_masks": records.has_soft_masks(record),
    }


def _of_styles(record: Mapping[str, Any]) -> dict[str, Any]:
    """Flags with a value for each style."""
    styles = record["styles"]
    weights, scales = ([style[name] for style in styles] for name in ("weight", "scale"))
    return {
        "resize": records.common_resize(record),
        "style_weight": None if set(weights) == {Style.weight} else weights,
        "stroke_scale": scales[:1] if len(set(scales)) == 1 else scales,
    }
