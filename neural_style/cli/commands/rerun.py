"""`neural-style rerun out.png`: makes a picture again from the record inside it."""

from __future__ import annotations

import warnings
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from neural_style.analogy.technique import Analogy
from neural_style.cli.flags import Parser, file_path, values
from neural_style.cli.groups import add_machine_flags, add_output_flags
from neural_style.cli.session import Session, start_backend
from neural_style.doodle import NeuralDoodle
from neural_style.errors import InvalidInputError
from neural_style.feedforward.fast_run import TECHNIQUE, FastRun
from neural_style.inetwork import INetwork
from neural_style.network import Network
from neural_style.reconstruction import Reconstruction
from neural_style.runs import records, schema
from neural_style.runs.outputs import Output
from neural_style.runs.settings import RunSettings
from neural_style.technique import technique_named

EPILOG = """\
examples:
  neural-style rerun out.png
  neural-style rerun out.png again --gif
"""


_SETTINGS = schema.object_of({"model": schema.text}, needed=["model"])
_NAMED_STYLES = schema.list_of(
    schema.object_of({"name": schema.text, "weight": schema.number}, needed=["name", "weight"])
)
_RUN = schema.settings_of(FastRun, {})
"""The parts of a record of a feed-forward network that differ from those of other techniques."""

TECHNIQUES = (Network, INetwork, NeuralDoodle, Analogy, Reconstruction)
"""Imported, and so known to `technique_named`."""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return the exit status."""
    found = _parser().read(arguments)
    record = records.read(found.picture)
    if "cells" in record:
        raise InvalidInputError(
            f"{found.picture} is a contact sheet: neural-style show {found.picture} prints the commands of its cells"
        )
    if record["technique"] == TECHNIQUE:
        return _paint_at_once(found, record)
    if records.is_unfinished(record):
        warnings.warn(f"{found.picture} is of an interrupted run; the new run continues to the end", stacklevel=2)
    return _session(found, record).execute()


def _parser() -> Parser:
    parser = Parser("rerun", "Make a picture again from the record inside it.", epilog=EPILOG)
    parser.add_argument("picture", type=file_path, help="a picture made by neural-style, or its .json or .gif")
    parser.add_argument(
        "prefix", nargs="?", help="beginning of the names of all output files (default: <picture>_rerun)"
    )
    add_output_flags(parser, rescale=False)
    add_machine_flags(parser)
    return parser


def _session(found: Namespace, record: Mapping[str, Any]) -> Session:
    """The recorded run, ready to start.

    Raises:
        InvalidInputError, MissingFileError: the record is of another version, or an input cannot be found.
    """
    technique = technique_named(record["technique"], record["settings"])
    content, styles, run = records.inputs(record, beside=found.picture.parent)
    # Of the output the record has the size; what is written, and where, is the caller's.
    given = {**record.get("output", {}), **values(found, Output), "prefix": found.prefix or _again(found.picture)}
    output = Output.from_prefix(**given)
    settings = cast(RunSettings, run)
    return Session(
        technique,
        content,
        styles,
        settings,
        output,
        quiet=found.quiet,
        device=found.device,
        weights_sha256=record.get("weights_sha256"),
    )


def _paint_at_once(found: Namespace, record: Mapping[str, Any]) -> int:
    """Make the picture of a feed-forward network again; returns the exit status.

    Raises:
        InvalidInputError, MissingFileError: the record is of another version, or an input cannot be found.
    """
    of_network = [each for each in record["styles"] if "name" in each]
    of_pictures = [each for each in record["styles"] if "name" not in each]
    records.check(_SETTINGS, record["settings"], "settings")
    records.check(_NAMED_STYLES, of_network, "style")
    records.check(_RUN, record["run"], "run")
    records.check_pictures(record["content"], of_pictures)
    named = {each["name"]: each["weight"] for each in of_network}
    model, run = record["settings"]["model"], record["run"]
    FastRun(**run)  # raises where a value is impossible, before a picture is read
    content, paintings = records.pictures(record["content"], of_pictures, beside=found.picture.parent)
    output = Output.from_prefix(found.prefix or _again(found.picture), overwrite=found.overwrite)
    output.check(0, sources=[found.picture, content.image, *(each.image for each in paintings)])
    start_backend(found.device)
    from neural_style.feedforward.painter import Painter
    from neural_style.feedforward.styles import mix

    painter = Painter(model)
    style = mix(list(map(painter.style, named)), named.values()) if named else painter.style(*paintings)
    result = painter.paint(content, style, **run)
    if result.record["weights_sha256"] != record.get("weights_sha256"):
        warnings.warn("the weights are not those of the recorded picture, so the result differs", stacklevel=2)
    if steps := record.get("output", {}).get("enhance"):
        result = result.enhanced(steps)
    result.save(output.final, overwrite=found.overwrite)
    if not found.quiet:
        print(f"wrote {output.final}")
    return 0


def _again(picture: Path) -> str:
    """The prefix beside a picture for the new one."""
    suffix = "" if picture.suffix in (".json", ".gif") else picture.suffix
    return str(picture.with_name(f"{picture.stem}_rerun{suffix}"))
